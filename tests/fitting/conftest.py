"""A ladder of sixty points under a Chinchilla law, from 10M to 10B, noiseless and noisy."""

from dataclasses import dataclass

import numpy as np
import pytest

from foretell.laws import Chinchilla


@dataclass(frozen=True)
class Ladder:
    truth: Chinchilla
    x: dict[str, np.ndarray]
    exact: np.ndarray
    noisy: np.ndarray


@pytest.fixture(scope="session")
def ladder() -> Ladder:
    n_params = np.repeat(np.geomspace(1e7, 1e10, 10), 6)
    n_tokens = n_params * np.tile([5, 10, 20, 50, 100, 200], 10)
    truth = Chinchilla(E=1.82, A=480.0, alpha=0.35, B=2085.0, beta=0.366)
    exact = truth(n_params, n_tokens)
    noisy = exact * np.exp(0.003 * np.random.default_rng(0).normal(size=60))
    return Ladder(truth, {"n_params": n_params, "n_tokens": n_tokens}, exact, noisy)
