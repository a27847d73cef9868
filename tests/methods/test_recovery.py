"""Each rival recovers its own truth from noiseless tables, and its intervals collapse."""

import numpy as np
import polars as pl
import pytest
from tests.methods.ladder import by_task, make_ladder, make_runs, quick

from foretell.laws import (
    AnchoredCubic,
    Chinchilla,
    NegLogPower,
    NegLogPowerFloor,
    NegLogSize,
    ShiftedPower,
    Sigmoid,
)
from foretell.metadata import Metadata

N, D = 7e9, 2e12
C = 6 * N * D
SIZED = {"n_params_kind": "total", "flops_convention": "6ND"}
THROUGH_STAGES = 1e-4  # relative: a forecast through several fits, far beyond the data


@pytest.fixture(scope="module")
def sizes() -> pl.DataFrame:
    """A ladder's sizes, finished rows only."""
    return make_ladder(checkpoints=1).drop("loss/web", "score/hellaswag", "score/piqa")


def forecast(frame: pl.DataFrame, method: str, **columns):
    named = [pl.Series(name.replace("__", "/"), values) for name, values in columns.items()]
    runs = make_runs(frame.with_columns(named), Metadata(**SIZED))
    return by_task(quick(runs, f"n_params={N},n_tokens={D}", method=method))


def of(frame: pl.DataFrame, *names: str) -> list[np.ndarray]:
    return [frame[name].to_numpy() for name in names]


def assert_exact(row, truth: float) -> None:
    assert row.forecast == pytest.approx(truth, rel=THROUGH_STAGES)
    assert row.high - row.low < 10 * THROUGH_STAGES


LOSS = Chinchilla(E=1.7, A=300.0, alpha=0.33, B=900.0, beta=0.34)


def test_chinchilla(sizes):
    score = Sigmoid(ceiling=0.95, k=3.0, L0=2.6)
    loss = LOSS(*of(sizes, "n_params", "n_tokens"))
    rows = forecast(sizes, "chinchilla", loss__web=loss, score__hellaswag=score(loss, 0.25))
    assert_exact(rows["hellaswag"], score(LOSS(N, D), 0.25))
    assert rows["hellaswag"].loss_forecast == pytest.approx(LOSS(N, D), rel=THROUGH_STAGES)


@pytest.mark.parametrize(
    ("method", "law", "inputs"),
    [
        ("direct", NegLogSize(A=400, alpha=0.3, B=1500, beta=0.35), ("n_params", "n_tokens")),
        ("direct:neg_log_power", NegLogPower(A=2000, alpha=0.17), ("flops",)),
    ],
)
def test_direct(sizes, method, law, inputs):
    score = law(*of(sizes, *inputs), 0.25)
    at = {"n_params": N, "n_tokens": D, "flops": C}
    rows = forecast(sizes, method, loss__web=np.geomspace(3, 2, len(score)), score__hellaswag=score)
    assert_exact(rows["hellaswag"], law(*(at[name] for name in inputs), 0.25))


def test_direct_turned_round_is_the_same_law(sizes):
    law = NegLogPower(A=2000, alpha=0.17)
    frame = sizes.with_columns(pl.Series("score/misses", 1 - law(sizes["flops"].to_numpy(), 0.25)))
    metadata = Metadata(**SIZED, tasks={"misses": {"chance": 0.75, "higher_is_better": False}})
    [row] = quick(make_runs(frame, metadata), f"n_params={N},n_tokens={D}", method="direct:neg_log_power").forecasts
    assert_exact(row, 1 - law(C, 0.25))


def test_loss_to_loss(sizes):
    translate, score = ShiftedPower(K=0.5, E0=1.7, kappa=0.9, E1=0.3), Sigmoid(ceiling=0.95, k=6.0, L0=0.9)
    loss = LOSS(*of(sizes, "n_params", "n_tokens"))
    own = translate(loss)
    columns = {"loss/web": loss, "task_loss/hellaswag": own, "score/hellaswag": score(own, 0.25)}
    rows = forecast(sizes, "loss_to_loss", **columns)
    truth = score(translate(LOSS(N, D)), 0.25)
    assert_exact(rows["hellaswag"], truth)


def test_observational(sizes):
    """Scores that rise alike with log FLOPs are one component, and a sigmoid of it is nearly a line near its middle."""
    place = np.log(sizes["flops"].to_numpy())
    score = 0.55 + 0.004 * (place - place.mean())
    rows = forecast(sizes, "observational", score__hellaswag=score, score__piqa=score + 0.15)
    assert rows["hellaswag"].forecast == pytest.approx(0.55 + 0.004 * (np.log(C) - place.mean()), abs=1e-3)


def test_clusters(sizes):
    """Three kinds of items, each with its law; the task is a known mapping of their mean."""
    laws = [NegLogPowerFloor(A=a, alpha=0.15, c=c) for a, c in ((300, 0.05), (700, 0.1), (1500, 0.2))]
    flops = sizes["flops"].to_numpy()
    items = np.stack([law(flops, 0.25) for law in laws for _ in range(20)], axis=-1)
    whole = AnchoredCubic(s=0.25, t=0.5)
    columns = {"score/hellaswag": whole(items.mean(axis=1), 0.25), "items/hellaswag": items.tolist()}
    rows = forecast(sizes, "clusters", **columns)
    assert_exact(rows["hellaswag"], whole(np.mean([law(C, 0.25) for law in laws]), 0.25))


def test_naive_is_the_largest_finished_run(sizes):
    score = np.linspace(0.4, 0.5, sizes.height)
    rows = forecast(sizes.sort("flops"), "naive", score__hellaswag=score)
    assert rows["hellaswag"].forecast == 0.5
    assert rows["hellaswag"].low < 0.5 < rows["hellaswag"].high
