"""Seconds a checkpoint of `foretell eval`, beside the command line of lm-evaluation-harness on the same ones.

`python benchmarks/eval_speed.py DIR TASKS [N] [LIMIT]` takes the first N (2) finished checkpoints of a ladder and the
first LIMIT (20, 0 for all) items of each task in a folder of local ones, and prints a table: two minutes, most of
them starts of the harness. The seconds are those of the processor, so that a busy machine does not count. The harness
starts a process for each checkpoint; `foretell eval` starts one. Needs the extra `train`.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from foretell.evals.checkpoints import Checkpoint, checkpoints
from foretell.evals.harness import load_benchmarks
from foretell.ladder.layout import Layout
from foretell.ladder.rows import ROWS, read_rows, write_rows

BATCH = "32"


def main() -> None:
    """Time both ways, and print the table."""
    ladder, tasks = Path(sys.argv[1]), Path(sys.argv[2])
    n, limit = map(int, (*sys.argv[3:], *("2", "20")[len(sys.argv) - 3 :]))
    chosen = [one for one in checkpoints(Layout(ladder)) if one.is_there and _is_final(one)][:n]
    limits = ["--limit", str(limit)] if limit else []
    names = ",".join(load_benchmarks([str(tasks)], [])[1])
    with tempfile.TemporaryDirectory() as temporary:
        copy = copied(ladder, chosen, Path(temporary) / "ladder")
        ours = seconds(["foretell", "eval", str(copy), "--tasks", str(tasks), "--batch-size", BATCH, *limits])
        theirs = sum(seconds(harness(copy, one, tasks, names) + limits) for one in chosen)
    per, plain = ours / len(chosen), theirs / len(chosen)
    print(f"{len(chosen)} checkpoints, {names.count(',') + 1} tasks, {limit or 'all'} items, batches of {BATCH}\n")
    print("| foretell eval, s a checkpoint | lm_eval, s a checkpoint | ratio |")
    print("|---|---|---|")
    print(f"| {per:.1f} | {plain:.1f} | {per / plain:.2f} |")


def copied(ladder: Path, chosen: list[Checkpoint], folder: Path) -> Path:
    """Copy some checkpoints and their rows, and no scores."""
    shutil.copytree(ladder / "tokenizer", folder / "tokenizer")
    for one in chosen:
        shutil.copytree(one.folder, folder / one.run / one.folder.name)
        rows = [row for row in read_rows(ladder / one.run) if row["step"] == one.step]
        write_rows(folder / one.run, rows, ROWS)
    return folder


def harness(ladder: Path, one: Checkpoint, tasks: Path, names: str) -> list[str]:
    """Return the harness' command for one checkpoint."""
    model = f"pretrained={ladder / one.run / one.folder.name},tokenizer={ladder / 'tokenizer'}"
    asked = ["--include_path", str(tasks), "--tasks", names, "--batch_size", BATCH, "--device", "cpu"]
    return ["lm_eval", "run", "--model", "hf", "--model_args", model, *asked]


def seconds(command: list[str]) -> float:
    """Return the processor's seconds that a module's command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _is_final(one: Checkpoint) -> bool:
    rows = read_rows(one.folder.parent)
    return any(row["step"] == one.step and row["is_final"] for row in rows)


if __name__ == "__main__":
    main()
