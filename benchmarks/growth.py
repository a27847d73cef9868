"""How time and memory grow: `python benchmarks/growth.py [WHAT ...]`; without WHAT it writes benchmarks/GROWTH.md.

Made tables of 1e3 to 1e7 rows, 10 to 1,000 tasks, 10 to 10,000 resamples; each point in a process of its own. The
exponent is the slope of the last two points in logarithms: 1 is linear, less is better.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "GROWTH.md"
AT = "n_params=7e9,n_tokens=2e12"
TIMEOUT = 1800
CALL = """
import json, resource, sys, time
import foretell
path, verb, resamples = sys.argv[1], sys.argv[2], int(sys.argv[3])
start = time.process_time()
runs = foretell.load_runs(path)
loaded = time.process_time() - start
if verb == "check":
    foretell.check(runs)
elif verb != "load":
    foretell.forecast(runs, sys.argv[4], method=verb, resamples=resamples)
print(json.dumps({
    "loaded": loaded,
    "seconds": time.process_time() - start,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


@dataclass(frozen=True)
class Point:
    """What one size took.

    Attributes:
        size: Rows, tasks or resamples.
        seconds: Of the processor, with loading, without starting Python.
        megabytes: Peak memory of the process.
    """

    size: int
    seconds: float
    megabytes: float


def make_table(path: Path, *, n_rows: int = 1000, n_tasks: int = 10, n_runs: int = 20) -> Path:
    """Write a made ladder: losses by a power law, scores by lines in the loss, with noise; in parts of a million."""
    rng = np.random.default_rng(0)
    n_params = np.geomspace(1e7, 1e9, n_runs)
    per_run = n_rows // n_runs
    step = np.tile(np.arange(1, per_run + 1), n_runs)
    run = np.repeat(np.arange(n_runs), per_run)
    n_tokens = 20 * n_params[run] * step / per_run
    loss = 1.7 + 400 * n_params[run] ** -0.34 + 400 * n_tokens**-0.28
    loss *= np.exp(rng.normal(scale=0.002, size=n_runs)[run])
    columns = {
        "run": pl.Series([f"run-{i:03d}" for i in range(n_runs)]).gather(run),
        "n_params": n_params[run],
        "n_tokens": n_tokens,
        "is_final": step == per_run,
        "loss/web": loss,
    }
    for task in range(n_tasks):
        score = 0.95 - 0.2 * (loss - 1.7) * (0.8 + 0.4 * task / n_tasks) + rng.normal(scale=0.004, size=len(loss))
        columns[f"score/task-{task:04d}"] = np.clip(score, 0.0, 1.0)
    pl.DataFrame(columns).write_parquet(path)
    chances = "".join(f"[tasks.task-{task:04d}]\nchance = 0.25\n" for task in range(n_tasks))
    path.with_suffix(".meta.toml").write_text('n_params_kind = "total"\nflops_convention = "6ND"\n' + chances)
    return path


def point(path: Path, verb: str, resamples: int, size: int) -> Point:
    """Return what a verb takes in a process of its own."""
    command = [sys.executable, "-c", CALL, str(path), verb, str(resamples), AT]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT)
    found = json.loads(shown.stdout.splitlines()[-1])
    return Point(size, found["seconds"], found["megabytes"])


def by_rows(verb: str, folder: Path) -> list[Point]:
    """Return one point for each number of rows; a run has 50 to 10,000 checkpoints."""
    sizes = (10**3, 10**4, 10**5, 10**6, 10**7)
    tables = (make_table(folder / "runs.parquet", n_rows=n, n_runs=max(20, n // 10_000)) for n in sizes)
    return [point(path, verb, 100, size) for path, size in zip(tables, sizes, strict=True)]


def by_tasks(verb: str, folder: Path) -> list[Point]:
    """Return one point for each number of tasks."""
    sizes = (10, 100, 1000)
    tables = (make_table(folder / "runs.parquet", n_tasks=n) for n in sizes)
    return [point(path, verb, 100, size) for path, size in zip(tables, sizes, strict=True)]


def by_resamples(verb: str, folder: Path) -> list[Point]:
    """Return one point for each number of resamples."""
    path = make_table(folder / "runs.parquet")
    return [point(path, verb, size, size) for size in (10, 100, 1000, 10_000)]


QUESTIONS: dict[str, tuple[str, Callable[[str, Path], list[Point]], str]] = {
    "load-rows": ("Loading, by rows", by_rows, "load"),
    "check-rows": ("`check`, by rows", by_rows, "check"),
    "flp-rows": ("`forecast --method flp`, 100 resamples, by rows", by_rows, "flp"),
    "flp-tasks": ("`forecast --method flp`, 100 resamples, by tasks", by_tasks, "flp"),
    "auto-tasks": ("`forecast` by `auto`, 100 resamples, by tasks", by_tasks, "auto"),
    "flp-resamples": ("`forecast --method flp`, by resamples", by_resamples, "flp"),
    "auto-resamples": ("`forecast` by `auto`, by resamples", by_resamples, "auto"),
}


def exponent(points: Sequence[Point], what: str) -> float:
    """Return the slope of the last two points in logarithms."""
    a, b = points[-2:]
    return float(np.log(getattr(b, what) / getattr(a, what)) / np.log(b.size / a.size))


def section(title: str, points: Sequence[Point]) -> str:
    """Write the points of one question, with the exponents."""
    lines = [f"| {p.size:.0e} | {p.seconds:.2f} | {p.megabytes:,.0f} |" for p in points]
    last = f"| exponent | {exponent(points, 'seconds'):.2f} | {exponent(points, 'megabytes'):.2f} |"
    head = "| size | CPU seconds | peak memory, MB |\n|---|---|---|"
    return f"## {title}\n\n" + "\n".join([head, *lines, last]) + "\n"


HEAD = """\
# How time and memory grow

`python benchmarks/growth.py` wrote this. Made tables, each point in a process of its own; seconds of the processor with
loading and without starting Python. The exponent is the slope of the last two points in logarithms: 1 is linear.

"""


def main() -> None:
    """Measure what is asked for, and write the page where everything is."""
    asked = sys.argv[1:] or list(QUESTIONS)
    sections = []
    for name in asked:
        title, measure, verb = QUESTIONS[name]
        with tempfile.TemporaryDirectory() as folder:
            sections.append(section(title, measure(verb, Path(folder))))
        print(sections[-1], flush=True)
    if not sys.argv[1:]:
        RESULTS.write_text(HEAD + "\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
