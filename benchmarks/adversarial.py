"""How far a forecast moves when its table is damaged: `python benchmarks/adversarial.py` writes docs/adversarial.md.

The OLMo ladder of up to 3B; the targets are 7B-4T and 13B-5T. A damage strikes finished runs drawn at random, with
all their checkpoints; each is drawn five times. The tables are loaded as they are: whether `check` sees the damage is
a column of its own.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

import foretell
from foretell.doctor import check_runs
from foretell.runs import Runs
from foretell.units import flops_6nd

PAGE = Path(__file__).parents[1] / "docs" / "adversarial.md"
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
HOLDOUT = "run IN ('7B-4T', '13B-5T')"
METHODS = ("auto", "flp", "flp:chinchilla+sigmoid", "olmo_ladder")
DRAWS, RESAMPLES = 5, 40
WORSE, LOWER, BITS, MEMORISED = 1.15, 0.05, float(np.log(2)), 0.95
Frame = pl.DataFrame
Strike = Callable[[Frame, pl.Expr], Frame]


@dataclass(frozen=True)
class Damage:
    """One way to spoil some runs of a table.

    Attributes:
        name: In the table.
        share: Of the training runs that are struck; at least one is.
        strike: Returns the frame with the chosen rows spoilt.
    """

    name: str
    share: float
    strike: Strike


def outlying(frame: Frame, struck: pl.Expr) -> Frame:
    """Raise every loss by 15 % and lower every score by 5 points: runs whose training went wrong."""
    losses = [c for c in frame.columns if c.startswith(("loss/", "task_loss/"))]
    scores = [c for c in frame.columns if c.startswith("score/")]
    return frame.with_columns(
        *(pl.when(struck).then(pl.col(c) * WORSE).otherwise(pl.col(c)).alias(c) for c in losses),
        *(pl.when(struck).then((pl.col(c) - LOWER).clip(0.0)).otherwise(pl.col(c)).alias(c) for c in scores),
    )


def mislabelled(frame: Frame, struck: pl.Expr) -> Frame:
    """State ten times the parameters, and the FLOPs that go with them."""
    sized = frame.with_columns(pl.when(struck).then(pl.col("n_params") * 10).otherwise("n_params").alias("n_params"))
    wrong = flops_6nd(sized["n_params"].to_numpy(), sized["n_tokens"].to_numpy())
    return sized.with_columns(pl.when(struck).then(pl.Series(wrong)).otherwise("flops").alias("flops"))


def in_bits(frame: Frame, struck: pl.Expr) -> Frame:
    """State losses in bits per token instead of nats."""
    losses = [c for c in frame.columns if c.startswith("loss/")]
    return frame.with_columns(pl.when(struck).then(pl.col(c) / BITS).otherwise(pl.col(c)).alias(c) for c in losses)


def memorised(frame: Frame, struck: pl.Expr) -> Frame:
    """Let a run have seen the items of HellaSwag."""
    return frame.with_columns(
        pl.when(struck).then(MEMORISED).otherwise("score/hellaswag").alias("score/hellaswag")
    )  # fmt: skip


DAMAGES = (
    Damage("nothing", 0.0, lambda frame, _: frame),
    Damage("outliers, 1 % of runs", 0.01, outlying),
    Damage("outliers, 10 %", 0.1, outlying),
    Damage("outliers, 30 %", 0.3, outlying),
    Damage("ten times the parameters, one run", 0.01, mislabelled),
    Damage("ten times the parameters, 10 %", 0.1, mislabelled),
    Damage("losses in bits, one run", 0.01, in_bits),
    Damage("losses in bits, 30 %", 0.3, in_bits),
    Damage("HellaSwag memorised, one run", 0.01, memorised),
    Damage("HellaSwag memorised, 10 %", 0.1, memorised),
)


def damaged(table: Runs, damage: Damage, seed: int) -> Runs:
    """Return the table with some training runs spoilt."""
    names = sorted(table.where(TRAIN).usable().final_rows().frame["run"].unique().to_list())
    n_struck = max(1, round(damage.share * len(names))) if damage.share else 0
    chosen = np.random.default_rng(seed).choice(names, size=n_struck, replace=False).tolist()
    return replace(table, frame=damage.strike(table.frame, pl.col("run").is_in(chosen)))


def forecasts(table: Runs) -> dict[str, dict[tuple[str, str], tuple[float, float]]]:
    """Return forecast and truth of each target and task, by method; a refused one is left out."""
    result = foretell.backtest(table, HOLDOUT, train=TRAIN, methods=list(METHODS), resamples=RESAMPLES).to_dict()
    return {
        method: {(r["run"], r["task"]): (r["forecast"], r["actual"]) for r in answer["rows"] if r["status"] == "ok"}
        for method, answer in result["methods"].items()
    }


def findings(table: Runs) -> Counter[str]:
    """Return what `check` says of the training runs, as warnings and errors by code."""
    return Counter(each.code for each in check_runs(table.where(TRAIN)) if each.severity != "note")


def measure(table: Runs) -> list[str]:
    """Return the lines of the page's table."""
    clean, usual = forecasts(table), findings(table)
    lines = []
    for damage in DAMAGES:
        tables = [damaged(table, damage, seed) for seed in range(DRAWS if damage.share else 1)]
        answers = [forecasts(each) for each in tables]
        new = Counter(code for each in tables for code in findings(each) - usual)
        said = ", ".join(f"`{code}` {n} of {len(tables)}" for code, n in new.most_common()) or "-"
        cells = [cell(clean[method], [answer[method] for answer in answers]) for method in METHODS]
        lines.append(f"| {damage.name} | {' | '.join(cells)} | {said} |")
        print(lines[-1], flush=True)
    return lines


def cell(
    clean: dict[tuple[str, str], tuple[float, float]], answers: Sequence[dict[tuple[str, str], tuple[float, float]]]
) -> str:
    """Write how far forecasts moved, the farthest, and how far they then are from the truth, in points."""
    moved = [abs(answer[key][0] - clean[key][0]) for answer in answers for key in clean if key in answer]
    off = [abs(forecast - truth) for answer in answers for forecast, truth in answer.values()]
    if not moved:
        return "refused"
    refused = sum(key not in answer for answer in answers for key in clean)
    also = f", {refused} refused" if refused else ""
    return f"{100 * np.mean(moved):.1f} ({100 * max(moved):.1f}); off {100 * np.mean(off):.1f}{also}"


HEAD = f"""\
# Damaged tables

`python benchmarks/adversarial.py` wrote this. The OLMo ladder of up to 3B forecasts eight tasks of 7B-4T and 13B-5T.
Each damage strikes training runs drawn at random, {DRAWS} times; it strikes a run with all its checkpoints. A cell says
by how many points forecasts move in the mean (and at most), and how far they then are from the truth. `flp` and
`flp:chinchilla+sigmoid` fit by least squares; `olmo_ladder` by Huber's penalty in its first step. The last column is
what `foretell check` says that it does not say of the clean table.

Outliers: losses 15 % higher and scores 5 points lower. In bits: losses divided by ln 2. Memorised: the task
scores 95 %.

| damage | {" | ".join(f"`{method}`" for method in METHODS)} | what `check` says |
|---|{"---|" * len(METHODS)}---|
"""


def main() -> None:
    """Damage, forecast, write."""
    table = foretell.load_runs("olmo-ladder")
    kept = PAGE.read_text(encoding="utf-8").partition("\nHow to read it")[1:] if PAGE.exists() else ()
    PAGE.write_text(HEAD + "\n".join(measure(table)) + "\n" + "".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
