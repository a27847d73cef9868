"""Forecast runs that are finished from those that are smaller, and compare with the truth."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from foretell.doctor.listing import list_some
from foretell.errors import DataError, Finding, FitError, ForetellError
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import DEFAULT_METHOD, Method, parse_method
from foretell.methods.question import Question
from foretell.results import Backtest, MethodScore, once_each
from foretell.runs import Runs


def backtest(
    runs: Any,
    holdout: str,
    *,
    train: str | None = None,
    tasks: Sequence[str] | None = None,
    losses: Sequence[str] | None = None,
    loss: str | None = None,
    methods: Sequence[str] = (DEFAULT_METHOD,),
    level: float = 0.9,
    margin: float | None = None,
    seed: int = 0,
    resamples: int = 1000,
    pool: bool = False,
) -> Backtest:
    """Train on some runs, forecast the held-out ones, and report the errors.

    Training uses the rows of `train` less every row of a held-out run. Each held-out run is
    scored once, at its last finished row, by the laws of its own family; where a family cannot
    be answered, a warning names it and the others go on.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        holdout: SQL predicate that chooses the held-out runs.
        train: SQL predicate that chooses the training rows; all others when not given.
        tasks: Tasks to forecast; the table's default tasks when not given.
        losses: Loss columns to forecast instead of tasks.
        loss: Column of the general loss; the table's own when not given.
        methods: Methods to compare, such as `flp`, `fp`, `flp:chinchilla+sigmoid`.
        level: Coverage of the interval, between 0 and 1.
        margin: How far above chance a checkpoint counts, as a score.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        pool: Fit all families together.

    Returns:
        Rows and mean errors of each method; a method that cannot be fitted refuses its rows.

    Raises:
        DataError: the table or a predicate cannot be used, or nothing is held out.
        UnknownName: a task, loss, method or law does not exist.
    """
    started = time.perf_counter()
    question = Question(train, tasks, losses, loss, level, pool, Bootstrap(resamples, seed))
    learners = {name: parse_method(name, margin) for name in methods}
    if not learners:
        raise DataError(f"no method is named. Name one, such as {DEFAULT_METHOD}.")
    return compose_backtest(question, learners, load_runs(runs), holdout, started)


def compose_backtest(
    question: Question, learners: Mapping[str, Method], table: Runs, holdout: str, started: float
) -> Backtest:
    """Return the back-test of one question, with the seconds since `started`, as `time.perf_counter` tells them."""
    scores, findings = answer_held_out(question, learners, table, holdout)
    return Backtest(
        runs=table.name,
        train=question.train,
        holdout=holdout,
        level=question.level,
        seed=question.bootstrap.seed,
        resamples=question.bootstrap.resamples,
        seconds=round(time.perf_counter() - started, 3),
        methods=scores,
        warnings=once_each([*table.findings, *findings]),
    )


def answer_held_out(
    question: Question, learners: Mapping[str, Method], table: Runs, holdout: str
) -> tuple[dict[str, MethodScore], list[Finding]]:
    """Ask each method one question about the held-out runs, family by family; return rows and what to know.

    Raises:
        DataError: nothing is held out, or no family can be answered.
    """
    inside = pl.col("run").is_in(_held_out_runs(table, holdout))
    held_out, findings = _scorable(replace(table, frame=table.frame.filter(inside)))
    rest = replace(table, frame=table.frame.filter(~inside))
    families = [None] if question.pool else held_out.families
    scores, found = _run_families(question, learners, rest, held_out, families)
    return scores, [*findings, *found]


def _held_out_runs(table: Runs, holdout: str) -> list[str]:
    held = table.where(holdout).frame
    if held.height == 0:
        raise DataError(f"{table.name}: no row is held out by {holdout!r}. Name runs, such as run = '7B-4T'.")
    return held["run"].unique().to_list()


def _scorable(held: Runs) -> tuple[Runs, list[Finding]]:
    """Return the last finished row of each held-out run that has one with a size, and name the others."""
    finals = held.usable().final_rows().frame
    sized = finals.drop_nulls("flops")
    unfinished = sorted(set(held.frame["run"]) - set(finals["run"]))
    unsized = sorted(set(finals["run"]) - set(sized["run"]))
    if sized.height == 0:
        lacking = "a size" if unsized else "a finished row"
        raise DataError(f"{held.name}: no held-out run has {lacking} ({list_some(unsized or unfinished)}).")
    found = [("holdout-unfinished", unfinished, "finished row"), ("holdout-without-size", unsized, "size")]
    return replace(held, frame=sized), [_unscored(*each) for each in found if each[1]]


def _unscored(code: str, runs: list[str], lacking: str) -> Finding:
    what = f"{len(runs)} held-out runs have no {lacking} and are not scored: {list_some(runs)}."
    return Finding(code, "warning", what, "holdout")


def _run_families(
    question: Question,
    learners: Mapping[str, Method],
    rest: Runs,
    held_out: Runs,
    families: Sequence[str | None],
) -> tuple[dict[str, MethodScore], list[Finding]]:
    """Run each family; one that cannot be answered is named and not scored, unless no family can."""
    scores = {name: MethodScore() for name in learners}
    findings, failures = [], []
    for family in families:
        try:
            answered, found = _run_family(question, learners, rest, held_out, family)
        except ForetellError as error:
            failures.append(error)
            what = f"the held-out runs of family {family} are not scored: {error}"
            findings.append(Finding("family-refused", "warning", what, "holdout"))
            continue
        scores = {name: scores[name] + answered[name] for name in learners}
        findings += found
    if len(failures) == len(families):
        raise failures[0]
    return scores, findings


def _run_family(
    question: Question, learners: Mapping[str, Method], rest: Runs, held_out: Runs, family: str | None
) -> tuple[dict[str, MethodScore], list[Finding]]:
    part = held_out if family is None else held_out.in_family(family)
    targets = question.targets(part, rest, family)
    training, findings = question.training(rest, family, targets)
    scores = {}
    for name, learner in learners.items():
        try:
            fitted = learner.fit(training, question.bootstrap)
            rows, bounded = question.answers(name, fitted, training, targets, family)
            findings = [*findings, *bounded]
            emergence = tuple({"family": family or "pooled", **kept} for kept in fitted.emergence())
            scores[name] = MethodScore(tuple(rows), emergence)
        except FitError as error:
            scores[name] = MethodScore(tuple(question.refusal(training, targets, family, str(error))))
    return scores, findings
