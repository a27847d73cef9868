"""`foretell watch`: the verdict on a run that goes on."""

import json

import pytest
from tests.planning.going import forecast, table

from foretell.io import write_table


def test_the_command_line_prints_a_verdict_with_its_sentence(cli, here):
    write_table(table(0.04), "runs.parquet")
    (here / "f.json").write_text(json.dumps(forecast()))
    shown = cli("watch", "runs.parquet", "--forecast", "f.json")
    assert shown.code == 0, shown.err
    assert "behind: after 50% of its tokens" in " ".join(shown.out.split())
    plain = json.loads(cli("watch", "runs.parquet", "--forecast", "f.json", "--json").out)
    assert plain["verdict"] == "behind"
    assert plain["fraction"] == pytest.approx(0.5)
