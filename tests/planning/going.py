"""A ladder, a larger run that goes on, and its forecast, with a known truth."""

import numpy as np
import polars as pl

from foretell.runs import Runs, build_runs

N, D = 3e9, 1.2e11
FRACTIONS = (0.02, 0.1, 0.25, 0.5, 0.75, 1.0)


def end_of(n_params: float, n_tokens: float) -> float:
    return float(1.8 + 482.0 * n_params**-0.35 + 2085.0 * n_tokens**-0.37)


def rows(run: str, n_params: float, n_tokens: float, off: float, upto: float = 1.0) -> list[dict]:
    """A run whose excess shrinks with size, as that of real ones; its end lies `off` above the law, relatively."""
    end = end_of(n_params, n_tokens) * (1 + off)
    excess = 0.1 * (n_params / 1e9) ** -0.05
    values = {f: end * np.exp(excess * (1 / f) ** 0.4 * (1 - f)) for f in FRACTIONS if f <= upto}
    score = {f: float(np.clip(1.6 - 0.4 * value, 0.26, 0.95)) for f, value in values.items()}
    return [
        {
            "run": run,
            "n_params": n_params,
            "n_tokens": f * n_tokens,
            "loss/web": float(value),
            "score/piqa": score[f],
            "is_final": f == 1.0,
            "status": "ok" if upto == 1.0 else "running",
        }
        for f, value in values.items()
    ]


def table(off: float = 0.0, upto: float = 0.5, sizes: tuple[float, ...] = (1e8, 3e8, 1e9)) -> Runs:
    rng = np.random.default_rng(0)
    ladder = [
        row
        for n in sizes
        for ratio in (10, 20, 40, 80)
        for row in rows(f"{n:g}-{ratio}", n, ratio * n, 0.003 * rng.standard_normal())
    ]
    return build_runs(pl.DataFrame([*ladder, *rows("large", N, D, off, upto)]), name="runs")


def forecast(low: float = 0.99, high: float = 1.01, at: str = "n_params=3e9,n_tokens=1.2e11", **other) -> dict:
    value = end_of(N, D)
    row = {
        "kind": "loss", "run": at, "task": "loss/web", "status": "ok", "forecast": value, "low": low * value,
        "high": high * value, "loss_forecast": value,
    }  # fmt: skip
    return {"level": 0.9, "forecasts": [{**row, **other}]}
