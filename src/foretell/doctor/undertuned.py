r"""Finished runs, and whole sizes, that end above the law of the others: trained worse than they could be.

For every exponent of a grid the law $L = E + A N^{-\alpha} + B D^{-\beta}$ is linear, so that what
a run, or all runs of a size, lie above the law of the others follows in closed form: the shift of
the mean-shift outlier model (Cook and Weisberg 1982, Residuals and Influence in Regression,
section 2.2).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from foretell.doctor.ends import run_ends
from foretell.doctor.general_loss import general_loss
from foretell.doctor.listing import count, list_some
from foretell.doctor.loss_units import losses_in_two_units
from foretell.doctor.mixtures import mixture_varies
from foretell.doctor.noise import usual_seed_noise
from foretell.doctor.outliers import OUTLIER
from foretell.errors import Finding
from foretell.runs import Runs

EXPONENTS = np.linspace(0.1, 0.8, 8)
N_FITTED = 6  # two exponents, three coefficients, and the shift
FEWEST_RUNS = N_FITTED + 4
FEWEST_SIZES = 5  # that tell whether all runs of one are above the others
N_SIGMA = 5
MOST = 8  # runs or sizes of a family that are told; with more of them there is no law to lie above
LEAST = 0.01  # of the loss: less makes no forecast wrong
SAME = 0.05  # of a size
DISTINGUISHABLE = 1e-3  # of a run's weight that its own terms leave it


@dataclass(frozen=True)
class Above:
    """Runs that end above the law of the others.

    Attributes:
        name: What they are called.
        runs: Their names.
        by: By how much, relative to the loss.
        noise: Standard error of that.
    """

    name: str
    runs: tuple[str, ...]
    by: float
    noise: float


def undertuned_runs(runs: Runs) -> list[Finding]:
    """Find finished runs, and sizes, that end above the law fitted to the others by more than noise."""
    above = [] if losses_in_two_units(runs) else list(_above(runs))
    if not above:
        return []
    above = sorted(above, key=lambda each: -each.by)
    told = [f"{each.name} by {each.by:.1%} (noise {each.noise:.1%})" for each in above]
    names = [name for each in above for name in each.runs]
    return [
        Finding(
            code="undertuned-run",
            severity="warning",
            what=f"a loss above the law of the other finished runs in {count(len(names), 'run')}: {list_some(told)}.",
            where=f"runs {list_some(names)}",
            why="A run with a poor learning rate, batch size or schedule bends the law, and the forecast with it.",
            fix='Tune and train it again, or set status = "excluded" with a reason.',
        )
    ]


def _above(runs: Runs) -> Iterator[Above]:
    """Yield what lies above, family by family where there is one mixture, the farthest first."""
    rows, column = general_loss(runs)
    if column is None:
        return
    ends = run_ends(rows).drop_nulls(["n_params", "n_tokens", column])
    floor = usual_seed_noise(rows, column)
    for _, family in ends.group_by("family", maintain_order=True):
        if mixture_varies(family):
            continue
        for _ in range(MOST):
            worst = _worst(family, column, floor) if family.height >= FEWEST_RUNS else None
            if worst is None:
                break
            if worst.by < OUTLIER - 1:  # beyond, it is a `loss-outlier`
                yield worst
            family = family.filter(~pl.col("run").is_in(worst.runs))


def _worst(rows: pl.DataFrame, column: str, floor: float) -> Above | None:
    """Return the group that is farthest above the law of the others, in units of its noise."""
    groups = _groups(rows)
    if not groups:
        return None
    law = _Law.of(rows, column)
    by, noise = law.shifts(np.array([inside for _, inside in groups]), floor / law.loss)
    far = (by > LEAST) & (by > _quantile(rows.height - N_FITTED) * noise)
    if not far.any():
        return None
    worst = int(np.argmax(np.where(far, by / noise, 0.0)))
    name, inside = groups[worst]
    return Above(name, tuple(rows["run"].filter(inside)), float(by[worst]), float(noise[worst]))


def _groups(rows: pl.DataFrame) -> list[tuple[str, np.ndarray]]:
    """Return single runs, and the runs of one size, that lie within the sizes of the others."""
    names, n_params = rows["run"].to_numpy(), rows["n_params"].to_numpy()
    groups = [(str(name), names == name) for name in names]
    sizes = np.unique(n_params)
    if len(sizes) >= FEWEST_SIZES:
        alike = [(size, n_params == size) for size in sizes[1:-1]]
        groups += [(f"all of {size:.3g} parameters", same) for size, same in alike if same.sum() > 1]
    places = np.log(rows.select("n_params", "n_tokens", ratio=pl.col("n_tokens") / pl.col("n_params")).to_numpy())
    return [(name, inside) for name, inside in groups if _is_inside(places[inside], places[~inside])]


def _is_inside(own: np.ndarray, others: np.ndarray) -> bool:
    """Tell whether the law need not be extrapolated: in parameters, tokens, and tokens per parameter."""
    low, high = others.min(axis=0) - SAME, others.max(axis=0) + SAME
    return bool((own >= low).all() and (own <= high).all())


@dataclass(frozen=True)
class _Law:
    """The law at every pair of exponents, `g` of them, fitted to all `n` runs.

    Attributes:
        loss: Median loss.
        basis: Orthonormal columns of its terms relative to the loss, `(g, n, 3)`.
        missed: What it leaves of each loss, relative to it, `(g, n)`.
    """

    loss: float
    basis: np.ndarray
    missed: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame, column: str) -> "_Law":
        n_params, n_tokens, loss = (rows[name].to_numpy() for name in ("n_params", "n_tokens", column))
        alpha, beta = np.array(list(product(EXPONENTS, EXPONENTS))).T[..., None]
        terms = np.stack([np.broadcast_to(1.0, (len(alpha), len(loss))), n_params**-alpha, n_tokens**-beta], axis=-1)
        design = terms / loss[:, None]
        basis = np.linalg.qr(design / np.linalg.norm(design, axis=1, keepdims=True)).Q
        fitted = (basis @ basis.sum(axis=1)[..., None])[..., 0]
        return cls(float(np.median(loss)), basis, 1.0 - fitted)

    def shifts(self, groups: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
        """Return how far each group lies above the law of the others, and the noise of that, `(k,)` each.

        Args:
            groups: Which runs belong to each, `(k, n)`.
            floor: Least noise of one run, relative to the loss.
        """
        inside = groups.astype(float)
        explained = np.tensordot(inside, self.basis, axes=(1, 1))
        weight = inside.sum(axis=1)[:, None] - (explained**2).sum(axis=-1)
        weight = np.where(weight > DISTINGUISHABLE, weight, np.inf)
        shift = inside @ self.missed.T / weight
        squares = (self.missed**2).sum(axis=1) - shift**2 * np.where(np.isfinite(weight), weight, 0.0)
        best = np.arange(len(groups)), np.argmin(squares, axis=1)
        one = np.sqrt(np.maximum(squares[best], 0.0) / (groups.shape[1] - N_FITTED))
        return shift[best], np.maximum(one, floor) / np.sqrt(weight[best])


def _quantile(freedom: int) -> float:
    """Return what `N_SIGMA` of a normal is in Student's t (the expansion of Fisher and Cornish)."""
    z, n = float(N_SIGMA), freedom
    return z + (z**3 + z) / (4 * n) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
