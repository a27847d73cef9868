"""Whether a run that goes on will reach its forecast, from its curve so far and the ladder's curves."""

from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl

from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import coverage
from foretell.io import load_runs
from foretell.planning.course import Course, Verdict, Watch
from foretell.planning.curves import finished_curves
from foretell.planning.promised import Promise, checked, promises, read_forecast, target_of
from foretell.planning.remaining import FEWEST_RUNS, remaining
from foretell.runs import Runs
from foretell.targets import Target
from foretell.units import format_quantity

SAME_SIZE = 0.1  # relative, that the run's parameters may differ from the target's
BEYOND = 1.5  # of the largest finished run's parameters
SHARP = {
    "loss": 0.01,
    "score": 0.03,
}  # half-width that is sharp enough to say "on course", where the forecast's is less


def watch(
    runs: Any,
    forecast: Any,
    *,
    run: str | None = None,
    at: str | None = None,
    ladder: Any = None,
    loss: str | None = None,
    level: float = 0.9,
) -> Watch:
    """Compare a run that goes on with its forecast, at the fraction of its tokens that it has seen.

    Finished runs tell how far above its end a run of some size stands at each fraction. That holds
    where the run's schedule has the shape of theirs.

    Args:
        runs: A table with the run, and the ladder's if `ladder` is not given; a path, a name or a frame.
        forecast: The JSON of `foretell forecast -o`: a path, or the plain data itself.
        run: Name of the run; the only one that is not finished when not given.
        at: The target as the forecast has it, where that has several.
        ladder: A table of finished runs with their checkpoints.
        loss: Column of the general loss; the table's own when not given.
        level: Coverage of the intervals, between 0 and 1.

    Raises:
        DataError: there is no such run, it is not the forecast's, it is over or has diverged, or nothing forecast is
            measured.
    """
    level = coverage(level)
    plain = checked(forecast) if isinstance(forecast, dict) else read_forecast(forecast)
    target, rows = target_of(plain, at)
    table, general = load_runs(runs).with_general_loss(loss)
    others = (table if ladder is None else load_runs(ladder)).with_general_loss(loss)[0]
    curve = _running(table, run, target)
    finished = _without(others, curve["run"][0], target)
    asked = [each for each in promises(rows, float(plain["level"]), table, general) if curve[each.column].count()]
    if not asked:
        raise DataError(f"{table.name}: nothing that was forecast is measured in {curve['run'][0]}. Measure its loss.")
    seen = float(curve["n_tokens"][-1])
    return Watch(
        run=curve["run"][0],
        ladder=others.name,
        n_params=target.n_params,
        n_tokens=seen,
        n_tokens_target=target.n_tokens,
        level=level,
        courses=tuple(_course(curve, each, finished, target, level) for each in asked),
        warnings=(*_unmeasured(asked, curve), *_warnings(asked, finished, target, seen / target.n_tokens)),
    )


def _running(table: Runs, name: str | None, target: Target) -> pl.DataFrame:
    """Return the rows so far of the run that goes on, in order."""
    frame = table.frame.filter(pl.col("n_tokens") > 0).sort("n_tokens")
    chosen = frame.filter(run=name or _only_open_run(table))
    if not chosen.height:
        raise DataError(f"{table.name} has no run {name!r} with n_tokens. Name one of its runs.")
    name, off = chosen["run"][0], abs(chosen["n_params"][-1] / target.n_params - 1)
    if off > SAME_SIZE:
        sizes = f"{format_quantity(chosen['n_params'][-1])} parameters, the forecast is of {target.run}"
        raise DataError(f"{name} has {sizes}. Give the forecast of this run.")
    _require_going_on(chosen, target, any(each.code == "finals-assumed" for each in table.findings))
    return chosen


def _require_going_on(curve: pl.DataFrame, target: Target, finals_assumed: bool) -> None:
    """Refuse a run that has ended, well or badly; a table that does not say which are finished does not decide it."""
    name, running = curve["run"][0], finals_assumed or curve["status"][-1] == "running"
    seen = f"{format_quantity(curve['n_tokens'][-1])} of {format_quantity(target.n_tokens)} tokens"
    if curve["status"][-1] == "diverged":
        raise DataError(f"{name} has diverged after {seen}: it reaches nothing. Watch the run that takes its place.")
    if curve["n_tokens"][-1] >= target.n_tokens:
        raise DataError(f"{name} is over: it has seen {seen}. Compare its end with the forecast.")
    if curve["is_final"][-1] and not running:
        what = f"{name} is over: its schedule ended after {seen}"
        raise DataError(f"{what}. Forecast a run of its own length, and compare its end with that.")


def _only_open_run(table: Runs) -> str:
    by_run = table.frame.filter(pl.col("status").is_in(["ok", "running"])).group_by("run", maintain_order=True)
    open_ = by_run.agg(~pl.col("is_final").any() | (pl.col("status") == "running").any()).filter(pl.col("is_final"))
    names = open_["run"].to_list()
    if len(names) != 1:
        what = f"{table.name} has {len(names)} runs that are not finished{': ' if names else ''}{', '.join(names[:5])}"
        raise DataError(f"{what}. Name one with --run.")
    return str(names[0])


