r"""Parameters and tokens for a budget, from a law of loss.

Closed form where training is all that costs and no token repeats: the least of
$A N^{-\alpha} + B D^{-\beta}$ at $C = 6 N D$ is $N = G (C / 6)^a$ with $a = \beta / (\alpha + \beta)$ and
$G = (\alpha A / \beta B)^{1 / (\alpha + \beta)}$. Else a search along the line of equal cost.

Shapes: R laws.

Reference: Hoffmann et al. 2022, arXiv:2203.15556, equation 4; Sardana et al. 2024,
arXiv:2401.00448, for tokens that are served; Muennighoff et al. 2023, arXiv:2305.16264, for
tokens that repeat.
"""

from dataclasses import dataclass

import numpy as np

from foretell.laws import Chinchilla, RepeatedData

TRAINING, SERVING = 6.0, 2.0  # FLOPs a parameter and token
R_D, R_N = 15.387756, 5.309743  # decays of repeated tokens and excess parameters; Muennighoff et al. 2023, C4
POINTS = 400  # of a search
REACH = 6.0  # e-folds of parameters on either side of the closed form


@dataclass(frozen=True, eq=False)
class Demand:
    """What a model is wanted for.

    Attributes:
        flops: Budget for training and serving together.
        served: Tokens that the model will be asked to read and write in its life.
        unique: Different tokens that there are; `None` means that none repeats.
    """

    flops: float
    served: float = 0.0
    unique: float | None = None

    def n_tokens(self, n_params: np.ndarray) -> np.ndarray:
        """Return the tokens that the budget leaves for training; NaN where serving takes it all."""
        left = self.flops - SERVING * n_params * self.served
        return np.where(left > 0, left / (TRAINING * n_params), np.nan)


def best_params(law: Chinchilla, demand: Demand) -> np.ndarray:
    """Return the parameters of least loss for a budget under each of `R` laws, `(R,)`; NaN where a search has none."""
    closed = _closed_form(law, demand.flops)
    if not demand.served and demand.unique is None:
        return closed
    grid = closed[:, None] * np.exp(np.linspace(-REACH, REACH, POINTS))
    return _lowest(np.log(grid), loss_at(law, grid, demand))


def loss_at(law: Chinchilla, n_params: np.ndarray, demand: Demand) -> np.ndarray:
    """Return the loss of `(R, n)` parameters trained with what the budget leaves; NaN where it leaves nothing."""
    fields = law.values.reshape(-1, len(law.params()))[:, :, None]
    n_tokens = demand.n_tokens(n_params)
    if demand.unique is None:
        return Chinchilla.from_values(np.moveaxis(fields, 1, -1))(n_params, n_tokens)
    decays = np.broadcast_to(np.array([R_D, R_N])[:, None], (len(fields), 2, 1))
    repeated = RepeatedData.from_values(np.moveaxis(np.concatenate([fields, decays], axis=1), 1, -1))
    return repeated(n_params, n_tokens, np.minimum(demand.unique, n_tokens))


def _closed_form(law: Chinchilla, flops: float) -> np.ndarray:
    A, alpha, B, beta = (np.atleast_1d(getattr(law, name)) for name in ("A", "alpha", "B", "beta"))
    G = (alpha * A / (beta * B)) ** (1 / (alpha + beta))
    return G * (flops / TRAINING) ** (beta / (alpha + beta))


def _lowest(x: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Return where each row is least, between points by a parabola through three of them, as `exp(x)`.

    NaN where that is at an end, so that it may be less still beyond.
    """
    each = np.arange(len(x))
    least = np.argmin(np.where(np.isfinite(loss), loss, np.inf), axis=1)
    at = np.clip(least, 1, x.shape[1] - 2)
    left, here, right = (loss[each, at + step] for step in (-1, 0, 1))
    curvature = left - 2 * here + right
    step = np.where(curvature > 0, 0.5 * (left - right) / np.where(curvature > 0, curvature, 1.0), 0.0)
    found = np.exp(x[each, at] + np.nan_to_num(np.clip(step, -1, 1)) * (x[:, 1] - x[:, 0]))
    return np.where(at == least, found, np.nan)
