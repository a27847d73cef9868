"""Results of lm-evaluation-harness: what is a score, of how many items, which way; and the gold answer by hand."""

import json
import math

import pytest
from tests.importers import samples

from foretell.errors import DataError
from foretell.importers import import_runs
from foretell.importers.gold_answer import bits_per_byte
from foretell.importers.lm_eval_model import run_and_step
from foretell.tasks import describe_task


@pytest.fixture
def results(tmp_path):
    """Write result files as the harness lays them out, with samples beside them."""

    def write(scores, *, model="ladder/a/checkpoint-100", date="2026-01-01T00-00-00.000001", samples=None, **more):
        folder = tmp_path / "results" / model.replace("/", "__")
        folder.mkdir(parents=True, exist_ok=True)
        plain = {
            "results": scores,
            "config": {"model": "hf", "model_num_parameters": 1000},
            "model_name": model,
            "n-samples": {task: {"original": 100, "effective": 100} for task in scores},
            **more,
        }
        (folder / f"results_{date}.json").write_text(json.dumps(plain))
        for task, lines in (samples or {}).items():
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / f"samples_{task}_{date}.jsonl").write_text(text)
        return tmp_path / "results"

    return write


def item(doc_id=0, gold=1, logprobs=(-3.0, -2.0), answers=(" no", " grün"), **more):
    """One line of samples, as the harness writes it since 0.4.3."""
    return {
        "doc_id": doc_id,
        "target": str(gold),
        "arguments": {f"gen_args_{i}": {"arg_0": "A long question " * 50, "arg_1": a} for i, a in enumerate(answers)},
        "resps": [[[str(logprob), "False"]] for logprob in logprobs],
        "filter": "none",
        **more,
    }


GRUN = 2.0 / (math.log(2) * 5)  # "grün" has five bytes in UTF-8; neither the blank before it nor the question counts


def test_the_loss_of_a_gold_answer_is_in_bits_per_byte_of_the_answer_alone():
    assert bits_per_byte(item()) == pytest.approx(GRUN, rel=1e-15)
    assert bits_per_byte(item(gold=0)) == pytest.approx(3.0 / (math.log(2) * 2), rel=1e-15)


def test_neither_the_question_nor_the_number_of_choices_moves_it():
    longer = item(answers=(" no", " grün", " maybe", " never"), logprobs=(-3.0, -2.0, -1.0, -9.0))
    assert bits_per_byte(longer) == bits_per_byte(item())


def test_the_delimiter_of_the_task_is_no_part_of_the_answer():
    assert bits_per_byte(item(answers=("\nno", "\ngrün")), "\n") == pytest.approx(GRUN, rel=1e-15)
    assert bits_per_byte(item(answers=("no", "grün")), "") == pytest.approx(GRUN, rel=1e-15)


def test_older_files_with_lists_and_numbers_give_the_same():
    old = item(arguments=[["q", " no"], ["q", " grün"]], resps=[[[-3.0, False]], [[-2.0, True]]])
    assert bits_per_byte(old) == bits_per_byte(item())


def test_the_only_continuation_is_the_answer():
    lambada = item(answers=(" grün",), logprobs=(-2.0,), gold="grün")
    assert bits_per_byte(lambada) == pytest.approx(GRUN, rel=1e-15)


@pytest.mark.parametrize(
    "line",
    [
        item(gold="blau"),  # which of several is not said
        item(gold=7),
        item(gold="²"),  # a digit, and no number
        item(gold="0", answers=(" 1", " 0")),  # the place of one and the text of the other
        item(answers=(" no", " \ud83d")),  # half of a character
        item(logprobs=(-(10**400), -(10**400))),
        item(answers=(" same", " same")),  # several questions, one answer: the target is no place
        item(resps=[[["text"]], [["text"]]]),  # a generated answer has no log-likelihood
        item(resps=[]),
        item(arguments=3),
        item(logprobs=("nan", "nan")),
        item(answers=(" no", " ")),
        {},
    ],
)
def test_an_item_without_one_is_left(line):
    assert bits_per_byte(line) is None


