"""One small result of each kind, as plain data from the real verbs."""

from functools import cache
from typing import Any

from tests.methods.ladder import TARGET, make_ladder, make_runs

import foretell
from foretell.ledger.record import make_record

SECOND = "n_params=70B,n_tokens=15T"


@cache
def runs() -> Any:
    """A ladder with noise."""
    return make_runs(make_ladder(seed=3, loss_noise=0.01, score_noise=0.01))


@cache
def forecast(method: str = "flp") -> dict[str, Any]:
    """A sealed forecast of two targets."""
    result = foretell.forecast(runs(), [TARGET, SECOND], method=method, resamples=50, evidence=True)
    return make_record(result, runs(), command="foretell forecast ladder.csv")


@cache
def losses() -> dict[str, Any]:
    """A sealed forecast of a loss."""
    result = foretell.forecast(runs(), TARGET, losses=["web"], method="flp", resamples=50, evidence=True)
    return make_record(result, runs())


@cache
def backtest() -> dict[str, Any]:
    """Two methods against the two largest sizes."""
    return foretell.backtest(runs(), "n_params > 5e8", methods=["flp", "fp"], resamples=50).to_dict()


MIXTURE = {"web": 0.6, "code": 0.3, "books": 0.1}
OTHER = {"web": 0.4, "code": 0.2, "books": 0.4}


def _row(task: str, forecast: float) -> dict[str, Any]:
    ends = {"forecast": forecast, "low": forecast - 0.05, "high": forecast + 0.05}
    return {"kind": "loss", "task": task, "run": "t", "status": "ok", **ends}


def mix() -> dict[str, Any]:
    """A mixture of three sources for two losses, made by hand."""
    names, corners = ("loss/code", "loss/web"), [(0.0, 0.0), (1.0, 0.0), (0.5, 0.866)]
    points = [
        {"x": x / 4 + y / 8, "y": y * 0.2165, "objective": 3 + 0.1 * x, "allowed": True, "mixture": MIXTURE}
        for x in range(5)
        for y in range(5 - x)
    ]
    mixed = {"mixture": MIXTURE, "objective": 3.0, "low": 2.9, "high": 3.1}
    front = [{"mixture": MIXTURE, "outcomes": {names[0]: 1 + 0.1 * i, names[1]: 3 - 0.1 * i}} for i in range(4)]
    triangle = {
        "sources": list(MIXTURE),
        "rest": 0.0,
        "divisions": 4,
        "corners": [{"source": s, "x": x, "y": y} for s, (x, y) in zip(MIXTURE, corners, strict=True)],
        "points": points,
        "best": {"x": 0.4, "y": 0.1},
        "trained": [{"x": 0.2, "y": 0.3}],
    }
    gains = {"gain": 0.1, "gain_low": 0.05, "gain_high": 0.15, "p_better": 0.97}
    other = {
        "name": "that of the largest run (a)",
        "mixture": OTHER,
        "objective": 3.1,
        "low": 3.0,
        "high": 3.2,
        **gains,
    }
    return {
        **mixed,
        "runs": "t.csv",
        "train": None,
        "at": "n_params=1B,n_tokens=1T",
        "method": "flpm",
        "goal": "minimize",
        "weights": dict.fromkeys(names, 1.0),
        "robust": False,
        "level": 0.9,
        "seed": 0,
        "resamples": 200,
        "forecasts": [_row(names[0], 1.0), _row(names[1], 2.9)],
        "baseline": {**other, "forecasts": [_row(names[0], 1.2), _row(names[1], 2.95)]},
        "flat_region": {"low": OTHER, "high": MIXTURE, "share": 0.1},
        "nearest": {"run": "a", "mixture": OTHER, "distance": 0.3},
        "by_scale": [{"factor": 1.0, "flops": 6e21, "mixture": MIXTURE, "objective": 3.0}],
        "front": front,
        "triangle": triangle,
        "warnings": [],
        "seconds": 1.0,
    }


def compare() -> dict[str, Any]:
    """Two recipes in two tasks and their mean, one of them refused; made by hand."""
    one = {"kind": "score", "run": "t", "first": 0.6, "second": 0.5, "difference": 0.1, "low": -0.02, "high": 0.2}
    ok = {**one, "p_first_better": 0.9, "status": "ok", "reason": None}
    missing = dict.fromkeys(("first", "second", "difference", "low", "high", "p_first_better"))
    refused = {**ok, **missing, "task": "csqa", "status": "refused", "reason": "csqa: too few."}
    return {
        "runs": "t.csv",
        "train": None,
        "families": ["a", "b"],
        "method": "flp",
        "level": 0.9,
        "seed": 0,
        "resamples": 100,
        "n_twins": 0,
        "seconds": 1.0,
        "warnings": [],
        "contests": [{**ok, "task": "piqa"}, refused, {**ok, "task": "mean"}],
    }
