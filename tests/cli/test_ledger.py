"""`forecast -o`, `score` and `report` as they are typed."""

import json
from pathlib import Path

AT = ("--at", "n_params=1.3B,n_tokens=65B")
SMALL = ("--train", "n_params < 1e9", "--method", "flp", "--resamples", "50")


def kept(cli, table, name="F.json"):
    shown = cli("forecast", table, *AT, *SMALL, "-o", name)
    assert shown.code == 0
    assert f"wrote {name}" in shown.err
    return json.loads(Path(name).read_text())


def test_a_kept_forecast_knows_its_command_and_its_file(cli, table):
    record = kept(cli, table)
    assert record["command"].startswith("foretell forecast runs.parquet --at n_params=1.3B,n_tokens=65B --train")
    assert len(record["inputs"]["file_sha256"]) == 64
    assert record["evidence"]


def test_a_kept_forecast_is_scored_against_the_run_that_came(cli, table):
    kept(cli, table)
    shown = cli("score", "F.json", table)
    assert shown.code == 0
    assert "which came as 1B-50x" in shown.out
    assert "calibration over all of them" in shown.out
    plain = json.loads(cli("score", "F.json", table, "--json").out)
    assert plain["scores"][0]["run"] == "1B-50x"


def test_several_files_and_a_folder_come_before_the_table(cli, table):
    kept(cli, table)
    Path("more").mkdir()
    kept(cli, table, "more/G.json")
    Path("more/G.json").write_text(Path("more/G.json").read_text())
    plain = json.loads(cli("score", "F.json", "more", table, "--json").out)
    assert len(plain["scores"]) == 2


def test_an_edited_forecast_ends_in_one_line(cli, table):
    kept(cli, table)
    Path("F.json").write_text(Path("F.json").read_text().replace('"seed": 0', '"seed": 1'))
    for words in (("score", "F.json", table), ("report", "F.json", "-o", "F.html")):
        shown = cli(*words)
        assert (shown.code, shown.out) == (1, "")
        assert shown.err.startswith("foretell: F.json was changed after it was sealed")
        assert shown.err.count("\n") == 1


def test_a_kept_forecast_is_reported(cli, table):
    kept(cli, table)
    for name in ("F.html", "F.png", "F.svg"):
        shown = cli("report", "F.json", "-o", name)
        assert (shown.code, shown.err) == (0, f"wrote {name}\n")
        assert Path(name).stat().st_size > 1000


def test_the_page_of_a_forecast_is_its_report(cli, table):
    assert cli("forecast", table, *AT, *SMALL, "--html", "F.html").code == 0
    page = Path("F.html").read_text()
    assert "How it was made" in page
    assert "Evidence" in page


def test_a_report_of_nothing_it_knows_ends_in_one_line(cli, table, here):
    (here / "x.json").write_text(cli("check", table, "--json").out)
    shown = cli("report", "x.json", "-o", "x.html")
    assert shown.code == 1
    assert shown.err.startswith("foretell: x.json holds no result of forecast, backtest, mix, compare.")