def _without(table: Runs, run: str, target: Target) -> Runs:
    """Return the finished runs of the target's family, without the run itself."""
    table = table.in_family(target.family) if target.family else table
    return replace(table, frame=table.frame.filter(pl.col("run") != run))


def _course(curve: pl.DataFrame, promise: Promise, finished: Runs, target: Target, level: float) -> Course:
    seen = curve.drop_nulls(promise.column)
    now, fraction = float(seen[promise.column][-1]), float(seen["n_tokens"][-1]) / target.n_tokens
    curves = finished_curves(finished, promise.column) if promise.column in finished.frame.columns else []
    left = remaining(curves, fraction, promise.kind)
    if left is None:
        what = f"fewer than {FEWEST_RUNS} finished runs were measured {fraction:.1%} of their way or before."
        return Course(
            promise.kind, promise.task, promise.value, now, None, None, None, None, None, "too early to say", what
        )
    starts = left.starts(promise.value, target.n_params, target.n_tokens)
    ends = left.ends(now, target.n_params, target.n_tokens)
    low, heading, high = np.quantile(ends, [(1 - level) / 2, 0.5, (1 + level) / 2]).tolist()
    found = Course(
        kind=promise.kind,
        task=promise.task,
        forecast=promise.value,
        now=now,
        expected=float(np.median(starts)),
        off=_off(now, starts),
        heading=heading,
        low=low,
        high=high,
        verdict=_verdict(promise, ends, level, finished),
        sentence="",
    )
    return _told(found, fraction)


def _off(now: float, starts: np.ndarray) -> float:
    """Return how far a value is from what is expected, in standard deviations of the middle of a distribution."""
    low, middle, high = np.quantile(starts, [0.1587, 0.5, 0.8413])
    return float((now - middle) / max((high - low) / 2, 1e-12))


def _verdict(promise: Promise, ends: np.ndarray, level: float, table: Runs) -> Verdict:
    z = NormalDist().inv_cdf(0.5 + level / 2)
    scaled, goal = (np.log(ends), np.log(promise.value)) if promise.kind == "loss" else (ends, promise.value)
    low, middle, high = np.quantile(scaled, [0.1587, 0.5, 0.8413])
    deviation, away = (high - low) / 2, middle - goal
    if abs(away) > z * np.hypot(deviation, promise.deviation):
        return "behind" if (away > 0) == _less_is_better(promise, table) else "ahead"
    sharp_enough = z * deviation <= max(z * promise.deviation, SHARP[promise.kind])
    return "on course" if sharp_enough else "too early to say"


def _less_is_better(promise: Promise, table: Runs) -> bool:
    return promise.kind == "loss" or not table.task(promise.task).higher_is_better


def _told(course: Course, fraction: float) -> Course:
    side = "above" if (course.off or 0) > 0 else "below"
    text = (
        f"{course.verdict}: after {fraction:.0%} of its tokens {course.task} is {course.now:.3f}, "
        f"{abs(course.off or 0):.1f} deviations {side} that of a run of this size that ends as forecast "
        f"({course.expected:.3f}); it is heading for {course.heading:.3f} ({course.low:.3f} to {course.high:.3f}), "
        f"and {course.forecast:.3f} was forecast."
    )
    return replace(course, sentence=text)


def _unmeasured(asked: list[Promise], curve: pl.DataFrame) -> list[Finding]:
    """Return what was measured once, and is not at the run's last checkpoint."""
    lost = [each.column for each in asked if curve[each.column][-1] is None]
    if not lost:
        return []
    what = f"{', '.join(lost)}: not measured at the last checkpoint, so that an earlier one speaks for the run."
    why = "A loss that is not a number is not measured either: look whether the run has diverged."
    return [Finding("not-measured-lately", "warning", what, "run", why, fix="Measure it there, or mark the run.")]


def _warnings(asked: list[Promise], finished: Runs, target: Target, fraction: float) -> list[Finding]:
    found = []
    if not asked[0].stated:
        what = f"the forecast states no interval of {asked[0].task}, so the noise of one run stands in."
        fix = f"Forecast it: foretell forecast ... --losses {asked[0].task}."
        found.append(Finding("interval-not-stated", "note", what, "forecast", fix=fix))
    reach = [each for each in finished_curves(finished, asked[0].column) if np.isfinite(each.at(fraction))]
    largest = max((each.n_params for each in reach), default=np.inf)
    if target.n_params > BEYOND * largest:
        times = f"{target.n_params / largest:.2g} times the parameters of the largest finished run with a curve"
        why = "What is left of it was learned from smaller runs, less surely of scores than of losses."
        found.append(Finding("beyond-the-ladder", "warning", f"it has {times}.", "run", why))
    return found
