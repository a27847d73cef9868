"""How many parameters and tokens to buy for a budget, with intervals."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from foretell.errors import DataError, FitError
from foretell.fitting.bootstrap import Bootstrap, coverage, interval
from foretell.fitting.fit import fit
from foretell.io import load_runs
from foretell.laws import Chinchilla
from foretell.planning.allocation import REACH, Demand, best_params, loss_at
from foretell.planning.iso_flop import IsoFlop, iso_flops, trend
from foretell.planning.known import Known, finished
from foretell.planning.number import positive
from foretell.planning.sizes import Sizes
from foretell.units import format_quantity, parse_quantity

FEWEST = 8  # finished runs: three more than the law has parameters
FLAT = 1e-3  # an exponent below it is none
MOST_PARABOLAS = 300  # resamples of the parabolas
SPREAD = 0.1  # e-folds that runs must lie off one line of sizes, root mean square, to tell parameters from tokens
FAR = 100.0  # times beyond the sizes of the runs, where a best size at their own compute is no finding
MOST_LOST = 0.2  # of the resamples whose law may not be found before the intervals mean nothing


@dataclass(frozen=True)
class Range:
    """A number with its interval.

    Attributes:
        value: The best estimate.
        low: Lower end; `None` where too few resamples tell it.
        high: Upper end.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Split:
    """The best use of one budget.

    Attributes:
        flops: FLOPs, serving included.
        n_params: Parameters.
        n_tokens: Tokens to train on.
        tokens_per_param: Their ratio.
        loss: Nats per token.
        n_params_iso_flop: By the parabolas' trend; `None` where there are too few of them.
        inside: Whether the budget is no more than that of the largest run.
    """

    flops: float
    n_params: Range
    n_tokens: Range
    tokens_per_param: Range
    loss: Range
    n_params_iso_flop: Range | None
    inside: bool


@dataclass(frozen=True)
class Allocation:
    """What `allocate` answers.

    Attributes:
        runs: Name of the table.
        n_runs: Finished runs used.
        exponent: Of compute in the best number of parameters, by the law.
        exponent_iso_flop: The same by the parabolas; `None` where there are too few.
        splits: One a budget.
        iso_flops: The parabolas, refused ones too.
        level: Coverage of the intervals.
        served: Tokens to be served.
        unique: Different tokens, where they are limited.
    """

    runs: str
    n_runs: int
    exponent: Range
    exponent_iso_flop: Range | None
    splits: tuple[Split, ...]
    iso_flops: tuple[IsoFlop, ...]
    level: float
    served: float
    unique: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain = asdict(self)
        return {**plain, "splits": list(plain["splits"]), "iso_flops": list(plain["iso_flops"])}


def allocate(
    runs: Any,
    budgets: float | str | Sequence[float | str],
    *,
    family: str | None = None,
    train: str | None = None,
    loss: str | None = None,
    served: float | str = 0.0,
    unique: float | str | None = None,
    level: float = 0.9,
    seed: int = 0,
    resamples: int = 1000,
) -> Allocation:
    """Find the parameters and tokens of least loss for each budget.

    The law is Chinchilla's, fitted as its authors did (Huber, 0.001, on the log loss), and to
    resamples of the runs; beside it stand the bottoms of isoFLOP parabolas, where runs of equal
    compute bracket one.

    Args:
        runs: A path, a public table's name, or a data frame.
        budgets: FLOPs of training and serving together.
        family: The family, where there are several.
        train: SQL predicate that chooses the rows.
        loss: Column of the loss; the general one when not given.
        served: Tokens that the model will read and write in its life; 2 N FLOPs each.
        unique: Different tokens that there are; more are repeated, and worth less.
        level: Coverage of the intervals, between 0 and 1.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Raises:
        DataError: there are too few runs, or a number is out of range.
        FitError: the law is not found in the runs, or in too many resamples of them.
    """
    level = coverage(level)
    demands = _demands(budgets, served, unique)
    known = finished(load_runs(runs).where(train), family, loss)
    if len(known.runs) < FEWEST:
        raise DataError(f"{known.name}: {len(known.runs)} finished runs. An allocation needs at least {FEWEST}.")
    if _off_a_line(known.sizes) < SPREAD:
        raise FitError(f"{_confounded(known)}: they lie on one line of sizes. Vary both more.")
    counts = Bootstrap(resamples, seed).run_counts(len(known.runs), n_needed=len(Chinchilla.params()) + 1).astype(int)
    law, drawn = _laws(known, counts)
    parabolas = _Parabolas.of(known, counts, level)
    return Allocation(
        runs=known.name,
        n_runs=len(known.runs),
        exponent=_range(_exponent(law)[0], _exponent(drawn), level),
        exponent_iso_flop=parabolas.exponent(),
        splits=tuple(_split(law, drawn, demand, parabolas, known, level) for demand in demands),
        iso_flops=parabolas.found,
        level=level,
        served=demands[0].served,
        unique=demands[0].unique,
    )


