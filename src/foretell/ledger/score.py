"""Compare forecasts that were kept with the runs that came."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError, Finding
from foretell.io import load_runs
from foretell.ledger.calibration import calibration_table, mean_errors_of
from foretell.ledger.match import Row, actual_value, chosen_targets, matching_row, named_row
from foretell.ledger.read import Kept, read_forecasts
from foretell.ledger.scored import Scored
from foretell.results import once_each
from foretell.runs import Runs

Plain = Mapping[str, Any]


@dataclass(frozen=True)
class ScoredForecast:
    """One target of one forecast beside the run that came.

    Attributes:
        file: Where the forecast stands.
        sha256: Its seal.
        made_at: When it was made, UTC.
        trained_on: The table that it was made from.
        method: That made it.
        target: The target as it was typed.
        run: The run that came.
        extrapolation: Target FLOPs over the largest training FLOPs.
        rows: One for each outcome.
    """

    file: str
    sha256: str
    made_at: str | None
    trained_on: str
    method: str
    target: str
    run: str
    extrapolation: float
    rows: tuple[Scored, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with means over the rows."""
        return {**asdict(self), "rows": [asdict(row) for row in self.rows], **mean_errors_of(self.rows)}


@dataclass(frozen=True)
class Scoring:
    """What `score` answers.

    Attributes:
        runs: The table of runs that came.
        scores: Targets that a run fits.
        waiting: Targets without one yet, in a folder: `file`, `target`, `reason`.
        warnings: What is to be known.
    """

    runs: str
    scores: tuple[ScoredForecast, ...]
    waiting: tuple[Mapping[str, str], ...]
    warnings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        everything = [row for score in self.scores for row in score.rows]
        return {
            "runs": self.runs,
            "scores": [score.to_dict() for score in self.scores],
            **mean_errors_of(everything),
            "calibration": calibration_table(everything),
            "waiting": [dict(each) for each in self.waiting],
            "warnings": [finding.to_dict() for finding in self.warnings],
        }


def score(forecasts: str | Path | Sequence[str | Path], runs: Any, *, run: str | None = None) -> Scoring:
    """Compare sealed forecasts with the runs that came later.

    A target is held against the run that is named, else against the finished run whose stated size, family and
    mixture fit. In a folder, targets that no run fits yet are waiting.

    Args:
        forecasts: Files of `forecast -o`, or folders of them.
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        run: Name of the run.

    Returns:
        Error and inside or outside for each outcome, means, and a calibration table over all forecasts.

    Raises:
        DataError: a file is no sealed forecast or was changed, a run has not finished, no target can be scored.
        UnknownName: there is no run of this name.
    """
    places = [forecasts] if isinstance(forecasts, str | Path) else list(forecasts)
    kept, findings = read_forecasts(places)
    table = load_runs(runs)
    named = None if run is None else named_row(table, run)
    scores: list[ScoredForecast] = []
    waiting: list[dict[str, str]] = []
    for each in kept:
        for target in (
            each.plain["targets"] if named is None else chosen_targets(each.plain["targets"], named, each.file)
        ):
            row = matching_row(target, table) if named is None else named
            if isinstance(row, str):
                waiting.append({"file": each.file, "target": target["run"], "reason": row})
                continue
            scores.append(_score(each, target, row, table))
            findings += _seen_in_training(each, row)
    _require_some(scores, waiting, table)
    return Scoring(table.name, tuple(scores), tuple(waiting), once_each([*table.findings, *findings]))


def _require_some(scores: Sequence[ScoredForecast], waiting: Sequence[Mapping[str, str]], table: Runs) -> None:
    if not scores:
        raise DataError(f"{waiting[0]['file']}: {waiting[0]['reason']}")
    if not any(row.status == "scored" for each in scores for row in each.rows):
        wanted = ", ".join(dict.fromkeys(row.task for each in scores for row in each.rows))
        what = f"{scores[0].file}: run {scores[0].run} of {table.name} has none of what was forecast ({wanted})."
        raise DataError(f"{what} Evaluate it on these, or give the table that has them.")


def _score(kept: Kept, target: Plain, row: Row, table: Runs) -> ScoredForecast:
    rows = [each for each in kept.plain["forecasts"] if each["run"] == target["run"]]
    return ScoredForecast(
        file=kept.file,
        sha256=kept.sha256,
        made_at=kept.plain.get("made_at"),
        trained_on=kept.plain["runs"],
        method=kept.plain["method"],
        target=target["run"],
        run=str(row["run"]),
        extrapolation=rows[0]["extrapolation"],
        rows=tuple(_compare(kept, each, actual_value(table, row, each["kind"], each["task"])) for each in rows),
    )


def _compare(kept: Kept, row: Plain, actual: float | None) -> Scored:
    forecast = row["forecast"]
    known = forecast is not None and actual is not None
    error = forecast - actual if known else None
    return Scored(
        method=kept.plain["method"],
        level=kept.plain["level"],
        kind=row["kind"],
        task=row["task"],
        forecast=forecast,
        low=row["low"],
        high=row["high"],
        actual=actual,
        error=error,
        relative_error=abs(error / actual) if error is not None and actual else None,
        inside=bool(row["low"] <= actual <= row["high"]) if known else None,
        verdict=row["verdict"],
        status="refused" if forecast is None else "scored" if known else "not measured",
    )


def _seen_in_training(kept: Kept, row: Row) -> list[Finding]:
    taught = {name for each in kept.plain.get("training", ()) for name in each["runs"]}
    if row["run"] not in taught:
        return []
    what = f"{kept.file} was made from a table that already held run {row['run']}, so this is no test of it."
    return [Finding("scored-run-was-training", "warning", what, "ledger", fix="Leave it out with --train.")]
