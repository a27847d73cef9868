r"""The paper's second stage: a small network for each benchmark, from all domain losses to its score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from foretell.errors import DataError
from foretell.fitting.adam import Params, Problem, Recipe, train
from foretell.methods.flpm.stage_two import FittedStageTwo, Lesson, Scale, StageTwo
from foretell.registry import Registry

ACTIVATIONS: Registry[Callable[[Any, Any], Any]] = Registry(
    "activation",
    {
        "relu": lambda z, xp: xp.maximum(z, 0.0),
        "tanh": lambda z, xp: xp.tanh(z),
        "gelu": lambda z, xp: 0.5 * z * (1.0 + xp.tanh(0.7978845608028654 * (z + 0.044715 * z**3))),
    },
)


@dataclass(frozen=True)
class TwoLayer:
    r"""$P = b_2 + \sum_h w_{2h}\, \phi(b_{1h} + \sum_k w_{1hk} z_k)$.

    Attributes:
        activation: A key of `ACTIVATIONS`.
    """

    activation: str

    def __call__(self, params: Any, x: Any, xp: Any) -> Any:
        """Return outputs `(..., m)` at inputs `(..., m, K)`; hidden units one by one, which is what compiles well."""
        act, out = ACTIVATIONS[self.activation], params["b2"][..., None]
        for h in range(params["b1"].shape[-1]):
            z = xp.einsum("...mk,...k->...m", x, params["w1"][..., h, :]) + params["b1"][..., h, None]
            out = out + params["w2"][..., h, None] * act(z, xp)
        return out

    def penalised(self, params: Any, xp: Any) -> Sequence[Any]:  # noqa: ARG002
        """Return all parameters, as the usual optimisers penalise them."""
        return list(params.values())

    def widened(self, params: Params, n_inputs: int) -> Params:
        """Return parameters for more inputs."""
        more = n_inputs - params["w1"].shape[-1]
        return {**params, "w1": np.pad(params["w1"], ((0, 0), (0, 0), (0, more)))}


@dataclass(frozen=True)
class Network(StageTwo):
    """An ensemble of two-layer networks, one hidden layer and a linear output, for each task.

    The published recipe, with what it leaves open filled in: losses and scores are standardised
    in the rows that teach (on raw losses the hidden units die, and a penalty on weights would
    mean another thing for each task); starting weights are uniform in plus or minus one over the
    root of the inputs; the forecast is the median over the starts, which a network that found
    nothing does not move. Neighbouring checkpoints of a run are averaged into stretches that
    count for as many; that costs little and saves much.

    Attributes:
        width: Hidden units; not published.
        activation: `relu`, `tanh` or `gelu`; not published.
        steps: Of Adam, on all rows.
        rate: Learning rate at first; it falls linearly to 0.
        decay: Strength of the L2 penalty.
        seeds: Starts of the ensemble.
        refits: Resamples of runs that it is trained on, from a start of its own each; more draws
            than that use them again.
        stretches: Rows of a run and task at most.

    Reference: Chen et al. 2025, arXiv:2410.08527, stage two of FLP-M.
    """

    name: ClassVar[str] = "network"

    width: int = 3
    activation: str = "relu"
    steps: int = 2000
    rate: float = 0.05
    decay: float = 0.01
    seeds: int = 8
    refits: int = 64
    stretches: int = 8

    def __post_init__(self) -> None:
        ACTIVATIONS[self.activation]
        for field in ("width", "steps", "seeds", "refits", "stretches"):
            if not getattr(self, field) >= 1:
                raise DataError(f"network: {field} is {getattr(self, field)}. Give a whole number from 1.")
        Recipe(self.steps, self.rate, self.decay)

    @property
    def beyond(self) -> str:
        """How it goes on outside its training losses."""
        return {"relu": "a ReLU network goes on straight", "gelu": "a GELU network goes on nearly straight"}.get(
            self.activation, "a tanh network flattens out"
        )

    @property
    def most_refits(self) -> int:
        """To how many resamples it is trained at most."""
        return self.refits

    def fit(self, lesson: Lesson) -> "FittedNetwork":
        """Train every task, start and resample."""
        taught = [self._prepare(lesson, t) for t in range(len(lesson.tasks))]
        recipe = Recipe(self.steps, self.rate, self.decay)
        params = train(TwoLayer(self.activation), [problem for problem, _, _ in taught], recipe)
        scales = [(x, y) for _, x, y in taught]
        return FittedNetwork(self, lesson, scales, params)

    def _prepare(self, lesson: Lesson, t: int) -> tuple[Problem, Scale, Scale]:
        """Return what is trained for a task, with the scales of its losses and of its score."""
        rows = lesson.rows(t).in_stretches(self.stretches)
        x, y = Scale.of(rows.losses, rows.weight), Scale.of(rows.scores[:, None], rows.weight)
        resampled = np.where(lesson.determined[:, t, None], lesson.counts, 1.0)[:, rows.run]
        weights = rows.weight * np.concatenate([np.ones((self.seeds, len(rows.run))), resampled])
        start = starting_weights(len(weights), self.width, rows.losses.shape[1])
        return Problem(x.standardise(rows.losses), y.standardise(rows.scores[:, None])[:, 0], weights, start), x, y


def starting_weights(n_members: int, width: int, n_inputs: int) -> Params:
    """Draw the weights that members start from; the i-th is the same however many there are."""
    each = [np.random.default_rng([i, width, n_inputs]) for i in range(n_members)]
    first, second = n_inputs**-0.5, width**-0.5
    drawn = [(g.uniform(-first, first, (width, n_inputs + 1)), g.uniform(-second, second, width + 1)) for g in each]
    hidden, output = (np.stack(part) for part in zip(*drawn, strict=True))
    return {"w1": hidden[..., :-1], "b1": hidden[..., -1], "w2": output[:, :-1], "b2": output[:, -1]}


@dataclass(frozen=True, eq=False)
class FittedNetwork(FittedStageTwo):
    """The networks of `T` tasks.

    Attributes:
        stage: The configuration.
        lesson: What they learned from.
        scales: Of losses and of score, for each task.
        params: Of each task; the ensemble first, then one network for each resample.
    """

    stage: Network
    lesson: Lesson
    scales: list[tuple[Scale, Scale]]
    params: list[Params]

    def value(self, losses: np.ndarray) -> np.ndarray:
        """Return the median over the ensemble at losses `(m, K)`, as `(m, T)`."""
        return np.median(self.members(losses), axis=0)

    def members(self, losses: np.ndarray) -> np.ndarray:
        """Return what each network of the ensemble says at losses `(m, K)`, as `(seeds, m, T)`."""
        return self._all(losses[None], slice(None, self.stage.seeds))

    def draws(self, losses: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return the network of each resample, `(R, m, T)`."""
        use = np.arange(len(self.lesson.counts)) if which is None else which
        drawn = self._all(losses, self.stage.seeds + use)
        return np.where(self.lesson.determined[use, None, :], drawn, np.nan)

    def describe(self) -> list[dict[str, Any]]:
        """Return how the networks of each task were trained."""
        return [self._describe(t, task) for t, task in enumerate(self.lesson.tasks)]

    def _all(self, losses: np.ndarray, which: slice | np.ndarray) -> np.ndarray:
        return np.stack([self._of_task(t, losses, which) for t in range(len(self.params))], axis=-1)

    def _of_task(self, t: int, losses: np.ndarray, which: slice | np.ndarray) -> np.ndarray:
        (x, y), params = self.scales[t], {name: values[which] for name, values in self.params[t].items()}
        return y.centre[0] + y.spread[0] * TwoLayer(self.stage.activation)(params, x.standardise(losses), np)

    def _describe(self, t: int, task: str) -> dict[str, Any]:
        rows = self.lesson.rows(t).in_stretches(self.stage.stretches)
        wide = {"hidden": self.stage.width, "activation": self.stage.activation, "seeds": self.stage.seeds}
        return {
            "of": f"score/{task}",
            "law": Network.name,
            **wide,
            "residual": float(
                np.sqrt(np.average((self.value(rows.losses)[:, t] - rows.scores) ** 2, weights=rows.weight))
            ),
            "n_points": len(rows.scores),
            "status": f"trained for {self.stage.steps} steps",
        }
