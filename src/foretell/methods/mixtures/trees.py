"""RegMix's boosted trees: every domain's loss from the shares alone, for runs of one size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from foretell.errors import DataError, FitError, MissingExtra

if TYPE_CHECKING:
    from lightgbm import Booster

    from foretell.laws.base import Array

Table = tuple[np.ndarray, np.ndarray]  # shares (n, S), and losses (n, K) or the loss of one domain (n,)

# As in regression_fitting/regression.ipynb of github.com/sail-sg/regmix; the last three only make
# the same trees every time, on one thread. Predictions take the threads of OpenMP.
SETTINGS: dict[str, Any] = {
    "objective": "regression",
    "metric": ["l1", "l2"],
    "learning_rate": 0.01,
    "seed": 42,
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
}
MOST_TREES = 1000
PATIENCE = 3  # trees without a gain in either of the metrics, after which growing stops
HELD_OUT = 0.2  # of the mixtures, to stop on, where no others are given
LEAST_MIXTURES = 50  # a leaf has at least 20, so that the four fifths to grow on can be split


@dataclass(frozen=True, eq=False)
class Trees:
    """One boosted regressor for each of `K` domains.

    They know the mixture and nothing of the size: at another size only their ranking of mixtures
    means anything.

    Attributes:
        domains: Names of the losses, `K`.
        sources: Names of the shares, `S`, in the order of the columns that `at` takes.
        boosters: LightGBM's regressors, one for each domain.
    """

    domains: tuple[str, ...]
    sources: tuple[str, ...]
    boosters: "tuple[Booster, ...]"

    @property
    def n_trees(self) -> tuple[int, ...]:
        """How many trees each domain has."""
        return tuple(_n_trees(booster) for booster in self.boosters)

    def only(self, domain: str) -> "Trees":
        """Return the trees of one domain, which are faster to ask."""
        return Trees((domain,), self.sources, (self.boosters[self.domains.index(domain)],))

    def at(
        self,
        shares: "Array",
        n_params: "Array" = None,  # noqa: ARG002
        n_tokens: "Array" = None,  # noqa: ARG002
        flops: "Array" = None,  # noqa: ARG002
    ) -> np.ndarray:
        """Return the losses of mixtures, `(m, K)`, at the size of the training runs.

        Args:
            shares: Mixtures, `(m, S)`.
            n_params: Not used, nor are the other sizes: trees don't extrapolate.
            n_tokens: Not used.
            flops: Not used.

        Raises:
            DataError: `shares` has another number of columns than there are sources.
        """
        shares = np.atleast_2d(np.asarray(shares, float))
        if shares.shape[1] != len(self.sources):
            raise DataError(
                f"shares have {shares.shape[1]} columns for {len(self.sources)} sources. Give one for each."
            )
        return np.stack([np.asarray(booster.predict(shares)) for booster in self.boosters], axis=-1)


def fit_trees(
    shares: np.ndarray,
    losses: np.ndarray,
    *,
    domains: Sequence[str],
    sources: Sequence[str],
    stop_on: Table | None = None,
    seed: int = 0,
) -> Trees:
    """Grow boosted trees from mixtures to the loss of each domain, with RegMix's settings.

    By default, how many trees there are is found on a fifth of the mixtures that the trees are not
    grown on; then that many are grown on all. RegMix stops on the very mixtures that it is tested on;
    `stop_on` repeats that, and leaks a little of the test.

    Args:
        shares: Mixtures of runs of one size, `(n, S)`.
        losses: Of each domain, `(n, K)`; NaN where missing, which leaves the run out for this domain.
        domains: Names of the `K` losses.
        sources: Names of the `S` shares.
        stop_on: Shares `(h, S)` and losses `(h, K)` to stop on, instead of a part of the mixtures.
        seed: Draws the part to stop on.

    Raises:
        MissingExtra: LightGBM is not installed.
        FitError: a domain has fewer than 50 mixtures.

    Reference: Liu et al. 2025, ICLR, arXiv:2407.01492.
    """
    require_lightgbm()
    boosters = []
    for k, domain in enumerate(domains):
        x, y = _known(shares, losses, k)
        _require_enough(domain, len(y))
        boosters.append(_stopped_early(x, y, seed) if stop_on is None else _grow(x, y, _known(*stop_on, k)))
    return Trees(tuple(domains), tuple(sources), tuple(boosters))


def require_lightgbm() -> None:
    """Refuse with a clear sentence where LightGBM is not installed.

    Raises:
        MissingExtra: it is not.
    """
    try:
        import lightgbm  # noqa: F401
    except ImportError:
        raise MissingExtra("Boosted trees (RegMix)", "regmix") from None


def _known(shares: np.ndarray, losses: np.ndarray, k: int) -> Table:
    """Return the rows that have their shares and the loss of domain `k`."""
    known = np.isfinite(losses[:, k]) & np.isfinite(shares).all(axis=1)
    return shares[known], losses[known, k]


def _require_enough(domain: str, n_mixtures: int) -> None:
    if n_mixtures < LEAST_MIXTURES:
        raise FitError(
            f"{domain}: boosted trees need at least {LEAST_MIXTURES} mixtures with this loss, got {n_mixtures}. "
            "Add runs, or choose a law of mixtures with fewer parameters."
        )


def _stopped_early(shares: np.ndarray, loss: np.ndarray, seed: int) -> "Booster":
    """Find the number of trees on a part of the mixtures, then grow as many on all of them."""
    order = np.random.default_rng(seed).permutation(len(loss))
    held, grown = np.split(order, [round(HELD_OUT * len(loss))])
    n_trees = _n_trees(_grow(shares[grown], loss[grown], (shares[held], loss[held])))
    return _grow(shares, loss, n_trees=n_trees)


def _n_trees(booster: "Booster") -> int:
    """Return how many trees it predicts with: up to the best, where growing was stopped."""
    return booster.best_iteration if booster.best_iteration > 0 else booster.num_trees()


def _grow(shares: np.ndarray, loss: np.ndarray, stop_on: Table | None = None, n_trees: int = MOST_TREES) -> "Booster":
    """Grow trees, up to the best number on `stop_on` where it is given."""
    import lightgbm

    data = lightgbm.Dataset(shares, loss)
    if stop_on is None:
        return lightgbm.train(SETTINGS, data, n_trees)
    judge = lightgbm.Dataset(*stop_on, reference=data)
    patient = lightgbm.early_stopping(PATIENCE, verbose=False)
    return lightgbm.train(SETTINGS, data, n_trees, valid_sets=[judge], callbacks=[patient])
