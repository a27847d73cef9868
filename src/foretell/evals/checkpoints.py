"""The checkpoints of a ladder: those to evaluate, and those that cannot be."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from foretell.ladder.layout import Layout
from foretell.ladder.rows import ROWS, SCORES, read_rows

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")


@dataclass(frozen=True)
class Checkpoint:
    """One row of a run that went well.

    Attributes:
        run: Name of the run.
        step: Its step.
        folder: Where its weights are, or were.
        scored: Benchmarks that it has scores of.
    """

    run: str
    step: int
    folder: Path
    scored: Set[str]

    @property
    def is_there(self) -> bool:
        """Whether its weights are; the trainer moves a folder into place when it is complete."""
        return (self.folder / "config.json").is_file() and any((self.folder / name).is_file() for name in WEIGHTS)

    def lacks(self, names: Set[str]) -> list[str]:
        """Return those of the benchmarks that it has no scores of."""
        return sorted(names - self.scored)

    def __str__(self) -> str:
        return f"{self.run} at step {self.step:,}"


def checkpoints(layout: Layout) -> Iterator[Checkpoint]:
    """Yield the checkpoints that have a row, run by run; a diverged row has no weights.

    Raises:
        DataError: something else has cut or changed the file of a run's rows or scores.
    """
    for rows in sorted(layout.folder.glob(f"*/{ROWS}")):
        folder = rows.parent
        scores = {row["step"]: _scored(row) for row in read_rows(folder, SCORES)}
        for row in read_rows(folder, ROWS):
            if row["status"] != "diverged":
                step = row["step"]
                yield Checkpoint(folder.name, step, folder / f"step-{step}", scores.get(step, frozenset()))


def _scored(row: dict[str, object]) -> frozenset[str]:
    return frozenset(name.removeprefix("score/") for name in row if name.startswith("score/"))
