"""The API answers what the verbs answer, as plain data."""

import ast
import json

import polars as pl
import pytest
from tests.methods.ladder import METADATA, make_ladder
from tests.web.conftest import REACH, TARGET

import foretell
from foretell.runs import build_runs
from foretell.web.ask import BacktestAsk
from foretell.web.explorer import Explorer


def test_the_table_is_described_with_sliders_and_finished_runs(client):
    plain = client.get("/api/table").json()
    assert plain["n_runs"] == 12
    assert plain["sliders"]["n_params"] == [190e6, 1.3e11]
    assert [run["flops"] for run in plain["finished"]] == sorted(run["flops"] for run in plain["finished"])
    assert plain["default_tasks"] == ["hellaswag", "piqa"]


def test_a_view_holds_the_rows_of_the_forecast_verb(client, explorer):
    view = client.post("/api/view", json=TARGET).json()
    verb = foretell.forecast(explorer.table, view["at"], method="flp", resamples=40).to_dict()
    same = [{**row, "run": "in view"} for row in verb["forecasts"]]
    assert view["rows"] == same
    assert view["warnings"] == verb["warnings"]


def test_a_second_target_is_answered_without_another_fit(client, explorer, monkeypatch):
    client.post("/api/view", json=TARGET)
    monkeypatch.setattr("foretell.web.explorer.fit_family", lambda *_: pytest.fail("fitted again"))
    moved = client.post("/api/view", json={**TARGET, "n_params": 1.3e10})
    assert moved.status_code == 200
    assert moved.json()["rows"] != client.post("/api/view", json=TARGET).json()["rows"]


@pytest.mark.parametrize("method", ["flp", "fp", "auto"])
def test_what_moves_fits_the_charts(client, method):
    ask = {**TARGET, "method": method}
    charts = {chart["id"]: chart for chart in client.post("/api/charts", json={**ask, **REACH}).json()}
    moved = client.post("/api/view", json=ask).json()["data"]
    assert {"forecast", "task/piqa", "task/hellaswag"} <= set(charts) & set(moved)
    assert ("loss" in charts) == (method != "fp")
    for name, sets in moved.items():
        known = json.dumps(charts[name]["spec"])
        for dataset, values in sets.items():
            assert f'"name": "{dataset}"' in known
            assert values


def test_an_excluded_run_teaches_no_more(client, explorer):
    run = explorer.table.frame["run"].sort()[0]
    ask = {**TARGET, "exclude": [run], "train": "n_params < 1e9 OR n_params > 1e9"}
    with_it, without = client.post("/api/view", json=TARGET).json(), client.post("/api/view", json=ask).json()
    assert set(with_it["training"]["runs"]) - set(without["training"]["runs"]) == {run}
    assert with_it["rows"] != without["rows"]


def test_a_back_test_ends_its_training_at_the_cut_off(client, explorer):
    runs = client.get("/api/table").json()["finished"]
    ask = {"method": "flp", "resamples": 40, "cutoff": runs[-4]["flops"]}
    rows = client.post("/api/backtest", json=ask).json()["methods"]["flp"]["rows"]
    assert {row["run"] for row in rows} == {run["run"] for run in runs[-3:]}
    verb = foretell.backtest(explorer.table, f"flops > {ask['cutoff']!r}", methods=["flp"], resamples=40)
    assert rows == verb.to_dict()["methods"]["flp"]["rows"]


def test_a_run_is_shown_with_its_checkpoints_and_an_unknown_one_is_refused(client):
    run = client.get("/api/table").json()["finished"][0]["run"]
    shown = client.get(f"/api/run/{run}").json()
    assert shown["n_rows"] == len(shown["points"]) == 4
    assert shown["last"]["is_final"] is True
    missing = client.get("/api/run/nobody")
    assert missing.status_code == 404
    assert "Unknown run 'nobody'" in missing.json()["error"]


def test_the_kept_forecast_is_sealed_and_its_report_opens(client, tmp_path):
    from foretell.ledger.seal import require_whole

    record = client.post("/api/forecast", json=TARGET).json()
    require_whole(record, "the download")
    assert record["command"].startswith("foretell forecast ladder.parquet --at n_params=7e+09,n_tokens=2e+12")
    report = client.post("/api/report", json=TARGET)
    assert report.headers["content-type"] == "text/html; charset=utf-8"
    assert report.text.count("<figure>") >= 4


