"""Time and memory of the OLMo-ladder back-test, beside a plain numpy chain timed in the same run.

`make bench` prints a table and writes it to benchmarks/RESULTS.md. The reference does the same work
the plain way: `numpy.polyfit` once per task and resample. Timings are noisy: read the ratios.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from foretell.io import load_runs
from foretell.methods.emergence import MARGIN
from foretell.runs import Runs

RUNS = "olmo-ladder"
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
HOLDOUT = "run IN ('7B-4T', '13B-5T')"
RESAMPLES = 1000
REPEATS = 3
RESULTS = Path(__file__).parent / "RESULTS.md"

CALL = f"""
import resource, time

start = time.perf_counter()
import foretell

def call():
    foretell.backtest({RUNS!r}, {HOLDOUT!r}, train={TRAIN!r}, methods=("flp", "fp"), resamples={RESAMPLES})

call()
first = time.perf_counter() - start
start = time.perf_counter()
call()
print(first, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
INTRO = f"""# Speed and memory

`make bench` wrote this. The back-test is FLP and FP on olmo-ladder, 7B-4T and 13B-5T held out, {RESAMPLES} resamples.
Medians of {REPEATS}, on {os.cpu_count()} cores. Timings are noisy: read the ratios.

"""


def reference_chain() -> None:
    """Do FLP and FP with `numpy.polyfit`, a thousand resamples of runs, the plain way."""
    runs = load_runs(RUNS).where(TRAIN).usable()
    names = runs.frame["run"].unique(maintain_order=True).to_list()
    run = np.array([names.index(name) for name in runs.frame["run"]])
    columns = {name: runs.frame[name].to_numpy() for name in ("flops", "loss/c4_en", "is_final")}
    rng = np.random.default_rng(0)
    for counts in rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES):
        fit_chain(runs, columns, counts[run])


def fit_chain(runs: Runs, columns: dict[str, np.ndarray], weight: np.ndarray) -> None:
    """Fit both stages of FLP, and FP, to one resample."""
    flops, loss, final = columns["flops"], columns["loss/c4_en"], columns["is_final"]
    fit_line(np.log(flops), np.log(loss), weight * final)
    for task in runs.default_tasks:
        score = runs.frame[f"score/{task}"].to_numpy()
        emerged = weight * (score >= (runs.task(task).chance or 0.0) + MARGIN)
        fit_line(loss, score, emerged)
        fit_line(np.log(flops), np.log(score), emerged * final)


def fit_line(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
    """Fit a line by weighted least squares, where there is anything to fit."""
    used = weight > 0
    if np.unique(x[used]).size < 2:
        return None
    return np.polyfit(x[used], y[used], 1, w=np.sqrt(weight[used]))


def seconds(call: Callable[[], object]) -> float:
    """Return the median wall time of a few calls."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def fresh_process(cache: str) -> tuple[float, float, float]:
    """Return seconds of the first and the second call in a new process, and its peak memory in MB."""
    programs = {"JAX_COMPILATION_CACHE_DIR": cache, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    environment = {**os.environ, **programs}
    shown = subprocess.run([sys.executable, "-c", CALL], env=environment, capture_output=True, text=True, check=True)
    first, second, peak = map(float, shown.stdout.split())
    return first, second, peak


def command(*arguments: str) -> Callable[[], object]:
    """Return a call that runs a command and waits for it."""
    return lambda: subprocess.run([sys.executable, *arguments], capture_output=True, check=True)


def measure() -> list[tuple[str, float, float, str]]:
    """Return what was measured: seconds, the reference's seconds, and what the reference is."""
    with tempfile.TemporaryDirectory() as cache:
        cold = fresh_process(cache)
        warm = [fresh_process(cache) for _ in range(REPEATS)]
    plain, python = seconds(reference_chain), seconds(command("-c", "pass"))
    peak_reference = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        ("back-test, nothing compiled, s", cold[0], plain, "numpy chain"),
        ("back-test, new process, compiled, s", statistics.median(w[0] for w in warm), plain, "numpy chain"),
        ("back-test, second call, s", statistics.median(w[1] for w in warm), plain, "numpy chain"),
        ("its peak memory, MB", statistics.median(w[2] for w in warm), peak_reference, "numpy chain"),
        ("foretell --help, s", seconds(command("-m", "foretell", "--help")), python, "python -c pass"),
        ("foretell check olmo-ladder, s", seconds(command("-m", "foretell", "check", RUNS)), python, "python -c pass"),
    ]


def as_table(rows: list[tuple[str, float, float, str]]) -> str:
    """Write the measurements as a Markdown table."""
    lines = [
        f"| {what} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} | {name} |" for what, ours, theirs, name in rows
    ]
    head = "| what | foretell | reference | ratio | the reference |\n|---|---|---|---|---|"
    return "\n".join([head, *lines]) + "\n"


if __name__ == "__main__":
    table = as_table(measure())
    print(table)
    RESULTS.write_text(INTRO + table, encoding="utf-8")
