"""One evaluation on its way: checkpoint after checkpoint, as a training makes them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from foretell.evals.benchmark import Benchmark
from foretell.evals.checkpoints import Checkpoint, checkpoints
from foretell.evals.known import read_known, remember_facts
from foretell.evals.measure import Measured
from foretell.evals.options import Options
from foretell.evals.outcome import Outcome, findings
from foretell.evals.score import NoScore, Scorer
from foretell.ladder.expected import runs_going_on
from foretell.ladder.layout import Layout
from foretell.ladder.rows import SCORES, add_row, merge_rows, read_rows

POLL_SECONDS = 2.0
Show = Callable[[Mapping[str, Any]], object]


@dataclass
class Session:
    """One evaluation on its way."""

    layout: Layout
    benchmarks: Mapping[str, Benchmark]
    fingerprints: Mapping[str, str]
    options: Options
    scorer: Scorer
    show: Show
    evaluated: int = 0
    seconds: float = 0.0
    unscored: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Evaluate one checkpoint after the other; look anew after each, since a training may add and remove some."""
        try:
            while True:
                going_on = runs_going_on(self.layout)  # before the checkpoints, so that the last is not missed
                waiting = self._waiting()
                if waiting:
                    self._evaluate(waiting[0], len(waiting))
                elif not self.options.watch or not (going_on or not self._any_rows()):
                    break
                else:
                    self.show({"evaluated": self.evaluated, "total": self.evaluated, "checkpoint": None})
                    time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            if not self.options.watch:
                raise
        finally:
            merge_rows(self.layout)

    def _waiting(self) -> list[Checkpoint]:
        names = self.benchmarks.keys()
        return [
            one
            for one in checkpoints(self.layout)
            if one.lacks(names) and one.is_there and str(one) not in self.unscored
        ]

    def _any_rows(self) -> bool:
        return next(checkpoints(self.layout), None) is not None

    def _evaluate(self, checkpoint: Checkpoint, n_waiting: int) -> None:
        event = {"total": self.evaluated + n_waiting, "checkpoint": str(checkpoint)}
        self.show({**event, "evaluated": self.evaluated})
        start = time.perf_counter()
        lacking = [self.benchmarks[name] for name in checkpoint.lacks(self.benchmarks.keys())]
        try:
            measured = self.scorer(checkpoint, lacking)
        except NoScore as reason:
            if checkpoint.is_there:
                self.unscored[str(checkpoint)] = str(reason)
            return
        self._write(checkpoint, measured)
        self.seconds += time.perf_counter() - start
        self.evaluated += 1
        self.show({**event, "evaluated": self.evaluated})

    def _write(self, checkpoint: Checkpoint, measured: Mapping[str, Measured]) -> None:
        """Keep facts first, so that no score is there without them."""
        for name, one in measured.items():
            remember_facts(self.layout, name, one, self.options.limit, self.fingerprints[name])
        folder = self.layout.run(checkpoint.run)
        before = next((row for row in read_rows(folder, SCORES) if row["step"] == checkpoint.step), {})
        columns = {key: value for one in measured.values() for key, value in one.columns.items()}
        add_row(folder, {**before, "step": checkpoint.step, **columns}, SCORES)
        merge_rows(self.layout)

    def outcome(self) -> Outcome:
        """Count what is there at the end."""
        found = list(checkpoints(self.layout))
        lacking = [one for one in found if one.lacks(self.benchmarks.keys())]
        gone = sum(not one.is_there for one in lacking)
        known = {name: one for name, one in read_known(self.layout)["tasks"].items() if name in self.benchmarks}
        cut = {name: (one["n_cut"], one["facts"]["n_items"]) for name, one in known.items() if one.get("n_cut")}
        return Outcome(
            table=self.layout.table,
            tasks={name: one["facts"] for name, one in known.items()},
            evaluated=self.evaluated,
            skipped=len(found) - len(lacking) - self.evaluated,
            gone=gone,
            unscored=self.unscored,
            seconds=self.seconds,
            warnings=tuple(findings(gone, self.unscored, cut)),
        )
