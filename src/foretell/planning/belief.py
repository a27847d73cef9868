r"""What is believed of a loss law before a ladder is trained, and how sharp some runs would make it.

The logarithm of the loss is a law, plus a smooth misfit, plus the noise of a run:
$\log L = \log f_\theta(N, D) + \delta(N, D) + \epsilon$. Around a plausible $\theta$ all of it is
Gaussian, so that what a run tells of a target follows from its size alone: with gradients $g$ of
$\log f$ and prior covariance $P$, two sizes covary by $g^T P g' + \tau^2 e^{-d / \ell}$, where $d$ is
the distance of their logarithms. The first part is the law's Fisher information in another form;
the second keeps a ladder from trusting one law to the last digit.

Shapes: K laws, m sizes.

Reference: Chaloner and Verdinelli 1995, Statistical Science 10(3), on design from a prior over
parameters; Sacks et al. 1989, Statistical Science 4(4), on a law with a misfit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foretell.fitting.complex_step import derivatives
from foretell.fitting.loss_grid import LossGrid, sample
from foretell.laws import Chinchilla, OverTraining
from foretell.laws.base import Law
from foretell.planning.sizes import Sizes

# Sizes that laws are written relative to, so that a coefficient is the term at these.
AT_PARAMS, AT_TOKENS = 3e8, 1e10
# Standard deviations of the prior; of a logarithm where the parameter is positive.
DEVIATIONS: Mapping[str, float] = {
    "E": 0.3,
    "A": 1.0,
    "B": 1.0,
    "a": 1.0,
    "b": 1.0,
    "alpha": 0.1,
    "beta": 0.1,
    "eta": 0.05,  # exponents of N and D are 2 eta in the over-training law
}
NOISE = 0.004  # relative, of one run's loss: what rerun models of public ladders differ by
MISFIT = 0.01  # relative; what laws err by, one decade and more beyond their runs
REACH = 2 * np.log(10)  # distance at which misfits are no longer alike
PUBLISHED_SOURCE = "published laws"
DRAWS = 8  # laws of each form
SHARE_OF_PRIOR = 0.5  # of its deviations, by which laws are drawn around a published one
# Besiroglu et al. 2024, arXiv:2404.10102; and ours of the 35 RedPajama models of Gadre et al. 2024, arXiv:2403.08540,
# on their C4 loss (a test fits it again).
PUBLISHED: tuple[Law, ...] = (
    Chinchilla(1.8172, 482.01 * AT_PARAMS**-0.3478, 0.3478, 2085.43 * AT_TOKENS**-0.3658, 0.3658),
    OverTraining(E=1.7394, a=1.0812, b=0.7578, eta=0.1292),
)


@dataclass(frozen=True, eq=False)
class Belief:
    """A prior over loss laws.

    Attributes:
        laws: One batch of plausible laws of each form, in N / 3e8 and D / 1e10; linearised where they stand.
        noise: Relative standard deviation of one run's loss.
        misfit: Relative standard deviation of the law's own error.
        source: Where it is from, in words.
    """

    laws: Sequence[Law]
    noise: float = NOISE
    misfit: float = MISFIT
    source: str = PUBLISHED_SOURCE

    def covariance(self, sizes: Sizes) -> np.ndarray:
        """Return the covariance of log losses at `m` sizes under each law, without a run's noise, `(K, m, m)`."""
        scaled = [_gradients(batch, sizes) for batch in self.laws]
        by_law = np.concatenate([gradient @ np.swapaxes(gradient, 1, 2) for gradient in scaled])
        return by_law + self.misfit**2 * np.exp(-_distance(sizes) / REACH)

    def loss(self, sizes: Sizes) -> float:
        """Return the geometric mean over the laws of the loss at one size."""
        at = [np.log(batch(*_relative(sizes))) for batch in self.laws]
        return float(np.exp(np.mean(np.concatenate(at))))


def published() -> Belief:
    """Return the belief of somebody without runs: laws drawn around published ones."""
    rng = np.random.default_rng(0)
    return Belief([_drawn(law, rng) for law in PUBLISHED])


def learned(grid: LossGrid, source: str) -> Belief:
    """Return the belief of somebody with runs: laws drawn from the posterior that these lead to.

    Only where the laws are linearised, and the noise, come from the runs; the prior stays as wide
    as without them, so that they can be counted as evidence as well.

    Args:
        grid: Posterior of the law in parameters and tokens.
        source: The table's name.
    """
    rng = np.random.default_rng(0)
    same = np.isclose(grid.exponents[:, 0], grid.exponents[:, 1])  # where Chinchilla's form is the over-training law
    forms = ((_chinchilla, np.ones(len(same), bool)), (_over_training, same))
    drawn = [form(*_terms(grid, sample(_log_probability(grid, allowed), rng))) for form, allowed in forms]
    return Belief(drawn, noise=grid.noise, source=source)


def _log_probability(grid: LossGrid, allowed: np.ndarray) -> np.ndarray:
    return np.tile(np.where(allowed, grid.log_posterior, -np.inf), (DRAWS, 1))


def _terms(grid: LossGrid, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return floors `(K,)`, and terms at the reference sizes and their exponents, `(K, 2)` each."""
    exponents, coefficients = grid.exponents[cells], grid.coefficients[cells]
    moved = np.exp(-exponents * (np.log([AT_PARAMS, AT_TOKENS]) - grid.centre))
    return coefficients[:, 0], coefficients[:, 1:] * moved, exponents


def _chinchilla(floor: np.ndarray, terms: np.ndarray, exponents: np.ndarray) -> Law:
    values = (floor, terms[:, 0], exponents[:, 0], terms[:, 1], exponents[:, 1])
    return Chinchilla.from_values(np.stack(values, axis=-1))


def _over_training(floor: np.ndarray, terms: np.ndarray, exponents: np.ndarray) -> Law:
    eta = exponents[:, 0] / 2
    return OverTraining.from_values(np.stack((floor, *(terms.T * 6**eta), eta), axis=-1))


def _drawn(law: Law, rng: np.random.Generator) -> Law:
    steps = SHARE_OF_PRIOR * _prior(law) * rng.standard_normal((DRAWS, len(law.params())))
    is_log = np.array([p.log for p in law.params()])
    return law.from_values(np.where(is_log, law.values * np.exp(steps), law.values + steps))


def _gradients(batch: Law, sizes: Sizes) -> np.ndarray:
    """Return the gradient of the log loss, in standard deviations of each parameter, `(K, m, n_params)`."""
    x = _relative(sizes)
    columns = list(batch.values.T)
    slopes = derivatives(
        lambda fields: np.log(type(batch)(*(each[..., None] for each in fields))(*x)), columns, [len(columns)]
    )
    per_unit = np.where([p.log for p in batch.params()], batch.values, 1.0)
    return slopes * per_unit[:, None] * _prior(batch)


def _prior(law: Law) -> np.ndarray:
    return np.array([DEVIATIONS[p.name] for p in law.params()])


def _relative(sizes: Sizes) -> tuple[np.ndarray, np.ndarray]:
    return sizes.n_params / AT_PARAMS, sizes.n_tokens / AT_TOKENS


def _distance(sizes: Sizes) -> np.ndarray:
    """Return the distance of each two sizes in the plane of their logarithms, `(m, m)`."""
    place = np.log(np.stack([sizes.n_params, sizes.n_tokens], axis=-1))
    return np.linalg.norm(place[:, None] - place[None], axis=-1)
