"""The OLMo model ladder: five sizes at six lengths, every checkpoint, and the 7B and 13B targets.

Thirty ladder runs carry their upstream names (`190M-1xC`, `1B-1xC-rerun`, ...). The targets are
`7B-4T` (one annealed row) and `13B-5T` (the last twelve checkpoints). The other files hold the
trajectories of those two models and of a second 7B; their rows have status `excluded`, because
training on the un-annealed trajectory of a target would leak that target into its own forecast.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs

SIZES = ("190M", "370M", "760M", "1B", "3B")
LENGTHS = ("0.5xC", "1xC", "1xC-rerun", "2xC", "5xC", "10xC")
TARGETS = {"7B-4T": "peteish7_eval_anneal", "13B-5T": "peteish13_eval_final"}
TRAJECTORIES = {
    "7B-full": "peteish7_eval_full",
    "7B-170k-450k": "peteish7_eval_170k-450k",
    "7B-medlr-full": "peteish7_medlr_eval_full",
    "7B-medlr-5k-205k": "peteish7_medlr_eval_5k-205k",
    "7B-medlr-170k-end": "peteish7_medlr_eval_170k-end",
    "7B-medlr-210k-325k": "peteish7_medlr_eval_210k-325k",
    "7B-medlr-330k-490k": "peteish7_medlr_eval_330k-490k",
    "13B-full": "peteish13_eval_full",
    "13B-50k-150k": "peteish13_eval_50k-150k",
}
LEAKS = "The un-annealed trajectory of a target: training on it would leak the target into its own forecast."
OTHER_7B = "Another 7B at another peak learning rate, not annealed; kept for the study of multiple choice."

CONFIG = "src/scripts/paper/configs/final.json"
CHECKPOINTS = "src/scripts/paper/data/ladder-runs"
CONFIG_KEYS = {"190M": "190M", "370M": "370M", "760M": "760M", "1B": "1.3B", "7B": "7B-4T", "13B": "13B-5T"}


def load(folder: Path) -> Runs:
    """Read the ladder, its targets and their trajectories.

    Args:
        folder: Holds the files under their upstream paths.
    """
    shapes = _read_shapes(folder / CONFIG)
    frames = [
        read_run(folder / CHECKPOINTS / f"{stem}.csv", run, shapes[run.split("-")[0]])
        for run, stem in files_of_runs().items()
    ]
    frame = pl.concat(frames, how="diagonal")
    frame = frame.with_columns(mmlu_means(frame.columns))
    return build_runs(frame, METADATA, "olmo-ladder")


@dataclass(frozen=True)
class Shape:
    """What is counted from a model's shape.

    Attributes:
        n_params: Parameters without the input embedding (count).
        flops_per_token: Training FLOPs per token, attention and head included.
    """

    n_params: int
    flops_per_token: int


# The 3B is younger than the paper and its config. Its FLOPs are those that its runs logged; its
# parameters are counted as for the other sizes: 16 layers, 3,328 wide.
SHAPE_3B = Shape(n_params=3_169_537_280, flops_per_token=22_970_355_200)


def _read_shapes(path: Path) -> dict[str, Shape]:
    config = json.loads(path.read_text(encoding="utf-8"))
    shapes = {size: Shape(config[key]["n"], config[key]["flops"]) for size, key in CONFIG_KEYS.items()}
    return {**shapes, "3B": SHAPE_3B}


def files_of_runs() -> dict[str, str]:
    """Return the file of each published run, without its ending."""
    ladder = {f"{size}-{length}": f"{size}-{length}" for size in SIZES for length in LENGTHS}
    return {**ladder, **TARGETS, **TRAJECTORIES}


def read_run(path: Path, run: str, shape: Shape) -> pl.DataFrame:
    """Read one CSV of the ladder; rows of a target's trajectory are excluded."""
    raw = pl.read_csv(path, infer_schema_length=None)
    frame = raw.select(
        pl.lit(run).alias("run"),
        pl.lit("olmo-2").alias("family"),
        *_steps(raw.columns),
        pl.lit(float(shape.n_params)).alias("n_params"),
        _tokens(raw.columns).cast(pl.Float64).alias("n_tokens"),
        (_tokens(raw.columns) * float(shape.flops_per_token)).alias("flops"),
        (pl.int_range(pl.len()) == pl.len() - 1).alias("is_final"),
        *(pl.col(old).cast(pl.Float64).alias(new) for old, new in measurements(raw.columns).items()),
    )
    frame = frame.filter(pl.col("n_tokens") > 0)
    return _exclude(frame, run) if run in TRAJECTORIES else frame


def _exclude(frame: pl.DataFrame, run: str) -> pl.DataFrame:
    reason = OTHER_7B if "medlr" in run else LEAKS
    return frame.with_columns(is_final=pl.lit(False), status=pl.lit("excluded"), reason=pl.lit(reason))


def _steps(columns: list[str]) -> list[pl.Expr]:
    return [pl.col("_step").alias("step")] if "_step" in columns else []


def _tokens(columns: list[str]) -> pl.Expr:
    if "throughput/total_tokens" in columns:
        return pl.col("throughput/total_tokens")
    return pl.col("_step") * pl.col("batch_size_in_tokens")


