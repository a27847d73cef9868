"""Gadre et al.: 104 finished runs on three corpora, from 11M to 6.9B, under- and over-trained."""

import json
from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path, PurePosixPath
from statistics import fmean
from typing import Any

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs
from foretell.units import flops_6nd

CORPORA = {"c4_original": "c4", "rpj": "rpj", "rw_original": "rw"}
# Folder of the validation file to our domain.
DOMAINS = {
    "c4_val": "c4_val",
    "openlm": "openlm",
    "paloma_c4_en": "paloma_c4_en",
    "paloma_dolma_100_programing_languages": "paloma_programming",
    "paloma_falcon-refinedweb": "falcon_refinedweb",
    "paloma_ptb": "ptb",
    "paloma_redpajama": "paloma_redpajama",
    "de-en": "de_en",
}
# The subset whose average error the paper forecasts.
TASKS_17 = (
    "arc_easy",
    "bigbench_cs_algorithms",
    "bigbench_dyck_languages",
    "bigbench_novel_concepts",
    "bigbench_operators",
    "bigbench_qa_wikidata",
    "boolq",
    "commonsense_qa",
    "copa",
    "coqa",
    "hellaswag",
    "hellaswag_zeroshot",
    "lambada_openai",
    "piqa",
    "pubmed_qa_labeled",
    "squad",
    "winograd",
)


def load(folder: Path) -> Runs:
    """Read the 104 runs, their losses and their scores.

    Args:
        folder: Holds the files under their upstream paths.
    """
    data = folder / "exp_data"
    rows = [_read_run(path, data / "evals") for path in sorted((data / "models").glob("*.json"))]
    frame = pl.DataFrame(rows)
    mean_17 = reduce(add, (pl.col(f"score/{task}") for task in TASKS_17)) / len(TASKS_17)
    frame = frame.with_columns(mean_17.alias("score/average_17"))
    return build_runs(frame, _metadata(data / "eval_metadata.csv", frame), "gadre")


def _read_run(path: Path, evals: Path) -> dict[str, Any]:
    model = json.loads(path.read_text(encoding="utf-8"))
    scores = json.loads((evals / f"evaluation_{path.stem}_heavy.json").read_text(encoding="utf-8"))
    return row_of(model, scores)


def row_of(model: Mapping[str, Any], scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a finished model, from its description and its evaluation."""
    settings = model["hyperparameters"]
    n_params, n_tokens = float(settings["params"]), float(settings["tokens"])
    return {
        "run": model["name"],
        "family": CORPORA.get(model["dataset_name"], model["dataset_name"]),
        "n_params": n_params,
        "n_params_non_embedding": float(settings["params_no_embed"]),
        "n_tokens": n_tokens,
        "token_multiplier": 20.0 * settings.get("chinchilla_multiplier", n_tokens / n_params / 20.0),
        "flops": flops_6nd(n_params, n_tokens),
        "is_final": True,
        **{f"loss/{_domain(result)}": result["loss"] for result in model["results"]},
        **{f"score/{task}": score for task, score in scores["eval_metrics"]["icl"].items()},
    }


def _domain(result: Mapping[str, Any]) -> str:
    folder = PurePosixPath(result["val_data"][0]).parent.name
    return DOMAINS.get(folder, folder)


def _metadata(path: Path, frame: pl.DataFrame) -> Metadata:
    tasks = describe_tasks(path, frame)
    chance_17 = fmean(tasks[task]["chance"] for task in TASKS_17)
    tasks["average_17"] = {"chance": chance_17, "metric": "mean of 17"}
    return Metadata(
        n_params_kind="total",
        flops_convention="6ND",
        general_loss="loss/c4_val",
        default_tasks=(*TASKS_17, "average_17"),
        tasks=tasks,
        note=NOTE,
    )


def describe_tasks(path: Path, frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return what upstream's table says of the tasks that a frame has."""
    stated = {row["Eval Task"]: row for row in pl.read_csv(path).iter_rows(named=True)}
    return {task: _describe(task, row) for task, row in stated.items() if f"score/{task}" in frame.columns}


# Upstream gives the item count of ARC easy for both; the scores are multiples of 1/1172.
N_ITEMS_CORRECTED = {"arc_challenge": 1172}


def _describe(task: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "chance": row["Random baseline"] / 100,
        "n_items": N_ITEMS_CORRECTED.get(task, row["#datapoints"]),
        "metric": "exact_match" if row["Task Type"] == "language modeling" else "acc",
    }


NOTE = (
    "Finished checkpoints only; the family is the training corpus. "
    "n_params counts embeddings, n_params_non_embedding does not; token_multiplier is tokens per total parameter "
    "as the paper counts it. Tokens of the longest small runs include repeats. "
    "average_17 is the mean accuracy over the paper's 17 tasks: its relative errors are on one minus that. "
    "mmlu, bbq and jeopardy are means over subjects. loss/paloma_programming is code, loss/de_en is German."
)

GADRE = Dataset(
    name="gadre",
    title="Gadre et al.: 104 finished runs, 3 corpora, 8 losses, 46 tasks; targets 1.4B over-trained, 6.9B",
    repo="mlfoundations/scaling",
    commit="a003c4913793ac2ae7ef87b28ecb562955d026d5",
    licence="MIT",
    citation="Gadre et al. 2024, arXiv:2403.08540",
    files=read_pins("gadre"),
    load=load,
    folder="gadre",
)
