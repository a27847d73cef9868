"""The public names, frozen: adding one is a decision, removing one breaks somebody."""

import inspect
from typing import Any

import foretell
from foretell.datasets import DATASETS
from foretell.fitting.penalty import PENALTIES
from foretell.laws import LAWS
from foretell.methods import METHODS
from foretell.reproductions import REPRODUCTIONS

NAMES = {
    "DATASETS", "DataError", "FitError", "ForetellError", "LAWS", "METHODS", "Metadata", "MissingExtra", "Runs",
    "UnknownName", "__version__", "ablate", "allocate", "backtest", "check", "compare", "draw", "fit", "forecast",
    "import_runs", "join_runs", "load_runs", "mix", "multiplier", "plan", "read_law", "reproduce", "score", "sweep",
    "watch", "write_report", "write_result", "write_table",
}  # fmt: skip
LAW_NAMES = {
    "power", "power_floor", "chinchilla", "overtraining", "linear", "sigmoid", "free_sigmoid", "exp_decay",
    "score_power", "neg_log_power", "neg_log_size",
    "shifted_power", "capability", "neg_log_power_floor", "anchored_cubic", "repeated_data",
}  # fmt: skip
METHOD_NAMES = {
    "auto", "flp", "flpm", "fp", "chinchilla", "olmo_ladder", "gadre", "direct", "loss_to_loss", "observational",
    "clusters", "naive",
}  # fmt: skip
DATASET_NAMES = {
    "olmo-ladder", "gadre", "gadre-grid", "chinchilla", "mixinglaws", "datablations", "regmix", "obs-scaling",
    "compression-bpc",
}  # fmt: skip


def test_the_package_offers_exactly_these_names() -> None:
    assert set(foretell.__all__) == NAMES
    assert all(getattr(foretell, name) is not None for name in NAMES)


def test_verbs_stay_functions_whatever_was_imported_before() -> None:
    for verb in sorted(name for name in NAMES if name.islower() and not name.startswith("_")):
        assert inspect.isfunction(getattr(foretell, verb)), verb


def test_registries_hold_exactly_these_names() -> None:
    assert set(LAWS) == LAW_NAMES
    assert set(METHODS) == METHOD_NAMES
    assert set(PENALTIES) == {"huber", "squared", "soft_l1"}
    assert set(DATASETS) == DATASET_NAMES
    assert set(REPRODUCTIONS) == {"chinchilla", "gadre", "olmo-ladder", "flp", "regmix", "repeated_data"}


def arguments(verb: Any) -> list[str]:
    return list(inspect.signature(verb).parameters)


def test_the_verbs_keep_their_arguments() -> None:
    shared = ["level", "margin", "seed", "resamples", "pool"]
    assert arguments(foretell.forecast) == [
        "runs",
        "at",
        "train",
        "tasks",
        "losses",
        "loss",
        "method",
        *shared,
        "evidence",
    ]
    drawn = ["method", "margin", "seed", "resamples", "pool"]
    assert arguments(foretell.draw) == ["runs", "at", "train", "tasks", "losses", "loss", *drawn]
    assert arguments(foretell.backtest) == ["runs", "holdout", "train", "tasks", "losses", "loss", "methods", *shared]
    asked = ["train", "tasks", "losses", "loss", "method", *shared[:-1]]
    assert arguments(foretell.compare) == ["runs", "at", "families", *asked]
    bounds = ["at_least", "at_most", "unique", "max_epochs", "robust"]
    assert arguments(foretell.mix) == ["runs", "at", "maximize", "minimize", *bounds, "train", "method", *shared]
    assert arguments(foretell.sweep) == ["runs", "holdout", "train", "tasks", "loss", "methods", "margins", "pool"]
    asked = ["train", "tasks", "losses", "loss", "margin", "pool"]
    assert arguments(foretell.ablate) == ["runs", "holdout", *asked]
    assert arguments(foretell.score) == ["forecasts", "runs", "run"]
    assert arguments(foretell.write_report) == ["result", "output"]
    sizes = ["vocab_size", "sequence_length", "batch", "level"]
    assert arguments(foretell.plan) == ["at", "budget", "like", "have", "train", "loss", "noise", "limits", *sizes]
    drawn = ["level", "seed", "resamples"]
    assert arguments(foretell.allocate) == ["runs", "budgets", "family", "train", "loss", "served", "unique", *drawn]
    assert arguments(foretell.multiplier) == ["runs", "at", "families", "train", "loss", *drawn]
    assert arguments(foretell.watch) == ["runs", "forecast", "run", "at", "ladder", "loss", "level"]
    assert arguments(foretell.check) == ["runs", "loss", "tasks"]
    assert arguments(foretell.reproduce) == ["name"]
    how = ["columns", "constants", "run_name", "query", "show"]
    assert arguments(foretell.import_runs) == ["kind", "source", *how]
    assert arguments(foretell.join_runs) == ["a", "b"]
    assert arguments(foretell.load_runs) == ["source", "metadata", "strict"]
