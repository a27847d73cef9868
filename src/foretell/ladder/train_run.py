"""Train one run from where it stands to its end.

Shapes: B sequences, T tokens.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from foretell.ladder.batches import Batches
from foretell.ladder.checkpoint import checkpoint_row, diverged_row, save_weights
from foretell.ladder.devices import Devices
from foretell.ladder.divergence import WINDOW, divergence, validation_divergence
from foretell.ladder.gradients import batch_gradient
from foretell.ladder.layout import Layout
from foretell.ladder.model import build_model
from foretell.ladder.optimiser import build_optimiser, set_learning_rate
from foretell.ladder.plan import Plan
from foretell.ladder.precision import Precision
from foretell.ladder.prepare import Prepared
from foretell.ladder.rows import add_row, merge_rows
from foretell.ladder.runs_of import Run
from foretell.ladder.safe_files import make_folder, remove_leftovers
from foretell.ladder.save_rhythm import SaveRhythm
from foretell.ladder.schedule import checkpoint_steps
from foretell.ladder.sharing import gather, share_model
from foretell.ladder.speed import save_speed
from foretell.ladder.state import Progress, load_state, save_state
from foretell.ladder.validation import validate

Listener = Callable[[str, int, Mapping[str, float]], object]


@dataclass(frozen=True)
class Trainer:
    """What the runs of one job share: one model in memory, trained from one state to the next.

    Attributes:
        plan: Says what to train.
        layout: Where things lie.
        prepared: Token files.
        model: Weights, fp32.
        forward: The model as it is called: shared among devices, compiled, or neither.
        precision: Of the passes.
        micro_batch: Sequences in one pass of one device.
        devices: That share the batches.
        keep: `all` weights of a run, or the `last`.
        listen: Called with run, step and figures after every step and checkpoint.
        fork_steps: Steps at which a branch will leave the trunk.
    """

    plan: Plan
    layout: Layout
    prepared: Prepared
    model: Any
    forward: Any
    precision: Precision
    devices: Devices
    micro_batch: int
    keep: str
    listen: Listener
    fork_steps: frozenset[int] = field(default=frozenset())


def build_trainer(
    plan: Plan,
    layout: Layout,
    prepared: Prepared,
    run: Run,
    precision: Precision,
    devices: Devices,
    *,
    micro_batch: int | None = None,
    **options: Any,
) -> Trainer:
    """Return a trainer with a fresh model of the run's rung and seed; `micro_batch` defaults to the plan's."""
    length = plan.schedule.sequence_length
    model = build_model(run.rung.shape, sequence_length=length, end_of_text=prepared.end_of_text, seed=run.seed)
    shared = share_model(model.to(devices.device), devices)
    micro = micro_batch or plan.micro_batch(run.rung)
    return Trainer(plan, layout, prepared, model, precision.prepare(shared), precision, devices, micro, **options)


def train_run(trainer: Trainer, run: Run) -> None:
    """Train a run to its end, from its saved state, its trunk's fork, or the first step.

    Killed at any moment and called again, it ends with the same weights and rows: batches and
    learning rate are functions of the step, all else is in the state, and what follows from a
    state is written before the next one.
    """
    folder = trainer.layout.run(run.name)
    if trainer.devices.is_first:
        make_folder(folder)
        remove_leftovers(folder)
    optimiser = build_optimiser(trainer.model, weight_decay=trainer.plan.schedule.weight_decay)
    progress = _restore(trainer, run, optimiser)
    batches = Batches(trainer.plan, run, trainer.prepared.train)
    checkpoints = set(_checkpoints(run))
    rhythm = SaveRhythm(trainer.plan.hardware.save_seconds)
    while progress.step < run.n_steps:
        progress = _step(trainer, run, optimiser, batches, progress)
        step = progress.step
        reason = divergence(progress.recent, run.rung.shape.vocab_size, step, progress.gradient_norm)
        if reason is None and step in checkpoints:
            reason = _checkpoint(trainer, run, step)
        if reason:
            _record(trainer, diverged_row(trainer.plan, run, trainer.prepared, step, reason))
            break
        if step in trainer.fork_steps and run.trunk is None:
            save_state(trainer.layout.fork(run.name, step), trainer.model, optimiser, progress, trainer.devices)
        if step < run.n_steps and trainer.devices.agree(rhythm.is_due(at_checkpoint=step in checkpoints)):
            with rhythm.saving():
                save_state(trainer.layout.state(run.name), trainer.model, optimiser, progress, trainer.devices)
    if trainer.devices.is_first:
        save_speed(folder, progress.step - run.first_step, trainer.plan.tokens_per_step(run.rung), progress.seconds)
        trainer.layout.state(run.name).unlink(missing_ok=True)


def save_first_fork(trainer: Trainer, trunk: Run) -> None:
    """Keep the fresh weights for branches that leave the trunk before its first step.

    Called before the trunk is trained or restored; the fork is there until the job is done.
    """
    path = trainer.layout.fork(trunk.name, 0)
    if 0 in trainer.fork_steps and trainer.devices.agree(not path.is_file()):
        optimiser = build_optimiser(trainer.model, weight_decay=trainer.plan.schedule.weight_decay)
        save_state(path, trainer.model, optimiser, Progress(), trainer.devices)


def _restore(trainer: Trainer, run: Run, optimiser: Any) -> Progress:
    """Load the newest state there is."""
    own = trainer.layout.state(run.name)
    if own.is_file():
        return load_state(own, trainer.model, optimiser)
    if run.trunk is not None:
        forked = load_state(trainer.layout.fork(run.trunk, run.first_step), trainer.model, optimiser)
        return replace(forked, seconds=0.0)
    return Progress()


def _checkpoints(run: Run) -> list[int]:
    """Return the steps with a row; a branch has its end only, since its trunk has the rest."""
    return [run.n_steps] if run.trunk is not None else checkpoint_steps(run.n_steps, run.rung.checkpoints)


def _step(trainer: Trainer, run: Run, optimiser: Any, batches: Batches, progress: Progress) -> Progress:
    """Do one optimiser step on the whole batch."""
    start = time.perf_counter()
    trainer.model.train()
    ids_BT = torch.from_numpy(batches[progress.step])
    learning_rate = run.course.learning_rate(progress.step)
    set_learning_rate(optimiser, learning_rate)
    n_tokens = trainer.plan.tokens_per_step(run.rung)
    loss = batch_gradient(
        trainer.forward,
        ids_BT,
        trainer.precision,
        trainer.devices,
        micro_batch=trainer.micro_batch,
        n_tokens=n_tokens,
    )
    norm = gather(torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), trainer.plan.schedule.clip), keep=True)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - start
    figures = {"loss": loss, "learning_rate": learning_rate, "gradient_norm": float(norm)}
    trainer.listen(run.name, progress.step + 1, {**figures, "tokens_per_second": n_tokens / seconds})
    return Progress(progress.step + 1, (*progress.recent, loss)[-WINDOW:], progress.seconds + seconds, float(norm))


def _checkpoint(trainer: Trainer, run: Run, step: int) -> str | None:
    """Validate, keep the weights, and write the row; or return why the run is lost."""
    plan = trainer.plan
    trainer.model.eval()
    losses = {
        name: validate(
            trainer.model,
            file,
            length=plan.schedule.sequence_length,
            batch=trainer.micro_batch,
            precision=trainer.precision,
            devices=trainer.devices,
        )
        for name, file in trainer.prepared.held_out.items()
    }
    reason = validation_divergence({name: one.loss for name, one in losses.items()}, step)
    if reason:
        return reason
    save_weights(trainer.layout.run(run.name), trainer.model, step, keep=trainer.keep, devices=trainer.devices)
    _record(trainer, checkpoint_row(plan, run, trainer.prepared, step, losses))
    trainer.listen(run.name, step, {f"loss/{name}": one.loss for name, one in losses.items()})
    return None


def _record(trainer: Trainer, row: Mapping[str, Any]) -> None:
    if trainer.devices.is_first:
        add_row(trainer.layout.run(row["run"]), row)
        merge_rows(trainer.layout)
