"""Everything that is made once for a ladder before its first step: tokenizer and tokens."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from foretell.errors import DataError, MissingExtra
from foretell.ladder.documents import held_out_documents, source_digest, training_documents
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan, Source
from foretell.ladder.runs_of import Job, jobs_of
from foretell.ladder.tokenizer import prepare_tokenizer
from foretell.ladder.tokens import TokenFile, read_token_file, write_token_file

NEEDED = ("torch", "transformers", "datasets", "tokenizers")
BYTES_PER_PARAM = 4  # of a kept checkpoint
BYTES_PER_STATE = 12  # weights and two moments


@dataclass(frozen=True)
class Prepared:
    """Token files of a ladder.

    Attributes:
        train: Source -> ids to train on.
        held_out: Domain -> ids of the validation loss.
        end_of_text: Id of the token between documents.
    """

    train: Mapping[str, TokenFile]
    held_out: Mapping[str, TokenFile]
    end_of_text: int


def require_extra() -> None:
    """Refuse to start where a library of the extra is missing.

    Raises:
        MissingExtra: it says how to install it.
    """
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingExtra("foretell train", "train")


def require_space(plan: Plan, folder: Path, *, keep: str) -> None:
    """Refuse to start a ladder that the disk cannot hold.

    Raises:
        DataError: with what is needed and what is free.
    """
    needed = needed_bytes(plan, jobs_of(plan), keep=keep)
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        what = f"{folder}: the ladder needs {needed / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free."
        raise DataError(f"{what} Free some space, or keep only the last weights with --keep last.")


def needed_bytes(plan: Plan, jobs: list[Job], *, keep: str) -> float:
    """Return what a ladder will hold on the disk: weights, one saved state, tokens."""
    weights = sum(
        BYTES_PER_PARAM * run.rung.shape.n_params_total * (run.rung.checkpoints if keep == "all" else 1)
        for job in jobs
        for run in job.runs
    )
    state = max(2 * BYTES_PER_STATE * job.trunk.rung.shape.n_params_total * (1 + len(job.branches)) for job in jobs)
    files = (path for source in plan.sources.values() for path in (*source.files, *source.held_out))
    text = sum(path.stat().st_size for path in files if path.exists())
    return weights + state + 2 * text


def prepare(plan: Plan, layout: Layout) -> Prepared:
    """Make tokenizer and token files, or take those that are there where text and tokenizer are the same."""
    tokenizer = prepare_tokenizer(plan, layout.tokenizer)
    made_with = hashlib.sha256((layout.tokenizer / "tokenizer.json").read_bytes()).hexdigest()
    train = {}
    held_out = {}
    for name, source in plan.sources.items():
        if source.is_trained_on:
            digest = _digest(source, made_with, held_out=False)
            path = layout.tokens / f"{name}.bin"
            train[name] = read_token_file(path, digest) or write_token_file(
                path, training_documents(source), tokenizer, digest, source.max_tokens
            )
        if source.is_held_out:
            digest = _digest(source, f"{made_with} {plan.eval_tokens}", held_out=True)
            path = layout.tokens / f"{name}.held_out.bin"
            held_out[name] = read_token_file(path, digest) or write_token_file(
                path, held_out_documents(source), tokenizer, digest, plan.eval_tokens
            )
    return Prepared(train, held_out, int(tokenizer.eos_token_id))


def _digest(source: Source, made_with: str, *, held_out: bool) -> str:
    return hashlib.sha256(f"{source_digest(source, held_out=held_out)} {made_with}".encode()).hexdigest()