def test_task_losses_are_means_over_items_and_groups_are_weighted_by_items(results):
    scores = {"one": {"acc,none": 0.5}, "two": {"acc,none": 0.5}, "both": {"acc,none": 0.5}}
    lines = {
        "one": [item(0), item(1, gold=0), item(0, filter="again")],
        "two": [item(0, logprobs=(-3.0, -4.0))],
    }
    found = import_runs("lm-eval", results(scores, samples=lines, group_subtasks={"both": ["one", "two"]}))
    row = found.frame.row(0, named=True)
    other = 3.0 / (math.log(2) * 2)
    assert row["task_loss/one"] == pytest.approx((GRUN + other) / 2, rel=1e-15)
    assert row["task_loss/two"] == pytest.approx(2 * GRUN, rel=1e-15)
    assert row["task_loss/both"] == pytest.approx((GRUN + other + 2 * GRUN) / 3, rel=1e-15)
    assert found.metadata.default_tasks == ("both",)


def test_a_target_may_be_the_text_of_an_answer_or_its_label():
    letters = item(gold="B", answers=(" A", " B", " C"), logprobs=(-3.0, -2.0, -1.0))
    assert bits_per_byte(letters) == pytest.approx(2.0 / math.log(2), rel=1e-15)
    labelled = item(gold="B", doc={"choices": {"label": ["A", "B"], "text": ["no", "grün"]}})
    assert bits_per_byte(labelled) == pytest.approx(GRUN, rel=1e-15)
    assert bits_per_byte({**labelled, "doc": {"choices": {"label": ["B", "B"]}}}) is None
    assert bits_per_byte(item(gold="grün")) == pytest.approx(GRUN, rel=1e-15)


def test_commonsense_qa_whose_target_is_a_letter_has_a_task_loss(results):
    lines = [
        item(i, gold="ABCDE"[i], answers=(" A", " B", " C", " D", " E"), logprobs=(-1, -2, -3, -4, -5))
        for i in range(5)
    ]
    found = import_runs("lm-eval", results({"commonsense_qa": {"acc,none": 0.2}}, samples={"commonsense_qa": lines}))
    assert found.frame["task_loss/commonsense_qa"].to_list() == [pytest.approx(3.0 / math.log(2), rel=1e-15)]
    assert found.skipped == ()


@pytest.mark.parametrize(("other", "wanted"), [(("1", (" x", " y")), 5.0), (("y", (" x", " y")), 3.0)])
def test_numbers_are_places_or_texts_as_the_other_targets_of_the_task_are(results, other, wanted):
    unclear = item(0, gold="0", answers=(" 1", " 0"), logprobs=(-8.0, -4.0))
    lines = [unclear, item(1, gold=other[0], answers=other[1], logprobs=(-9.0, -2.0))]
    found = import_runs("lm-eval", results({"piqa": {"acc_norm,none": 0.2}}, samples={"piqa": lines}))
    assert found.frame["task_loss/piqa"].to_list() == [pytest.approx(wanted / math.log(2), rel=1e-15)]


def test_a_task_loss_is_of_nearly_all_items_or_is_none(results):
    def read(n_bad):
        lines = [item(i, gold=7 if i < n_bad else 1) for i in range(200)]
        return import_runs("lm-eval", results({"piqa": {"acc_norm,none": 0.2}}, samples={"piqa": lines}))

    found = read(2)
    assert found.frame["task_loss/piqa"].to_list() == [pytest.approx(GRUN, rel=1e-12)]
    assert [(each.what, each.count) for each in found.skipped] == [("items of piqa", 2)]
    found = read(3)
    assert "task_loss/piqa" not in found.frame.columns
    why = {each.what: each.why for each in found.skipped}
    assert why["task loss of piqa"] == "it could be read of 197 of 200 items only"
    assert why["items of piqa"].startswith("which of the answers is right is not said")


def test_items_without_a_number_count_each_under_the_first_filter_only(results):
    lines = [item(gold=gold, filter=name) for gold in (0, 1) for name in ("none", "again")]
    for line in lines:
        del line["doc_id"]
    lines.append(item([3], gold=1))
    found = import_runs("lm-eval", results({"piqa": {"acc_norm,none": 0.2}}, samples={"piqa": lines}))
    mean = (3.0 / (math.log(2) * 2) + 2 * GRUN) / 3
    assert found.frame["task_loss/piqa"].to_list() == [pytest.approx(mean, rel=1e-15)]


