r"""A second stage that saturates, and that a lower loss can only help."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from foretell.errors import DataError
from foretell.fitting.adam import Params, Problem, Recipe, train
from foretell.methods.flpm.stage_two import FittedStageTwo, Lesson, Scale, StageTwo


@dataclass(frozen=True)
class MonotoneSigmoid:
    r"""The share of the way from chance to the ceiling: $\sigma(b - \sum_k w_k z_k)$, $w_k = \ln(1 + e^{v_k}) > 0$."""

    def __call__(self, params: Any, x: Any, xp: Any) -> Any:
        """Return shares `(..., m)` at standardised losses `(..., m, K)`."""
        reach = xp.einsum("...mk,...k->...m", x, self.weights(params, xp))
        return 0.5 * (1.0 + xp.tanh(0.5 * (params["b"][..., None] - reach)))

    def penalised(self, params: Any, xp: Any) -> Sequence[Any]:
        """Return the weights, not the intercept."""
        return [self.weights(params, xp)]

    def widened(self, params: Params, n_inputs: int) -> Params:
        """Return parameters for more inputs, whose weights are as good as 0."""
        more = n_inputs - params["v"].shape[-1]
        return {**params, "v": np.pad(params["v"], ((0, 0), (0, more)), constant_values=-40.0)}

    def weights(self, params: Any, xp: Any) -> Any:
        """Return the weight of each loss, `(..., K)`."""
        return xp.logaddexp(0.0, params["v"])


@dataclass(frozen=True)
class Monotone(StageTwo):
    r"""Score from all domain losses: $P = c + (u - c)\, \sigma(b - \sum_k w_k z_k)$, $w_k \ge 0$.

    $c$ is chance, $u$ the ceiling.

    What a line and a network don't know: scores end, and no loss that falls does harm. It is
    trained as the network is, on every row. The penalty shares the weight of collinear domains
    between them.

    Attributes:
        ceiling: The score that endless scaling reaches.
        decay: Strength of the L2 penalty on the weights.
        steps: Of Adam.
        refits: Resamples of runs that it is fitted to; more draws than that use them again.
        stretches: Rows of a run and task at most.
    """

    name: ClassVar[str] = "monotone"

    ceiling: float = 1.0
    decay: float = 0.01
    steps: int = 2000
    refits: int = 64
    stretches: int = 8

    def __post_init__(self) -> None:
        if not 0.0 < self.ceiling <= 1.0:
            raise DataError(f"monotone: ceiling is {self.ceiling:g}. Give a score above 0 and up to 1.")
        for field in ("steps", "refits", "stretches"):
            if not getattr(self, field) >= 1:
                raise DataError(f"monotone: {field} is {getattr(self, field)}. Give a whole number from 1.")
        Recipe(self.steps, decay=self.decay)

    @property
    def beyond(self) -> str:
        """How it goes on outside its training losses."""
        return "a sigmoid bends towards its ceiling"

    @property
    def most_refits(self) -> int:
        """To how many resamples it is fitted at most."""
        return self.refits

    def fit(self, lesson: Lesson) -> "FittedMonotone":
        """Fit every task and resample."""
        taught = [self._prepare(lesson, t) for t in range(len(lesson.tasks))]
        params = train(MonotoneSigmoid(), [problem for problem, _ in taught], Recipe(self.steps, decay=self.decay))
        return FittedMonotone(self, lesson, [scale for _, scale in taught], params)

    def _prepare(self, lesson: Lesson, t: int) -> tuple[Problem, Scale]:
        """Return what is trained for a task, with the scale of its losses."""
        if self.ceiling <= lesson.chance[t]:
            raise DataError(
                f"monotone: ceiling {self.ceiling:g} is not above the chance level of {lesson.tasks[t]}, "
                f"{lesson.chance[t]:g}. Raise it."
            )
        rows = lesson.rows(t).in_stretches(self.stretches)
        x, n_domains = Scale.of(rows.losses, rows.weight), rows.losses.shape[1]
        share = (rows.scores - lesson.chance[t]) / (self.ceiling - lesson.chance[t])
        resampled = np.where(lesson.determined[:, t, None], lesson.counts, 1.0)[:, rows.run]
        weights = rows.weight * np.concatenate([np.ones((1, len(rows.run))), resampled])
        middle = np.clip(np.average(share, weights=rows.weight), 0.01, 0.99)
        start = {
            "v": np.full((len(weights), n_domains), np.log(np.expm1(1.0 / n_domains))),
            "b": np.full(len(weights), np.log(middle / (1.0 - middle))),
        }
        unit = float(Scale.of(share[:, None], rows.weight).spread[0])
        return Problem(x.standardise(rows.losses), share, weights, start, unit), x


@dataclass(frozen=True, eq=False)
class FittedMonotone(FittedStageTwo):
    """The sigmoids of `T` tasks.

    Attributes:
        stage: The configuration.
        lesson: What they learned from.
        scales: Of the losses, for each task.
        params: Of each task; the fit to all runs first, then one for each resample.
    """

    stage: Monotone
    lesson: Lesson
    scales: list[Scale]
    params: list[Params]

    def value(self, losses: np.ndarray) -> np.ndarray:
        """Return the sigmoids at losses `(m, K)`, as `(m, T)`."""
        return self._all(losses[None], slice(None, 1))[0]

    def draws(self, losses: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return the sigmoid of each resample, `(R, m, T)`."""
        use = np.arange(len(self.lesson.counts)) if which is None else which
        return np.where(self.lesson.determined[use, None, :], self._all(losses, 1 + use), np.nan)

    def describe(self) -> list[dict[str, Any]]:
        """Return the weight of each domain, in logits per standard deviation of its loss."""
        return [self._describe(t, task) for t, task in enumerate(self.lesson.tasks)]

    def _all(self, losses: np.ndarray, which: slice | np.ndarray) -> np.ndarray:
        return np.stack([self._of_task(t, losses, which) for t in range(len(self.params))], axis=-1)

    def _of_task(self, t: int, losses: np.ndarray, which: slice | np.ndarray) -> np.ndarray:
        chance, params = self.lesson.chance[t], {name: values[which] for name, values in self.params[t].items()}
        share = MonotoneSigmoid()(params, self.scales[t].standardise(losses), np)
        return chance + (self.stage.ceiling - chance) * share

    def _describe(self, t: int, task: str) -> dict[str, Any]:
        weights = MonotoneSigmoid().weights(self.params[t], np)[0].tolist()
        return {
            "of": f"score/{task}",
            "law": Monotone.name,
            "ceiling": self.stage.ceiling,
            "weights": dict(zip(self.lesson.domains, weights, strict=True)),
            "n_points": int(self.lesson.kept[t].sum()),
            "status": "converged",
        }
