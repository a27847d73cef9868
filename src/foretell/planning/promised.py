"""What a forecast promised: the sizes of its target, and the end of each outcome with its deviation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from foretell.errors import DataError
from foretell.planning.belief import NOISE
from foretell.runs import Runs
from foretell.targets import Target, parse_target


@dataclass(frozen=True)
class Promise:
    """One outcome as it was forecast.

    Attributes:
        kind: `loss` or `score`.
        task: Loss column, or task.
        column: Of the run table.
        value: Forecast.
        deviation: Standard deviation: of the logarithm of a loss, of a score itself.
        stated: Whether the forecast stated an interval of it; else the noise of a run stands in.
    """

    kind: Literal["loss", "score"]
    task: str
    column: str
    value: float
    deviation: float
    stated: bool = True


def read_forecast(path: str | Path) -> dict[str, Any]:
    """Read the JSON that `foretell forecast -o` wrote.

    Raises:
        DataError: it cannot be read, or holds no forecast.
    """
    try:
        plain = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a forecast: {error}. Write one with foretell forecast -o.") from None
    return checked(plain, str(path))


def checked(plain: Any, name: str = "the forecast") -> dict[str, Any]:
    """Return plain data if it is a forecast that can be kept to.

    Raises:
        DataError: it holds no answered rows, or one whose interval is none.
    """
    rows = plain.get("forecasts") if isinstance(plain, dict) else None
    answered = [row for row in rows if _is_answered(row)] if isinstance(rows, list) else []
    if not answered:
        raise DataError(f"{name} holds no forecast that was not refused. Write one with foretell forecast -o.")
    level = plain.get("level")
    if not isinstance(level, float) or not 0 < level < 1:
        raise DataError(f"{name} states no level of its intervals. Write it with foretell forecast -o.")
    odd = [row for row in answered if not _has_interval(row)]
    if odd:
        what = f"{name}: the interval of {odd[0]['task']!r} does not hold its forecast, or they are no such numbers"
        raise DataError(f"{what}. Write it with foretell forecast -o.")
    return plain


def _is_answered(row: Any) -> bool:
    known = isinstance(row, dict) and row.get("status") == "ok" and row.get("kind") in ("loss", "score")
    return known and isinstance(row.get("run"), str) and isinstance(row.get("task"), str)


def _has_interval(row: Mapping[str, Any]) -> bool:
    low, value, high = (_number(row.get(key)) for key in ("low", "forecast", "high"))
    return low <= value <= high and (row["kind"] == "score" or low > 0)


def _number(value: Any) -> float:
    """Return a finite number as it is, and NaN for anything else."""
    return float(value) if isinstance(value, float | int) and np.isfinite(value) else np.nan


def target_of(forecast: Mapping[str, Any], at: str | None) -> tuple[Target, list[Mapping[str, Any]]]:
    """Return the target, and its answered rows.

    Args:
        forecast: As read.
        at: The target as it was typed; `None` where the forecast has only one.

    Raises:
        DataError: there are several targets, none of this name, or it states no sizes.
    """
    rows = [row for row in forecast["forecasts"] if _is_answered(row)]
    names = list(dict.fromkeys(row["run"] for row in rows))
    if at is None and len(names) > 1:
        raise DataError(f"the forecast is of {len(names)} targets: {'; '.join(names)}. Name one with --at.")
    if at is not None and at not in names:
        raise DataError(f"the forecast is not of {at!r}, but of {'; '.join(names)}. Name one as it stands there.")
    target = parse_target(at or names[0])[0]
    if not np.isfinite(target.n_params * target.n_tokens):
        raise DataError(f"the forecast's target {target.run!r} states no sizes. Forecast with n_params and n_tokens.")
    return target, [row for row in rows if row["run"] == target.run]


def promises(rows: list[Mapping[str, Any]], level: float, table: Runs, general: str | None) -> list[Promise]:
    """Return what was forecast and is measured in the table, the general loss first."""
    found = [_promise(row, level) for row in rows]
    known = [each for each in found if each.column in table.frame.columns]
    loss = next((row["loss_forecast"] for row in rows if row.get("loss_forecast") is not None), None)
    if general is not None and loss is not None and general not in {each.column for each in known}:
        known.append(Promise("loss", general, general, float(loss), NOISE, stated=False))
    return sorted(known, key=lambda each: (each.column != general, each.kind != "loss"))


def _promise(row: Mapping[str, Any], level: float) -> Promise:
    z = NormalDist().inv_cdf(0.5 + level / 2)
    low, high, value = float(row["low"]), float(row["high"]), float(row["forecast"])
    if row["kind"] == "loss":
        return Promise("loss", row["task"], row["task"], value, float(np.log(high / low)) / (2 * z))
    return Promise("score", row["task"], f"score/{row['task']}", value, (high - low) / (2 * z))
