"""`score`: the right run, the right error, inside or outside; and a sentence where it cannot be."""

import json
from copy import deepcopy

import polars as pl
import pytest
from tests.ledger.conftest import AT, NAME
from tests.methods.ladder import METADATA

import foretell
from foretell.errors import DataError, UnknownName
from foretell.ledger.record import make_record
from foretell.ledger.seal import sealed
from foretell.runs import build_runs


def resealed(record, **changes):
    return sealed({**deepcopy(record), **changes})


def test_each_outcome_is_held_against_the_run_whose_size_fits(record, keep, everything, came):
    plain = foretell.score(keep(record), everything).to_dict()
    [score] = plain["scores"]
    assert (score["run"], score["target"], score["trained_on"]) == (NAME, AT, "ladder")
    final = came.filter("is_final").row(0, named=True)
    for row, forecast in zip(score["rows"], record["forecasts"], strict=True):
        actual = final[f"score/{row['task']}"]
        assert row["actual"] == actual
        assert row["error"] == forecast["forecast"] - actual
        assert row["relative_error"] == abs(row["error"]) / actual
        assert row["inside"] == (forecast["low"] <= actual <= forecast["high"])
    assert plain["n"] == len(score["rows"])
    assert plain["mean_absolute_error"] == pytest.approx(sum(abs(r["error"]) for r in score["rows"]) / plain["n"])


def test_scores_agree_with_a_back_test_of_the_same_question(record, keep, everything):
    tested = foretell.backtest(
        everything, f"run = '{NAME}'", train="n_params < 1e9", methods=["flp"], resamples=50
    ).to_dict()["methods"]["flp"]
    scored = foretell.score(keep(record), everything).to_dict()
    assert scored["mean_relative_error"] == pytest.approx(tested["mean_relative_error"], rel=0.02)  # 1.3B, 65B typed


def test_the_named_run_is_taken_and_the_only_one_that_fits_otherwise(record, keep, everything):
    assert foretell.score(keep(record), everything, run="1B-20x").scores[0].run == "1B-20x"
    assert (
        foretell.score(keep(record), everything, run=NAME).to_dict()
        == foretell.score(keep(record), everything).to_dict()
    )


def test_two_runs_that_fit_are_told_apart_by_name_only(record, keep, everything, came):
    both = pl.concat([everything.frame, came.with_columns(run=pl.lit("again"))])
    table = build_runs(both, METADATA, "ladder")
    with pytest.raises(
        DataError, match=r"F\.json: 2 finished runs of ladder fit .*: 1B-50x, again.* Choose one with --run"
    ):
        foretell.score(keep(record), table)
    assert foretell.score(keep(record), table, run="again").scores[0].run == "again"


def test_a_run_that_is_not_there_or_not_finished_is_said(record, keep, small, came):
    with pytest.raises(
        DataError, match=r"no finished run of ladder fits n_params=1\.3B,n_tokens=65B\. Name it with --run"
    ):
        foretell.score(keep(record), small)
    with pytest.raises(UnknownName, match="Unknown run '1B-50y'"):
        foretell.score(keep(record), build_runs(came, METADATA), run="1B-50y")
    unfinished = build_runs(came.with_columns(is_final=False), METADATA, "t")
    with pytest.raises(
        DataError, match=r"t: run 1B-50x has no finished row of status ok\. Score it when is_final is true"
    ):
        foretell.score(keep(record), unfinished, run=NAME)


def test_a_forecast_of_other_tasks_is_said_and_one_missing_task_is_left_out(record, keep, came):
    others = came.rename({"score/piqa": "score/other", "score/hellaswag": "score/else"})
    with pytest.raises(
        DataError, match=r"run 1B-50x of t has none of what was forecast \(hellaswag, piqa\)\. Evaluate it"
    ):
        foretell.score(keep(record), build_runs(others, METADATA, "t"))
    result = foretell.score(keep(record), build_runs(came.drop("score/piqa"), METADATA, "t")).to_dict()
    rows = {row["task"]: row for row in result["scores"][0]["rows"]}
    assert (rows["piqa"]["status"], rows["piqa"]["error"]) == ("not measured", None)
    assert (rows["hellaswag"]["status"], result["n"]) == ("scored", 1)


def test_a_refused_row_is_no_row_of_the_mean(record, keep, everything):
    rows = deepcopy(record["forecasts"])
    rows[0] |= {"forecast": None, "low": None, "high": None, "status": "refused", "verdict": "not forecastable"}
    result = foretell.score(keep(resealed(record, forecasts=rows)), everything).to_dict()
    assert result["scores"][0]["rows"][0]["status"] == "refused"
    assert result["n"] == len(rows) - 1


def test_an_edited_file_is_refused_alone_and_in_a_folder(record, keep, everything, tmp_path):
    edited = deepcopy(record)
    edited["forecasts"][0]["low"] -= 0.2
    for place in (keep(edited, "folder/F.json"), tmp_path / "folder"):
        with pytest.raises(DataError, match=r"F\.json was changed after it was sealed, so it is not the forecast"):
            foretell.score(place, everything)


