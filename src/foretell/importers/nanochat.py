"""`results.csv` of nanochat, as its `scaling_laws.sh` and `miniseries.sh` write it: one finished model a row.

Parameters are those that nanochat itself uses for scaling: the transformer's matrices and the output head. A CORE score
of exactly 0 is what the scripts write where none was measured, and is missing here.
"""

from collections import Counter

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported, Skipped, Taken, note
from foretell.importers.translate import NOT_A_NUMBER
from foretell.importers.walk import find_files, name_of
from foretell.io.table import read_table
from foretell.metadata import Metadata

RESULTS = "results.csv"
UNMEASURED = "exactly 0, which the scripts write where it was not measured"
BELOW = "below 0, the score of a guesser; a run table holds scores from 0 to 1"
NEEDED = ("depth", "tokens_trained", "val_bpb")
NUMBERS = ("tokens_trained", "val_bpb", "core_score", "num_iterations", "num_scaling_params", "flops_budget")
SCALING = ("params_transformer", "params_lm_head")


def read_nanochat(source: str, asked: Asked) -> Imported:
    """Read one `results.csv`, or those below a folder; each model is a run, named by its budget and depth.

    Raises:
        DataError: there is none, or it lacks the columns that nanochat writes.
    """
    files = find_files(source, RESULTS, "what nanochat's scripts write")
    frames, broken = [], Counter[str]()
    for path in files:
        raw, _ = read_table(path)
        missing = [name for name in NEEDED if name not in raw.columns]
        if missing:
            raise DataError(
                f"{path}: there is no column {', '.join(missing)}. Is it nanochat's? Else use the kind table."
            )
        family = name_of(path.parent, source) if len(files) > 1 else path.parent.resolve().name
        frames.append(_rows(raw, family))
        broken.update(_no_numbers(raw))
    asked.progress(1.0)
    frame = pl.concat(frames, how="diagonal_relaxed")
    skipped = (*_unusable(frame), *(Skipped(name, NOT_A_NUMBER, count) for name, count in broken.items()))
    frame = frame.with_columns(pl.when(pl.col("score/core") > 0).then("score/core").alias("score/core"))
    budget = "flops" in frame.columns
    metadata = Metadata(
        n_params_kind="non_embedding",
        flops_convention="measured" if budget else "6ND",
        general_loss="bpb/validation",
        tasks={"core": {"chance": 0.0, "metric": "centred accuracy"}},
    )
    return Imported(frame, metadata, tuple(_taken(frame)), skipped, tuple(_notes(budget)), RESULTS)


def _unusable(frame: pl.DataFrame) -> tuple[Skipped, ...]:
    """Count the CORE scores that are left: those that were not measured, and those below that of a guesser."""
    reasons = {
        UNMEASURED: frame.filter(pl.col("score/core") == 0).height,
        BELOW: frame.filter(pl.col("score/core") < 0).height,
    }
    return tuple(Skipped("core_score", why, count) for why, count in reasons.items() if count)


def _no_numbers(raw: pl.DataFrame) -> dict[str, int]:
    """Count the values that should be numbers and are none, by column."""
    names = [name for name in (*NUMBERS, *SCALING) if name in raw.columns]
    counts = raw.select((_number(name).is_null() & (pl.col(name).cast(pl.String) != "")).sum() for name in names)
    return {name: count for name, count in counts.row(0, named=True).items() if count}


def _rows(raw: pl.DataFrame, family: str) -> pl.DataFrame:
    by_budget = "flops_budget" in raw.columns
    run = (
        pl.format("{}-d{}", pl.col("flops_budget"), pl.col("depth")) if by_budget else pl.format("d{}", pl.col("depth"))
    )
    return raw.select(
        run.alias("run"),
        pl.lit(family).alias("family"),
        _number("num_iterations").alias("step") if "num_iterations" in raw.columns else pl.lit(None).alias("step"),
        _n_params(raw).alias("n_params"),
        _number("tokens_trained").alias("n_tokens"),
        *([_number("flops_budget").alias("flops")] if by_budget else []),
        pl.lit(True).alias("is_final"),
        _number("val_bpb").alias("bpb/validation"),
        (_number("core_score") if "core_score" in raw.columns else pl.lit(None, dtype=pl.Float64)).alias("score/core"),
    )


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def _n_params(raw: pl.DataFrame) -> pl.Expr:
    if set(SCALING) <= set(raw.columns):
        return _number(SCALING[0]) + _number(SCALING[1])
    if "num_scaling_params" in raw.columns:
        return _number("num_scaling_params")
    raise DataError(
        "results.csv has neither params_transformer and params_lm_head nor num_scaling_params. Use the kind table."
    )


def _taken(frame: pl.DataFrame) -> list[Taken]:
    sources = {
        "n_params": ("params_transformer + params_lm_head, or num_scaling_params", ""),
        "n_tokens": ("tokens_trained", ""),
        "flops": ("flops_budget", "the budget, as stated"),
        "bpb/validation": ("val_bpb", ""),
        "score/core": ("core_score", ""),
    }
    return [
        Taken(name, sources[name][0], frame[name].count(), sources[name][1])
        for name in sources
        if name in frame.columns
    ]


def _notes(budget: bool) -> list[Finding]:
    what = "flops is the budget for which the script chose the tokens, not what was spent to the last operation."
    return [note("flops-are-budgets", what)] if budget else []
