"""What two tools wrote about the same runs, by run and step; the nearest earlier checkpoint, once, and counted."""

import polars as pl
import pytest

import foretell
from foretell.errors import DataError
from foretell.importers import join_runs
from foretell.metadata import Metadata
from foretell.runs import Runs

LOSSES = pl.DataFrame(
    {
        "run": ["a"] * 4 + ["b"] * 2,
        "step": [100, 200, 300, 400, 100, 200],
        "n_params": [1e8] * 4 + [2e8] * 2,
        "n_tokens": [1e9, 2e9, 3e9, 4e9, 1e9, 2e9],
        "loss/web": [4.0, 3.8, 3.6, 3.5, 3.9, 3.7],
    }
)


def scores(**columns):
    return pl.DataFrame(columns)


def test_rows_of_the_same_step_come_together():
    found = join_runs(LOSSES, scores(run=["a", "a", "b"], step=[200, 400, 200], **{"score/piqa": [0.5, 0.6, 0.55]}))
    assert found.frame["score/piqa"].to_list() == [None, 0.5, None, 0.6, None, 0.55]
    assert found.frame.columns == [*LOSSES.columns, "score/piqa"]
    assert [finding.what for finding in found.findings] == [
        "3 rows found the same step in B, 0 the nearest earlier one, 3 none (of 1 of these a nearer row had taken it)."
    ]


def test_a_row_without_the_same_step_takes_the_nearest_earlier_one_once():
    found = join_runs(LOSSES, scores(run=["a", "b"], step=[150, 90], **{"score/piqa": [0.5, 0.55]}))
    assert found.frame["score/piqa"].to_list() == [None, 0.5, None, None, 0.55, None]
    assert found.findings[0].severity == "warning"
    assert "2 the nearest earlier one" in found.findings[0].what
    assert "at most 50 steps earlier" in found.findings[0].what


def test_a_later_checkpoint_is_never_taken():
    found = join_runs(LOSSES, scores(run=["a"], step=[500], **{"score/piqa": [0.5]}))
    assert found.frame["score/piqa"].to_list() == [None] * 6
    assert "1 row of B stand beside no row" in found.findings[0].fix


def test_sizes_without_steps_hold_for_the_whole_run():
    table = scores(run=["a", "b"], n_params_active=[1e7, 2e7], family=["x", "y"])
    found = join_runs(LOSSES, table)
    assert found.frame["n_params_active"].to_list() == [1e7] * 4 + [2e7] * 2
    assert found.frame["family"].to_list() == ["x"] * 4 + ["y"] * 2


def test_results_without_steps_are_those_of_the_end():
    found = join_runs(LOSSES, scores(run=["a", "b"], **{"score/piqa": [0.6, 0.7]}))
    assert found.frame["score/piqa"].to_list() == [None, None, None, 0.6, None, 0.7]
    assert found.findings[0].code == "joined-at-the-end"


def test_the_values_of_the_first_table_count_and_differences_are_said():
    table = scores(run=["a", "b"], step=[400, 200], n_params=[1.1e8, 2e8], **{"score/piqa": [0.6, 0.7]})
    found = join_runs(LOSSES, table)
    assert found.frame["n_params"].to_list() == LOSSES["n_params"].to_list()
    assert "n_params differs in 1 row; the value of A counts, not that of B." in [f.what for f in found.findings]


def test_gaps_are_filled_but_never_with_the_tokens_of_another_checkpoint():
    gaps = LOSSES.with_columns(n_tokens=pl.lit(None, pl.Float64), n_params=pl.lit(None, pl.Float64))
    table = scores(run=["a", "a"], step=[150, 400], n_params=[1e8] * 2, n_tokens=[1.5e9, 4e9])
    found = join_runs(gaps, table.with_columns(pl.lit(0.5).alias("score/piqa")))
    assert found.frame["n_tokens"].to_list() == [None, None, None, 4e9, None, None]
    assert found.frame["n_params"].to_list() == [None, 1e8, None, 1e8, None, None]


