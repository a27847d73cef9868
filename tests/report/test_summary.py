"""What a table holds, counted."""

import polars as pl
from tests.methods.ladder import METADATA, make_ladder, make_runs

from foretell.summary import summarise


def test_a_table_is_counted():
    frame = make_ladder().with_columns(
        pl.lit(0.7).alias("share/web"),
        pl.lit(0.3).alias("share/code"),
        pl.lit(None, dtype=pl.Float64).alias("score/never"),
        family=pl.when(pl.col("run").str.starts_with("1B")).then(pl.lit("big")).otherwise(pl.lit("small")),
        status=pl.when(pl.col("run") == "1B-20x").then(pl.lit("diverged")).otherwise(pl.lit("ok")),
    )
    plain = summarise(make_runs(frame))
    assert (plain["n_rows"], plain["n_runs"], plain["n_finished_runs"]) == (48, 12, 11)
    assert plain["families"] == [
        {"family": "big", "n_rows": 12, "n_runs": 3},
        {"family": "small", "n_rows": 36, "n_runs": 9},
    ]
    assert plain["status"] == {"diverged": 4, "ok": 44}
    assert plain["ranges"]["n_params"] == [190e6, 1.3e9]
    assert plain["sources"] == ["web", "code"]
    assert plain["losses"] == {"loss/web": [frame["loss/web"].min(), frame["loss/web"].max()]}
    assert {task: facts["chance"] for task, facts in plain["tasks"].items()} == {"hellaswag": 0.25, "piqa": 0.5}
    assert plain["default_tasks"] == ["hellaswag", "piqa"]
    assert plain["metadata"] == METADATA.to_dict()


def test_sizes_that_nobody_knows_have_no_range():
    sizes = {name: pl.lit(None, dtype=pl.Float64) for name in ("flops", "n_params", "n_tokens")}
    plain = summarise(make_runs(make_ladder().with_columns(**sizes)))
    assert plain["ranges"] == {"n_params": None, "n_tokens": None, "flops": None}
