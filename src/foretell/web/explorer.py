"""What the server knows: one table, and the methods that were fitted to it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import BoundedSemaphore
from time import perf_counter
from typing import Any

from foretell.errors import DataError, Finding, UnknownName
from foretell.fitting.bootstrap import Bootstrap
from foretell.ledger.command import command_line
from foretell.ledger.record import make_record
from foretell.methods import parse_method
from foretell.methods.fitted_family import FittedFamily, fit_family
from foretell.methods.forecast import compose, family_of, parse_targets
from foretell.methods.question import Question, look_at_distance
from foretell.methods.training import stated_sources
from foretell.results import once_each
from foretell.runs import Runs
from foretell.targets import Target
from foretell.trusting.backtest import compose_backtest
from foretell.web.ask import Ask, BacktestAsk, Teaching
from foretell.web.charts import build_charts, moving_data
from foretell.web.once import Once
from foretell.web.recipe import command_words

FITS, VIEWS, ANSWERS = 24, 512, 32  # kept in memory; an answer with charts takes megabytes
AT_ONCE = 2  # fits beside each other
MOST_HELD_OUT = 200  # runs of a back-test
Tell = Callable[[str], None]
THIS = "in view"  # as in "target in view has no mixture"


def silent(stage: str) -> None:
    """Tell nobody."""


class Explorer:
    """A table that is asked again and again."""

    def __init__(self, table: Runs, source: str) -> None:
        self.table, self.source = table, source
        self._fits: Once[FittedFamily] = Once(FITS)
        self._views: Once[Any] = Once(VIEWS)
        self._answers: Once[Any] = Once(ANSWERS)
        self._turn = BoundedSemaphore(AT_ONCE)

    def view(self, ask: Ask, tell: Tell = silent) -> dict[str, Any]:
        """Return the forecasts of a target, and what moves in the charts."""
        return dict(self._views.get(("view", ask.key), lambda: self._view(ask, tell)))

    def charts(self, ask: Ask, reach: tuple[float, float], tell: Tell = silent) -> list[dict[str, Any]]:
        """Return the charts of a fit as Vega-Lite, with room for targets up to a reach."""
        return list(self._answers.get(("charts", ask.key, reach), lambda: self._charts(ask, reach, tell)))

    def forecast(self, ask: Ask, tell: Tell = silent) -> dict[str, Any]:
        """Return a forecast as it is kept: sealed, with its evidence."""
        return dict(self._answers.get(("forecast", ask.key), lambda: self._forecast(ask, tell)))

    def backtest(self, ask: BacktestAsk, tell: Tell = silent) -> dict[str, Any]:
        """Return a back-test whose training runs end at a cut-off."""
        return dict(self._answers.get(("backtest", ask.key), lambda: self._backtest(ask, tell)))

    def fitted(self, ask: Ask, target: Target, tell: Tell = silent) -> FittedFamily:
        """Return the method fitted to the rows that teach; it was fitted once, for whatever target."""
        question = self._question(ask)
        family = family_of(target, self.table, self.table.where(question.train))
        return self._fits.get((question, ask.method, family), lambda: self._fit(question, ask.method, family, tell))

    def _fit(self, question: Question, method: str, family: str, tell: Tell) -> FittedFamily:
        learner = parse_method(method)
        tell("waiting for a turn")
        with self._turn:
            tell(f"fitting {method}")
            return fit_family(question, learner, method, self.table, family)

    def _target(self, ask: Ask) -> tuple[Target, list[Finding]]:
        for source in ask.share:
            if f"share/{source}" not in self.table.frame.columns:
                raise UnknownName("source", source, stated_sources(self.table.frame))
        targets, findings = parse_targets([ask.at], self.table, parse_method(ask.method))
        return targets[0], findings

    def _view(self, ask: Ask, tell: Tell) -> dict[str, Any]:
        started = perf_counter()
        target, findings = self._target(ask)
        fit = self.fitted(ask, target, tell)
        rows, bounded = fit.rows([target])
        here = [replace(row, run=THIS).__dict__ for row in rows]
        found = [*self.table.findings, *findings, *fit.findings, *look_at_distance([target], fit.training), *bounded]
        return {
            "at": ask.at,
            "flops": target.flops,
            "level": ask.level,
            "method": ask.method,
            "rows": [{key: value for key, value in row.items() if key != "actual"} for row in here],
            "data": moving_data(fit, replace(target, run=THIS), here, ask.method),
            "warnings": [finding.to_dict() for finding in once_each(found)],
            "training": {"runs": list(fit.training.run_names), "largest_flops": fit.training.largest_flops},
            "seconds": round(perf_counter() - started, 4),
        }

    def _charts(self, ask: Ask, reach: tuple[float, float], tell: Tell) -> list[dict[str, Any]]:
        target, _ = self._target(ask)
        farthest, _ = self._target(ask.model_copy(update={"n_params": reach[0], "n_tokens": reach[1]}))
        fit = self.fitted(ask, target, tell)
        tell("drawing")
        targets = [replace(target, run=THIS), replace(farthest, run="farthest")]
        rows, _ = fit.rows(targets)
        return build_charts(fit, fit.evidence(targets), [row.__dict__ for row in rows], ask.method)

    def _forecast(self, ask: Ask, tell: Tell) -> dict[str, Any]:
        started = perf_counter()
        target, findings = self._target(ask)
        fit = self.fitted(ask, target, tell)
        tell("gathering the evidence")
        answer = fit.answer([target], evidence=True)
        findings = [*findings, *look_at_distance([target], fit.training)]
        seconds = perf_counter() - started
        result = compose(self._question(ask), ask.method, self.table, [target], [answer], findings, seconds)
        return make_record(result, self.table, self.source, command_line(command_words(ask, self.source)))

    def _backtest(self, ask: BacktestAsk, tell: Tell) -> dict[str, Any]:
        started = perf_counter()
        question, learner = self._question(ask), parse_method(ask.method)
        table = self.table if ask.family is None else self.table.in_family(ask.family)
        self._require_few(ask, table)
        tell("waiting for a turn")
        with self._turn:
            tell(f"fitting {ask.method} to the runs before the cut-off")
            return compose_backtest(question, {ask.method: learner}, table, ask.holdout, started).to_dict()

    def _require_few(self, ask: BacktestAsk, table: Runs) -> None:
        held = table.where(ask.holdout).frame["run"].n_unique()
        if held > MOST_HELD_OUT:
            what = f"{held} runs lie beyond the cut-off, and {MOST_HELD_OUT} is the most."
            raise DataError(f"{what} Move it to a larger run, or use foretell backtest.")

    def _question(self, ask: Teaching) -> Question:
        tasks: Sequence[str] | None = ask.tasks
        return Question(ask.predicate, tasks, ask.losses, None, ask.level, False, Bootstrap(ask.resamples, ask.seed))
