"""How fast fits are beside what the field uses, each with its own optimum, on the same data in the same run.

    python benchmarks/peers.py             # a sample of the peers' starts and refits, scaled up; a few minutes
    python benchmarks/peers.py --all       # every start and refit of theirs; half an hour and more

Writes benchmarks/PEERS.md. The peers: scipy, as the replication of Chinchilla uses it (Besiroglu et al. 2024,
arXiv:2404.10102: 4,500 starts of L-BFGS-B on Huber's penalty of the logarithm), with the gradient that it works out by
differences and with the exact one; the package `chinchilla` where it is installed; the ladder paper's chain (Bhagia et
al. 2024, arXiv:2412.04403) written with scipy; a log-linear law of mixtures (Ye et al. 2024, arXiv:2403.16952, whose
M1 has one exponential a domain) fitted with scipy, domain by domain.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TypeVar

import numpy as np
from scipy.optimize import curve_fit, least_squares, minimize
from scipy.special import logsumexp

import foretell
from foretell.fitting.fit import fit
from foretell.laws import Chinchilla
from foretell.methods.mixtures import fit_domain_losses
from foretell.methods.training import training_set

PAGE = Path(__file__).parent / "PEERS.md"
DELTA = 1e-3
GRID = (*(np.arange(0, 26, 5),) * 2, np.arange(-1, 1.1, 0.5), *(np.arange(0, 2.1, 0.5),) * 2)  # a, b, e, alpha, beta
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
HOLDOUT = "run IN ('7B-4T', '13B-5T')"
Result = TypeVar("Result")
SAMPLE = 60  # of a peer's starts and refits, unless all are asked for


@dataclass(frozen=True)
class Timed:
    """What one contestant took, and how low it came.

    Attributes:
        who: Its name.
        seconds: Of all the work.
        optimum: The lowest objective it found; `None` where the question has none.
        note: What is to be known of the figures.
    """

    who: str
    seconds: float
    optimum: float | None = None
    note: str = ""


# ---------- the Chinchilla law on 240 points


def points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return parameters, tokens and losses of Hoffmann's runs that are kept."""
    frame = foretell.load_runs("chinchilla").usable().frame
    return frame["n_params"].to_numpy(), frame["n_tokens"].to_numpy(), frame["loss/massivetext"].to_numpy()


def objective(free: np.ndarray, n: np.ndarray, d: np.ndarray, loss: np.ndarray, weight: np.ndarray) -> float:
    """Return the sum of Huber's penalties at `a, b, e, alpha, beta`, the first three logarithms."""
    r = np.abs(_forecast(free, n, d) - np.log(loss))
    return float(np.sum(weight * np.where(r <= DELTA, 0.5 * r**2, DELTA * (r - 0.5 * DELTA))))


