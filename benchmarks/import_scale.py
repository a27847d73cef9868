"""Time and memory of importing a 1,000-run tree of lm-eval and histories of 1,000,000 rows.

`python benchmarks/import_scale.py [KIND ...]` prints a table; without KIND it writes it to benchmarks/IMPORT.md. Each
import runs in a process of its own, at full size and at a tenth: memory that is bounded does not grow with the rows
that are skipped.
"""

import json
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

SAMPLE = Path(__file__).parents[1] / "docs" / "import" / "samples" / "lm-eval.tar.xz"
RESULTS = Path(__file__).parent / "IMPORT.md"
ROWS, RUNS, EVERY = 1_000_000, 1000, 1000
CALL = """
import json, resource, sys, time
from foretell.importers import import_runs
import polars
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
start, shown = time.process_time(), []
found = import_runs(sys.argv[1], sys.argv[2], columns=json.loads(sys.argv[3]), show=shown.append)
print(json.dumps({
    "seconds": time.process_time() - start, "rows": found.frame.height, "steps": len(shown),
    "loaded": loaded, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "skipped": sum(each.count for each in found.skipped),
    "why": max(found.skipped, key=lambda each: each.count).why if found.skipped else "",
}))
"""
INTRO = """# Imports at scale

`python benchmarks/import_scale.py` wrote this. Peak memory is that of the whole process; in brackets what it had before
the import. The next column is the same import at a tenth of the rows. Rows that are skipped cost no memory; a table
whose rows are all kept costs theirs, and the log of a Trainer about twice its text.

| source | size | rows kept | skipped | CPU seconds | peak memory, MB | at a tenth, MB | progress shown |
|---|---|---|---|---|---|---|---|
"""


def tree(folder: Path, n_runs: int) -> None:
    """Copy one real result with its samples for each of many runs, under other names and dates."""
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(SAMPLE) as archive:
            archive.extractall(unpacked, filter="data")
        result = min(Path(unpacked).rglob("results_*.json"))
        date = result.stem.removeprefix("results_")
        template = json.loads(result.read_text(encoding="utf-8"))
        samples = {path.name: path.read_bytes() for path in result.parent.glob(f"samples_*{date}.jsonl")}
    for i in range(n_runs):
        place = folder / f"ladder__run-{i:04d}__checkpoint-100"
        place.mkdir(parents=True)
        plain = {**template, "model_name": f"ladder/run-{i:04d}/checkpoint-100"}
        (place / f"results_{date}.json").write_text(json.dumps(plain), encoding="utf-8")
        for name, content in samples.items():
            (place / name).write_bytes(content)


