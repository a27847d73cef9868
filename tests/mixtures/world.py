"""Runs on mixtures whose law is known."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from foretell.fitting.mixture_fit import from_free, scale_of
from foretell.laws.mixture import LogLinear, MixtureLaw, Mixtures
from foretell.metadata import Metadata
from foretell.methods.training import Training, training_set
from foretell.runs import build_runs
from foretell.targets import Target

METADATA = Metadata(n_params_kind="total", flops_convention="6ND", general_loss="loss/web")
SIZES = (2e7, 1e8, 4e8)
TOKENS = (2e9, 1e10, 5e10)


def drawn(n: int, n_sources: int, seed: int = 0) -> Mixtures:
    """Draw mixtures, sizes and tokens."""
    rng = np.random.default_rng(seed)
    n_params, n_tokens = rng.choice(SIZES, n), rng.choice(TOKENS, n)
    return Mixtures(rng.dirichlet(np.ones(n_sources), n), n_params, n_tokens, 6 * n_params * n_tokens)


def true_law(form: type[MixtureLaw], x: Mixtures, n_domains: int = 1, seed: int = 0) -> MixtureLaw:
    """Return laws near what is expected, with their scale from the mixtures."""
    rng = np.random.default_rng(seed)
    n_sources = x.shares.shape[1]
    if issubclass(form, LogLinear):
        p = form.terms(x, scale_of(x)).shape[1]
        return form(scale=scale_of(x), coefficients=np.tile(np.r_[1.0, np.full(p - 1, -0.02)], (n_domains, 1)))
    columns = []
    for q in form.quantities():
        for _ in range(n_sources if q.per_source else 1):
            mean = q.around * (2.0 if q.of_loss else 1.0)
            at = np.log(mean) if q.kind == "positive" else mean
            columns.append(at + 0.5 * q.within * rng.standard_normal(n_domains))
    return from_free(form, columns, scale_of(x))


def table(x: Mixtures, losses: dict[str, np.ndarray], sources: Sequence[str]) -> pl.DataFrame:
    """Write finished runs as a run table."""
    shares = {f"share/{source}": column for source, column in zip(sources, x.shares.T, strict=True)}
    names = [f"run-{i:03d}" for i in range(len(x.shares))]
    sizes = {"n_params": x.n_params, "n_tokens": x.n_tokens, "flops": x.flops}
    return pl.DataFrame({"run": names, "family": "f", **sizes, "is_final": True, **shares, **losses})


def training(frame: pl.DataFrame) -> Training:
    """Take a table as training rows."""
    runs = build_runs(frame, METADATA, "world")
    return training_set(runs, [], runs.losses, None)[0]


def target(share: dict[str, float], n_params: float = 1e9, n_tokens: float = 1e11, name: str = "big") -> Target:
    """Return a target at a size."""
    return Target(name, 6 * n_params * n_tokens, n_params, n_tokens, share=share)