def test_known_tasks_have_their_usual_metric_and_its_standard_error(results):
    hellaswag = {"acc,none": 0.4, "acc_stderr,none": 0.01, "acc_norm,none": 0.5, "acc_norm_stderr,none": 0.02}
    gsm8k = {"exact_match,strict-match": 0.1, "exact_match_stderr,strict-match": "N/A", "alias": "gsm8k"}
    found = import_runs("lm-eval", results({"hellaswag": hellaswag, "gsm8k": gsm8k}))
    row = found.frame.row(0, named=True)
    assert (row["score/hellaswag"], row["stderr/hellaswag"], row["score/gsm8k"]) == (0.5, 0.02, 0.1)
    assert "stderr/gsm8k" not in row
    assert found.metadata.tasks["hellaswag"] == {"metric": "acc_norm", "n_items": 100}
    assert found.metadata.tasks["gsm8k"]["metric"] == "exact_match,strict-match"
    assert (row["run"], row["step"], row["n_params"]) == ("a", 100.0, 1000.0)
    assert found.metadata.n_params_kind == "total"


def test_a_task_with_several_metrics_is_asked_about(results):
    folder = results({"exam": {"acc,none": 0.4, "acc_norm,none": 0.5}, "quiz": {"acc,none": 0.1, "acc_norm,none": 0.2}})
    sentence = r"the score of exam \(and 1 more task\) could be acc or acc_norm\. Say which: --map 'score/\*=\*/acc'"
    with pytest.raises(DataError, match=sentence):
        import_runs("lm-eval", folder)
    found = import_runs("lm-eval", folder, columns={"score/*": "*/acc_norm"})
    assert found.frame.select("score/exam", "score/quiz").row(0) == (0.5, 0.2)
    found = import_runs("lm-eval", folder, columns={"score/exam": "exam/acc", "score/quiz": "quiz/acc_norm"})
    assert found.frame.select("score/exam", "score/quiz").row(0) == (0.4, 0.2)


def test_two_filters_of_one_metric_are_asked_about(results):
    folder = results({"gsm8k": {"exact_match,strict-match": 0.1, "exact_match,flexible-extract": 0.2}})
    with pytest.raises(DataError, match="could be exact_match,flexible-extract or exact_match,strict-match"):
        import_runs("lm-eval", folder)
    chosen = {"score/gsm8k": "gsm8k/exact_match,flexible-extract"}
    assert import_runs("lm-eval", folder, columns=chosen).frame["score/gsm8k"].to_list() == [0.2]


def test_a_metric_of_which_lower_is_better_says_so(results):
    folder = results({"exam": {"err,none": 0.4}}, higher_is_better={"exam": {"err": False}})
    found = import_runs("lm-eval", folder, columns={"score/exam": "exam/err"})
    assert found.metadata.tasks["exam"]["higher_is_better"] is False


def test_bits_per_byte_are_taken_and_perplexities_per_word_are_not(results):
    rolling = {"word_perplexity,none": 30.0, "byte_perplexity,none": 2.0, "bits_per_byte,none": 1.0}
    found = import_runs("lm-eval", results({"wikitext": rolling, "other": {"byte_perplexity,none": 4.0}}))
    assert found.frame.select("bpb/wikitext", "bpb/other").row(0) == (1.0, 2.0)
    why = {each.what: each.why for each in found.skipped}
    assert why["wikitext/word_perplexity"] == "per word, which says nothing of a token without their counts"


def test_a_later_result_of_the_same_checkpoint_counts(results):
    results({"piqa": {"acc_norm,none": 0.5}, "sciq": {"acc_norm,none": 0.6}})
    folder = results({"piqa": {"acc_norm,none": 0.7}}, date="2026-01-02T00-00-00.000001")
    found = import_runs("lm-eval", folder)
    assert found.frame.select("score/piqa", "score/sciq").rows() == [(0.7, 0.6)]
    assert ("result of piqa", 1) in [(each.what, each.count) for each in found.skipped]


def later(results, day, score, **more):
    """Evaluate the same checkpoint on another day."""
    return results({"hellaswag": {"acc_norm,none": score}}, date=f"2026-01-0{day}T00-00-00.000001", **more)


def counts(effective):
    return {"n-samples": {"hellaswag": {"original": 10042, "effective": effective}}}


