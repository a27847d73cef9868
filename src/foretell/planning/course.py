"""What `watch` answers: where a run stands, where it is heading, and whether that is what was forecast."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from foretell.errors import Finding

Verdict = Literal["on course", "behind", "ahead", "too early to say"]


@dataclass(frozen=True)
class Course:
    """One outcome of a run that goes on.

    Attributes:
        kind: `loss` or `score`.
        task: Loss column, or task.
        forecast: Its end as forecast.
        now: At the run's last checkpoint.
        expected: There, of a run of this size that ends as forecast.
        off: How far `now` is from that, in standard deviations of such runs; positive is more.
        heading: Where the run ends, by its curve so far.
        low: Lower end of the interval of that.
        high: Upper end.
        verdict: Whether both agree.
        sentence: The same in words.
    """

    kind: str
    task: str
    forecast: float
    now: float
    expected: float | None
    off: float | None
    heading: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class Watch:
    """What `watch` answers.

    Attributes:
        run: The run that goes on.
        ladder: Name of the table of finished runs.
        n_params: Its parameters.
        n_tokens: Tokens seen so far.
        n_tokens_target: Tokens of the whole run.
        level: Coverage of the intervals.
        courses: The general loss first.
        warnings: What is to be known.
    """

    run: str
    ladder: str
    n_params: float
    n_tokens: float
    n_tokens_target: float
    level: float
    courses: tuple[Course, ...]
    warnings: tuple[Finding, ...] = ()

    @property
    def fraction(self) -> float:
        """Part of the run that is over."""
        return self.n_tokens / self.n_tokens_target

    @property
    def verdict(self) -> Verdict:
        """That of the general loss."""
        return self.courses[0].verdict

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        warnings = [finding.to_dict() for finding in self.warnings]
        plain = {**asdict(self), "fraction": self.fraction, "verdict": self.verdict, "warnings": warnings}
        return {**plain, "courses": [asdict(course) for course in self.courses]}
