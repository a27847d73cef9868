"""Every method on every public table: `make leaderboard` writes docs/leaderboard.md and its figure.

Held-out rows are looked at here and nowhere else: no default of any method is chosen from this page.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import foretell
from foretell.errors import ForetellError
from foretell.methods import METHODS
from foretell.report.charts.distance import distance_chart
from foretell.report.charts.render import to_png
from foretell.trusting.distance import errors_by_target

PAGE = Path(__file__).parents[1] / "docs" / "leaderboard.md"
RESULTS = Path("bench-results.json")
FIGURE = PAGE.with_name("error-against-distance.png")
RESAMPLES, RESAMPLES_OF_AUTO = 100, 1000  # the rivals' curved laws are refitted to each resample, which takes minutes
LEVELS = (0.5, 0.8, 0.9)
DISTANCES = (0.0, 1.0, 10.0, 100.0, 1e6)  # extrapolation, target FLOPs over the largest training FLOPs
LADDER_TARGETS = "run IN ('7B-4T', '13B-5T')"
GADRE_TARGETS = "n_params > 5e9 OR (n_params > 1e9 AND token_multiplier > 25)"


@dataclass(frozen=True)
class Case:
    """One back-test that every method is put through.

    Attributes:
        title: As it is printed.
        table: Public table.
        holdout: SQL predicate of the held-out runs.
        train: SQL predicate of the training rows.
        options: What else `backtest` is told.
        by_run: Whether the held-out runs stand in columns of their own.
    """

    title: str
    table: str
    holdout: str
    train: str | None
    options: Mapping[str, Any]
    by_run: bool = False


CASES = (
    Case("olmo-ladder, runs up to 1.3B", "olmo-ladder", LADDER_TARGETS, "n_params <= 1.4e9", {}, by_run=True),
    Case("olmo-ladder, runs up to 3B", "olmo-ladder", LADDER_TARGETS, "n_params <= 3.2e9", {}, by_run=True),
    Case(
        "olmo-ladder, the 3B from runs up to 1.3B",
        "olmo-ladder",
        "n_params > 3e9 AND n_params < 4e9 AND status = 'ok'",
        "n_params <= 1.4e9",
        {},
    ),
    Case(
        "gadre, average of 17 tasks, runs up to 411M",
        "gadre",
        GADRE_TARGETS,
        "n_params < 5e8",
        {"tasks": ["average_17"]},
    ),
    Case("gadre, 17 tasks one by one, runs up to 411M", "gadre", GADRE_TARGETS, "n_params < 5e8", {}),
    Case(
        "obs-scaling, the models of most compute",
        "obs-scaling",
        "flops > 5e23",
        "flops <= 5e23",
        {"pool": True},
    ),
    Case(
        "compression-bpc, the models of most compute",
        "compression-bpc",
        "flops > 5e23",
        "flops <= 5e23",
        {"pool": True, "tasks": ["mmlu", "gsm8k", "humaneval"]},
    ),
    Case(
        "chinchilla, loss of the largest tenth",
        "chinchilla",
        "flops > 1e21",
        "flops <= 1e21",
        {"losses": ["loss/massivetext"]},
    ),
    Case("gadre, C4 loss, runs up to 411M", "gadre", GADRE_TARGETS, "n_params < 5e8", {"losses": ["loss/c4_val"]}),
    Case(
        "olmo-ladder, four losses, runs up to 1.3B",
        "olmo-ladder",
        LADDER_TARGETS,
        "n_params <= 1.4e9",
        {"losses": ["loss/c4_en", "loss/dolma_stack", "loss/dolma_books", "loss/wikitext_103"]},
    ),
)


def measure(case: Case, method: str, level: float = 0.9) -> dict[str, Any] | str:
    """Return the plain result of one method, with the seconds it took; or why it has none."""
    start = time.perf_counter()
    try:
        result = foretell.backtest(
            case.table,
            case.holdout,
            train=case.train,
            methods=[method],
            resamples=RESAMPLES_OF_AUTO if method == "auto" else RESAMPLES,
            level=level,
            **case.options,
        ).to_dict()
    except ForetellError as error:
        return str(error)
    return {**result["methods"][method], "seconds": time.perf_counter() - start}


def rank_correlation(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the mean over held-out runs of Spearman's correlation between forecast and truth over tasks."""
    found = []
    for run in dict.fromkeys(row["run"] for row in rows):
        pairs = [
            (r["forecast"], r["actual"])
            for r in rows
            if r["run"] == run and r["status"] == "ok" and r["actual"] is not None
        ]
        if len(pairs) >= 5:
            ranks = np.argsort(np.argsort(np.array(pairs), axis=0), axis=0)
            found.append(np.corrcoef(ranks[:, 0], ranks[:, 1])[0, 1])
    return float(np.mean(found)) if found else None


