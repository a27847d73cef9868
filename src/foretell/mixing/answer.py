"""What `mix` answers: the best mixture, how flat the top is, what else it trades against, and how far it is known."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from foretell.errors import Finding
from foretell.results import Row
from foretell.tabular import Tabular


@dataclass(frozen=True)
class Mixed:
    """One mixture with its forecast.

    Attributes:
        mixture: Share by source.
        objective: Weighted sum of the outcomes.
        low: Lower end of the interval of a new run.
        high: Its upper end.
        forecasts: A row per outcome.
    """

    mixture: Mapping[str, float]
    objective: float
    low: float
    high: float
    forecasts: tuple[Row, ...]


@dataclass(frozen=True)
class Baseline:
    """What another mixture would give, for comparison.

    Attributes:
        mixed: The other mixture with its forecast.
        name: Which it is.
        gain: What the best mixture is better by; positive is better, of losses too.
        gain_low: Lower end of the interval of that difference, whose noise is common to both.
        gain_high: Its upper end.
        p_better: Probability that the best mixture is the better one.
    """

    mixed: Mixed
    name: str
    gain: float
    gain_low: float
    gain_high: float
    p_better: float


@dataclass(frozen=True)
class FlatRegion:
    """Mixtures that cannot be told from the best: the interval of the difference, noise in common, holds 0.

    Attributes:
        low: Least share of each source, the others in proportion, by source.
        high: Its most share.
        share: Part of the allowed mixtures that were looked at that lies inside.
    """

    low: Mapping[str, float]
    high: Mapping[str, float]
    share: float


@dataclass(frozen=True)
class Nearest:
    """The trained mixture nearest to the best one.

    Attributes:
        run: A run that has it.
        mixture: Share by source.
        distance: Share of the data that differs (total variation), from 0 to 1.
    """

    run: str
    mixture: Mapping[str, float]
    distance: float


@dataclass(frozen=True)
class AtScale:
    """The best mixture at another compute.

    Attributes:
        factor: Compute over that of the target.
        flops: FLOPs.
        mixture: Share by source.
        objective: Weighted sum of the outcomes.
    """

    factor: float
    flops: float
    mixture: Mapping[str, float]
    objective: float


@dataclass(frozen=True)
class OnFront:
    """A mixture of which no other is better in both outcomes.

    Attributes:
        mixture: Share by source.
        outcomes: Both, by name.
    """

    mixture: Mapping[str, float]
    outcomes: Mapping[str, float]


@dataclass(frozen=True)
class Asked:
    """What was asked.

    Attributes:
        runs: Name of the table.
        train: Predicate of the training rows.
        at: The target as it was typed.
        method: The method.
        goal: `maximize` or `minimize`.
        weights: Of the outcomes, by name.
        robust: Whether the lower end of the interval was maximised.
        level: Coverage of the intervals.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
    """

    runs: str
    train: str | None
    at: str
    method: str
    goal: str
    weights: Mapping[str, float]
    robust: bool
    level: float
    seed: int
    resamples: int


@dataclass(frozen=True)
class Mix(Tabular):
    """The question and its answer.

    Attributes:
        asked: The question.
        best: The best mixture.
        baseline: Another one beside it.
        flat_region: How flat the top is.
        nearest: What was trained like it.
        by_scale: How it moves with compute.
        front: The trade-off, where there are two outcomes.
        triangle: The forecast over mixtures of the three largest sources, for a chart; `None` for fewer sources.
        warnings: What is to be known.
        seconds: It took.
    """

    asked: Asked
    best: Mixed
    baseline: Baseline
    flat_region: FlatRegion
    nearest: Nearest
    by_scale: tuple[AtScale, ...]
    front: tuple[OnFront, ...]
    triangle: Mapping[str, Any] | None
    warnings: tuple[Finding, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the best mixture's fields stand at the top."""
        plain = asdict(self)
        baseline = plain.pop("baseline")
        warnings = [finding.to_dict() for finding in self.warnings]
        top = {**plain.pop("asked"), **plain.pop("best")}
        return {**top, **plain, "baseline": {**baseline.pop("mixed"), **baseline}, "warnings": warnings}

    def table_rows(self) -> list[dict[str, Any]]:
        """Return one row a source: the best share, the ends of the flat region, and the shares beside it."""
        low, high, other = self.flat_region.low, self.flat_region.high, self.baseline.mixed.mixture
        rows = {
            source: (share, low[source], high[source], other[source]) for source, share in self.best.mixture.items()
        }
        names = ("share", "flat_low", "flat_high", "compared_with")
        nearest = self.nearest.mixture
        return [
            {"source": source, **dict(zip(names, row, strict=True)), "nearest_trained": nearest[source]}
            for source, row in rows.items()
        ]
