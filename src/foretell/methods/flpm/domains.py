"""Which domain losses count, and which rows have them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foretell.doctor.listing import list_some
from foretell.errors import Finding, FitError
from foretell.methods.training import Training
from foretell.runs import full_loss_name

MOST_MISSING = 0.5  # share of the scored rows that may lack a domain; beyond, the domain is left out
SAME = 1e-3  # nats per token: how near the general loss must lie to the mean of the others to be that


@dataclass(frozen=True, eq=False)
class Domains:
    """The domain losses that both stages use.

    Attributes:
        names: Columns of the run table, `K` of them.
        losses: `(n, K)`; NaN where missing.
        findings: What was left out.
    """

    names: tuple[str, ...]
    losses: np.ndarray
    findings: tuple[Finding, ...]

    @property
    def known(self) -> np.ndarray:
        """Which rows have all of them, `(n,)`."""
        return np.isfinite(self.losses).all(axis=1)


def choose_domains(training: Training, wanted: Sequence[str] | None) -> Domains:
    """Take the named loss columns, or all of them, less those that are missing in most scored rows.

    A general loss that is the mean of the others says nothing of its own and is left out too.

    Raises:
        FitError: no domain loss is left.
        UnknownName: a named one does not exist.
    """
    if wanted is None:
        names = [name for name in training.domain_losses if not _is_mean(name, training)]
    else:
        names = list(dict.fromkeys(full_loss_name(name, training.domain_losses, "domain loss") for name in wanted))
    scored = np.isfinite(training.scores).any(axis=0)
    missing = {
        name: float(np.isnan(training.domain_losses[name][scored]).sum() / max(scored.sum(), 1)) for name in names
    }
    kept = tuple(name for name in names if missing[name] <= MOST_MISSING)
    if not kept:
        raise FitError(
            "flpm needs domain losses beside the scores, and no loss column has a value in half of the scored rows. "
            "Fill some loss/<domain> columns, or use fp."
        )
    losses = np.stack([training.domain_losses[name] for name in kept], axis=1)
    left_out = {name: share for name, share in missing.items() if name not in kept}
    return Domains(kept, losses, (*_left_out(left_out), *_dropped(losses[scored])))


def _is_mean(name: str, training: Training) -> bool:
    others = [values for other, values in training.domain_losses.items() if other != name]
    if name != training.loss_name or len(others) < 2:
        return False
    off = np.abs(training.domain_losses[name] - np.mean(others, axis=0))
    return bool(np.isfinite(off).any() and np.nanmax(off) < SAME)


def _left_out(missing: dict[str, float]) -> list[Finding]:
    if not missing:
        return []
    what = f"{list_some([f'{name} (missing in {share:.0%} of the scored rows)' for name, share in missing.items()])}: "
    what += "left out of the domain losses."
    fix = "Fill the column, or choose the domains: flpm:m4[a|b]+network."
    return [Finding("domain-left-out", "warning", what, "flpm", "Every row needs every domain.", fix)]


def _dropped(losses: np.ndarray) -> list[Finding]:
    n_missing = int((~np.isfinite(losses).all(axis=1)).sum())
    if not n_missing:
        return []
    what = f"{n_missing} of {len(losses)} scored rows lack one of {losses.shape[1]} domain losses and teach nothing."
    return [Finding("domain-rows-dropped", "warning", what, "flpm", fix="Fill them, or choose the domains.")]