PATTERNS = (
    (re.compile(r"eval/(?P<what>.+)-validation/CrossEntropyLoss"), "loss/{what}"),
    (re.compile(r"eval/downstream_bpb/(?P<what>.+)_rc_5shot_bpb"), "task_loss/{what}"),
    (re.compile(r"eval/downstream/(?P<what>.+)_rc_5shot_(len_norm|acc)"), "score/{what}"),
    (re.compile(r"eval/downstream/(?P<what>.+)_mc_5shot_(len_norm|acc)"), "score/{what}_mc"),
)
SPLIT_TWICE = ("arc_", "openbookqa_", "mmlu_")


def measurements(columns: list[str]) -> dict[str, str]:
    """Map upstream columns of losses and scores to ours; the rest is left out."""
    matches = ((column, pattern.fullmatch(column), name) for column in columns for pattern, name in PATTERNS)
    return {column: name.format(what=_plain(match["what"])) for column, match, name in matches if match}


def _plain(name: str) -> str:
    """Drop the split where it is the test split, or the only one."""
    name = name.removesuffix("_test").replace("-", "_")
    return name if name.startswith(SPLIT_TWICE) else name.removesuffix("_val")


MMLU_PARTS = {"stem": 0.215, "humanities": 0.335, "social_sciences": 0.219, "other": 0.231}


def mmlu_means(columns: list[str]) -> list[pl.Expr]:
    """Return the weighted means of MMLU's four parts, for each kind of score whose parts are there."""
    return [
        _weighted_mmlu(f"{kind}/mmlu_{{part}}{ending}").alias(f"{kind}/mmlu{ending}")
        for kind, endings in (("score", ("", "_val", "_mc", "_val_mc")), ("task_loss", ("", "_val")))
        for ending in endings
        if f"{kind}/mmlu_stem{ending}" in columns
    ]


def _weighted_mmlu(template: str) -> pl.Expr:
    parts = [pl.col(template.format(part=part)) * weight for part, weight in MMLU_PARTS.items()]
    return reduce(add, parts)


PAPER_TASKS = (
    "mmlu",
    "hellaswag",
    "arc_challenge",
    "arc_easy",
    "piqa",
    "csqa",
    "socialiqa",
    "openbookqa",
)
# Chance level and number of items; every published score is a whole number of these items.
TASKS: Mapping[str, tuple[float, int]] = {
    "mmlu": (1 / 4, 14042),
    "mmlu_stem": (1 / 4, 3018),
    "mmlu_humanities": (1 / 4, 4705),
    "mmlu_social_sciences": (1 / 4, 3077),
    "mmlu_other": (1 / 4, 3242),
    "mmlu_val": (1 / 4, 1531),
    "mmlu_stem_val": (1 / 4, 321),
    "mmlu_humanities_val": (1 / 4, 518),
    "mmlu_social_sciences_val": (1 / 4, 337),
    "mmlu_other_val": (1 / 4, 355),
    "hellaswag": (1 / 4, 10042),
    "arc_challenge": (1 / 4, 1172),
    "arc_challenge_val": (1 / 4, 299),
    "arc_easy": (1 / 4, 2376),
    "arc_easy_val": (1 / 4, 570),
    "piqa": (1 / 2, 1838),
    "csqa": (1 / 5, 1221),
    "socialiqa": (1 / 3, 1954),
    "openbookqa": (1 / 4, 500),
    "openbookqa_val": (1 / 4, 500),
    "boolq": (1 / 2, 3270),
    "winogrande": (1 / 2, 1267),
}


def _describe_tasks() -> dict[str, dict[str, Any]]:
    ranked = {
        name: {"chance": chance, "n_items": n_items, "metric": "acc" if name == "boolq" else "len_norm"}
        for name, (chance, n_items) in TASKS.items()
    }
    letters = {f"{name}_mc": {**facts, "metric": "acc"} for name, facts in ranked.items()}
    return {**ranked, **letters}


METADATA = Metadata(
    n_params_kind="non_embedding",
    flops_convention="measured",
    general_loss="loss/c4_en",
    default_tasks=PAPER_TASKS,
    tasks=_describe_tasks(),
    note=(
        "Every ladder run has its own cosine schedule, so only last rows compare across runs. "
        "7B-4T is annealed to zero, the ladder to a tenth of its peak. "
        "n_params counts blocks, norms and output head, not the input embedding. "
        "FLOPs are tokens times the exact training FLOPs per token, attention and head included. "
        "Task losses are bits per byte of the gold answer, 5 shots. MMLU is the weighted mean of its four parts. "
        "A task ending in _mc is letter accuracy, measured on the 7B and 13B only; _val is a validation split "
        "where there is a test split too. "
        "The paper fits 190M to 1B at 1, 2, 5 and 10xC; 0.5xC, the reruns and the 3B came later."
    ),
)

OLMO_LADDER = Dataset(
    name="olmo-ladder",
    title="OLMo ladder: 190M to 3B at 0.5 to 10xC, every checkpoint, 11 losses, 20 tasks; targets 7B-4T, 13B-5T",
    repo="allenai/OLMo-ladder",
    commit="67a3f440f787d020da35e3ca8eeae475fae754f5",
    licence="Apache-2.0",
    citation="Bhagia et al. 2025, COLM, arXiv:2412.04403",
    files=read_pins("olmo-ladder"),
    load=load,
    folder="olmo-ladder",
)
