"""`foretell eval`: scores of every checkpoint in the run table, whatever happens on the way."""

import json
import math
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.cli.conftest import cli  # noqa: F401  a fixture
from tests.evals.tiny import add_run, add_step, choice_rows, save_weights, write_task

import foretell
from foretell.errors import DataError, MissingExtra
from foretell.evals import harness, ready, session
from foretell.evals.alone import alone
from foretell.evals.evaluate import evaluate
from foretell.evals.options import Options
from foretell.ladder.expected import note_runs, runs_going_on
from foretell.ladder.layout import Layout
from foretell.ladder.rows import merge_rows
from foretell.ladder.runs_of import Job, Run

torch = pytest.importorskip("torch")
pytest.importorskip("lm_eval")


def scores(ladder, run="small"):
    return [json.loads(line) for line in (ladder / run / "scores.jsonl").read_text(encoding="utf-8").splitlines()]


def test_scores_and_what_is_known_of_the_tasks_land_in_the_run_table(ladder, tasks):
    outcome = evaluate(ladder, [str(tasks)])
    assert (outcome.evaluated, outcome.skipped, outcome.gone, outcome.unscored) == (5, 0, 0, {})
    runs = foretell.load_runs(ladder / "runs.parquet")
    assert runs.tasks == ["pets", "words"]
    assert runs.frame["score/pets"].null_count() == 0
    assert runs.metadata.tasks["pets"] == {"metric": "acc", "higher_is_better": True, "chance": 0.5, "n_items": 10}
    assert runs.metadata.tasks["words"]["chance"] == pytest.approx((4 / 3 + 4 / 4) / 8)
    for row in scores(ladder):
        share = row["score/pets"]
        assert row["stderr/pets"] == pytest.approx(math.sqrt(share * (1 - share) / 9))
    merge_rows(Layout(ladder))  # as a training does that goes on
    assert foretell.load_runs(ladder / "runs.parquet").metadata == runs.metadata


