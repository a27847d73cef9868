"""Where things lie in the folder of a ladder."""

from dataclasses import dataclass
from pathlib import Path

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

    def run_facts(self, name: str) -> Path:
        """What was decided once for the job of a trunk."""
        return self.run(name) / "run.json"

    def state(self, name: str) -> Path:
        """The state of a run that is not over."""
        return self.run(name) / "state.pt"

    def fork(self, trunk: str, step: int) -> Path:
        """The state of a trunk where a branch leaves it, until its job is done."""
        return self.run(trunk) / f"fork-{step}.pt"

    def forks(self, trunk: str) -> list[Path]:
        """All such states of a trunk that are there."""
        return sorted(self.run(trunk).glob("fork-*.pt"))

    @property
    def begun_jobs(self) -> list[Path]:
        """The facts of the jobs that have begun."""
        return sorted(self.folder.glob("*/run.json"))