def test_files_that_are_no_sealed_forecast_are_refused_in_a_sentence(record, keep, everything, tmp_path):
    bare = {key: value for key, value in record.items() if key != "seal"}
    with pytest.raises(
        DataError, match=r"F\.json carries no seal, so nothing tells when it was made\. Forecast again, with -o"
    ):
        foretell.score(keep(bare), everything)
    with pytest.raises(
        DataError, match=r"F\.json is sealed but no forecast: it has no forecasts, targets, level, method"
    ):
        foretell.score(keep(sealed({"x": 1})), everything)
    with pytest.raises(DataError, match=r"nowhere\.json: there is no such file\. Write one with foretell forecast"):
        foretell.score(tmp_path / "nowhere.json", everything)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: there is no sealed forecast\. Write one with forecast -o"):
        foretell.score(tmp_path / "empty", everything)


def test_a_folder_is_scored_as_one_and_what_is_not_there_yet_waits(record, keep, everything, small, tmp_path):
    keep(record, "ledger/a.json")
    keep(record, "ledger/copy.json")
    later = foretell.forecast(small, "n_params=9B,n_tokens=9T", method="fp", resamples=50)
    keep(make_record(later, small), "ledger/deep/b.json")
    keep({"findings": []}, "ledger/check.json")
    other = foretell.forecast(small, AT, method="fp", level=0.5, resamples=50)
    keep(make_record(other, small), "ledger/c.json")
    plain = foretell.score(tmp_path / "ledger", everything).to_dict()
    assert {(score["method"], score["run"]) for score in plain["scores"]} == {("flp", NAME), ("fp", NAME)}
    assert [each["target"] for each in plain["waiting"]] == ["n_params=9B,n_tokens=9T"]
    passed = [each["what"] for each in plain["warnings"] if each["code"] == "file-passed-over"]
    assert len(passed) == 2
    assert any("is a copy of" in each for each in passed)
    table = {(row["level"], row["group"], row["name"]): row for row in plain["calibration"]}
    assert {key[0] for key in table} == {0.5, 0.9}
    for row in table.values():
        assert row["inside"] == row["n_inside"] / row["n"]
    rows = [row for score in plain["scores"] if score["method"] == "flp" for row in score["rows"]]
    assert table[0.9, "all", "all"]["n_inside"] == sum(row["inside"] for row in rows)
    assert table[0.5, "method", "fp"]["n"] == 2


def test_several_targets_of_one_file_each_find_their_run(keep, small, everything):
    at = [AT, "n_params=1.3B,n_tokens=26B"]
    path = keep(make_record(foretell.forecast(small, at, method="flp", resamples=50), small))
    assert [score.run for score in foretell.score(path, everything).scores] == [NAME, "1B-20x"]
    assert [score.target for score in foretell.score(path, everything, run=NAME).scores] == [AT]
    with pytest.raises(DataError, match=r"run 190M-20x fits none of its 2 targets \(.*\)\. Name another run"):
        foretell.score(path, everything, run="190M-20x")


def test_a_run_that_was_in_training_is_named(keep, everything):
    record = make_record(foretell.forecast(everything, AT, method="flp", resamples=50), everything)
    result = foretell.score(keep(record), everything)
    [finding] = [each for each in result.warnings if each.code == "scored-run-was-training"]
    assert f"already held run {NAME}" in finding.what


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"n_params": 1.3e9 * 1.04}, True),
        ({"n_params": 1.3e9 * 1.06}, False),
        ({"n_tokens": 65e9 * 0.94}, False),
        ({"family": "other"}, False),
        ({"family": "ladder"}, True),
        ({"n_params": None, "n_tokens": None}, True),
        ({"n_params": None, "n_tokens": None, "flops": 6 * 1.3e9 * 65e9 * 1.2}, False),
        ({"share": {"code": 0.3}}, False),
    ],
)
def test_a_target_fits_a_run_by_what_was_stated_of_it(record, keep, everything, changes, fits):
    targets = [{**record["targets"][0], **changes}]
    path = keep(resealed(record, targets=targets))
    if fits:
        assert foretell.score(path, everything).scores[0].run == NAME
    else:
        with pytest.raises(DataError, match="no finished run of ladder fits"):
            foretell.score(path, everything)


def test_a_loss_is_scored_in_its_own_unit(keep, small, everything, came):
    record = make_record(foretell.forecast(small, AT, losses=["web"], method="flp", resamples=50), small)
    [row] = foretell.score(keep(record), everything).scores[0].rows
    assert (row.kind, row.task) == ("loss", "loss/web")
    assert row.actual == came.filter("is_final")["loss/web"].item()


def test_json_of_a_scoring_is_strict(record, keep, everything):
    json.dumps(foretell.score(keep(record), everything).to_dict(), allow_nan=False)