def test_the_python_that_does_the_same_does_the_same(client, explorer, capsys):
    script = client.post("/api/python", json={**TARGET, "train": "n_params > 2e8", "exclude": ["it's"]}).text
    compiled = compile(script, "script", "exec")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foretell.methods.forecast.load_runs", lambda _: explorer.table)
        exec(compiled, {})
    shown = client.post("/api/view", json={**TARGET, "train": "n_params > 2e8", "exclude": ["it's"]}).json()["rows"]
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        [row["task"], str(row["forecast"])] for row in shown
    ]


def test_losses_are_forecast_as_the_verb_does(client, explorer):
    ask = {**TARGET, "losses": ["loss/web"]}
    view = client.post("/api/view", json=ask).json()
    verb = foretell.forecast(explorer.table, view["at"], losses=["loss/web"], method="flp", resamples=40).to_dict()
    assert view["rows"] == [{**row, "run": "in view"} for row in verb["forecasts"]]
    assert view["rows"][0]["kind"] == "loss"
    assert "losses=['loss/web']" in client.post("/api/python", json=ask).text
    both = client.post("/api/view", json={**ask, "tasks": ["piqa"]})
    assert both.status_code == 400
    assert "one of them at a time" in both.json()["error"]


def test_a_back_test_keeps_to_the_family_that_is_named():
    frame = make_ladder(seed=1, loss_noise=0.01, score_noise=0.01)
    both = pl.concat([frame, frame.with_columns(run=pl.col("run") + "-b", family=pl.lit("other"))])
    explorer = Explorer(build_runs(both, METADATA, "two families"), "two.parquet")
    cutoff = explorer.table.final_rows().frame["flops"].unique().sort()[-2]
    asked = {"cutoff": cutoff, "method": "flp", "resamples": 20}
    rows = explorer.backtest(BacktestAsk(family="other", **asked))["methods"]["flp"]["rows"]
    assert {row["family"] for row in rows} == {"other"}
    everything = explorer.backtest(BacktestAsk(**asked))["methods"]["flp"]["rows"]
    assert {row["family"] for row in everything} > {"other"}


@pytest.mark.parametrize("end", ["\n", "\r", "\x0c", "\u2028", "\x85"])
def test_no_name_or_predicate_ends_the_comment_of_the_python(client, end):
    asked = {**TARGET, "train": f"run = '{end}import os{end}'", "exclude": [f"a{end}import os"]}
    script = client.post("/api/python", json=asked).text
    assert script.startswith("# foretell forecast ladder.parquet")
    assert [line for line in script.splitlines() if line.startswith("import")] == ["import foretell"]
    assert [each.names[0].name for each in ast.parse(script).body if isinstance(each, ast.Import)] == ["foretell"]


@pytest.mark.parametrize(
    "train",
    ["RPAD(run, 2000000000, 'x') = 'y'", "\"lpad\" (run, 9, 'x') = 'y'", "1 IN (GENERATE_SERIES(1, 9000000000))"],
)
def test_a_predicate_that_would_fill_the_memory_is_refused(client, train):
    answer = client.post("/api/view", json={**TARGET, "train": train})
    assert answer.status_code == 422
    assert "can fill the memory" in answer.json()["error"]


def test_a_long_fit_tells_its_stages_and_then_answers(client):
    ask = {**TARGET, "seed": 3, **REACH}
    lines = [json.loads(line) for line in client.post("/api/stream/charts", json=ask).text.splitlines()]
    assert [line["stage"] for line in lines[:-1]][:2] == ["waiting for a turn", "fitting flp"]
    assert {chart["id"] for chart in lines[-1]["answer"]} >= {"forecast", "loss"}


def test_a_streamed_refusal_is_its_last_line(client):
    lines = client.post("/api/stream/backtest", json={"cutoff": 1e30}).text.splitlines()
    assert "no row is held out" in json.loads(lines[-1])["error"]


@pytest.mark.parametrize(
    ("ask", "status", "said"),
    [
        ({**TARGET, "method": "flpp"}, 404, "Did you mean 'flp'?"),
        ({**TARGET, "train": "n_parms > 1"}, 400, "Did you mean 'n_params'?"),
        ({**TARGET, "n_params": -1}, 422, "n_params"),
        ({**TARGET, "colour": "red"}, 422, "colour"),
        ({**TARGET, "resamples": 10**9}, 422, "resamples"),
        ({**TARGET, "share": {"a,b": 1}}, 422, "comma"),
    ],
)
def test_a_question_without_an_answer_is_told_why(client, ask, status, said):
    answer = client.post("/api/view", json=ask)
    assert answer.status_code == status
    assert said in answer.json()["error"]