@pytest.mark.parametrize(("first", "second"), [((10042, 0.5), (10, 0.7)), ((10, 0.7), (10042, 0.5))])
def test_the_fuller_evaluation_of_a_checkpoint_counts(results, first, second):
    for day, (n_items, score) in enumerate((first, second), 1):
        folder = later(results, day, score, **counts(n_items))
    found = import_runs("lm-eval", folder)
    assert found.frame["score/hellaswag"].to_list() == [0.5]
    assert found.metadata.tasks["hellaswag"]["n_items"] == 10042
    assert [(each.what, each.count) for each in found.skipped] == [("result of hellaswag", 1)]
    assert "limited-evaluation" not in [finding.code for finding in found.findings]
    if first[0] > second[0]:
        assert found.skipped[0].why == "on 10 items only; the same checkpoint was evaluated on 10,042"


def test_a_later_result_without_samples_has_no_task_loss(results):
    later(results, 1, 0.5, samples={"hellaswag": [item()]})
    assert "task_loss/hellaswag" not in import_runs("lm-eval", later(results, 2, 0.6)).frame.columns


def test_other_shots_are_other_columns(results):
    """0-shot of one run and 10-shot of another are no two points of one curve."""
    later(results, 1, 0.4, **{"n-shot": {"hellaswag": 0}}, samples={"hellaswag": [item()]})
    later(results, 2, 0.5, **{"n-shot": {"hellaswag": 10}})
    folder = later(results, 1, 0.6, model="ladder/b/checkpoint-100", **{"n-shot": {"hellaswag": 10}})
    found = import_runs("lm-eval", folder)
    rows = {row["run"]: row for row in found.frame.to_dicts()}
    assert rows["a"]["score/hellaswag_0shot"] == 0.4
    assert rows["a"]["score/hellaswag_10shot"] == 0.5
    assert rows["a"]["task_loss/hellaswag_0shot"] == pytest.approx(GRUN, rel=1e-15)
    assert (rows["b"]["score/hellaswag_0shot"], rows["b"]["score/hellaswag_10shot"]) == (None, 0.6)
    assert "score/hellaswag" not in found.frame.columns
    assert found.skipped == ()
    said = next(finding for finding in found.findings if finding.code == "shots-differ")
    assert said.what == "hellaswag was evaluated with 0 and 10 shots: each has columns of its own, hellaswag_0shot, ..."
    assert describe_task("hellaswag_0shot", found.metadata.tasks["hellaswag_0shot"]).chance == 0.25


def test_a_group_has_the_shots_of_its_tasks(results):
    groups = {"group_subtasks": {"both": ["one", "two"]}}
    scores = {name: {"acc,none": 0.5} for name in ("one", "two", "both")}
    results(scores, **groups, **{"n-shot": {"one": 0, "two": 0}})
    shots = {"n-shot": {"one": 5, "two": 5}}
    found = import_runs("lm-eval", results(scores, date="2026-01-02T00-00-00.000001", **groups, **shots))
    assert found.metadata.default_tasks == ("both_0shot", "both_5shot")


def test_the_same_shots_throughout_leave_the_names_alone(results):
    later(results, 1, 0.4, **{"n-shot": {"hellaswag": 10}})
    folder = later(results, 1, 0.6, model="ladder/b/checkpoint-100", configs={"hellaswag": {"num_fewshot": 10}})
    assert import_runs("lm-eval", folder).frame["score/hellaswag"].to_list() == [0.4, 0.6]


@pytest.mark.parametrize("as_text", [True, False])
def test_the_revision_of_any_backend_is_among_the_arguments_of_its_model(results, as_text):
    for step in (1000, 2000, 3000):
        named = {"pretrained": "EleutherAI/pythia-70m", "revision": f"step{step}"}
        text = ",".join(f"{key}={value}" for key, value in named.items())
        config = {"model": "vllm", "model_args": text if as_text else named}
        date = f"2026-01-01T00-00-00.00{step}"
        folder = results({"piqa": {"acc_norm,none": step / 1e4}}, model="pythia", date=date, config=config)
    found = import_runs("lm-eval", folder)
    assert found.frame.select("step", "score/piqa").rows() == [(1000.0, 0.1), (2000.0, 0.2), (3000.0, 0.3)]


def test_one_folder_written_in_two_ways_is_one_run(results):
    results({"piqa": {"acc_norm,none": 0.5}}, model="ladder/a/")
    found = import_runs("lm-eval", results({"sciq": {"acc_norm,none": 0.6}}, model="./ladder/a"))
    assert found.frame.select("run", "score/piqa", "score/sciq").rows() == [("a", 0.5, 0.6)]


