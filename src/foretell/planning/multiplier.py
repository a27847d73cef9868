"""How much compute one recipe saves over another: the compute multiplier, with an interval."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.fitting.bootstrap import Bootstrap, coverage, interval
from foretell.fitting.loss_grid import LossGrid, fit_loss_grid
from foretell.io import load_runs
from foretell.methods.twins import FEWEST_TWINS, twins
from foretell.planning.known import FEWEST, Known, finished
from foretell.planning.paired import Pairs, counts_of_pairs
from foretell.targets import Target, parse_target

REACH, POINTS = 5.0, 401  # e-folds of compute, and how finely they are searched; the middle one is the target itself
TIE = 1e-9  # e-folds of compute that are none


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
        low: Lower end of its interval; neither end goes beyond 148 times.
        high: Upper end.
        p_better: Probability that it is above 1, ties by half.
        n_pairs: Sizes that both were trained at; their runs are resampled together. None where there are fewer than
            four.
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
        DataError: there are not two families, one has too few runs, a number is out of range, or
            the compute is beyond 150 times more or less.
    """
    first, second = _two(families)
    level = coverage(level)
    table = load_runs(runs).where(train)
    both = (finished(table, first, loss), finished(table, second, loss))
    path = _Path.through(parse_target(at, table)[0])
    laws = (_grid(both[0]), _grid(both[1]))
    wanted, other = (float(law.value(path.target)[0]) for law in laws)
    best = float(path.reached(np.array([wanted]), laws[1].value(path.sizes)[None])[0])
    if not path.holds(best):
        raise DataError(_out_of_reach(first, second, wanted))
    pairs = _pairs(*both)
    bootstrap = Bootstrap(resamples, seed)
    drawn = _drawn(laws, path, counts_of_pairs(pairs, len(both[0].runs), len(both[1].runs), bootstrap), seed)
    low, high = interval(drawn, np.array(best), level)
    return Multiplier(
        runs=both[0].name,
        families=(first, second),
        at=at,
        loss=wanted,
        loss_other=other,
        multiplier=best,
        low=float(low),
        high=float(high),
        p_better=float(np.mean(drawn > 1) + np.mean(drawn == 1) / 2),
        n_pairs=len(pairs),
        level=level,
    )


def _two(families: Sequence[str]) -> tuple[str, str]:
    if len(families) != 2 or families[0] == families[1]:
        raise DataError(f"a multiplier is between two families, got {', '.join(families) or 'none'}. Name two.")
    return families[0], families[1]


def _pairs(first: Known, second: Known) -> Pairs:
    pairs = twins(first.sizes.table, second.sizes.table)
    return pairs if len(pairs) >= FEWEST_TWINS else []


@dataclass(frozen=True, eq=False)
class _Path:
    """Sizes from much less to much more compute than the target's, at its tokens per parameter.

    Attributes:
        target: Its parameters and tokens, `(2, 1)`.
        factors: Compute over the target's, rising, `(n,)`.
    """

    target: np.ndarray
    factors: np.ndarray

    @classmethod
    def through(cls, target: Target) -> "_Path":
        sizes = np.array([[target.n_params], [target.n_tokens]])
        if not np.isfinite(sizes).all():
            raise DataError(f"target {target.run!r} states no sizes. Give n_params and n_tokens.")
        return cls(sizes, np.exp(np.linspace(-REACH, REACH, POINTS)))

    @property
    def sizes(self) -> np.ndarray:
        """Parameters and tokens, `(2, n)`."""
        return self.target * np.sqrt(self.factors)

    def reached(self, wanted: np.ndarray, losses: np.ndarray) -> np.ndarray:
        """Return the factors at which falling losses `(R, n)` reach those wanted, `(R,)`.

        An end of the path where they lie beyond it; NaN where a loss is missing.
        """
        found = [np.interp(-goal, -row, np.log(self.factors)) for goal, row in zip(wanted, losses, strict=True)]
        settled = np.where(np.abs(found) < TIE, 0.0, found)
        return np.exp(np.where(np.isfinite(losses).all(axis=1) & np.isfinite(wanted), settled, np.nan))

    def holds(self, factor: float) -> bool:
        """Tell whether a factor lies on the path, and not at its end."""
        return bool(self.factors[0] < factor < self.factors[-1])


def _grid(known: Known) -> LossGrid:
    grid = None
    if len(known.runs) >= FEWEST:
        inputs = np.stack([known.sizes.n_params, known.sizes.n_tokens])
        grid = fit_loss_grid(known.loss, inputs, np.ones(len(known.runs)))
    if grid is None:
        what = f"{known.name}: {len(known.runs)} finished runs tell no falling law."
        raise DataError(f"{what} Give {FEWEST} or more, of different sizes.")
    return grid


def _drawn(
    laws: tuple[LossGrid, LossGrid], path: _Path, counts: tuple[np.ndarray, np.ndarray], seed: int
) -> np.ndarray:
    """Return the multiplier of each resample that has both laws."""
    wanted = laws[0].draws(path.target, counts[0], np.random.default_rng(seed), noisy=False)[:, 0]
    losses = laws[1].draws(path.sizes, counts[1], np.random.default_rng(seed), noisy=False)
    found = path.reached(wanted, losses)
    return found[np.isfinite(found)]


def _out_of_reach(first: str, second: str, wanted: float) -> str:
    what = f"{second} does not reach {first}'s loss of {wanted:.4f} within {np.exp(REACH):.0f} times the compute"
    return f"{what}, or is that much better. Compare nearer recipes."
