"""Where things lie in the folder of a ladder."""

from dataclasses import dataclass
from pathlib import Path

STATE = "state.pt"  # in the folder of a run that is not over
RESERVED = ("tokenizer", "tokens", "runs.parquet", "plan.toml", "ladder.json", "runs.json", "evaluation.json", "slurm")


@dataclass(frozen=True)
class Layout:
    """The folder of a ladder.

    Attributes:
        folder: Holds `runs.parquet`, `tokenizer/`, `tokens/` and one folder for each run.
    """

    folder: Path

    @property
    def table(self) -> Path:
        """The run table."""
        return self.folder / "runs.parquet"

    @property
    def tokenizer(self) -> Path:
        """The folder of the tokenizer, in the form of `transformers`."""
        return self.folder / "tokenizer"

    @property
    def tokens(self) -> Path:
        """The folder of tokenised text."""
        return self.folder / "tokens"

    @property
    def facts(self) -> Path:
        """What was decided once for the whole ladder."""
        return self.folder / "ladder.json"

    @property
    def expected(self) -> Path:
        """The runs that the plan asks for, begun or not."""
        return self.folder / "runs.json"

    @property
    def evaluation(self) -> Path:
        """What an evaluation knows of its tasks."""
        return self.folder / "evaluation.json"

    @property
    def slurm(self) -> Path:
        """What submitit writes about its jobs."""
        return self.folder / "slurm"

    def run(self, name: str) -> Path:
        """The folder of one run: `rows.jsonl`, `scores.jsonl`, `state.pt`, `step-N/`."""
        return self.folder / name
