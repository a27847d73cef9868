"""What a plan file says, as frozen objects: data, tokenizer, model, schedule, hardware, rungs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from foretell.errors import Finding
from foretell.units import Decoder

SCHEDULES = ("cosine", "wsd")
PRECISIONS = ("auto", "fp32", "bf16")
COMPILES = ("auto", "yes", "no")
STRATEGIES = ("ddp", "fsdp")
BETAS, EPS = (0.9, 0.95), 1e-8  # of AdamW; Brown et al. 2020, arXiv:2005.14165, appendix B
LOGITS_IN_CACHE = 2**22  # numbers; a third faster at 1M than passes four times as large


@dataclass(frozen=True)
class Source:
    """Text that is trained on, held out, or both.

    Attributes:
        name: Stands behind `share/`, `loss/` and `bpb/` in the run table.
        files: Local .txt, .jsonl or .parquet files to train on.
        held_out: Files of the same kinds for the validation loss; a source with only these is a domain.
        hub: Name of a hub data set, streamed, instead of files.
        hub_config: Its configuration.
        split: Its split.
        held_out_documents: First documents of the hub's stream that are held out.
        text: Field that holds the text in JSONL, Parquet and hub data.
        max_tokens: Take no more tokens than this; `None` takes all.
    """

    name: str
    files: tuple[Path, ...] = ()
    held_out: tuple[Path, ...] = ()
    hub: str | None = None
    hub_config: str | None = None
    split: str = "train"
    held_out_documents: int = 0
    text: str = "text"
    max_tokens: int | None = None

    @property
    def is_trained_on(self) -> bool:
        """Whether there is text to train on."""
        return bool(self.files or self.hub)

    @property
    def is_held_out(self) -> bool:
        """Whether there is text for a validation loss."""
        return bool(self.held_out or (self.hub and self.held_out_documents))


@dataclass(frozen=True)
class TokenizerPlan:
    """One tokenizer for the ladder.

    Attributes:
        vocab_size: Rows of the embedding.
        name: Folder or hub name of a ready tokenizer; `None` trains a byte-level BPE on the sources.
        train_bytes: Bytes of each source that it is trained on.
    """

    vocab_size: int = 2048
    name: str | None = None
    train_bytes: int = 20_000_000


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes, and what a batch is.

    Attributes:
        kind: `cosine` or `wsd` (warm-up, stable, decay).
        warmup: Fraction of the steps that warm up.
        decay: Fraction of the steps that decay (wsd).
        branches: Fractions of the tokens at which a decayed branch ends (wsd).
        final_fraction: Learning rate at the end over the peak.
        sequence_length: Tokens in a sequence.
        weight_decay: Of the matrices, decoupled.
        clip: Largest norm of the gradient.
    """

    kind: str = "cosine"
    warmup: float = 0.05
    decay: float = 0.2
    branches: tuple[float, ...] = ()
    final_fraction: float = 0.1
    sequence_length: int = 256
    weight_decay: float = 0.1
    clip: float = 1.0


@dataclass(frozen=True)
class Hardware:
    """What the machine does at once; changes the time, not the recipe.

    Attributes:
        micro_batch: Sequences in one forward pass on one device; `None` takes as many as keep the logits small.
        devices: Devices that share a batch, unless a rung says otherwise.
        strategy: `ddp`, every device holds the model; `fsdp`, each holds a part of it.
        threads: CPU threads of a process.
        precision: `fp32`, `bf16` (autocast), or `auto`: a two-second probe decides.
        compile: Whether torch.compile is used; `auto` where it pays.
        save_seconds: Time between two saved states.
        tokens_per_second: Stated speed of one device for `--dry-run`; `None` estimates it.
    """

    micro_batch: int | None = None
    devices: int = 1
    strategy: str = "ddp"
    threads: int = 1
    precision: str = "auto"
    compile: str = "auto"
    save_seconds: float = 30.0
    tokens_per_second: float | None = None


@dataclass(frozen=True)
class Rung:
    """One model of the ladder, trained once for each seed.

    Attributes:
        name: Name of its runs, without the seed.
        shape: The model.
        n_tokens: Tokens to see, in whole batches.
        share: Source -> fraction of the tokens.
        seeds: One run each.
        batch: Sequences in a batch.
        learning_rate: Peak.
        checkpoints: How many rows of the run table.
        family: Rows that one law holds for.
        devices: That share its batches.
    """

    name: str
    shape: Decoder
    n_tokens: float
    share: Mapping[str, float]
    seeds: tuple[int, ...]
    batch: int
    learning_rate: float
    checkpoints: int
    family: str
    devices: int = 1


@dataclass(frozen=True)
class Plan:
    """Everything that a ladder is trained from.

    Attributes:
        path: The plan file.
        sources: Text by name.
        max_epochs: Passes over a source that are still allowed.
        eval_tokens: Held-out tokens of each domain, at most.
        tokenizer: One for all.
        schedule: One for all.
        hardware: One for all.
        rungs: The models.
        slurm: How jobs are submitted, as its keys are called there.
        findings: What is risky in it.
    """

    path: Path
    sources: Mapping[str, Source]
    max_epochs: float
    eval_tokens: int
    tokenizer: TokenizerPlan
    schedule: Schedule
    hardware: Hardware
    rungs: tuple[Rung, ...]
    slurm: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = field(default=())

    @property
    def domains(self) -> list[str]:
        """Sources with a validation loss."""
        return [name for name, source in self.sources.items() if source.is_held_out]

    def n_steps(self, rung: Rung) -> int:
        """Return the optimiser steps of a rung."""
        return max(1, round(rung.n_tokens / self.tokens_per_step(rung)))

    def micro_batch(self, rung: Rung) -> int:
        """Return the sequences of a forward pass: as stated, else the most whose logits stay in a CPU's cache."""
        here = rung.batch // rung.devices
        if self.hardware.micro_batch is not None:
            return min(self.hardware.micro_batch, here)
        logits = self.schedule.sequence_length * self.tokenizer.vocab_size
        return _largest_divisor(here, LOGITS_IN_CACHE // logits)

    def tokens_per_step(self, rung: Rung) -> int:
        """Return the tokens in a batch of a rung."""
        return rung.batch * self.schedule.sequence_length


@cache  # asked at every step
def _largest_divisor(whole: int, most: int) -> int:
    """Return the largest divisor of `whole` that is at most `most`, or 1."""
    return next((n for n in range(min(whole, most), 1, -1) if whole % n == 0), 1)
