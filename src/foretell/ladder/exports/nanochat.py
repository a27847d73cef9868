"""Command lines of nanochat's base training: a shell script for each run.

nanochat's model and optimiser are its own: two MLP matrices of four times the width, which hold as
many parameters as a gated MLP of 8/3 (where the plan's is of another width, the script says so), and
Muon beside AdamW, whose learning rates are not a plan's.

Reference: scripts/base_train.py of github.com/karpathy/nanochat, commit 00255c1.
"""

import math

from foretell.errors import DataError
from foretell.ladder.exports.recipe import Recipe, recipes
from foretell.ladder.plan import Plan

MOST_AT_ONCE = 16  # sequences on a device
SAME_SIZE = 0.01
TEMPLATE = """\
#!/bin/sh
# {name} of {plan}, for nanochat's scripts.base_train, written by foretell.
# {d_model} wide, {n_layers} deep, {tokens:,} tokens.{other_size}
# nanochat trains by Muon and AdamW with learning rates of its own: the plan's peak of {learning_rate:.3e} is
# AdamW's, and stands in no flag. Its tokenizer and its data are its own too.
torchrun --standalone --nproc_per_node="${{NPROC:-1}}" -m scripts.base_train -- \\
    {flags}
"""


def nanochat(plan: Plan) -> dict[str, str]:
    """Return a script for each run.

    Raises:
        DataError: a shape is none that nanochat can make.
    """
    return {f"{run.name}.sh": _script(plan, run) for run in recipes(plan)}


def _script(plan: Plan, run: Recipe) -> str:
    return TEMPLATE.format(
        name=run.name,
        plan=plan.path.name,
        d_model=run.shape.d_model,
        n_layers=run.shape.n_layers,
        tokens=run.n_steps * run.batch * plan.schedule.sequence_length,
        other_size=_other_size(run),
        learning_rate=run.learning_rate,
        flags=" \\\n    ".join(f"--{key}={value}" for key, value in _flags(plan, run).items()),
    )


def _other_size(run: Recipe) -> str:
    """Say how many parameters nanochat's blocks have, where those of the plan are 1 % more or fewer."""
    blocks = 12 * run.shape.n_layers * run.shape.d_model**2
    off = blocks / run.shape.n_params_non_embedding - 1
    if abs(off) < SAME_SIZE:
        return ""
    return f"\n# Its MLP is four times the width: {blocks:,} parameters without embeddings, {off:+.0%} beside the plan."


def _flags(plan: Plan, run: Recipe) -> dict[str, object]:
    length, shape = plan.schedule.sequence_length, run.shape
    return {
        "run": run.name,
        "model-tag": run.name,
        "depth": shape.n_layers,
        "aspect-ratio": _aspect_ratio(run),
        "head-dim": shape.head_width,
        "max-seq-len": length,
        "window-pattern": "L",
        "num-iterations": run.n_steps,
        "total-batch-size": run.batch * length,
        "device-batch-size": max(n for n in range(1, MOST_AT_ONCE + 1) if run.batch % n == 0),
        "warmup-steps": run.warmup_steps,
        "warmdown-ratio": f"{run.decay_steps / run.n_steps:.4f}",
        "final-lr-frac": plan.schedule.final_fraction,
        "save-every": max(1, run.n_steps // len(run.checkpoints)),
    }


def model_width(depth: int, aspect_ratio: int, head_width: int) -> int:
    """Return the width that nanochat makes: depth times aspect ratio, up to whole heads."""
    return math.ceil(depth * aspect_ratio / head_width) * head_width


def _aspect_ratio(run: Recipe) -> int:
    shape = run.shape
    ratio = shape.d_model // shape.n_layers
    if shape.d_model % shape.head_width or model_width(shape.n_layers, ratio, shape.head_width) != shape.d_model:
        what = f"{run.name}: nanochat makes no model of width {shape.d_model} with {shape.n_layers} layers"
        raise DataError(f"{what} and heads of {shape.head_width}. Choose a width of whole heads, and fewer layers.")
    return ratio
