"""Mixtures by source, always matched by name: those of finished runs, and those of targets."""

from collections.abc import Sequence

import numpy as np

from foretell.doctor.listing import list_some
from foretell.errors import DataError
from foretell.methods.training import Training
from foretell.targets import Target

SAME = 1e-3  # of a share, by which rounded mixtures may differ and still be one
ROUNDING = 0.02  # what rounded shares may miss 1 by; they are divided by their sum


def run_shares(training: Training, rows: np.ndarray) -> np.ndarray:
    """Return the mixtures of some checkpoints, `(n, S)`, each summing to 1 exactly.

    Raises:
        DataError: a share is missing or negative, or a mixture does not sum to 1.
    """
    shares = training.shares[rows]
    names = [training.run_names[run] for run in training.run[rows]]
    for source, column in zip(training.sources, shares.T, strict=True):
        missing = [name for name, share in zip(names, column, strict=True) if not np.isfinite(share)]
        if missing:
            raise DataError(
                f"share/{source} is missing in {len(missing)} of {len(names)} finished runs ({list_some(missing)}). "
                "Write 0 where the source was not used, and its share where it was."
            )
    return np.array([_whole(f"run {name}", row) for name, row in zip(names, shares, strict=True)]).reshape(shares.shape)


def target_shares(targets: Sequence[Target], sources: Sequence[str], usual: np.ndarray | None) -> np.ndarray:
    """Return the mixture of each target, `(n, S)`, in the order of `sources`.

    A source that a target does not name has share 0 if the others sum to 1.

    Args:
        targets: The targets.
        sources: Sources of the training runs.
        usual: The one mixture that all training runs have, for targets that name none.

    Raises:
        DataError: a source is unknown, or shares do not sum to 1.
    """
    if not sources:
        return np.empty((len(targets), 0))
    return np.array([_target_share(target, sources, usual) for target in targets])


def _target_share(target: Target, sources: Sequence[str], usual: np.ndarray | None) -> np.ndarray:
    known = {source: share for source, share in target.share.items() if np.isfinite(share)}
    unknown = [source for source, share in known.items() if source not in sources and share > 0]
    if unknown:
        raise DataError(
            f"target {target.run}: no training run states a share of {list_some(unknown)}. "
            f"Known sources: {', '.join(sources)}."
        )
    if not known and usual is not None:
        return usual
    if not known:
        raise DataError(f"target {target.run} has no mixture. Give share/<source> of {', '.join(sources)}.")
    return _whole(f"target {target.run}", np.array([known.get(source, 0.0) for source in sources]))


def _whole(what: str, shares: np.ndarray) -> np.ndarray:
    """Return shares divided by their sum, which rounding may leave off 1."""
    total = float(shares.sum())
    if (shares < 0).any():
        raise DataError(f"{what}: a share is {shares.min():.4g}. Give fractions from 0 to 1.")
    if len(shares) and abs(total - 1.0) > ROUNDING:
        raise DataError(
            f"{what}: shares sum to {total:.4g}, not to 1. Give the share of every source, or divide by the sum."
        )
    return shares / total if len(shares) else shares


def one_mixture(shares: np.ndarray) -> np.ndarray | None:
    """Return the mixture that all rows `(n, S)` have, up to their rounding; `None` where they differ."""
    return shares[0] if len(shares) and np.ptp(shares, axis=0).max(initial=0.0) <= SAME else None
