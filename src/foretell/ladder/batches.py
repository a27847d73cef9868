"""The batches of a run, each a function of its step alone."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from foretell.ladder.mixture import assign_sources, epoch_order, ranks_within_sources
from foretell.ladder.plan import Plan
from foretell.ladder.runs_of import Run
from foretell.ladder.tokens import TokenFile


class Batches:
    """Packed sequences in the order of a run; nothing to save, nothing to restore.

    A branch sees what its trunk saw: the order is that of the rung's whole length.
    """

    def __init__(self, plan: Plan, run: Run, files: Mapping[str, TokenFile]) -> None:
        self._batch = run.rung.batch
        self._length = plan.schedule.sequence_length
        self._names = sorted(run.rung.share)  # whatever order the plan has them in
        self._ids = [files[name].read() if name in files else np.empty(0) for name in self._names]
        share = {name: run.rung.share[name] for name in self._names}
        self._source = assign_sources(share, plan.n_steps(run.rung) * self._batch)
        self._rank = ranks_within_sources(self._source, len(self._names))
        self._order = lru_cache(maxsize=2 * len(self._names))(
            lambda source, epoch: epoch_order(run.seed, self._names[source], epoch, self._n_sequences(source))
        )

    def __getitem__(self, step: int) -> np.ndarray:
        """Return the sequences of a step, each with one token more for the targets, `(batch, length + 1)`."""
        first = step * self._batch
        return np.stack([self._sequence(i) for i in range(first, first + self._batch)])

    def _sequence(self, i: int) -> np.ndarray:
        source = int(self._source[i])
        epoch, place = divmod(int(self._rank[i]), self._n_sequences(source))
        start = int(self._order(source, epoch)[place]) * self._length
        return self._ids[source][start : start + self._length + 1].astype(np.int64)

    def _n_sequences(self, source: int) -> int:
        return (len(self._ids[source]) - 1) // self._length