@dataclass(frozen=True, eq=False)
class _Parabolas:
    """The trend through the bottoms of parabolas, and those of resamples `(R, 2)`: exponent and level."""

    found: tuple[IsoFlop, ...]
    line: tuple[float, float] | None
    drawn: np.ndarray
    level: float

    @classmethod
    def of(cls, known: Known, counts: np.ndarray, level: float) -> "_Parabolas":
        found = tuple(iso_flops(known.sizes, known.loss))
        line = trend(found)
        if line is None:
            return cls(found, None, np.empty((0, 2)), level)
        drawn = (trend(iso_flops(*_again(known, each))) for each in counts[:MOST_PARABOLAS])
        return cls(found, line, np.array([each for each in drawn if each is not None]).reshape(-1, 2), level)

    def exponent(self) -> Range | None:
        return None if self.line is None else _range(self.line[0], self.drawn[:, 0], self.level)

    def n_params(self, flops: float) -> Range | None:
        if self.line is None:
            return None
        at = np.array([np.log(flops), 1.0])
        return _range(float(np.exp(at @ self.line)), np.exp(self.drawn @ at), self.level)


def _again(known: Known, counts: np.ndarray) -> tuple[Sizes, np.ndarray]:
    """Return the runs of a resample, as often as they were drawn."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return known.sizes.take(rows), known.loss[rows]


def _laws(known: Known, counts: np.ndarray) -> tuple[Chinchilla, Chinchilla]:
    """Return the law, and those of resamples that were found."""
    x = {"n_params": known.sizes.n_params, "n_tokens": known.sizes.n_tokens}
    best = fit(Chinchilla, known.loss, x).require_converged()
    drawn = fit(Chinchilla, known.loss, x, resamples=counts, around=best.law)
    good = np.isfinite(drawn.law.values).all(axis=-1) & drawn.converged & _has_optimum(drawn.law, known.sizes)
    if good.mean() < 1 - MOST_LOST or not _has_optimum(best.law, known.sizes):
        raise FitError(f"{_confounded(known)} ({good.mean():.0%} of resamples have a law). Vary both more.")
    return best.law, drawn.law[good]


def _confounded(known: Known) -> str:
    return f"{known.name}: parameters and tokens cannot be told apart in its finished runs"


def _off_a_line(sizes: Sizes) -> float:
    """Return how far runs lie off the line that is nearest to them in the logarithms of both, root mean square."""
    logs = np.log(sizes.table)
    return float(np.linalg.svd(logs - logs.mean(axis=0), compute_uv=False)[-1] / np.sqrt(len(logs)))


def _has_optimum(law: Chinchilla, sizes: Sizes) -> np.ndarray:
    """Tell where both terms fall, and the best split of the runs' own compute is not far from all of them."""
    falls = (np.asarray(law.alpha) > FLAT) & (np.asarray(law.beta) > FLAT)
    with np.errstate(all="ignore"):  # of laws that do not fall
        best = best_params(law, Demand(float(np.exp(np.mean(np.log(sizes.flops))))))
    near = (best > sizes.n_params.min() / FAR) & (best < sizes.n_params.max() * FAR)
    return falls & near.reshape(falls.shape)


def _exponent(law: Chinchilla) -> np.ndarray:
    return np.atleast_1d(law.beta / (law.alpha + law.beta))


def _split(
    law: Chinchilla, drawn: Chinchilla, demand: Demand, parabolas: _Parabolas, known: Known, level: float
) -> Split:
    best, resampled = _best(law, demand), _best(drawn, demand)
    if not np.isfinite(best[0][0]):
        raise DataError(_no_best(demand))
    n_params, n_tokens, ratio, loss = (_range(one[0], many, level) for one, many in zip(best, resampled, strict=True))
    alone = demand.served == 0 and demand.unique is None
    return Split(
        flops=demand.flops,
        n_params=n_params,
        n_tokens=n_tokens,
        tokens_per_param=ratio,
        loss=loss,
        n_params_iso_flop=parabolas.n_params(demand.flops) if alone else None,
        inside=bool(demand.flops <= known.sizes.flops.max()),
    )


def _best(law: Chinchilla, demand: Demand) -> tuple[np.ndarray, ...]:
    """Return parameters, tokens, their ratio and the loss of the best split under each law."""
    n_params = best_params(law, demand)
    n_tokens = demand.n_tokens(n_params)
    return n_params, n_tokens, n_tokens / n_params, loss_at(law, n_params[:, None], demand)[:, 0]


def _no_best(demand: Demand) -> str:
    what = f"a budget of {format_quantity(demand.flops)} FLOPs has no best size"
    if demand.served:
        what += f" that serves {format_quantity(demand.served)} tokens"
    if demand.unique is not None:
        what += f" with {format_quantity(demand.unique)} different tokens"
    what += f" within a factor of {np.exp(REACH):.0f} of the one without such limits"
    return f"{what}. Raise the budget, or loosen them."


def _range(value: float, drawn: np.ndarray, level: float) -> Range:
    if np.isfinite(drawn).sum() * (1 - level) / 2 < 1 - 1e-9:
        return Range(float(value), None, None)
    low, high = interval(drawn, np.array(value), level)
    return Range(float(value), float(low), float(high))


def _demands(
    budgets: float | str | Sequence[float | str], served: float | str, unique: float | str | None
) -> list[Demand]:
    several = [budgets] if isinstance(budgets, float | int | str) else list(budgets)
    if not several:
        raise DataError("there is no budget. Give positive FLOPs, such as 1e21.")
    to_serve = parse_quantity(served)
    if to_serve < 0:
        raise DataError(f"{served} tokens to be served. Give 0 or more.")
    different = None if unique is None else positive("different tokens", unique, "2e11")
    return [Demand(positive("a budget", each, "1e21"), to_serve, different) for each in several]
