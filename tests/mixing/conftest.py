"""A table of two sources whose best mixture is known."""

import numpy as np
import polars as pl
import pytest

from foretell.metadata import Metadata
from foretell.runs import build_runs

SIZES = (1e8, 2e8, 4e8, 8e8)
CODE_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
CHANCE = {"humaneval": 0.0, "piqa": 0.5}
TARGET = "n_params=4e9,n_tokens=80e9"
METADATA = Metadata(n_params_kind="total", flops_convention="6ND")


def domain_loss(n_params, n_tokens, share, floor):
    """A loss that falls with the tokens of the domain's own source, a tenth of the other's counting too."""
    return floor + 400 * n_params**-0.34 + 1000 * ((share + 0.1 * (1 - share)) * n_tokens) ** -0.36


def score(loss, lowest, highest, chance):
    """A score that rises as its loss falls."""
    return chance + (1 - chance) / (1 + np.exp(4.0 * (loss - 0.5 * (lowest + highest))))


def make_mixed(noise: float = 0.002) -> pl.DataFrame:
    """Return four checkpoints of each run: every size at every share of code."""
    rng, rows = np.random.default_rng(0), []
    for n_params in SIZES:
        for share in CODE_SHARES:
            off = np.exp(rng.normal(scale=noise, size=2))
            for part in (0.25, 0.5, 0.75, 1.0):
                n_tokens = 20 * n_params * part
                code = off[0] * domain_loss(n_params, n_tokens, share, 0.8)
                web = off[1] * domain_loss(n_params, n_tokens, 1 - share, 1.8)
                rows.append(
                    {
                        "run": f"{n_params:g}-{share:g}",
                        "family": "mixed",
                        "n_params": n_params,
                        "n_tokens": n_tokens,
                        "is_final": part == 1.0,
                        "share/code": share,
                        "share/web": 1 - share,
                        "loss/code": code,
                        "loss/web": web,
                        "score/humaneval": score(code, 1.2, 2.6, 0.0),
                        "score/piqa": score(web, 2.4, 3.6, 0.5),
                    }
                )
    return pl.DataFrame(rows)


@pytest.fixture(scope="session")
def mixed():
    """The table."""
    return build_runs(make_mixed(), METADATA, "mixed")
