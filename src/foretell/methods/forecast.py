"""Forecast the scores, or losses, of models that have not been trained."""

import time
from collections.abc import Sequence
from typing import Any

from foretell.errors import DataError, Finding
from foretell.fitting.bootstrap import Bootstrap
from foretell.io import load_runs
from foretell.methods import DEFAULT_METHOD, Method, parse_method
from foretell.methods.fitted_family import Answer, fit_family
from foretell.methods.question import Question
from foretell.results import Forecast, once_each
from foretell.runs import Runs
from foretell.targets import Target, describe_target, parse_target


def forecast(
    runs: Any,
    at: str | Sequence[str],
    *,
    train: str | None = None,
    tasks: Sequence[str] | None = None,
    losses: Sequence[str] | None = None,
    loss: str | None = None,
    method: str = DEFAULT_METHOD,
    level: float = 0.9,
    margin: float | None = None,
    seed: int = 0,
    resamples: int = 1000,
    pool: bool = False,
    evidence: bool = False,
) -> Forecast:
    """Forecast each task at each target.

    Args:
        runs: A path, a public table's name, or a data frame; see `load_runs`.
        at: Targets such as `n_params=7e9,n_tokens=4e12`.
        train: SQL predicate over the columns that chooses the training rows.
        tasks: Tasks to forecast; the table's default tasks when not given.
        losses: Loss columns to forecast instead of tasks.
        loss: Column of the general loss; the table's own when not given.
        method: A method, with laws behind a colon if wanted: `flp:chinchilla+sigmoid`.
        level: Coverage of the interval, between 0 and 1.
        margin: How far above chance a checkpoint counts, as a score.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
        pool: Fit all families together.
        evidence: Carry along what the forecast rests on, for charts: checkpoints, laws along the way, residuals.

    Returns:
        One row per target and outcome, with the fitted laws and coded warnings.

    Raises:
        DataError: the table, a predicate or a target cannot be used.
        FitError: there are too few runs for the method's laws.
        UnknownName: a task, loss, family, method or law does not exist.
    """
    started = time.perf_counter()
    question = Question(train, tasks, losses, loss, level, pool, Bootstrap(resamples, seed))
    learner = parse_method(method, margin)
    table = load_runs(runs)
    targets, findings = parse_targets([at] if isinstance(at, str) else at, table, learner)
    answers = [
        fit_family(question, learner, method, table, family, group).answer(group, evidence=evidence)
        for family, group in _by_family(targets, table, table.where(train), pool).items()
    ]
    return compose(question, method, table, targets, answers, findings, time.perf_counter() - started)


def compose(
    question: Question,
    method: str,
    table: Runs,
    targets: Sequence[Target],
    answers: Sequence[Answer],
    findings: Sequence[Finding],
    seconds: float,
) -> Forecast:
    """Put what the laws of each family say together.

    Args:
        question: What was asked of the table.
        method: As it was typed.
        table: The run table.
        targets: The models that are forecast.
        answers: Of each family.
        findings: What was assumed when the targets were read.
        seconds: That it took.
    """
    found = [finding for answer in answers for finding in answer.findings]
    evidence = tuple(answer.evidence for answer in answers if answer.evidence)
    return Forecast(
        runs=table.name,
        train=question.train,
        method=method,
        level=question.level,
        seed=question.bootstrap.seed,
        resamples=question.bootstrap.resamples,
        seconds=round(seconds, 3),
        forecasts=tuple(row for answer in answers for row in answer.rows),
        laws=tuple(law for answer in answers for law in answer.laws),
        emergence=tuple(kept for answer in answers for kept in answer.emergence),
        warnings=once_each([*table.findings, *findings, *found]),
        candidates=tuple(each for answer in answers for each in answer.candidates),
        targets=tuple(describe_target(target) for target in targets),
        training=tuple(answer.training for answer in answers),
        evidence=evidence or None,
    )


def parse_targets(texts: Sequence[str], table: Runs, learner: Method) -> tuple[list[Target], list[Finding]]:
    """Read targets as they are typed, and say what was assumed, and whether the method takes no notice of mixtures.

    Raises:
        DataError: there is none, or one cannot be read.
    """
    if not texts:
        raise DataError("there is no target. Give one, such as n_params=7e9,n_tokens=4e12.")
    parsed = [parse_target(text, table) for text in texts]
    targets = [target for target, _ in parsed]
    unused = [] if learner.knows_mixtures else _mixtures_not_used(targets)
    return targets, [*(finding for _, found in parsed for finding in found), *unused]


def _mixtures_not_used(targets: Sequence[Target]) -> list[Finding]:
    """Say that a target's mixture moves nothing."""
    named = [target.run for target in targets if target.share]
    if not named:
        return []
    what = f"the mixture of {', '.join(named)} is carried along, but these laws do not know mixtures."
    fix = "Train on runs of that mixture: --train '\"share/code\" = 0.3', or use flpm."
    return [Finding("mixture-not-used", "warning", what, "target", "Another mixture has another loss.", fix)]


def _by_family(targets: Sequence[Target], table: Runs, chosen: Runs, pool: bool) -> dict[str | None, list[Target]]:
    grouped: dict[str | None, list[Target]] = {}
    for target in targets:
        grouped.setdefault(None if pool else family_of(target, table, chosen), []).append(target)
    return grouped


def family_of(target: Target, table: Runs, chosen: Runs) -> str:
    """Return the family that a target names, else the only one there is to learn from."""
    if target.family is not None:
        table.in_family(target.family)
        return target.family
    families = chosen.families or table.families
    if len(families) == 1:
        return families[0]
    raise DataError(
        f"{table.name} holds {len(families)} families ({', '.join(families[:8])}). "
        "Name the target's, as in --at family=..., or fit all together with --pool."
    )
