"""Loss over the course of one run: rising, jumping, diverged."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foretell.doctor.general_loss import general_loss
from foretell.doctor.listing import count, list_some
from foretell.errors import Finding
from foretell.runs import Runs

SHORTEST = 4
DIVERGED = 1.10  # end of a run over its lowest loss
RISEN, RISEN_WITHOUT_NOISE = 1.01, 1.03
LONG_ENOUGH_FOR_NOISE = 8
N_SIGMA = 4
SPIKE = 1.05  # a loss over those around it
AROUND = 2  # rows on either side


@dataclass(frozen=True)
class Curve:
    """The general loss of one run, in the order of its FLOPs.

    Attributes:
        run: Name of the run.
        loss: One value a checkpoint, at least `SHORTEST`.
        lost: Every row has a loss up to some point, and none after it.
    """

    run: str
    loss: np.ndarray
    lost: bool


def curves(runs: Runs) -> Iterator[Curve]:
    """Yield the loss curves of usable runs that have enough checkpoints."""
    runs, column = general_loss(runs)
    if column is None:
        return
    ordered = runs.frame.drop_nulls("flops").sort("flops", "n_tokens", maintain_order=True)
    for run, values in ordered.group_by("run", maintain_order=True).agg(column).iter_rows():
        loss = np.array(values, dtype=float)
        seen = np.flatnonzero(~np.isnan(loss))
        if len(seen) >= SHORTEST:
            yield Curve(str(run), loss[seen], lost=len(seen) < len(loss) and int(seen[-1]) == len(seen) - 1)


def diverged_runs(runs: Runs) -> list[Finding]:
    """Find runs that end far above their own lowest loss, or without any loss."""
    high, lost = _high_or_lost(runs)
    findings = []
    if high:
        rise = max(high.values()) - 1
        what = f"a last loss up to {rise:.0%} above the lowest in {count(len(high), 'run')} of status ok."
        findings.append(_diverged(what, list(high)))
    if lost:
        what = f"no loss at the end of {count(len(lost), 'run')} of status ok: was it NaN?"
        findings.append(_diverged(what, lost))
    return findings


def ends_of_diverged(runs: Runs) -> dict[str, str]:
    """Return the diverged runs, each with what its end looks like, as a sentence."""
    high, lost = _high_or_lost(runs)
    risen = {run: f"Diverged: the last loss is {times - 1:.0%} above the lowest." for run, times in high.items()}
    return {**dict.fromkeys(lost, "Diverged: no loss at the end."), **risen}


def _high_or_lost(runs: Runs) -> tuple[dict[str, float], list[str]]:
    """Return runs that end too high, with their last loss over the lowest, and those that end without a loss."""
    known = list(curves(runs))
    ends = {curve.run: float(curve.loss[-1] / curve.loss.min()) for curve in known}
    lost = [curve.run for curve in known if curve.lost]
    lost = lost if len(lost) < len(ends) else []  # an evaluation that skips every end: `final-without-loss`
    return {run: times for run, times in ends.items() if times > DIVERGED}, lost


def _diverged(what: str, names: list[str]) -> Finding:
    return Finding(
        code="diverged-run",
        severity="warning",
        what=what,
        where=f"runs {list_some(names)}",
        why="The law of loss would be fitted to a training that failed.",
        fix='Set status = "diverged" (or "excluded", with a reason) in their rows.',
    )


def rising_runs(runs: Runs) -> list[Finding]:
    """Find runs whose smoothed loss ends clearly above its minimum."""
    rises = {curve.run: _rise(curve.loss) for curve in curves(runs)}
    rises = {run: rise for run, rise in rises.items() if rise > 0}
    if not rises:
        return []
    run, rise = max(rises.items(), key=lambda item: item[1])
    return [
        Finding(
            code="loss-rises",
            severity="warning",
            what=f"the loss of {count(len(rises), 'run')} rises before the end, in {run} by {rise:.1%}.",
            where=f"runs {list_some(list(rises))}",
            why="More compute is taken to mean less loss; a rise is overfitting, instability or a changed evaluation.",
            fix="Look at the curves, and exclude the runs or the rows after the minimum.",
        )
    ]


def _rise(loss: np.ndarray) -> float:
    """Return the rise from the minimum to the end as a fraction, 0 where it is noise or divergence."""
    if loss[-1] > DIVERGED * loss.min():
        return 0.0
    if len(loss) < LONG_ENOUGH_FOR_NOISE:
        rise = loss[-1] / loss.min()
        return float(rise - 1) if rise > RISEN_WITHOUT_NOISE else 0.0
    width = min(5, len(loss) // 4)
    smooth = np.convolve(loss, np.ones(width) / width, mode="valid")
    rise, noise = smooth[-1] - smooth.min(), _noise(loss) / np.sqrt(width)
    return float(rise / smooth.min()) if rise > max(N_SIGMA * noise, (RISEN - 1) * smooth.min()) else 0.0


def _noise(loss: np.ndarray) -> float:
    """Return the standard deviation of one evaluation, from the differences in the second half."""
    steps = np.diff(loss[len(loss) // 2 :])
    return float(1.4826 * np.median(np.abs(steps - np.median(steps))) / np.sqrt(2))


def loss_spikes(runs: Runs) -> list[Finding]:
    """Find single checkpoints whose loss stands out from those around them."""
    spikes = {curve.run: _count_spikes(curve.loss) for curve in curves(runs)}
    spikes = {run: number for run, number in spikes.items() if number}
    n_spikes = sum(spikes.values())
    if not n_spikes:
        return []
    return [
        Finding(
            code="loss-spike",
            severity="note",
            what=f"a loss more than {SPIKE - 1:.0%} above its neighbours in {count(n_spikes, 'checkpoint')}.",
            where=f"runs {list_some(list(spikes))}",
            why="A score at a spike says little about the loss that the model comes back to.",
            fix="Exclude those rows if they carry scores.",
        )
    ]


def _count_spikes(loss: np.ndarray) -> int:
    """Count the interior points above `SPIKE` times everything within `AROUND` rows."""
    if len(loss) < 2 * AROUND + 1:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(loss, 2 * AROUND + 1)
    return int(np.sum(windows[:, AROUND] > SPIKE * np.delete(windows, AROUND, axis=1).max(axis=1)))
