"""How fast a model trains: as measured here before, as stated, or as on a reference core."""

import math
from itertools import pairwise
from pathlib import Path

from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan, Rung
from foretell.ladder.runs_of import Job
from foretell.ladder.safe_files import read_json, write_json
from foretell.sizing import decoder

SPEED = "speed.json"
# (width, layers) -> tokens per second of one core with AVX2, fp32: vocabulary 2,048, sequences of 256, batches of 16.
REFERENCE = {(32, 4): 21_400.0, (64, 4): 12_600.0, (128, 5): 4_900.0, (256, 5): 1_740.0}
FORWARD = 1 / 3  # of the cost of a training step


def save_speed(folder: Path, n_steps: int, tokens_per_step: int, seconds: float) -> None:
    """Keep the mean speed of a run that is over."""
    if seconds > 0:
        facts = {"tokens_per_second": n_steps * tokens_per_step / seconds}
        write_json(folder / SPEED, facts)


def tokens_per_second(plan: Plan, rung: Rung, layout: Layout) -> tuple[float, str]:
    """Return the expected speed of a rung on its devices, and where it is from: `measured`, `stated` or `reference`."""
    for other in plan.rungs:
        for seed in other.seeds:
            path = layout.run(f"{other.name}-s{seed}") / SPEED
            if (other.shape, other.devices) == (rung.shape, rung.devices) and path.is_file():
                return float(read_json(path)["tokens_per_second"]), "measured"
    if plan.hardware.tokens_per_second:
        return rung.devices * plan.hardware.tokens_per_second, "stated"
    return rung.devices * _reference_speed(rung.shape.flops_per_token(plan.schedule.sequence_length)), "reference"


def job_seconds(plan: Plan, job: Job, speed: float) -> float:
    """Return the time of a job, validation included."""
    rung = job.trunk.rung
    trained = job.steps_to_train * plan.tokens_per_step(rung)
    n_checkpoints = min(rung.checkpoints, job.trunk.n_steps) + len(job.branches)
    return (trained + FORWARD * n_checkpoints * len(plan.domains) * plan.eval_tokens) / speed


def _reference_speed(flops_per_token: float) -> float:
    """Interpolate FLOPs per second in FLOPs per token, both logarithmic; constant beyond the ends."""
    points = sorted(
        (math.log(cost := decoder(*shape, 2048).flops_per_token(256)), math.log(cost * speed))
        for shape, speed in REFERENCE.items()
    )
    x = min(max(math.log(flops_per_token), points[0][0]), points[-1][0])
    (x0, y0), (x1, y1) = next(pair for pair in pairwise(points) if x <= pair[1][0])
    return math.exp(y0 + (y1 - y0) * (x - x0) / (x1 - x0)) / flops_per_token
