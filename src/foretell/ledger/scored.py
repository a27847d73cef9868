"""One forecast value beside the truth."""

from dataclasses import dataclass
from typing import Literal

State = Literal["scored", "refused", "not measured"]


@dataclass(frozen=True)
class Scored:
    """One outcome of one forecast.

    Attributes:
        method: That made it.
        level: Coverage that its interval claims.
        kind: `score` or `loss`.
        task: Task, or loss column.
        forecast: `None` where it was refused.
        low: Lower end of the interval.
        high: Upper end.
        actual: What the run that came measured; `None` where it did not.
        error: Forecast less truth.
        relative_error: Size of the error over the truth.
        inside: Whether the truth lies inside the interval.
        verdict: How far the forecast trusted itself.
        status: `scored`, `refused` (no forecast) or `not measured` (no truth).
    """

    method: str
    level: float
    kind: str
    task: str
    forecast: float | None
    low: float | None
    high: float | None
    actual: float | None
    error: float | None
    relative_error: float | None
    inside: bool | None
    verdict: str
    status: State