def test_runs_of_one_table_only_are_counted():
    found = join_runs(LOSSES, scores(run=["a", "z"], step=[100, 100], **{"score/piqa": [0.5, 0.5]}))
    assert [(each.what, each.why, each.count) for each in found.skipped] == [
        ("runs of A: b", "not in B", 1),
        ("runs of B: z", "not in A", 1),
    ]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (scores(run=["z"], step=[1], **{"score/piqa": [0.5]}), r"^A and B have no run in common: a, b; z\."),
        (scores(name=["a"], **{"score/piqa": [0.5]}), r"^B: there is no column run\."),
        (
            scores(run=["a", "a"], step=[1, 1], **{"score/piqa": [0.5, 0.6]}),
            r"^B: 2 rows share run and step, such as run a, step 1\. Keep one of each\.$",
        ),
        (scores(run=["a", "a"], **{"score/piqa": [0.5, 0.6]}), r"^B: 2 rows share run, such as run a\."),
    ],
)
def test_tables_that_cannot_be_joined_say_why(table, sentence):
    with pytest.raises(DataError, match=sentence):
        join_runs(LOSSES, table)


def test_metadata_of_both_are_kept_where_they_speak_of_their_own_columns(tmp_path):
    losses = Runs(LOSSES, Metadata(general_loss="loss/web", source="x"))
    b = scores(run=["a", "b"], step=[400, 200], n_params=[1e8, 2e8], **{"score/piqa": [0.6, 0.7]})
    results = Runs(b, Metadata(n_params_kind="total", tasks={"piqa": {"chance": 0.5}}, source="y"))
    for name, runs in (("a", losses), ("b", results)):
        foretell.write_table(runs, tmp_path / f"{name}.parquet")
    found = join_runs(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert found.metadata == Metadata(general_loss="loss/web", tasks={"piqa": {"chance": 0.5}}, source="x + y")


def test_without_steps_the_last_row_of_a_run_alone_takes_the_last_score():
    rows = LOSSES.drop("step")
    table = scores(run=["a", "a", "b"], step=[100, 400, 200], seed=[1, 1, 2], **{"score/piqa": [0.5, 0.6, 0.7]})
    found = join_runs(rows, table)
    assert found.frame["score/piqa"].to_list() == [None, None, None, 0.6, None, 0.7]
    assert found.frame["seed"].to_list() == [1] * 4 + [2] * 2


def test_two_tables_without_steps_are_joined_at_the_end_and_this_is_said():
    found = join_runs(LOSSES.drop("step"), scores(run=["a", "b"], **{"score/piqa": [0.6, 0.7]}))
    assert found.frame["score/piqa"].to_list() == [None, None, None, 0.6, None, 0.7]
    assert found.findings[0].what == "neither table has steps: what B measured is put on the last row of each run."


def test_the_same_run_of_another_family_is_another_run():
    a = scores(run=["190M", "190M"], family=["web", "code"], step=[10, 10], **{"loss/x": [3.0, 2.0]})
    b = scores(run=["190M"], family=["web"], step=[10], **{"score/piqa": [0.6]})
    found = join_runs(a, b)
    assert found.frame["score/piqa"].to_list() == [0.6, None]
    assert [(each.what, each.count) for each in found.skipped] == [("runs of A: 190M of family code", 1)]


def test_a_gap_is_not_filled_with_the_loss_of_an_earlier_checkpoint():
    a = LOSSES.with_columns(pl.when(pl.col("step") != 200).then(pl.col("loss/web")).alias("loss/web"))
    b = scores(run=["a", "b"], step=[150, 200], **{"loss/web": [3.9, 3.65], "score/piqa": [0.5, 0.6]})
    found = join_runs(a, b)
    assert found.frame["loss/web"].to_list() == [4.0, None, 3.6, 3.5, 3.9, 3.65]
    assert found.frame["score/piqa"].to_list() == [None, 0.5, None, None, None, 0.6]
    assert [f.what for f in found.findings if f.code == "gaps-filled"] == [
        "gaps were filled from B, at the same step or where it holds for the whole run: loss/web (1)."
    ]


def test_a_checkpoint_far_back_is_not_taken():
    a = scores(run=["a", "b"], step=[1000, 1000], **{"loss/x": [3.0, 2.9]})
    table = scores(run=["a", "b", "b", "b"], step=[400, 600, 700, 800], **{"score/piqa": [0.5, 0.6, 0.6, 0.6]})
    found = join_runs(a, table)
    assert found.frame["score/piqa"].to_list() == [None, None]
    assert "for 2 rows it was too far back" in found.findings[0].what


@pytest.mark.parametrize("kind", ["non_embedding", None])
def test_parameters_that_are_counted_otherwise_are_not_mixed_into_one_column(tmp_path, kind):
    gaps = LOSSES.with_columns(n_params=pl.when(pl.col("run") == "a").then(pl.col("n_params")))
    b = scores(run=["a", "b"], step=[400, 200], n_params=[1.3e8, 2.3e8], **{"score/piqa": [0.6, 0.7]})
    foretell.write_table(Runs(gaps, Metadata(n_params_kind=kind, source="x")), tmp_path / "a.parquet")
    foretell.write_table(Runs(b, Metadata(n_params_kind="total")), tmp_path / "b.parquet")
    found = join_runs(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert found.frame["n_params"].to_list() == [1e8] * 4 + [None] * 2
    assert found.metadata.n_params_kind == kind
    assert "column n_params of b.parquet" in [each.what for each in found.skipped]
    alone = join_runs(gaps.drop("n_params"), tmp_path / "b.parquet")
    assert alone.metadata.n_params_kind == "total"


TWO_SEEDS = pl.DataFrame(
    {
        "run": ["a", "a"], "seed": [0, 1], "step": [100, 100], "n_params": [1e8] * 2, "n_tokens": [1e9] * 2,
        "loss/web": [3.0, 3.1],
    }
)  # fmt: skip


def test_a_score_of_one_seed_is_not_put_beside_another():
    found = join_runs(TWO_SEEDS, scores(run=["a"], seed=[1], step=[100], **{"score/piqa": [0.5]}))
    assert found.frame.select("seed", "score/piqa").rows() == [(0.0, None), (1.0, 0.5)]
    both = scores(run=["a", "a"], seed=[1, 0], step=[100, 100], **{"score/piqa": [0.5, 0.4]})
    assert join_runs(TWO_SEEDS, both).frame["score/piqa"].to_list() == [0.4, 0.5]


@pytest.mark.parametrize("name", ["seed", "family"])
def test_a_table_that_does_not_say_of_which_seed_or_family_it_speaks_is_refused(name):
    several = TWO_SEEDS.rename({"seed": name})
    silent = scores(run=["a"], step=[100], **{"score/piqa": [0.5]})
    sentence = rf"has run a with 2 values of {name}, and [AB] has no {name}\. Add the column {name}"
    for pair in ((several, silent), (silent, several)):
        with pytest.raises(DataError, match=sentence):
            join_runs(*pair)


def test_what_was_measured_at_other_tokens_is_not_put_at_the_end():
    ends = scores(run=["a", "b"], n_tokens=[1e9, 2.01e9], **{"score/piqa": [0.5, 0.55]})
    found = join_runs(LOSSES, ends)
    assert found.frame["score/piqa"].drop_nulls().to_list() == [0.55]
    said = next(finding for finding in found.findings if finding.code == "other-tokens")
    assert said.what == "what B measured of 1 run is left: it was at other tokens than the last row."
    steps = scores(run=["a"] * 2, step=[100, 400], n_tokens=[1e9, 4e9], **{"score/piqa": [0.4, 0.5]})
    without = LOSSES.drop("step").filter(pl.col("n_tokens") == 1e9)
    assert join_runs(without, steps).frame["score/piqa"].null_count() == 2


def test_two_mixtures_are_not_mixed():
    ours = LOSSES.with_columns(pl.lit(1.0).alias("share/web"))
    theirs = scores(run=["a"], step=[400], **{"share/web": [0.5], "share/code": [0.5], "score/piqa": [0.5]})
    found = join_runs(ours, theirs)
    assert [name for name in found.frame.columns if name.startswith("share/")] == ["share/web"]
    assert found.frame["share/web"].unique().to_list() == [1.0]
    assert {"column share/code of B", "column share/web of B"} <= {each.what for each in found.skipped}
