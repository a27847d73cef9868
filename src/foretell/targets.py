"""The models that are to be forecast: typed by hand, or held-out rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import polars as pl

from foretell.errors import DataError, Finding
from foretell.runs import Runs
from foretell.units import FLOPS_CONVENTIONS, flops_6nd, format_quantity, parse_quantity

KEYS = ("n_params", "n_params_active", "n_tokens", "flops", "family")
AGREEMENT = (0.25, 8.0)  # typed FLOPs over those by the table's convention: beyond, one of them is wrong


@dataclass(frozen=True)
class Target:
    """One model that is to be forecast.

    Attributes:
        run: Its name, or the text that was typed.
        flops: Training FLOPs.
        n_params: Parameters (count, of the table's kind); NaN where not known.
        n_tokens: Training tokens; NaN where not known.
        family: The family whose laws apply; `None` where not stated.
        share: Data mixture by source.
        actual: Columns of the finished run by name, where it is known.
    """

    run: str
    flops: float
    n_params: float = float("nan")
    n_tokens: float = float("nan")
    family: str | None = None
    share: Mapping[str, float] = field(default_factory=dict)
    actual: Mapping[str, float] = field(default_factory=dict)


def parse_target(text: str, runs: Runs | None = None) -> tuple[Target, list[Finding]]:
    """Read a target as it is typed: `n_params=7B,n_tokens=4T,share/code=0.3,family=olmo-2`.

    FLOPs that are not given are 6 N D times the table's own ratio of its FLOPs to 6 N D at the
    nearest sizes (1 without a table, and in a dense table that computes them so). In a mixture of experts, N is the
    active parameters where the target states them.

    Returns:
        The target, and what was assumed.

    Raises:
        DataError: a key is unknown, a quantity is not positive, or there is no way to FLOPs.
    """
    pairs = _read_pairs(text)
    quantities = {key: _positive(key, pairs[key]) for key in KEYS[:-1] if key in pairs}
    share = {key.removeprefix("share/"): _share(key, pairs[key]) for key in pairs if key.startswith("share/")}
    flops, findings = _settle_flops(text, quantities, runs)
    unknown = float("nan")
    return Target(
        run=text,
        flops=flops,
        n_params=quantities.get("n_params", unknown),
        n_tokens=quantities.get("n_tokens", unknown),
        family=pairs.get("family"),
        share=share,
    ), findings


def targets_from_rows(runs: Runs) -> list[Target]:
    """Turn the rows of a table into targets that know their actual values.

    Raises:
        DataError: a row has no compute.
    """
    return [_target_from_row(row) for row in runs.frame.iter_rows(named=True)]


def describe_target(target: Target) -> dict[str, Any]:
    """Return a target as plain data, without its actual values; `None` where a size is not known."""
    sizes = {name: getattr(target, name) for name in ("flops", "n_params", "n_tokens")}
    known = {name: float(value) if np.isfinite(value) else None for name, value in sizes.items()}
    return {"run": target.run, **known, "family": target.family, "share": dict(target.share)}


def column(targets: Sequence[Target], name: str) -> np.ndarray:
    """Return one quantity of all targets, shape `(n,)`: a field, or an actual value."""
    if name in ("flops", "n_params", "n_tokens"):
        return np.array([getattr(target, name) for target in targets], float)
    return np.array([target.actual.get(name, np.nan) for target in targets], float)


def _read_pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for key, value in (_split(pair, text) for pair in text.split(",") if pair.strip()):
        if key in pairs:
            raise DataError(f"target {text!r}: {key} stands twice. Keep one of them.")
        pairs[key] = value
    return pairs


def _split(pair: str, text: str) -> tuple[str, str]:
    key, equals, value = (part.strip() for part in pair.partition("="))
    if not equals or not value:
        raise DataError(f"target {text!r}: {pair.strip()!r} is not key=value. Write n_params=7e9,n_tokens=4e12.")
    if key not in KEYS and not key.startswith("share/"):
        near = get_close_matches(key, KEYS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(KEYS)}, share/<source>."
        raise DataError(f"target {text!r}: unknown key {key!r}. {hint}")
    return key, value


def _positive(key: str, value: str) -> float:
    quantity = parse_quantity(value)
    if quantity <= 0:
        raise DataError(f"target: {key} is {value}. Give a positive quantity, such as {key}=7e9.")
    return quantity


def _share(key: str, value: str) -> float:
    share = parse_quantity(value)
    if not 0 <= share <= 1:
        raise DataError(f"target: {key} is {value}. Give a fraction from 0 to 1.")
    return share


def _settle_flops(text: str, quantities: Mapping[str, float], runs: Runs | None) -> tuple[float, list[Finding]]:
    """Return the typed FLOPs, compared with the sizes, or those that the sizes imply."""
    typed, sized = quantities.get("flops"), {"n_params", "n_tokens"} <= set(quantities)
    if typed is None and not sized:
        raise DataError(f"target {text!r} has no compute. Give n_params and n_tokens, or flops.")
    if not sized:
        return float(typed or 0.0), []
    count = "n_params_active" if "n_params_active" in quantities and _has_active(runs) else "n_params"
    plain = flops_6nd(quantities[count], quantities["n_tokens"])
    if runs is None:
        return plain if typed is None else typed, [] if typed is None else _disagreement(text, typed, plain)
    ratio = _ratio_to_6nd(quantities[count], count, runs)
    if typed is not None:
        return typed, _disagreement(text, typed, ratio * plain)
    return ratio * plain, [] if abs(ratio - 1.0) < 1e-6 else [_estimated(ratio, plain, runs)]


def _has_active(runs: Runs | None) -> bool:
    return runs is not None and "n_params_active" in runs.frame.columns


def _disagreement(text: str, typed: float, implied: float) -> list[Finding]:
    if AGREEMENT[0] <= typed / implied <= AGREEMENT[1]:
        return []
    what = f"{text} states FLOPs that are {typed / implied:.3g} times what its parameters and tokens come to."
    return [Finding("target-flops-inconsistent", "warning", what, "target", fix="Correct one of them.")]


def _estimated(ratio: float, plain: float, runs: Runs) -> Finding:
    convention = FLOPS_CONVENTIONS.get(runs.metadata.flops_convention or "", "by an unstated convention")
    what = (
        f"the table's FLOPs are {convention}; the target's are estimated as {ratio:.3g} x 6ND "
        f"= {format_quantity(ratio * plain)}."
    )
    return Finding("flops-estimated", "note", what, "target", fix="Give flops=... to be exact.")


def _ratio_to_6nd(n_params: float, count: str, runs: Runs) -> float:
    """Interpolate the table's FLOPs over 6ND in the logarithm of size; hold it flat outside."""
    sized = runs.usable().frame.drop_nulls([count, "n_tokens", "flops"])
    if sized.height == 0:
        return 1.0
    ratio = pl.col("flops") / (6.0 * pl.col(count) * pl.col("n_tokens"))
    by_size = sized.group_by(count).agg(ratio.median().alias("ratio")).sort(count)
    return float(np.interp(np.log(n_params), np.log(by_size[count].to_numpy()), by_size["ratio"].to_numpy()))


def _target_from_row(row: Mapping[str, object]) -> Target:
    numbers = {k: float(v) for k, v in row.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    if "flops" not in numbers:
        raise DataError(f"run {row['run']}: its row has no flops. Give them, or n_params and n_tokens.")
    return Target(
        run=str(row["run"]),
        flops=numbers["flops"],
        n_params=numbers.get("n_params", np.nan),
        n_tokens=numbers.get("n_tokens", np.nan),
        family=str(row["family"]),
        share={k.removeprefix("share/"): v for k, v in numbers.items() if k.startswith("share/")},
        actual={k: v for k, v in numbers.items() if "/" in k},
    )