def history(rows: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield a batch loss at every step, and a held-out loss at every thousandth."""
    for step in range(1, rows + 1):
        values = {"train/loss": 3.0 + 1 / step, "n_tokens_seen": step * 1e6, "lr": 1e-3}
        yield step, {**values, "val/web/loss": 3.0 + 1 / step} if step % EVERY == 0 else values


def wandb(folder: Path, rows: int) -> None:
    """Write a run file of wandb with wandb's own messages: one run of many steps."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, block = bytearray(struct.pack("<4sHB", b":W&B", 0xBEE1, 0)), 32 * 1024
    with (folder / "run-big.wandb").open("wb") as file:
        for step, values in history(rows):
            record = Record(num=step)
            record.history.step.num = step
            for key, value in {**values, "_step": step}.items():
                record.history.item.add(key=key, value_json=json.dumps(value))
            message = record.SerializeToString()
            room = block - (file.tell() + len(content)) % block
            if room < 7 + len(message):  # a new block, so that no record need be split
                content += b"\0" * min(room, 6) if room < 7 else _padding(room)
            content += _chunk(message)
            if len(content) > 2**20:
                file.write(content)
                content.clear()
        file.write(content)


def _chunk(message: bytes) -> bytes:
    return struct.pack("<IHB", zlib.crc32(message, zlib.crc32(b"\x01")), len(message), 1) + message


def _padding(room: int) -> bytes:
    """Fill a block with an empty record, as padding of seven bytes and more is one."""
    return b"\0" * room


def tensorboard(folder: Path, rows: int) -> None:
    """Write an event file with TensorBoard's own messages: four scalars, at many steps."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    with (folder / "events.out.tfevents.1").open("wb") as file:
        for step, values in history(rows):
            for tag, value in values.items():
                event = Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))
                message = event.SerializeToString()
                file.write(struct.pack("<QI", len(message), 0) + message + b"\0" * 4)


def trainer(folder: Path, rows: int) -> None:
    """Write a state of the Trainer with a log of many steps, laid out as the Trainer does it."""
    with (folder / "trainer_state.json").open("w", encoding="utf-8") as file:
        file.write(f'{{\n  "global_step": {rows},\n  "log_history": [\n')
        for step in range(1, rows + 1):
            loss = {"eval_loss": 3.0} if step % EVERY == 0 else {"loss": 3.0}
            entry = json.dumps({**loss, "num_input_tokens_seen": step * 1000, "step": step})
            file.write(f"    {entry}{',' if step < rows else ''}\n")
        file.write(f'  ],\n  "max_steps": {rows},\n  "num_input_tokens_seen": {rows * 1000},\n  "total_flos": 0\n}}\n')


def table(folder: Path, rows: int) -> None:
    """Write a CSV with many rows, all of which are kept."""
    step = pl.int_range(1, rows + 1, eager=True)
    columns = {"run": "run-" + (step // 1000).cast(pl.String), "_step": step, "N": step * 0 + 1e8, "D": step * 1e6}
    pl.DataFrame({**columns, "eval/c4/CrossEntropyLoss": 3.0 + 1.0 / step, "lr": step * 0.1}).write_csv(
        folder / "runs.csv"
    )


CASES: tuple[tuple[str, str, Callable[[Path, int], None], int, dict[str, str]], ...] = (
    ("lm-eval, 1,000 runs with samples", "lm-eval", tree, RUNS, {"score/*": "*/acc"}),
    ("wandb, 1,000,000 rows", "wandb", wandb, ROWS, {}),
    ("tensorboard, 1,000,000 steps", "tensorboard", tensorboard, ROWS, {}),
    ("hf-trainer, 1,000,000 log entries", "hf-trainer", trainer, ROWS, {}),
    ("table, CSV of 1,000,000 rows", "table", table, ROWS, {}),
)


def measure(kind: str, make: Callable[[Path, int], None], rows: int, columns: dict[str, str]) -> dict[str, float]:
    """Write a source, import it in a process of its own, and return what that took."""
    with tempfile.TemporaryDirectory(prefix="import-scale-") as work:
        make(Path(work), rows)
        files = [path for path in Path(work).rglob("*") if path.is_file()]
        source = files[0] if kind == "table" else work
        words = [sys.executable, "-c", CALL, kind, str(source), json.dumps(columns)]
        shown = subprocess.run(words, capture_output=True, text=True, check=True)
        size = sum(path.stat().st_size for path in files) / 1e6
        return {"size": size, **json.loads(shown.stdout)}


def row(name: str, whole: dict[str, float], tenth: dict[str, float]) -> str:
    """Return a line of the table."""
    cells = (
        name,
        f"{whole['size']:.0f} MB",
        f"{whole['rows']:,}",
        f"{whole['skipped']:,}",
        f"{whole['seconds']:.1f}",
        f"{whole['peak']:.0f} ({whole['loaded']:.0f})",
        f"{tenth['peak']:.0f}",
        f"{whole['steps']:,} times",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure every case, and write the table."""
    lines = []
    for name, kind, make, rows, columns in CASES:
        if sys.argv[1:] and kind not in sys.argv[1:]:
            continue
        tenth = measure(kind, make, rows // 10, columns)
        lines.append(row(name, measure(kind, make, rows, columns), tenth))
        print(lines[-1], flush=True)
    if not sys.argv[1:]:
        RESULTS.write_text(INTRO + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