def percent(value: float | None) -> str:
    """Write a fraction in percent."""
    return "-" if value is None else f"{100 * value:.1f}"


def points(value: float | None) -> str:
    """Write an absolute error: of a score in points."""
    return "-" if value is None else f"{100 * value:.1f}"


def table_of(case: Case, results: Mapping[str, dict[str, Any] | str]) -> list[str]:
    """Write one case as a Markdown table, the best first."""
    answered = {name: r for name, r in results.items() if isinstance(r, dict) and r["n"]}
    order = sorted(answered, key=lambda name: answered[name]["mean_absolute_error"])
    runs = list(answered[order[0]]["by_run"]) if case.by_run and order else []
    loss = "losses" in case.options
    heads = [
        "method",
        *(f"{run}, %" for run in runs),
        "relative, %",
        "absolute" if loss else "absolute, points",
        "inside 90 %",
        "rank correlation",
        "answered",
        "refused",
        "s",
    ]
    lines = [
        f"## {case.title}",
        "",
        f"Held out: `{case.holdout}`; trained on: `{case.train}`.",
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
    ]
    for name in order:
        r = answered[name]
        correlation = rank_correlation(r["rows"])
        cells = [
            f"`{name}`",
            *(percent(r["by_run"][run]["mean_relative_error"]) for run in runs),
            percent(r["mean_relative_error"]),
            f"{r['mean_absolute_error']:.4f}" if loss else points(r["mean_absolute_error"]),
            percent(r["coverage"]),
            "-" if correlation is None else f"{correlation:.2f}",
            str(r["n"]),
            str(r["n_refused"]),
            f"{r['seconds']:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *limits(case, answered["auto"]["rows"])] if "auto" in answered and not loss else []
    none = [name for name in results if name not in answered]
    reasons = [f"- `{name}`: {_why(results[name])}" for name in none]
    return [*lines, "", *(["No answer:", "", *reasons, ""] if reasons else [])]


def limits(case: Case, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what keeps `auto` from being better: its curves given the true loss, and the noise of the actual scores."""
    known = _answered(rows)
    table = foretell.load_runs(case.table)
    noise = [e for row in known if (e := binomial_error(table.task(row["task"]).n_items, row)) is not None]
    with_loss = [row for row in known if row["forecast_given_true_loss"] is not None]
    said = []
    if with_loss:
        true_loss, chain = (_off(with_loss, key) for key in ("forecast_given_true_loss", "forecast"))
        said.append(f"`auto` is off by {percent(true_loss)} % given the true loss, by {percent(chain)} % without")
    if noise:
        said.append(
            f"a perfect forecast would be off by {percent(float(np.mean(noise)))} %, the binomial noise of the scores"
        )
    return [f"What limits it: {'; '.join(said)}.", ""] if said else []


def _off(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    return float(np.mean([abs(row[key] / row["actual"] - 1.0) for row in rows]))


def binomial_error(n_items: int | None, row: Mapping[str, Any]) -> float | None:
    """Return the mean relative error of a forecast that knows the true chance of each item being right."""
    if n_items is None:
        return None
    deviation = np.sqrt(row["actual"] * (1.0 - row["actual"]) / n_items)
    return float(np.sqrt(2.0 / np.pi) * deviation / row["actual"])


def _why(result: dict[str, Any] | str) -> str:
    if isinstance(result, str):
        return result
    return next(row["reason"] for row in result["rows"] if row["reason"])


def coverage_table(by_case: Mapping[str, Mapping[float, dict[str, Any] | str]]) -> list[str]:
    """Write the share of actual values inside `auto`'s intervals, per table and level, and pooled."""
    heads = [f"{100 * level:g} %" for level in LEVELS]
    lines = [f"| case | {' | '.join(heads)} | values |", f"|---|{'---|' * len(LEVELS)}---|"]
    pooled: dict[float, list[bool]] = {level: [] for level in LEVELS}
    for title, results in by_case.items():
        shares, n = [], 0
        for level in LEVELS:
            result = results[level]
            rows = result["rows"] if isinstance(result, dict) else []
            inside = [r["low"] <= r["actual"] <= r["high"] for r in _answered(rows)]
            pooled[level] += inside
            n = len(inside)
            shares.append(percent(float(np.mean(inside)) if inside else None))
        lines.append(f"| {title} | {' | '.join(shares)} | {n} |")
    means = [percent(float(np.mean(pooled[level]))) for level in LEVELS]
    return [*lines, f"| **pooled** | {' | '.join(means)} | {len(pooled[LEVELS[0]])} |", ""]


def coverage_by_distance(results: Mapping[str, Mapping[float, dict[str, Any] | str]], level: float) -> list[str]:
    """Write the share inside `auto`'s intervals by extrapolation, over all cases."""
    rows = [
        row for case in results.values() if isinstance(result := case[level], dict) for row in _answered(result["rows"])
    ]
    lines = [f"| compute over the largest run | inside {100 * level:g} % | values |", "|---|---|---|"]
    for low, high in pairwise(DISTANCES):
        inside = [r["low"] <= r["actual"] <= r["high"] for r in rows if low <= r["extrapolation"] < high]
        if inside:
            lines.append(f"| {low:g} to {high:g} times | {percent(float(np.mean(inside)))} | {len(inside)} |")
    return [*lines, ""]


def _answered(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["status"] == "ok" and row["actual"] is not None]


def main() -> None:
    """Run every case with every method and write the page."""
    start = time.perf_counter()
    methods = sys.argv[1:] or list(METHODS)  # those named are measured again, the others are as they were
    results: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text()) if sys.argv[1:] and RESULTS.exists() else {}
    for case in CASES:
        results.setdefault(case.title, {})
        for method in methods:
            results[case.title][method] = measure(case, method)
            print(case.title, method, _brief(results[case.title][method]), file=sys.stderr, flush=True)
    levels = {case.title: {level: measure(case, "auto", level) for level in LEVELS} for case in CASES}
    rows = [
        {**row, "case": case.title, "method": method}
        for case in CASES
        for method, result in results[case.title].items()
        if isinstance(result, dict)
        for row in result["rows"]
        if row["status"] == "ok" and row["actual"] is not None and row["kind"] == "score"
    ]
    FIGURE.write_bytes(to_png(distance_chart(errors_by_target(rows))))
    tables = [line for case in CASES for line in table_of(case, results[case.title])]
    minutes = (time.perf_counter() - start) / 60
    PAGE.write_text(
        "\n".join(
            [
                HEAD,
                *coverage_table(levels),
                *coverage_by_distance(levels, 0.9),
                AFTER_COVERAGE,
                *tables,
                FOOT.format(minutes=minutes, methods=", ".join(methods)),
            ]
        )
    )
    RESULTS.write_text(json.dumps(results))


def _brief(result: dict[str, Any] | str) -> str:
    if isinstance(result, str):
        return result[:80]
    return f"{percent(result['mean_relative_error'])} % {percent(result['coverage'])} inside, {result['seconds']:.1f} s"


HEAD = f"""# Leaderboard

Every method on the public tables, with the same defaults everywhere; `auto` with {RESAMPLES_OF_AUTO} resamples,
its default, the others with {RESAMPLES}. `make leaderboard` writes this page. No default of any method was fitted
to the held-out rows. Means are over the rows that a method answered, and methods refuse different ones.

## Coverage of `auto`

Share of actual values inside the intervals, in percent, by nominal level:
"""
AFTER_COVERAGE = """## Error against distance

![Error of each method against the target's compute over that of the largest training run](error-against-distance.png)
"""
FOOT = "Measured last: {methods}, in {minutes:.0f} minutes on two cores; the whole page takes a quarter of an hour."

if __name__ == "__main__":
    main()