def test_a_result_file_that_was_cut_off_is_counted_and_the_others_are_read(results):
    folder = later(results, 1, 0.5)
    broken = folder / "results_2026-01-02T00-00-00.000001.json"
    broken.write_text('{"results": {')
    found = import_runs("lm-eval", folder)
    assert found.frame["score/hellaswag"].to_list() == [0.5]
    assert [(each.what, each.count) for each in found.skipped] == [(broken.name, 1)]
    assert "Is it complete, and JSON?" in found.skipped[0].why
    with pytest.raises(DataError, match=r"cannot be read: .*Is it complete, and JSON\?$"):
        import_runs("lm-eval", broken)


@pytest.mark.parametrize(
    "key", ["config", "groups", "group_subtasks", "n-samples", "configs", "higher_is_better", "n-shot"]
)
@pytest.mark.parametrize("value", [3, "text", ["a"], {"hellaswag": 3}, {"hellaswag": [3]}, None])
def test_parts_of_a_result_that_are_of_another_kind_are_as_if_they_were_not_there(results, key, value):
    found = import_runs("lm-eval", later(results, 1, 0.5, **{key: value}, samples={"hellaswag": [item()]}))
    assert found.frame["score/hellaswag"].to_list() == [0.5]
    assert found.frame["task_loss/hellaswag"].to_list() == [pytest.approx(GRUN, rel=1e-15)]


def test_numbers_that_no_float_holds_are_no_numbers(results):
    scores = {"acc_norm,none": 0.5, "acc_norm_stderr,none": 10**400, "acc,none": 10**400}
    config = {"model_num_parameters": 10**400}
    found = import_runs("lm-eval", results({"hellaswag": scores}, config=config, **counts(10**400)))
    assert found.frame.columns == ["run", "step", "score/hellaswag"]


def test_runs_of_the_same_last_name_are_told_apart_by_their_paths(results):
    results({"piqa": {"acc_norm,none": 0.5}}, model="x/a/checkpoint-100")
    found = import_runs("lm-eval", results({"piqa": {"acc_norm,none": 0.6}}, model="y/a/checkpoint-100"))
    assert sorted(found.frame["run"].to_list()) == ["x/a", "y/a"]


def test_an_evaluation_on_part_of_the_items_is_said(results):
    counts = {"piqa": {"original": 1838, "effective": 50}}
    found = import_runs("lm-eval", results({"piqa": {"acc_norm,none": 0.5}}, **{"n-samples": counts}))
    assert found.metadata.tasks["piqa"]["n_items"] == 50
    assert "limited-evaluation" in [finding.code for finding in found.findings]


@pytest.mark.parametrize(
    ("model", "revision", "wanted"),
    [
        ("runs/190M-1xC/checkpoint-500", "main", ("190M-1xC", 500.0)),
        ("runs/190M-1xC/step500", "main", ("190M-1xC", 500.0)),
        ("runs/190M/step500-tokens2B", "main", ("190M", 500.0)),
        ("runs/190M-1xC-step500-hf", "main", ("190M-1xC-step500-hf", None)),
        ("runs/190M-1xC-step500", "main", ("190M-1xC", 500.0)),
        ("EleutherAI/pythia-70m", "step3000", ("pythia-70m", 3000.0)),
        ("runs/190M-1xC/", "main", ("190M-1xC", None)),
        ("global_step1000", "main", ("global_step1000", 1000.0)),
    ],
)
def test_run_and_step_are_in_the_path_or_in_the_revision(model, revision, wanted):
    assert run_and_step(model, revision) == wanted


