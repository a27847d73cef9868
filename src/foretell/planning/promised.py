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
    rows = plain.get("forecasts") if isinstance(plain, dict) else None
    if not isinstance(rows, list) or not any(row.get("status") == "ok" for row in rows):
        raise DataError(f"{path} holds no forecast that was not refused. Write one with foretell forecast -o.")
    return plain


def target_of(forecast: Mapping[str, Any], at: str | None) -> tuple[Target, list[Mapping[str, Any]]]:
    """Return the target, and its answered rows.

    Args:
        forecast: As read.
        at: The target as it was typed; `None` where the forecast has only one.

    Raises:
        DataError: there are several targets, none of this name, or it states no sizes.
    """
    rows = [row for row in forecast["forecasts"] if row["status"] == "ok"]
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
