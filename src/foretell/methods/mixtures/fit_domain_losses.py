"""Fit the loss of every domain to the finished runs of a table."""

from collections.abc import Sequence

import numpy as np

from foretell.errors import DataError, Finding, FitError, UnknownName
from foretell.fitting.mixture_fit import n_free
from foretell.laws.mixture import Mixtures
from foretell.methods.auto.loss_law import LARGE_RUNS, loss_law
from foretell.methods.mixtures.domain_losses import DomainLosses
from foretell.methods.mixtures.mixture_laws import DEFAULT_LAW, MIXTURE_LAWS, MixtureChoice
from foretell.methods.mixtures.mixture_losses import MixtureLosses, mixtures
from foretell.methods.mixtures.shares import one_mixture, run_shares
from foretell.methods.mixtures.size_losses import SizeLosses
from foretell.methods.training import Training


def fit_domain_losses(
    training: Training, law: str = DEFAULT_LAW, domains: Sequence[str] | None = None, *, repeats: bool = True
) -> DomainLosses:
    """Fit the law of each domain's loss in size and mixture.

    The last finished checkpoint of each run is one observation: others are not annealed, and of
    one run. Larger runs weigh a little more, as in `auto`. A table without mixtures gets the loss
    law of `auto` for each domain.

    Args:
        training: Checkpoints of one family.
        law: A name in `MIXTURE_LAWS`.
        domains: Loss columns; all that have enough values when not given.
        repeats: Count repeated tokens for what they are worth, where the table states unique ones.

    Returns:
        The fitted laws.

    Raises:
        DataError: a mixture is incomplete or does not sum to 1.
        FitError: there are fewer runs than the law needs, or a named domain is missing in too many.
        UnknownName: the law or a domain is unknown.
    """
    choice = MIXTURE_LAWS[law]
    names = _named(training, domains)
    rows = training.finished_rows()
    if not len(rows):
        raise FitError("no run has finished, and laws of domain losses are fitted to finished runs. Mark is_final.")
    if not training.sources and law == DEFAULT_LAW:
        return _by_size(training, names)
    return _by_mixture(training, rows, choice, names, strict=domains is not None, repeats=repeats)


def _named(training: Training, domains: Sequence[str] | None) -> tuple[str, ...]:
    known = {name: column for name, column in training.domain_losses.items() if np.isfinite(column).any()}
    for name in domains or ():
        if name not in known:
            raise UnknownName("loss", name, known)
    if not known:
        raise DataError("the training rows have no loss column. Give loss/<domain>.")
    return tuple(known if domains is None else domains)


def _by_size(training: Training, names: Sequence[str]) -> SizeLosses:
    laws = [loss_law(training.domain_losses[name], training) for name in names]
    for name, fitted in zip(names, laws, strict=True):
        if fitted is None:
            raise FitError(
                f"{name}: no loss law that falls with size fits its finished runs. Leave it out, or add runs."
            )
    return SizeLosses(tuple(names), (), (), tuple(fitted for fitted in laws if fitted is not None))


def _by_mixture(
    training: Training, rows: np.ndarray, choice: MixtureChoice, names: Sequence[str], *, strict: bool, repeats: bool
) -> MixtureLosses:
    shares = run_shares(training, rows) if training.sources else np.ones((len(rows), 1))
    unique = training.unique_tokens[rows] if repeats else np.full_like(training.unique_tokens[rows], np.nan)
    unique = unique if training.sources else np.full((len(rows), 1), np.nan)
    data = mixtures(shares, training.n_params[rows], training.n_tokens[rows], training.flops[rows], unique)
    loss = np.array([training.domain_losses[name][rows] for name in names])
    n_params = max(n_free(form, data) for form in choice.forms)
    kept, findings = _enough(choice, n_params, names, loss, strict=strict)
    weights = (data.flops / data.flops.max()) ** LARGE_RUNS
    findings += [*_unseen(training.sources, shares), *_unsized(choice, data)]
    return MixtureLosses(
        domains=tuple(names[k] for k in kept),
        sources=training.sources,
        findings=tuple(findings),
        choice=choice,
        loss=loss[kept],
        data=data,
        weights=weights,
        run=training.run[rows],
    )


def _enough(
    choice: MixtureChoice, n_params: int, names: Sequence[str], loss: np.ndarray, *, strict: bool
) -> tuple[list[int], list[Finding]]:
    """Return the domains with enough finished runs, and findings about runs without their loss."""
    n_known, n_runs = np.isfinite(loss).sum(axis=1), loss.shape[1]
    fewest = choice.fewest_runs(n_params)
    kept = [k for k in range(len(names)) if n_known[k] >= fewest]
    for k in range(len(names)):
        if k not in kept and (strict or not kept):
            raise FitError(_too_few(choice.name, n_params, fewest, names[k], int(n_known[k])))
    findings = [
        _missing(names[k], int(n_known[k]), n_runs, k in kept) for k in range(len(names)) if n_known[k] < n_runs
    ]
    return kept, findings


def _too_few(law: str, n_params: int, fewest: int, name: str, n_known: int) -> str:
    return (
        f"{law} has {n_params} parameters and needs at least {fewest} finished runs with {name}, got {n_known}. "
        f"Add runs, or choose a law with fewer needs, such as {DEFAULT_LAW}."
        if law != DEFAULT_LAW
        else f"{law} needs at least {fewest} finished runs with {name}, got {n_known}. Add runs."
    )


def _missing(name: str, n_known: int, n_runs: int, kept: bool) -> Finding:
    used = "its law was fitted to those" if kept else "those are too few, and it was left out"
    what = f"{name} is there in {n_known} of {n_runs} finished runs; {used}."
    return Finding("domain-rows-missing", "warning", what, fix="Evaluate it on the other runs, or leave it out.")


def _unseen(sources: Sequence[str], shares: np.ndarray) -> list[Finding]:
    if sources and len(sources) > 1 and one_mixture(shares) is not None:
        what = "all finished runs have one mixture; what another one would do is not learned from them."
        return [Finding("mixture-constant", "warning", what, fix="Train runs on other mixtures.")]
    unseen = [source for source, column in zip(sources, shares.T, strict=False) if not column.any()]
    if not unseen:
        return []
    what = f"no finished run has any {', '.join(unseen)}; what it teaches is a guess."
    return [Finding("source-unseen", "warning", what, fix="Train a run with it, or leave the source out.")]


def _unsized(choice: MixtureChoice, data: Mixtures) -> list[Finding]:
    unknown = ~np.isfinite(data.n_params + data.n_tokens)
    if not unknown.any() or "n_params" not in choice.needs:
        return []
    what = f"{unknown.sum()} of {len(unknown)} finished runs lack n_params or n_tokens, so compute alone is used."
    return [Finding("sizes-missing", "warning", what, fix="Fill both in every run.")]
