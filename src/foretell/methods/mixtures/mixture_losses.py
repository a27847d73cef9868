"""Domain losses of a table with mixtures: laws of size and shares, averaged over forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.fitting.mixture_fit import MixtureFit, fit_mixture, n_free
from foretell.fitting.status import Status
from foretell.laws.mixture import MixtureLaw, Mixtures, worth
from foretell.methods.mixtures.domain_losses import DomainLosses
from foretell.methods.mixtures.mixture_laws import MixtureChoice
from foretell.methods.mixtures.shares import one_mixture, target_shares
from foretell.targets import Target, column

LEAST_FREEDOM, MOST_FREEDOM = 3.0, 30.0  # of the Student noise of a new run
CHUNK = 8192  # mixtures evaluated at once, so that they stay in the processor's cache


@dataclass(frozen=True, eq=False)
class MixtureLosses(DomainLosses):
    """Laws of size and shares for each domain.

    Attributes:
        choice: The law, by name.
        loss: Loss of each domain and finished run, `(K, n)`; NaN where missing.
        data: The finished runs.
        weights: Of the finished runs, `(n,)`.
        run: Index of each into the training runs, `(n,)`.
    """

    choice: MixtureChoice
    loss: np.ndarray
    data: Mixtures
    weights: np.ndarray
    run: np.ndarray

    @cached_property
    def fits(self) -> tuple[MixtureFit, ...]:
        """The fit of each form."""
        return tuple(fit_mixture(form, self.loss, self.data, self.weights) for form in self.choice.forms)

    @cached_property
    def fits_by_compute(self) -> tuple[MixtureFit, ...]:
        """The fit to compute alone, for targets that state nothing else; none where the law has none."""
        form = self.choice.by_compute
        return () if form is None else (fit_mixture(form, self.loss, self.data, self.weights),)

    @property
    def usual(self) -> np.ndarray | None:
        """The mixture of all training runs, where they have one and the same."""
        return one_mixture(self.data.shares)

    def value(self, targets: Sequence[Target]) -> np.ndarray:
        """Return the losses, `(n, K)`."""
        data = self._of_targets(targets)
        value = np.empty((len(targets), len(self.domains)))
        for fits, rows in self._split(data):
            value[rows] = geometric_mean([fit.law for fit in fits], data[rows]).T
        return value

    def draws(
        self, targets: Sequence[Target], counts: np.ndarray, rng: np.random.Generator, *, noisy: bool
    ) -> np.ndarray:
        """Return one draw of the losses for each resample of runs, `(R, n, K)`, each of a form drawn too."""
        data = self._of_targets(targets)
        drawn = np.empty((len(counts), len(targets), len(self.domains)))
        for fits, rows in self._split(data):
            form = rng.integers(len(fits), size=len(counts))
            for i, fit in enumerate(fits):
                chosen = np.flatnonzero(form == i)
                losses = _draw(fit, data[rows], counts[np.ix_(chosen, self.run)], rng, noisy=noisy)
                drawn[np.ix_(chosen, np.flatnonzero(rows))] = losses
        return drawn

    def at(
        self,
        shares: np.ndarray,
        n_params: float,
        n_tokens: float,
        flops: float,
        *,
        unique_tokens: Mapping[str, float] | None = None,
    ) -> np.ndarray:
        """Return the losses of many mixtures at one size, `(m, K)`."""
        unique = np.array([(unique_tokens or {}).get(source, np.nan) for source in self.sources])
        shares = self._as_sources(np.asarray(shares, float))
        laws = [fit.law for fit in self._fits_for(bool(np.isfinite([n_params, n_tokens]).all()))]
        value = np.empty((len(shares), len(self.domains)))
        for start in range(0, len(shares), CHUNK):
            part = slice(start, start + CHUNK)
            data = mixtures(shares[part], n_params, n_tokens, flops, unique)
            for k in range(len(self.domains)):
                value[part, k] = geometric_mean([law[k] for law in laws], data)
        return value

    def describe(self) -> list[dict[str, Any]]:
        """Return the law of each domain as plain data: its parameters by form."""
        return [self._describe(k) for k in range(len(self.domains))]

    def _describe(self, k: int) -> dict[str, Any]:
        fits = self._fits_for(True)
        forms = [
            {**plain(fit.law[k], self.sources), "n_free": n_free(fit.form, self.data), "spread": float(fit.noise[k])}
            for fit in fits
        ]
        status = Status.CONVERGED if all(fit.settled[k] for fit in fits) else Status.OUT_OF_STEPS
        head = {
            "domain": self.domains[k],
            "law": self.choice.name,
            "n_points": int(np.isfinite(self.loss[k]).sum()),
            "status": status.name.lower().replace("_", " "),
        }
        return {**head, "forms": forms, "sources": list(self.sources)}

    def _of_targets(self, targets: Sequence[Target]) -> Mixtures:
        shares = self._as_sources(target_shares(targets, self.sources, self.usual))
        unique = np.array([[t.actual.get(f"unique_tokens/{s}", np.nan) for s in self.sources] for t in targets])
        unique = unique.reshape(len(targets), -1) if self.sources else np.full((len(targets), 1), np.nan)
        n_params, n_tokens, flops = (column(targets, name) for name in ("n_params", "n_tokens", "flops"))
        return mixtures(shares, n_params, n_tokens, flops, unique)

    def _as_sources(self, shares: np.ndarray) -> np.ndarray:
        return shares if self.sources else np.ones((len(shares), 1))

    def _split(self, data: Mixtures) -> list[tuple[tuple[MixtureFit, ...], np.ndarray]]:
        """Return which fits answer which targets."""
        sized = np.isfinite(data.n_params) & np.isfinite(data.n_tokens)
        parts = [(rows, is_sized) for rows, is_sized in ((sized, True), (~sized, False)) if rows.any()]
        return [(self._fits_for(is_sized), rows) for rows, is_sized in parts]

    def _fits_for(self, sized: bool) -> tuple[MixtureFit, ...]:
        if "n_params" not in self.choice.needs:
            return self.fits
        trained = bool(np.isfinite([self.data.n_params, self.data.n_tokens]).all())
        if sized and trained:
            return self.fits
        if not self.fits_by_compute:
            who = "a target" if trained else "a finished run"
            raise DataError(f"{who} has no n_params and n_tokens, which {self.choice.name} needs. Give them.")
        return self.fits_by_compute


def mixtures(shares: np.ndarray, n_params: Any, n_tokens: Any, flops: Any, unique_tokens: np.ndarray) -> Mixtures:
    """Arrange mixtures `(n, S)` and sizes, with each share reduced to what its repeated tokens are worth."""
    n_params, n_tokens, flops = (
        np.broadcast_to(np.asarray(s, float), len(shares)) for s in (n_params, n_tokens, flops)
    )
    if np.isfinite(unique_tokens).any():
        tokens = shares * n_tokens[:, None]
        shares = np.where(tokens > 0, shares * worth(tokens, unique_tokens) / np.where(tokens > 0, tokens, 1.0), shares)
    return Mixtures(shares, n_params, n_tokens, flops)


def geometric_mean(laws: Sequence[MixtureLaw], data: Mixtures) -> np.ndarray:
    """Return the geometric mean of what laws say, `(n,)`, or `(K, n)` of batches."""
    return np.exp(np.mean([np.log(law(data)) for law in laws], axis=0))


def plain(law: MixtureLaw, sources: Sequence[str]) -> dict[str, Any]:
    """Return a law as plain data, with numbers per source by its name."""
    numbers: dict[str, Any] = {}
    for quantity in law.quantities():
        values = np.asarray(getattr(law, quantity.name)).tolist()
        named = quantity.per_source and sources
        numbers[quantity.name] = dict(zip(sources, values, strict=True)) if named else values
    if not numbers:
        numbers["coefficients"] = np.asarray(getattr(law, "coefficients", ())).tolist()
    sizes = {name: getattr(law.scale, name) for name in ("N0", "D0", "C0")}
    known = {name: size for name, size in sizes.items() if np.isfinite(size)}
    return {"form": law.name, **numbers, **known}


def _draw(fit: MixtureFit, data: Mixtures, counts: np.ndarray, rng: np.random.Generator, *, noisy: bool) -> np.ndarray:
    """Return losses of one form, `(R, n, K)`."""
    laws = (fit.resampled(k, counts, rng) for k in range(len(fit.free)))
    losses = np.stack([law(data) for law in laws], axis=-1)
    if not noisy:
        return losses
    return losses * np.exp(_noise(fit, len(counts), rng))[:, None, :]


def _noise(fit: MixtureFit, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Return relative noise of a new run, `(R, K)`, as alike between domains as the residuals are."""
    pattern = fit.residual * np.sqrt(fit.weights)
    size = np.linalg.norm(pattern, axis=1, keepdims=True)
    pattern = np.where(size > 0, pattern, 1.0)
    pattern = pattern / np.linalg.norm(pattern, axis=1, keepdims=True)
    normal = rng.standard_normal((n_draws, pattern.shape[1])) @ pattern.T
    freedom = float(np.clip(fit.freedom.mean(), LEAST_FREEDOM, MOST_FREEDOM))
    return fit.noise * normal / np.sqrt(rng.chisquare(freedom, (n_draws, 1)) / freedom)
