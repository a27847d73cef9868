"""Observational scaling laws: public base models with their size, compute and benchmark scores."""

from pathlib import Path

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs

BENCHMARKS = "eval_results/base_llm_benchmark_eval.csv"
EMERGENT = "eval_results/base_llm_emergent_capability_eval.csv"
TASKS = {
    "MMLU": "mmlu",
    "ARC-C": "arc_challenge",
    "HellaSwag": "hellaswag",
    "Winograd": "winogrande",
    "TruthfulQA": "truthfulqa",
    "GSM8K": "gsm8k",
    "XWinograd": "xwinograd",
    "HumanEval": "humaneval",
}
PERCENT = "ipa_transliterate_2_bleu"


def load(folder: Path) -> Runs:
    """Read the models; those without a known size of training data have no FLOPs.

    Args:
        folder: Holds the files under their upstream paths.
    """
    return build_runs(read_models(folder), METADATA, "obs-scaling")


def read_models(folder: Path) -> pl.DataFrame:
    """Return every model, also those without FLOPs, in the columns of the run table."""
    models = pl.read_csv(folder / BENCHMARKS).select(
        pl.col("Model").alias("run"),
        pl.col("Model Family").alias("family"),
        (pl.col("Model Size (B)") * 1e9).alias("n_params"),
        (pl.col("Pretraining Data Size (T)") * 1e12).alias("n_tokens"),
        (pl.col("FLOPs (1E21)") * 1e21).alias("flops"),
        pl.lit(True).alias("is_final"),
        *(pl.col(name).alias(f"score/{task}") for name, task in TASKS.items()),
    )
    return models.join(_read_emergent(folder / EMERGENT), on="run", how="left", maintain_order="left", validate="1:1")


def _read_emergent(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path).rename({"Model": "run"})
    frame = frame.with_columns(pl.col(PERCENT) / 100)
    return frame.rename({name: f"score/{name}" for name in frame.columns if name != "run"})


# Generated answers, which nobody guesses; the chance level of parsinlu_qa is not known.
GENERATED = {
    "word_unscrambling_2_exact_match": "exact_match",
    "ipa_transliterate_2_exact_match": "exact_match",
    "ipa_transliterate_2_bleu": "bleu",
    "arithmetic_3ds_2_acc": "acc",
    "arithmetic_3da_2_acc": "acc",
    "arithmetic_2dm_2_acc": "acc",
    "arithmetic_2da_2_acc": "acc",
}
METADATA = Metadata(
    n_params_kind="total",
    flops_convention="6ND",
    default_tasks=tuple(TASKS.values()),
    tasks={task: {"chance": 0.0, "metric": metric} for task, metric in GENERATED.items()},
    note=(
        "No losses. The family is upstream's. FLOPs are upstream's 6 x parameters x tokens, with the active parameters "
        "for mixtures of experts; models whose training data are not known have none. "
        "ipa_transliterate_2_bleu is divided by 100. Scores on emergent tasks exist for a part of the models."
    ),
)

OBS_SCALING = Dataset(
    name="obs-scaling",
    title="Observational scaling: 148 public base models (123 with FLOPs), 8 benchmarks, 8 emergent tasks",
    repo="ryoungj/ObsScaling",
    commit="4d6e1e43fd2635d04654aa77d1df9d5266ea0382",
    licence="Apache-2.0",
    citation="Ruan, Maddison and Hashimoto 2024, arXiv:2405.10938",
    files=read_pins("obs-scaling"),
    load=load,
    folder="obs-scaling",
)