def log_likelihood(ladder, step, context, continuation):
    """Ask the model itself, without the harness."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(ladder / "tokenizer")
    model = AutoModelForCausalLM.from_pretrained(ladder / "small" / f"step-{step}")
    asked, whole = (tokenizer(text, return_tensors="pt").input_ids for text in (context, context + continuation))
    with torch.no_grad():
        logs = model(whole).logits[0].log_softmax(-1)
    return sum(float(logs[i - 1, whole[0, i]]) for i in range(asked.shape[1], whole.shape[1]))


@pytest.mark.filterwarnings("ignore")
def test_the_task_loss_is_the_bits_of_the_answer_by_its_bytes_alone(ladder, tasks):
    rows = choice_rows(6, [" café", " x"])
    write_task(tasks, "spaced", rows, target_delimiter="")
    evaluate(ladder, ["words", "spaced"], [tasks])
    row = scores(ladder)[1]
    for name, delimiter in (("words", " "), ("spaced", "")):
        items = [json.loads(line) for line in (tasks / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        bits = []
        for item in items:
            answer = item["choices"][item["answer"]]
            log = log_likelihood(ladder, 2, item["context"], delimiter + answer)
            bits.append(-log / math.log(2) / len(answer.strip().encode()))
        assert row[f"task_loss/{name}"] == pytest.approx(sum(bits) / len(bits), rel=1e-5)
        assert 5 < row[f"task_loss/{name}"] < 20  # a random model: 8 bits a byte, and those of the space


def test_what_has_its_scores_is_skipped_and_a_new_task_asks_for_itself_only(ladder, tasks):
    evaluate(ladder, ["pets"], [tasks])
    marked = [{**row, "score/pets": 0.125} for row in scores(ladder)]
    text = "".join(f"{json.dumps(row)}\n" for row in marked)
    (ladder / "small" / "scores.jsonl").write_text(text, encoding="utf-8")
    again = evaluate(ladder)  # the tasks of last time
    assert (again.evaluated, again.skipped) == (0, 5)
    add_run(ladder, "late", [5], n_steps=5)
    both = evaluate(ladder, [str(tasks)])
    assert (both.evaluated, both.skipped) == (6, 0)
    assert all(row["score/pets"] == 0.125 and "score/words" in row for row in scores(ladder))
    assert {"score/pets", "score/words"} <= scores(ladder, "late")[0].keys()


def test_checkpoints_without_weights_are_counted_and_half_written_ones_are_never_read(ladder, tasks):
    shutil.rmtree(ladder / "small" / "step-1")
    (ladder / "small" / "step-2" / "model.safetensors").unlink()
    (ladder / "small" / ".step-9.abc").mkdir()
    save_weights(ladder / "small" / "step-99", seed=0)  # its row is not there yet
    add_step(ladder, "small", 7, status="diverged")
    outcome = evaluate(ladder, [str(tasks)])
    assert (outcome.evaluated, outcome.gone) == (3, 2)
    assert "2 checkpoints have no scores, and their weights are not there" in str(outcome.warnings[0])
    assert [row["step"] for row in scores(ladder)] == [3]
    assert (ladder / "small" / ".step-9.abc").is_dir()


def test_weights_that_are_not_finite_or_broken_give_no_score_and_a_sentence(ladder, tasks):
    from safetensors.torch import load_file, save_file

    file = ladder / "small" / "step-2" / "model.safetensors"
    weights = load_file(file)
    weights["model.norm.weight"][0] = float("nan")
    save_file(weights, file, metadata={"format": "pt"})
    (ladder / "small" / "step-3" / "model.safetensors").write_bytes(b"half")
    outcome = evaluate(ladder, [str(tasks)])
    assert outcome.evaluated == 3
    assert outcome.unscored["small at step 2"] == "its weights are not finite"
    assert outcome.unscored["small at step 3"].startswith("its weights cannot be read")
    assert [row["step"] for row in scores(ladder)] == [1]


def test_weights_that_go_away_while_they_are_asked_for_count_as_gone(ladder, tasks, monkeypatch):
    from lm_eval.models.huggingface import HFLM

    whole = HFLM.__init__

    def vanishing(self, pretrained, **named):
        if pretrained.endswith("small/step-1"):
            shutil.rmtree(pretrained)
        whole(self, pretrained, **named)

    monkeypatch.setattr(HFLM, "__init__", vanishing)
    outcome = evaluate(ladder, [str(tasks)])
    assert (outcome.evaluated, outcome.gone, outcome.unscored) == (4, 1, {})


def test_a_group_has_the_score_of_its_items_and_a_group_without_one_is_its_tasks(ladder, tasks):
    weighted = {"metric": "acc", "aggregation": "mean", "weight_by_size": True}
    group = {"group": "both", "task": ["pets", "words"], "aggregate_metric_list": [weighted]}
    (tasks / "both.yaml").write_text(json.dumps(group), encoding="utf-8")
    (tasks / "list.yaml").write_text(json.dumps({"group": "list", "task": ["pets", "words"]}), encoding="utf-8")
    evaluate(ladder, ["both", "list"], [tasks])
    known = foretell.load_runs(ladder / "runs.parquet").metadata.tasks
    assert known["both"]["n_items"] == 18
    assert known["both"]["chance"] == pytest.approx((5 + 4 / 3 + 1) / 18)
    for row in scores(ladder):
        for column in ("score", "task_loss"):
            mean = (10 * row[f"{column}/pets"] + 8 * row[f"{column}/words"]) / 18
            assert row[f"{column}/both"] == pytest.approx(mean)
        assert row["stderr/both"] > 0


def test_a_task_that_is_generated_has_chance_zero_and_no_task_loss(ladder, tasks):
    match = [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}]
    generation = {"max_gen_toks": 4, "until": ["\n"], "do_sample": False}
    changes = {"output_type": "generate_until", "doc_to_choice": None, "metric_list": match}
    rows = [{"context": "say x:", "answer": "x"}, {"context": "say y:", "answer": "y"}]
    write_task(tasks, "say", rows, generation_kwargs=generation, **changes)
    outcome = evaluate(ladder, ["say"], [tasks])
    assert outcome.tasks["say"] == {"metric": "exact_match", "higher_is_better": True, "chance": 0.0, "n_items": 2}
    assert set(scores(ladder)[0]) == {"step", "score/say", "stderr/say"}


def test_a_task_that_asks_for_more_than_the_model_reads_is_refused(ladder, tasks):
    match = [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}]
    changes = {"output_type": "generate_until", "doc_to_choice": None, "metric_list": match}
    write_task(tasks, "say", [{"context": "x", "answer": "x"}], generation_kwargs={"max_gen_toks": 500}, **changes)
    with pytest.raises(DataError, match="say: the harness refuses to ask a model that reads 64 tokens"):
        evaluate(ladder, ["say"], [tasks])


def test_what_tasks_toml_says_of_a_task_goes_before_what_is_counted(ladder, tasks):
    (tasks / "tasks.toml").write_text('[tasks.pets]\nmetric = "acc_norm"\nchance = 0.4\n', encoding="utf-8")
    assert evaluate(ladder, ["pets"], [tasks]).tasks["pets"] == {
        "metric": "acc_norm", "higher_is_better": True, "chance": 0.4, "n_items": 10
    }  # fmt: skip
    (tasks / "tasks.toml").write_text('[tasks.words]\nmetric = "f1"\n', encoding="utf-8")
    with pytest.raises(
        DataError, match=r"words: f1, which tasks\.toml names, is not among its metrics: acc,none, acc_n"
    ):
        evaluate(ladder, ["words"], [tasks])


def test_scores_on_other_items_are_not_mixed_unless_begun_anew(ladder, tasks):
    assert evaluate(ladder, ["pets"], [tasks], Options(limit=4)).tasks["pets"]["n_items"] == 4
    with pytest.raises(DataError, match="pets was scored on its first 4 items, and now all items are asked for"):
        evaluate(ladder, ["pets"], [tasks])
    outcome = evaluate(ladder, ["pets"], [tasks], Options(again=True))
    assert (outcome.evaluated, outcome.tasks["pets"]["n_items"]) == (5, 10)
    write_task(tasks, "pets", choice_rows(10, ["a cat", "a dog"]))
    with pytest.raises(DataError, match="pets was scored on other items or prompts, or by another metric"):
        evaluate(ladder, ["pets"], [tasks])


SHOTS = {"fewshot_split": "test", "num_fewshot": 1}
CHANGES = {
    "description": {"description": "Say what it is. "},
    "target_delimiter": {"target_delimiter": "\n"},
    "choices": {"doc_to_choice": "{{[choices[0] + '!', choices[1]]}}"},
    "gold": {"doc_to_target": "{{1 - answer}}"},
    "metric": {"metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]},
    "filter": {"filter_list": [{"name": "first", "filter": [{"function": "take_first"}]}]},
    "shots": SHOTS,
    "another number of shots": {**SHOTS, "num_fewshot": 2},
    "delimiter of shots": {**SHOTS, "fewshot_delimiter": "\n---\n"},
}


def test_what_the_model_sees_and_how_it_is_counted_have_their_own_fingerprint(tasks):
    from foretell.evals.fingerprint import take_fingerprints

    def fingerprint(**changes):
        write_task(tasks, "pets", choice_rows(10, ["a cat", "the dog"]), **changes)
        return take_fingerprints(harness.load_benchmarks(["pets"], [tasks])[1].values(), None)["pets"]

    plain = fingerprint()
    found = {name: fingerprint(**changes) for name, changes in CHANGES.items()}
    assert len({plain, *found.values()}) == len(CHANGES) + 1
    assert fingerprint() == plain
    (tasks / "tasks.toml").write_text('[tasks.pets]\nmetric = "acc_norm"\n', encoding="utf-8")
    assert fingerprint() != plain


def test_items_that_are_longer_than_the_model_reads_are_counted(ladder, tasks):
    fits, cut = "x" * 61, "x" * 62  # 64 tokens are read and one more is foretold, and " yyy" has 4
    rows = [{"context": context, "choices": ["y", "yyy"], "answer": 0} for context in (fits, cut, "x" * 90)]
    write_task(tasks, "long", rows)
    outcome = evaluate(ladder, ["pets", "long"], [tasks])
    (finding,) = outcome.warnings
    assert (finding.code, finding.where) == ("context-cut", "long")
    assert "2 of 3 items are longer than the model reads, and were cut at their start" in str(finding)
    assert evaluate(ladder).warnings == outcome.warnings


def test_files_that_something_else_has_cut_are_told(ladder, tasks):
    evaluate(ladder, ["pets"], [tasks])
    (ladder / "evaluation.json").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"evaluation\.json is not as foretell eval writes it: .* Delete it, and eval"):
        evaluate(ladder, ["pets"], [tasks])
    (ladder / "evaluation.json").unlink()
    scored = ladder / "small" / "scores.jsonl"
    scored.write_text(scored.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.jsonl line 3 is no row, so something else has cut or changed"):
        evaluate(ladder, ["pets"], [tasks])


def test_what_is_wrong_with_local_tasks_is_told_with_its_file(ladder, tasks):
    (tasks / "tasks.toml").write_text("[tasks.pets\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"tasks\.toml is not TOML: .*line 1"):
        evaluate(ladder, ["pets"], [tasks])
    (tasks / "tasks.toml").write_text("tasks = 5\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"tasks\.toml: tasks is 5\. Write a table for each task: \[tasks\.NAME\]\."):
        evaluate(ladder, ["pets"], [tasks])
    (tasks / "tasks.toml").unlink()
    (tasks / "pets.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"pets: its file .*pets\.jsonl is empty\. Make the task anew\."):
        evaluate(ladder, ["pets"], [tasks])
    (tasks / "pets.jsonl").write_text('{"context": ', encoding="utf-8")
    with pytest.raises(DataError, match=r"pets cannot be built from .*pets\.jsonl: JSON parse error"):
        evaluate(ladder, ["pets"], [tasks])
    nothing = "{{context.nothing.more}}"
    write_task(tasks, "pets", choice_rows(2, ["a", "b"]), doc_to_text=nothing)
    with pytest.raises(
        DataError,
        match=r"pets cannot be built from .*: 'str object' has no attribute 'nothing'\. C",
    ):
        evaluate(ladder, ["pets"], [tasks])
    write_task(tasks, "pets", choice_rows(2, ["a", "b"]), description=nothing)
    with pytest.raises(DataError, match=r"pets: its prompts cannot be built: .* Correct its YAML, or its items\."):
        evaluate(ladder, ["pets"], [tasks])


def test_a_killed_evaluation_goes_on_and_ends_with_the_same_scores(ladder, tasks, tmp_path):
    whole = shutil.copytree(ladder, tmp_path / "whole")
    evaluate(whole, [str(tasks)])
    with (tmp_path / "shown").open("wb") as shown:
        words = [sys.executable, "-m", "foretell", "eval", str(ladder), "--tasks", str(tasks)]
        process = subprocess.Popen(words, stdout=shown, stderr=shown)
        while not (ladder / "small" / "scores.jsonl").is_file():
            assert process.poll() is None, (tmp_path / "shown").read_text()
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    (ladder / "wide" / ".scores.jsonl.abc.jsonl").write_text('{"step": 2, "sco', encoding="utf-8")
    outcome = evaluate(ladder, [str(tasks)])
    assert outcome.evaluated + outcome.skipped == 5
    assert outcome.skipped >= 1
    for run in ("small", "wide"):
        assert scores(ladder, run) == scores(whole, run)
        assert not list((ladder / run).glob(".scores*"))
    assert foretell.load_runs(ladder / "runs.parquet").frame.equals(foretell.load_runs(whole / "runs.parquet").frame)


def test_watching_a_training_scores_what_comes_and_ends_when_all_runs_are_over(ladder, tasks, monkeypatch):
    monkeypatch.setattr(session, "POLL_SECONDS", 0.02)
    (ladder / "runs.json").write_text(json.dumps({"small": None, "wide": None, "late": None, "cut": "late"}))

    waiting = threading.Event()

    def train():
        waiting.wait()
        add_run(ladder, "late", [1], n_steps=2)
        add_step(ladder, "late", 2, status="diverged")  # so its branch `cut` will never begin

    def show(event):
        if event["checkpoint"] is None:
            waiting.set()

    training = threading.Thread(target=train)
    training.start()
    outcome = evaluate(ladder, [str(tasks)], options=Options(watch=True), show=show)
    training.join()
    assert waiting.is_set()
    assert outcome.evaluated == 6
    assert [row["step"] for row in scores(ladder, "late")] == [1]


def test_watching_waits_for_a_folder_that_is_not_there_yet(ladder, tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(ready, "POLL_SECONDS", 0.02)
    later, said, asked = tmp_path / "later", [], threading.Event()
    (ladder / "runs.json").write_text(json.dumps({"small": None, "wide": None}))

    def train():
        asked.wait()
        shutil.copytree(ladder, later)

    def say(line):
        said.append(line)
        asked.set()

    training = threading.Thread(target=train)
    training.start()
    assert evaluate(later, [str(tasks)], options=Options(watch=True), say=say).evaluated == 5
    training.join()
    assert said == [f"waiting for {later / 'tokenizer'}, which foretell train -o {later} makes first"]


def test_a_run_that_the_plan_no_longer_asks_for_is_not_waited_for(ladder):
    layout = Layout(ladder)
    note_runs(layout, [Job(Run("removed", None, 0, None)), Job(Run("small", None, 0, None))])
    assert runs_going_on(layout) == ["removed"]
    add_run(ladder, "begun and removed", [1], n_steps=2)
    note_runs(layout, [Job(Run("small", None, 0, None))])
    assert runs_going_on(layout) == []


def test_watching_ends_with_what_it_has_when_it_is_interrupted(ladder, tasks, monkeypatch):
    (ladder / "runs.json").write_text(json.dumps({"never": None}))

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(session.time, "sleep", interrupt)
    assert evaluate(ladder, [str(tasks)], options=Options(watch=True)).evaluated == 5


def test_two_evaluations_of_one_ladder_do_not_run_at_once(ladder, tasks):
    with alone(Layout(ladder)), pytest.raises(DataError, match="is being evaluated by another process"):
        evaluate(ladder, [str(tasks)])


def test_a_folder_that_is_no_ladder_is_told(ladder, tasks, tmp_path):
    with pytest.raises(DataError, match=r"nowhere: there is no such folder\. Train a ladder first"):
        evaluate(tmp_path / "nowhere", [str(tasks)])
    with pytest.raises(DataError, match="tasks is not the folder of a ladder: it has no tokenizer/"):
        evaluate(tasks, [str(tasks)])
    for run in ("small", "wide"):
        shutil.rmtree(ladder / run)
    with pytest.raises(DataError, match=r"has no checkpoint yet\. Wait for the first one"):
        evaluate(ladder, [str(tasks)])


def test_tasks_that_cannot_be_had_are_told(ladder, tasks, monkeypatch):
    with pytest.raises(DataError, match=r"no tasks are named\. Name some: --tasks hellaswag,piqa or --tasks FOLDER"):
        evaluate(ladder)
    with pytest.raises(DataError, match="no task of lm-evaluation-harness is in it"):
        evaluate(ladder, [str(ladder)])
    with pytest.raises(DataError, match="nowhere: there is no such folder of tasks"):
        evaluate(ladder, ["pets"], [tasks / "nowhere"])
    datasets, constants = pytest.importorskip("datasets"), pytest.importorskip("huggingface_hub.constants")

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    write_task(tasks, "far", [], dataset_path="nobody/nothing", dataset_kwargs={})
    with pytest.raises(DataError, match=r"far: its data \(nobody/nothing\) cannot be had here: .* Evaluate once where"):
        evaluate(ladder, ["far"], [tasks])


@pytest.mark.slow
def test_an_unknown_task_suggests_the_nearest_of_the_harness(ladder, cli):  # noqa: F811
    shown = cli("eval", ladder, "--tasks", "helaswag")
    assert shown.code == 1
    assert "Unknown task 'helaswag'. Did you mean 'hellaswag'?" in " ".join(shown.err.split())


def test_code_that_a_model_wrote_runs_only_where_somebody_agreed(ladder, tasks):
    write_task(tasks, "risky", choice_rows(2, ["a", "b"]), unsafe_code=True)
    with pytest.raises(DataError, match=r"risky runs code that the model wrote\. Do so in a sandbox .* --unsafe-code"):
        evaluate(ladder, ["risky"], [tasks])
    assert evaluate(ladder, ["risky"], [tasks], Options(unsafe_code=True)).evaluated == 5


def test_a_missing_extra_is_told(ladder, monkeypatch):
    monkeypatch.setattr(harness, "NEEDED", ("no_such_library",))
    with pytest.raises(MissingExtra, match=re.escape('foretell eval needs an extra: pip install "foretell[train]".')):
        evaluate(ladder, ["pets"])


def test_the_command_prints_json_alone_on_stdout_and_says_what_is_skipped(ladder, tasks, cli):  # noqa: F811
    shown = cli("eval", ladder, "--tasks", tasks, "--batch-size", 4, "--json")
    assert shown.code == 0
    plain = json.loads(shown.out)
    assert (plain["evaluated"], plain["skipped"], plain["gone"]) == (5, 0, 0)
    assert plain["tasks"]["pets"]["chance"] == 0.5
    assert Path(plain["table"]) == ladder / "runs.parquet"
    again = cli("eval", ladder)
    assert "0 checkpoints evaluated, 5 had their scores." in " ".join(again.out.split())
    assert cli("eval", ladder, "--batch-size", "many").code == 2
