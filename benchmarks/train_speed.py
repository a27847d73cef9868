"""Tokens per second of `foretell train`, beside a plain PyTorch loop of the same model in the same process.

`python benchmarks/train_speed.py [fp32|bf16] [yes|no]` prints a table and writes it to benchmarks/RESULTS.md; yes
compiles. Both loops take turns on the same weights and the seconds are those of the processor, so that a busy machine
does not count. The plain loop has one batch in memory; the trainer reads, orders, logs and watches for divergence.
Needs the extra `train`.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SIZES = ("1M", "4M")
ROUNDS = 6
SECONDS = 2.0  # of each loop in each round
RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """| size | plain loop, tokens/s | foretell train, tokens/s | ratio | one checkpoint |
|---|---|---|---|---|"""

PLAN = """
[data]
eval_tokens = 16384
[data.sources.words]
files = ["words.txt"]
held_out = ["held_out.txt"]
[tokenizer]
vocab_size = 2048
[schedule]
batch = 16
sequence_length = 256
[hardware]
precision = "{precision}"
compile = "{compiled}"
save_seconds = 3600
[[rung]]
n_params = "{size}"
n_tokens = "20M"
share = {{ words = 1.0 }}
"""


def measure(size: str, precision: str, compiled: str) -> dict[str, Any]:
    """Return tokens per second of both loops, one value a round."""
    with tempfile.TemporaryDirectory() as temporary:
        trainer, run, optimiser, batches = set_up(Path(temporary), size, precision, compiled)
        from foretell.ladder.state import Progress
        from foretell.ladder.train_run import _checkpoint, _step  # private: a step alone is what is timed, no run

        batch = batches[0]
        n_tokens = trainer.plan.tokens_per_step(run.rung)
        micro = trainer.plan.micro_batch(run.rung)
        plain, ours = [], []
        plain_loop(trainer, optimiser, batch, micro, 0.0)  # compiles
        for _ in range(ROUNDS):
            plain.append(plain_loop(trainer, optimiser, batch, micro, SECONDS) * n_tokens)
            progress, start, n = Progress(), time.process_time(), 0
            while time.process_time() - start < SECONDS:
                progress = _step(trainer, run, optimiser, batches, progress)
                n += 1
            ours.append(n * n_tokens / (time.process_time() - start))
        start = time.process_time()
        _checkpoint(trainer, run, 1)
        return {"plain": plain, "ours": ours, "checkpoint_seconds": time.process_time() - start}


def set_up(folder: Path, size: str, precision: str, compiled: str) -> tuple[Any, ...]:
    """Return a trainer with its run, optimiser and batches, on random words."""
    import numpy as np
    import torch

    from foretell.ladder.batches import Batches
    from foretell.ladder.devices import Devices
    from foretell.ladder.layout import Layout
    from foretell.ladder.optimiser import build_optimiser
    from foretell.ladder.precision import Precision
    from foretell.ladder.prepare import prepare
    from foretell.ladder.read_plan import read_plan
    from foretell.ladder.runs_of import jobs_of
    from foretell.ladder.train_run import build_trainer

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    words = np.array(["".join(rng.choice(list("etaoinshrdlu"), size=rng.integers(2, 9))) for _ in range(5000)])
    for name, n in (("words", 400_000), ("held_out", 10_000)):
        (folder / f"{name}.txt").write_text(" ".join(rng.choice(words, size=n)))
    (folder / "plan.toml").write_text(PLAN.format(size=size, precision=precision, compiled=compiled))
    plan = read_plan(folder / "plan.toml")
    layout = Layout(folder / "ladder")
    prepared = prepare(plan, layout)
    run = jobs_of(plan)[0].trunk
    chosen = Precision(precision, compiled=compiled == "yes")
    alone = Devices(torch.device("cpu"))
    trainer = build_trainer(plan, layout, prepared, run, chosen, alone, keep="all", listen=lambda *_: None)
    return trainer, run, build_optimiser(trainer.model, weight_decay=0.1), Batches(plan, run, prepared.train)


def plain_loop(trainer: Any, optimiser: Any, batch: Any, micro: int, seconds: float) -> float:
    """Train on one batch for some seconds, as a tutorial would; return steps per second."""
    import torch
    from torch.nn import functional

    parts = torch.from_numpy(batch).split(micro)
    start, n = time.process_time(), 0
    while n == 0 or time.process_time() - start < seconds:
        for ids in parts:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=trainer.precision.name == "bf16"):
                logits = trainer.forward(input_ids=ids[:, :-1], use_cache=False).logits
            loss = functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())
            (loss / len(parts)).backward()
        torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        n += 1
    return n / (time.process_time() - start)


def main() -> None:
    """Measure each size in a process of its own; print the table and keep it."""
    precision, compiled = sys.argv[1:] if len(sys.argv) == 3 else ("fp32", "no")
    lines = [HEAD]
    print(HEAD)
    for size in SIZES:
        arguments = f"{size!r}, {precision!r}, {compiled!r}"
        code = f"import json, train_speed; print(json.dumps(train_speed.measure({arguments})))"
        shown = subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True, check=True
        )
        found = json.loads(shown.stdout.splitlines()[-1])
        plain, ours = statistics.median(found["plain"]), statistics.median(found["ours"])
        ratio = statistics.median(b / a for a, b in zip(found["plain"], found["ours"], strict=True))
        lines.append(f"| {size} | {plain:,.0f} | {ours:,.0f} | {ratio:.2f} | {found['checkpoint_seconds']:.1f} s |")
        print(lines[-1], flush=True)
    title = f"## Training, {precision}, compiled: {compiled}"
    RESULTS.write_text(with_section(RESULTS.read_text(encoding="utf-8"), title, "\n".join(lines)), encoding="utf-8")


def with_section(text: str, title: str, body: str) -> str:
    """Return a page with a section at its end, in place of one of the same title."""
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    others = [part.strip() for part in parts if part.splitlines()[:1] != [title]]
    return "\n\n".join([*others, f"{title}\n\n{body}"]) + "\n"


if __name__ == "__main__":
    main()