def gradient(free: np.ndarray, n: np.ndarray, d: np.ndarray, loss: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return its exact gradient."""
    terms, total = _terms(free, n, d), _forecast(free, n, d)
    slope = weight * np.clip(total - np.log(loss), -DELTA, DELTA)
    share = np.exp(terms - total)
    parts = [share[0], share[1], share[2], -share[0] * np.log(n), -share[1] * np.log(d)]
    return np.array([np.sum(slope * part) for part in parts])


def _terms(free: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    a, b, e, alpha, beta = free
    return np.stack([a - alpha * np.log(n), b - beta * np.log(d), np.full(len(n), e)])


def _forecast(free: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    return np.asarray(logsumexp(_terms(free, n, d), axis=0))


def scipy_fit(start: np.ndarray, weight: np.ndarray, exact: bool) -> float:
    """Return the objective at the end of one start of L-BFGS-B."""
    found = minimize(
        objective, start, (*points_kept(), weight), method="L-BFGS-B", jac=gradient if exact else None,
        options={"maxiter": 5000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-10},
    )  # fmt: skip
    return float(found.fun)


def scipy_fits(starts: np.ndarray, weights: np.ndarray, exact: bool) -> list[float]:
    """Return the objective at the end of each start, with weights of its own."""
    return [scipy_fit(start, weight, exact) for start, weight in zip(starts, weights, strict=True)]


POINTS: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []


def points_kept() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points, read once."""
    if not POINTS:
        POINTS.append(points())
    return POINTS[0]


def grid_of_starts(everything: bool) -> Iterator[Timed]:
    """Time the grid of 4,500 starts."""
    n, d, loss = points_kept()
    sizes, starts = {"n_params": n, "n_tokens": d}, np.array(list(product(*GRID)))
    ours = np.stack([np.exp(starts[:, 2]), np.exp(starts[:, 0]), starts[:, 3], np.exp(starts[:, 1]), starts[:, 4]], -1)
    call = partial(fit, Chinchilla, loss, sizes, starts=ours)
    yield Timed("foretell, 4,500 starts", median_seconds(call), float(call().objective), "once compiled")
    guess = partial(fit, Chinchilla, loss, sizes)
    yield Timed("foretell, its own 8 starts", median_seconds(guess), float(guess().objective), "once compiled")
    order = np.random.default_rng(0).permutation(len(starts))[: len(starts) if everything else SAMPLE]
    for exact, how in ((False, "differences"), (True, "exact gradient")):
        seconds, found = timed(partial(scipy_fits, starts[order], np.ones((len(order), len(n))), exact))
        yield Timed(f"scipy, {how}", seconds * len(starts) / len(order), min(found), _scaled(len(order), len(starts)))
    yield from chinchilla_package(starts[order], len(starts))


def chinchilla_package(starts: np.ndarray, n_all: int) -> Iterator[Timed]:
    """Time the package `chinchilla` on the same starts, where it is installed; one process, as the others."""
    try:
        from chinchilla import Chinchilla as Peer
        from chinchilla._metrics import log_huber
    except ImportError:
        return
    with tempfile.TemporaryDirectory() as folder:
        grid = dict.fromkeys(("e", "a", "b", "alpha", "beta"), (0.0, 1.0))
        peer = Peer(folder, param_grid=grid, loss_fn=partial(log_huber, delta=DELTA), log_level=50)
        n, d, loss = points_kept()
        peer._const = {"log_N": np.log(n), "log_D": np.log(d), "y_true": loss, "weights": None}
        peer._autoscale_range = np.ones(5)
        ordered = starts[:, [2, 0, 1, 3, 4]]
        ask = partial(minimize, peer._evaluate_params, method=peer.algorithm)
        seconds, found = timed(lambda: [ask(x).fun for x in ordered])
    best = float(np.nanmin(found)) * len(n)  # it takes the mean
    yield Timed(
        "chinchilla 0.2", seconds * n_all / len(starts), best, _scaled(len(starts), n_all) + "; its mean, times n"
    )


def refits(everything: bool, n_refits: int) -> Iterator[Timed]:
    """Time bootstrap refits, each from the optimum of all points."""
    n, d, loss = points_kept()
    sizes = {"n_params": n, "n_tokens": d}
    around = fit(Chinchilla, loss, sizes).law
    counts = np.random.default_rng(0).multinomial(len(n), np.full(len(n), 1 / len(n)), size=n_refits)
    call = partial(fit, Chinchilla, loss, sizes, resamples=counts, around=around)
    again = call()
    chosen = np.arange(n_refits if everything else min(SAMPLE, n_refits))
    ours = float(np.mean(np.asarray(again.objective)[chosen]))
    share = f"{np.mean(again.converged):.1%} converged; once compiled"
    yield Timed(f"foretell, {n_refits:,} refits", median_seconds(call), ours, share)
    start = np.array([np.log(around.A), np.log(around.B), np.log(around.E), around.alpha, around.beta])
    for exact, how in ((False, "differences"), (True, "exact gradient")):
        seconds, found = timed(partial(scipy_fits, np.tile(start, (len(chosen), 1)), counts[chosen], exact))
        note = _scaled(len(chosen), n_refits)
        yield Timed(f"scipy, {how}", seconds * n_refits / len(chosen), float(np.mean(found)), note)


# ---------- the ladder paper's chain over eight tasks


def chain() -> Iterator[Timed]:
    """Time the chain of eight tasks: ours with 1,000 resamples, the plain one without any interval."""
    asked = partial(
        foretell.backtest, "olmo-ladder", HOLDOUT, train=TRAIN, methods=("olmo_ladder",), resamples=1000
    )  # fmt: skip
    yield Timed("foretell olmo_ladder, 1,000 resamples", median_seconds(asked), note="intervals; once compiled")
    yield Timed("scipy, no interval", median_seconds(plain_chain), note="the same two steps")


def plain_chain() -> list[np.ndarray]:
    """Fit both steps of the ladder paper to each task, as a script would: scipy, task by task."""
    runs = foretell.load_runs("olmo-ladder").where(TRAIN).usable()
    return [value for task in runs.default_tasks for value in _plain_task(runs, task)]


def _plain_task(runs: foretell.Runs, task: str) -> Sequence[np.ndarray]:
    ends, rows = runs.final_rows().frame, runs.frame
    n, d, loss = (ends[name].to_numpy() for name in ("n_params", "n_tokens", f"task_loss/{task}"))
    starts = product((5.0, 10.0), (5.0, 10.0), (-1.0, 0.0), (0.3, 0.6), (0.3, 0.6))
    ask = partial(minimize, objective, args=(n, d, loss, np.ones(len(n))), method="L-BFGS-B", jac=gradient)
    tried = [ask(start) for start in starts]
    x, y = rows[f"task_loss/{task}"].to_numpy(), rows[f"score/{task}"].to_numpy()
    seen = np.isfinite(x) & np.isfinite(y)
    sigmoid, _ = curve_fit(_sigmoid, x[seen], y[seen], p0=(-0.5, 1.0, 5.0, 1.0), maxfev=10_000)
    return [min(tried, key=lambda each: each.fun).x, sigmoid]


def _sigmoid(loss: np.ndarray, a: float, middle: float, slope: float, b: float) -> np.ndarray:
    return np.asarray(a / (1 + np.exp(np.clip(-slope * (loss - middle), -50, 50))) + b)


# ---------- a law of mixtures on RegMix's 512 mixtures


def mixture() -> Iterator[Timed]:
    """Time a log-linear law of 17 sources, for 13 domains, on 512 mixtures."""
    runs = foretell.load_runs("regmix").where("run LIKE '1m-train%'")
    training = training_set(runs, [], list(runs.losses), None)[0]
    domains = tuple(training.domain_losses)[:13]
    call = partial(fit_domain_losses, training, "m1", domains)
    yield Timed("foretell m1", median_seconds(call), note="once compiled")
    x = np.stack([runs.frame[f"share/{source}"].to_numpy() for source in runs.sources], -1)
    y = np.stack([runs.frame[name].to_numpy() for name in domains], -1)
    seconds, _ = timed(lambda: [_exponential(x, column) for column in y.T])
    yield Timed("scipy least_squares, 8 starts a domain", seconds, note="the same law")


def _exponential(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fit `c + exp(k + t . x)` with scipy's robust least squares from eight starts."""
    rng, n = np.random.default_rng(0), x.shape[1]
    starts = [np.concatenate([[0.9 * y.min(), 0.0], rng.normal(scale=0.5, size=n)]) for _ in range(8)]

    def residual(free: np.ndarray) -> np.ndarray:
        return np.asarray(free[0] + np.exp(np.clip(free[1] + x @ free[2:], -30, 30)) - y)

    found = [least_squares(residual, start, loss="huber", f_scale=0.02) for start in starts]
    return np.asarray(min(found, key=lambda each: each.cost).x)


# ---------- timing and telling


def timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return the seconds of one call, and what it returned."""
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def median_seconds(call: Callable[[], object]) -> float:
    """Return the median of three calls, once everything is compiled."""
    call()
    return statistics.median(timed(call)[0] for _ in range(3))


def _scaled(n_done: int, n_all: int) -> str:
    return "" if n_done == n_all else f"{n_done} of {n_all:,} timed, scaled"


def section(title: str, contestants: Iterator[Timed]) -> str:
    """Write the contestants of one question as a table, the first one being ours."""
    rows = list(contestants)
    lines = [
        f"| {row.who} | {row.seconds:.3g} | {row.seconds / rows[0].seconds:.3g} | "
        f"{'' if row.optimum is None else f'{row.optimum:.9g}'} | {row.note} |"
        for row in rows
    ]
    table = "\n".join(["| who | seconds | ratio to the first | objective | note |", "|---|---|---|---|---|", *lines])
    return f"## {title}\n\n{table}\n"


def main() -> None:
    """Time every question and write the page."""
    everything = "--all" in sys.argv[1:]
    questions = {
        "The Chinchilla law on 240 points, a grid of 4,500 starts": grid_of_starts(everything),
        "1,000 bootstrap refits of it": refits(everything, 1000),
        "4,000 bootstrap refits of it": refits(everything, 4000),
        "The ladder paper's chain, eight tasks": chain(),
        "A log-linear law of mixtures: 512 mixtures, 17 sources, 13 domains": mixture(),
    }
    command = " ".join(["benchmarks/peers.py", *sys.argv[1:]])
    head = f"`python {command}` wrote this, on {os.cpu_count()} cores. Timings are noisy: read the ratios.\n"
    parts = ["# Fits beside those of others\n", head]
    for title, rows in questions.items():
        parts.append(section(title, rows))
        print(parts[-1], flush=True)
    page = "\n".join(parts)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
