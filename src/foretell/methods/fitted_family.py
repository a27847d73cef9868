"""A method fitted to the rows of one family, which answers any target without another fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from foretell.errors import Finding
from foretell.methods.base import Forecaster, Method
from foretell.methods.evidence import LossAlone, curves_of_outcomes, fit_loss_alone, gather_evidence, knows_loss
from foretell.methods.question import Question, describe_laws
from foretell.methods.training import Training
from foretell.results import Row
from foretell.runs import Runs
from foretell.targets import Target


@dataclass(frozen=True)
class Answer:
    """What the laws of one family say, as it goes into a forecast."""

    rows: list[Row]
    laws: list[dict[str, Any]]
    emergence: list[dict[str, Any]]
    candidates: list[dict[str, Any]]
    training: dict[str, Any]
    evidence: dict[str, Any] | None
    findings: list[Finding]


@dataclass(frozen=True, eq=False)
class FittedFamily:
    """One method, fitted to the training rows of one family.

    Attributes:
        question: What was asked of the table.
        learner: The method as configured.
        name: The method as it was typed.
        family: Whose laws these are; `None` where families are pooled.
        training: What it was fitted to.
        fitted: The method as fitted.
        findings: What was found in the training rows.
    """

    question: Question
    learner: Method
    name: str
    family: str | None
    training: Training
    fitted: Forecaster
    findings: list[Finding]

    @cached_property
    def alone(self) -> LossAlone | None:
        """The general loss by the same method, for charts; `None` where there is none before the outcomes."""
        return None if self.training.losses else fit_loss_alone(self.question, self.learner, self.training)

    def rows(self, targets: Sequence[Target]) -> tuple[list[Row], list[Finding]]:
        """Return one row per target and outcome, and what to know about them."""
        return self.question.answers(self.name, self.fitted, self.training, targets, self.family)

    def answer(self, targets: Sequence[Target], *, evidence: bool = False) -> Answer:
        """Return all there is to say of some targets; with evidence for charts where it is wanted."""
        rows, bounded = self.rows(targets)
        whose = {"family": self.family or "pooled"}
        return Answer(
            rows=rows,
            laws=describe_laws(self.fitted, self.training, self.family),
            emergence=[{**whose, **kept} for kept in self.fitted.emergence()],
            candidates=[{**whose, **each} for each in self.fitted.candidates(targets)],
            training=self._taught(),
            evidence=self.evidence(targets) if evidence else None,
            findings=[*self.findings, *bounded],
        )

    def evidence(self, targets: Sequence[Target]) -> dict[str, Any]:
        """Return what the forecasts of some targets rest on, as plain data for charts."""
        asked = (self.question, self.learner, self.fitted, self.training, targets, self.family)
        return gather_evidence(*asked, alone=self.alone)

    def curves(self, targets: Sequence[Target]) -> dict[str, list[dict[str, Any]]]:
        """Return each outcome on the way to some targets, by its name, for charts that move."""
        return curves_of_outcomes(self.question, self.fitted, self.training, targets)

    @cached_property
    def knows_loss(self) -> bool:
        """Whether its scores can be drawn over the loss."""
        return knows_loss(self.question, self.fitted, self.training, Target("", self.training.largest_flops))

    def _taught(self) -> dict[str, Any]:
        """Return which runs taught, and how far they reach."""
        return {
            "family": self.family or "pooled",
            "runs": list(self.training.run_names),
            "n_checkpoints": len(self.training.run),
            "largest_flops": self.training.largest_flops,
        }


def fit_family(
    question: Question, learner: Method, name: str, table: Runs, family: str | None, targets: Sequence[Target] = ()
) -> FittedFamily:
    """Fit a method to the training rows of one family.

    Args:
        question: What is asked of the table.
        learner: The method as configured.
        name: The method as it was typed.
        table: The run table.
        family: Whose rows; `None` to pool all.
        targets: Whose distance from the training runs is among the findings.

    Raises:
        DataError: nothing usable is left.
        FitError: there are too few runs for the method's laws.
    """
    training, found = question.training(table, family, targets)
    fitted = learner.fit(training, question.bootstrap)
    return FittedFamily(question, learner, name, family, training, fitted, found)
