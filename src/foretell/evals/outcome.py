"""What came of an evaluation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import Finding


@dataclass(frozen=True)
class Outcome:
    """What came of an evaluation.

    Attributes:
        table: The run table.
        tasks: Benchmark -> what is known of it: `chance`, `n_items`, `metric`, `higher_is_better`.
        evaluated: Checkpoints that got scores now.
        skipped: Checkpoints that had them.
        gone: Checkpoints that lack scores, and whose weights are not there.
        unscored: Checkpoints that cannot be scored -> why.
        seconds: Taken by the checkpoints that were evaluated, tasks and libraries not counted.
        warnings: What is to be known of all this.
    """

    table: Path
    tasks: Mapping[str, Mapping[str, Any]]
    evaluated: int
    skipped: int
    gone: int
    unscored: Mapping[str, str]
    seconds: float
    warnings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain data."""
        counts = {name: getattr(self, name) for name in ("evaluated", "skipped", "gone")}
        return {
            "table": str(self.table),
            "tasks": {name: dict(facts) for name, facts in self.tasks.items()},
            **counts,
            "unscored": dict(self.unscored),
            "seconds": round(self.seconds, 3),
            "warnings": [finding.to_dict() for finding in self.warnings],
        }


def findings(gone: int, unscored: Mapping[str, str], cut: Mapping[str, tuple[int, int]]) -> Iterator[Finding]:
    """Yield what is to be known of an evaluation.

    Args:
        gone: Checkpoints without weights.
        unscored: Checkpoint -> why it has no score.
        cut: Benchmark -> items that are longer than the model reads, and all items.
    """
    if gone:
        what = f"{gone} checkpoints have no scores, and their weights are not there."
        fix = "Train with --keep all, or evaluate with --watch while training."
        yield Finding("weights-gone", "warning", what, "", "Their rows have losses and no scores.", fix)
    for checkpoint, reason in unscored.items():
        yield Finding("no-score", "warning", f"no score: {reason}.", checkpoint, "Its row has no scores.", "")
    for name, (n_cut, n_items) in cut.items():
        what = f"{n_cut} of {n_items} items are longer than the model reads, and were cut at their start."
        fix = "Train with a longer sequence_length, or leave the task out."
        yield Finding("context-cut", "warning", what, name, "The model did not see the whole question.", fix)
