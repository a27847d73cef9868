"""`auto`: many structures from size to score, averaged; the bad ones thrown out by rehearsals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from foretell.errors import DataError, FitError
from foretell.fitting.bootstrap import Bootstrap, interval
from foretell.methods.auto.evidence import gather
from foretell.methods.auto.intermediates import GENERAL
from foretell.methods.auto.rehearsal import FEWEST_LEFT, Rehearsal, average_draws, nanmean, rehearse
from foretell.methods.auto.structures import Structure, learn
from foretell.methods.base import Estimate, Forecaster, Method, not_refused
from foretell.methods.emergence import MARGIN, describe_emergence, emerged, refuse_unemerged, require_margin
from foretell.methods.training import Training
from foretell.targets import Target


@dataclass(frozen=True)
class Auto(Method):
    margin: float = MARGIN

    def __post_init__(self) -> None:
        require_margin(self.margin)

    def with_laws(self, spec: str) -> "Auto":
        raise DataError(f"auto averages over laws and takes none, got {spec!r}. Name flp:{spec} to choose laws.")

    def with_margin(self, margin: float) -> "Auto":
        return replace(self, margin=margin)

    def fit(self, training: Training, bootstrap: Bootstrap) -> "FittedAuto":
        kept = emerged(training, self.margin)
        refusals = refuse_unemerged(training, kept, 3, self.margin)
        tasks = not_refused(training.tasks, refusals)
        rest = training.with_tasks(tasks)
        rehearsal = rehearse(rest, bootstrap.seed)
        structures = tuple(learn(rest, gather(rest)))
        return FittedAuto(self, training, bootstrap, structures, rehearsal, kept, refusals)


@dataclass(frozen=True)
class FittedAuto(Forecaster):
    method: Auto
    training: Training
    bootstrap: Bootstrap
    structures: tuple[Structure, ...]
    rehearsal: Rehearsal
    kept: np.ndarray
    refusals: Mapping[int, str]

    def scores(self, targets: Sequence[Target], level: float) -> Estimate:
        tasks = not_refused(self.training.tasks, self.refusals)
        kept = [s for s in self.structures if self.rehearsal.keeps(s.name)]
        values = np.stack([s.at(s.intermediate.value(targets)) for s in kept])
        value = nanmean(values)
        counts = self.bootstrap.run_counts(len(self.training.run_names), FEWEST_LEFT)
        draws = average_draws(kept, targets, counts, self.bootstrap.seed)
        low, high = interval(draws, value, level)
        w = self.rehearsal.widening(level)
        low, high = value - w * (value - low), value + w * (high - value)
        gen = [s for s in kept if s.intermediate.name.startswith(GENERAL)]
        given = nanmean(np.stack([s.at(s.intermediate.truth(targets)) for s in gen])) if gen else np.full_like(value, np.nan)
        loss = gen[0].intermediate.losses(targets)[0] if gen else np.full(len(targets), np.nan)
        est = Estimate.refused(len(targets), self.training.tasks, self.refusals, loss=loss if not gen or not gen[0].intermediate.above_floor else loss)
        def put(a, b, clip=True):
            a = a.copy(); a[:, tasks] = np.clip(b, 0, 1) if clip else b; return a
        return replace(est, value=put(est.value, value), low=put(est.low, low), high=put(est.high, high), given_true_loss=put(est.given_true_loss, given))

    def losses(self, targets: Sequence[Target], level: float) -> Estimate:
        raise NotImplementedError

    def laws(self) -> list[dict[str, Any]]:
        return []

    def emergence(self) -> list[dict[str, Any]]:
        return describe_emergence(self.training, self.kept, self.method.margin)