@pytest.mark.slow
def test_what_the_harness_itself_writes_of_a_real_model(written):
    """A random Llama: the harness's own log-likelihoods against those of the model."""
    pytest.importorskip("lm_eval")
    torch = pytest.importorskip("torch")
    from transformers import AutoTokenizer

    def write(folder):
        model = samples.tiny_model(folder / "ladder" / "w16" / "checkpoint-10")
        samples.write_tasks(folder / "tasks")
        place = folder / "ladder" / "w16" / "checkpoint-10"
        kept.append((model, AutoTokenizer.from_pretrained(place), folder / "tasks" / "colours_one.jsonl"))
        kept.append(samples.evaluate("hf", f"pretrained={place},dtype=float32", folder / "tasks", folder / "results"))

    kept = []
    folder = written(write)
    (model, tokenizer, path), result = kept
    found = import_runs("lm-eval", folder / "results", columns={"score/*": "*/acc"})
    row = found.frame.row(0, named=True)
    assert (row["run"], row["step"]) == ("w16", 10.0)
    assert row["n_params"] == sum(p.numel() for p in model.parameters())
    for task in ("colours_one", "colours_two", "colours"):
        assert row[f"score/{task}"] == result["results"][task]["acc,none"]
    assert row["stderr/colours_one"] == result["results"]["colours_one"]["acc_stderr,none"]
    assert {name: facts["n_items"] for name, facts in found.metadata.tasks.items() if name != "colours"} == {
        "colours_one": 12,
        "colours_two": 8,
    }
    losses = []
    for line in path.read_text(encoding="utf-8").splitlines():
        question, answer = json.loads(line)["question"], json.loads(line)["choices"][json.loads(line)["gold"]]
        start, ids = len(tokenizer(question)["input_ids"]), tokenizer(f"{question} {answer}")["input_ids"]
        with torch.no_grad():
            logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        total = sum(float(logprobs[i - 1, ids[i]]) for i in range(start, len(ids)))
        losses.append(-total / math.log(2) / len(answer.encode()))
    assert row["task_loss/colours_one"] == pytest.approx(sum(losses) / len(losses), rel=1e-5)


OTHER = "ladder/b/checkpoint-100"


@pytest.mark.parametrize(
    ("one", "other"), [("acc,none", "acc_norm,none"), ("exact_match,strict", "exact_match,flexible")]
)
def test_a_column_is_one_metric_and_filter_throughout(results, one, other):
    results({"foo": {one: 0.3}})
    place = results({"foo": {other: 0.6}}, model=OTHER)
    first, second = (f"foo/{name.removesuffix(',none')}" for name in (one, other))
    with pytest.raises(
        DataError, match=rf"score/foo is {first} in .* and {second} in .*, which are two measures\. Say"
    ):
        import_runs("lm-eval", place)
    found = import_runs("lm-eval", place, columns={"score/foo": first})
    assert found.frame.select("run", "score/foo").rows() == [("a", 0.3)]
    assert second in [each.what for each in found.skipped]


def test_a_map_that_fits_two_numbers_of_a_task_is_a_question(results):
    place = results({"foo": {"em,x": 0.3, "em,y": 0.4}})
    with pytest.raises(DataError, match=r"the score of foo could be em,x or em,y\. Say which"):
        import_runs("lm-eval", place, columns={"score/*": "*/em*"})


def test_two_models_of_one_path_are_not_one_checkpoint(results):
    place = results({"foo": {"acc,none": 0.3}})
    results({"foo": {"acc,none": 0.6}}, date="2026-01-02T00-00-00.000001", config={"model_num_parameters": 7000})
    with pytest.raises(
        DataError, match=r"has 7,000 parameters here and 1,000 in another result, so they are two models"
    ):
        import_runs("lm-eval", place)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"versions": {"foo": 2.0}}, "versions-differ"),
        ({"versions": {"foo": 1.0}, "chat_template_sha": "abc"}, "templates-differ"),
        ({"versions": {"foo": 1.0}}, None),
    ],
)
def test_results_that_were_asked_for_in_other_ways_are_said(results, more, code):
    results({"foo": {"acc,none": 0.3}}, versions={"foo": 1.0})
    found = import_runs("lm-eval", results({"foo": {"acc,none": 0.6}}, model=OTHER, **more))
    said = {each.code: each for each in found.findings if each.code.endswith("s-differ")}
    assert set(said) == ({code} if code else set())
    assert all(each.severity == "warning" and "foo" in each.what for each in said.values())


def test_groups_may_hold_one_another_any_number_of_times(results):
    groups = {f"g{i}": [f"g{i + 1}"] * 10 for i in range(40)} | {"g40": ["g0", "foo"]}
    place = results({"foo": {"acc,none": 0.3}}, group_subtasks=groups, samples={"foo": [item()]})
    found = import_runs("lm-eval", place)
    assert found.frame["task_loss/g0"].to_list() == found.frame["task_loss/foo"].to_list() == [pytest.approx(GRUN)]


def test_samples_behind_a_link_are_not_read(results, tmp_path):
    place = results({"foo": {"acc,none": 0.3}}, samples={"foo": [item()]})
    path = next(place.rglob("samples_*"))
    path.rename(tmp_path / "elsewhere.jsonl")
    path.symlink_to(tmp_path / "elsewhere.jsonl")
    assert "task_loss/foo" not in import_runs("lm-eval", place).frame.columns
