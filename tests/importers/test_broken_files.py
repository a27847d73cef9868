"""One broken file among many: it is counted with its reason, and the others are read."""

import json

import pytest

from foretell.errors import DataError
from foretell.importers import import_runs


def model(name, **more):
    """A model as open_lm describes it."""
    return {
        "name": name,
        "dataset_name": "c4_original",
        "hyperparameters": {"params": 1e6, "params_no_embed": 9e5, "tokens": 2e7},
        "results": [{"loss": 3.5, "val_data": ["s3://x/c4_val/shard.tar"]}],
        **more,
    }


@pytest.fixture
def open_lm(tmp_path):
    def write(**files):
        for stem, plain in files.items():
            text = plain if isinstance(plain, str) else json.dumps(plain)
            (tmp_path / f"{stem}.json").write_text(text)
        return tmp_path

    return write


def skipped(found):
    return {each.what: each.why for each in found.skipped}


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('{"name": ', "cannot be read: "),
        (model("b", hyperparameters=[3]), "it has other hyperparameters or results than open_lm writes"),
        (model("b", hyperparameters={"params": 10**400, "params_no_embed": 1, "tokens": 1}), "it has other"),
        (model("b", results=[3]), "it has other"),
        (model("b", hyperparameters={"params": True, "params_no_embed": 1, "tokens": 2e7}), "it has other"),
        ({"eval_metrics": 3}, "neither a model nor an evaluation of open_lm"),
        ([], "neither a model nor an evaluation of open_lm"),
    ],
)
def test_a_broken_json_beside_models_of_open_lm_is_counted(open_lm, broken, why):
    found = import_runs("open-lm", open_lm(a=model("a"), b=broken))
    assert found.frame.select("run", "loss/c4_val").rows() == [("a", 3.5)]
    assert skipped(found)["b.json"].startswith(why)


def test_a_score_that_is_no_number_is_counted(open_lm):
    icl = {"eval_metrics": {"icl": {"piqa": 0.5, "copa": "high", "boolq": True}}}
    found = import_runs("open-lm", open_lm(a=model("a"), evaluation_a_heavy=icl))
    assert found.frame["score/piqa"].to_list() == [0.5]
    assert [(each.what, each.why, each.count) for each in found.skipped] == [("score/copa, ... of a", "no number", 2)]


def test_two_descriptions_of_one_model_are_a_question_and_a_copy_is_counted(open_lm, tmp_path):
    open_lm(a=model("a"))
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "a.json").write_text(json.dumps(model("a")))
    assert skipped(import_runs("open-lm", tmp_path))["a.json"] == "another file of that name says the same"
    (tmp_path / "copy" / "a.json").write_text(json.dumps(model("a", results=[])))
    with pytest.raises(
        DataError, match=r"a\.json: another file of that name says something else\. Keep one of them\.$"
    ):
        import_runs("open-lm", tmp_path)


def test_broken_models_alone_end_in_a_sentence(open_lm):
    with pytest.raises(DataError, match=r"b\.json cannot be read: .*Is it complete, and JSON\?$"):
        import_runs("open-lm", open_lm(b="{"))
    with pytest.raises(DataError, match=r"b has other hyperparameters or results than open_lm writes\. Name"):
        import_runs("open-lm", open_lm(b=model("b", results=[3])))


LADDER = {"190M": {"n": 190_000_000, "flops": 1_200_000_000, "paths": ["190M-1xC.csv"]}}
COLUMNS = "_step,throughput/total_tokens,eval/c4_en-validation/CrossEntropyLoss\n"


@pytest.mark.parametrize("broken", ["{", json.dumps({"190M": {**LADDER["190M"], "n": "many"}})])
def test_a_broken_json_or_csv_beside_an_olmo_ladder_is_counted(tmp_path, broken):
    (tmp_path / "config.json").write_text(json.dumps(LADDER))
    (tmp_path / "other.json").write_text(broken)
    (tmp_path / "190M-1xC.csv").write_text(f"{COLUMNS}1,1000,3.5\n")
    (tmp_path / "190M-2xC.csv").write_text(f"{COLUMNS}1,1000,3.5,3.4,2\n")
    found = import_runs("olmo", tmp_path)
    assert found.frame.select("run", "n_params", "loss/c4_en").rows() == [("190M-1xC", 190e6, 3.5)]
    assert skipped(found)["190M-2xC.csv"].startswith("cannot be read: ")
    assert ("other.json" in skipped(found)) == (broken == "{")


def test_an_olmo_ladder_whose_only_config_is_broken_says_so(tmp_path):
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "190M-1xC.csv").write_text(f"{COLUMNS}1,1000,3.5\n")
    with pytest.raises(DataError, match=r"config\.json cannot be read: .*Is it complete, and JSON\?$"):
        import_runs("olmo", tmp_path)


def pair_of(tmp_path, ratios, metrics):
    (tmp_path / "ratios.csv").write_text(f"run_id,name,web,code\n{ratios}\n")
    (tmp_path / "metrics.csv").write_text(f"run_id,name,val_loss\n{metrics}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("ratios", "metrics", "sentence"),
    [
        (
            "1,x,0.5,oops",
            "1,x,3.0",
            r"ratios\.csv row 1: code is 'oops', which is no share\. Drop the row or correct it\.$",
        ),
        ("1,x,1.0,", "1,x,3.0", r"ratios\.csv row 1: code is None, which is no share"),
        ("1,x,0.5,0.5", "1,y,3.0", r"run_id 1 is called x in one and y in the other\. Are they a pair\?$"),
        ("1,x,0.5,0.5", "r1,x,3.0", r"have no run_id in common"),
    ],
)
def test_pairs_that_do_not_fit_end_in_a_sentence(tmp_path, ratios, metrics, sentence):
    with pytest.raises(DataError, match=sentence):
        import_runs("olmix", pair_of(tmp_path, ratios, metrics))


def test_keys_of_a_pair_are_compared_as_texts(tmp_path):
    found = import_runs("olmix", pair_of(tmp_path, "1,x,0.5,0.5\n2,y,0.5,0.5", "1,x,3.0\nr2,y,2.9"))
    assert found.frame.select("run", "loss/validation").rows() == [("x", 3.0)]
    assert [each.count for each in found.skipped] == [1, 1]


def test_text_among_nanochat_s_numbers_is_counted(tmp_path):
    header = "depth,params_transformer,params_lm_head,tokens_trained,val_bpb,core_score"
    (tmp_path / "results.csv").write_text(f"{header}\n4,1000,100,1e6,0.9,0.1\n5,1000,100,oops,0.8,x\n")
    found = import_runs("nanochat", tmp_path)
    said = [(each.what, each.why, each.count) for each in found.skipped]
    assert said == [(name, "not a finite number", 1) for name in ("tokens_trained", "core_score")]
