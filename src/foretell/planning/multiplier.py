"""How much compute one recipe saves over another: the compute multiplier, with an interval."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.fitting.loss_grid import LossGrid, fit_loss_grid
from foretell.io import load_runs
from foretell.planning.known import FEWEST, Known, finished
from foretell.planning.sizes import Sizes
from foretell.targets import parse_target

SAME_SIZE = 0.02  # relative, that sizes of a pair may differ by
REACH, POINTS = 5.0, 400  # e-folds of compute, and how finely they are searched


@dataclass(frozen=True)
class Multiplier:
    """What `multiplier` answers.

    Attributes:
        runs: Name of the table.
        families: The recipe, and the one that it is compared with.
        at: The target, as it was typed.
        loss: Of the first recipe at the target, nats per token.
        loss_other: Of the second.
        multiplier: Compute that the second needs for the first's loss, over that of the target, at the target's
            tokens per parameter; above 1 the first is better.
        low: Lower end of its interval.
        high: Upper end.
        p_better: Probability that it is above 1.
        n_pairs: Sizes that both were trained at; their runs are resampled together.
        level: Coverage of the interval.
    """

    runs: str
    families: tuple[str, str]
    at: str
    loss: float
    loss_other: float
    multiplier: float
    low: float
    high: float
    p_better: float
    n_pairs: int
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "families": list(self.families)}


def multiplier(
    runs: Any,
    at: str,
    families: Sequence[str],
    *,
    train: str | None = None,
    loss: str | None = None,
    level: float = 0.9,
    seed: int = 0,
    resamples: int = 1000,
) -> Multiplier:
    """Find how many times the compute a second recipe needs to reach the first one's loss.

    Both laws are fitted to resamples of runs; runs of both that have the same size are drawn
    together, so that what is peculiar to a size counts for both.

    Args:
        runs: A path, a public table's name, or a data frame.
        at: The target's sizes, such as `n_params=7e9,n_tokens=140e9`.
        families: Two families of the table.
        train: SQL predicate that chooses the rows.
        loss: Column of the loss; the general one when not given.
        level: Coverage of the interval, between 0 and 1.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Raises:
        DataError: there are not two families, one has too few runs, or the compute is beyond
            150 times more or less.
    """
    if len(families) != 2 or families[0] == families[1]:
        raise DataError(f"a multiplier is between two families, got {', '.join(families) or 'none'}. Name two.")
    table = load_runs(runs).where(train)
    both = [finished(table, family, loss) for family in families]
    target = parse_target(at, table)[0]
    if not np.isfinite(target.n_params * target.n_tokens):
        raise DataError(f"target {at!r} states no sizes. Give n_params and n_tokens.")
    grids = [_grid(known) for known in both]
    pairs = _pairs(both[0].sizes, both[1].sizes)
    counts = _counts(len(both[0].runs), len(both[1].runs), pairs, resamples, np.random.default_rng(seed))
    path = np.exp(np.linspace(-REACH, REACH, POINTS))
    sizes = np.stack([target.n_params * np.sqrt(path), target.n_tokens * np.sqrt(path)])
    at_target = np.array([[target.n_params], [target.n_tokens]])
    first, second = grids[0].value(at_target)[0], grids[1].value(at_target)[0]
    best = _where(np.array([first]), grids[1].value(sizes)[None], path)[0]
    if not np.isfinite(best):
        what = f"{families[1]} does not reach {families[0]}'s loss of {first:.4f} within {np.exp(REACH):.0f} times the compute"
        raise DataError(f"{what}, or is that much better. Compare nearer recipes.")
    drawn = _drawn(grids, at_target, sizes, path, counts, seed)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Multiplier(
        both[0].name, (families[0], families[1]), at, float(first), float(second), float(best), float(low), float(high),
        float(np.nanmean(drawn > 1)), len(pairs), level,
    )  # fmt: skip


def _grid(known: Known) -> LossGrid:
    grid = None
    if len(known.runs) >= FEWEST:
        inputs = np.stack([known.sizes.n_params, known.sizes.n_tokens])
        grid = fit_loss_grid(known.loss, inputs, np.ones(len(known.runs)))
    if grid is None:
        what = f"{known.name}: {len(known.runs)} finished runs tell no falling law."
        raise DataError(f"{what} Give {FEWEST} or more, of different sizes.")
    return grid


def _pairs(one: Sizes, other: Sizes) -> list[tuple[int, int]]:
    """Return indices of runs that have the same size in both, each run at most once."""
    pairs: list[tuple[int, int]] = []
    for i in range(len(one)):
        taken = {j for _, j in pairs}
        off = np.abs(np.log(other.n_params / one.n_params[i])) + np.abs(np.log(other.n_tokens / one.n_tokens[i]))
        free = [j for j in np.argsort(off).tolist() if j not in taken and off[j] < SAME_SIZE]
        pairs += [(i, free[0])] if free else []
    return pairs


def _counts(
    n_one: int, n_other: int, pairs: list[tuple[int, int]], resamples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw multiplicities of both families' runs, pairs together."""
    ones, others = np.zeros((resamples, n_one), int), np.zeros((resamples, n_other), int)
    if pairs:
        together = rng.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), resamples)
        ones[:, [i for i, _ in pairs]] = together
        others[:, [j for _, j in pairs]] = together
    for counts, paired in ((ones, {i for i, _ in pairs}), (others, {j for _, j in pairs})):
        alone = [i for i in range(counts.shape[1]) if i not in paired]
        if alone:
            counts[:, alone] = rng.multinomial(len(alone), np.full(len(alone), 1 / len(alone)), resamples)
    return ones, others


def _drawn(
    grids: list[LossGrid],
    at_target: np.ndarray,
    sizes: np.ndarray,
    path: np.ndarray,
    counts: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> np.ndarray:
    """Return the multiplier of each resample, `(R,)`; NaN where it is beyond the path."""
    first = grids[0].draws(at_target, counts[0], np.random.default_rng(seed), noisy=False)[:, 0]
    second = grids[1].draws(sizes, counts[1], np.random.default_rng(seed), noisy=False)
    return _where(first, second, path)


def _where(wanted: np.ndarray, losses: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Return where falling losses `(R, n)` along a path `(n,)` reach what is wanted `(R,)`; NaN where they do not."""
    found = np.full(len(wanted), np.nan)
    for i, (goal, row) in enumerate(zip(wanted, losses, strict=True)):
        if np.isfinite(row).all() and row[-1] <= goal <= row[0]:
            found[i] = np.exp(np.interp(-goal, -row, np.log(path)))
    return found
