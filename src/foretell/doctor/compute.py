"""FLOPs that disagree with parameters and tokens, though their unit is right."""

import numpy as np
import polars as pl

from foretell.doctor.ends import run_ends
from foretell.doctor.listing import count, list_some
from foretell.doctor.ratio import highest_ratio
from foretell.doctor.reading import PLAIN, read_sizes
from foretell.errors import Finding, Severity
from foretell.runs import Runs

WHY = "Targets are placed by their FLOPs, so training FLOPs must be counted in the same way."
LOWEST = {"non_embedding": 0.9, "total": 0.45}  # untied embeddings count as parameters and cost half their FLOPs
FORWARD = 1 / 3  # of training
EXACT = 0.005
CERTAIN = 10.0  # a ratio this far outside the plausible band is no convention
STATED_6ND = 1.02
JUMP = 1.5
WARM_UP = 0.01  # share of a run whose first logged FLOPs may be rounded


_EXACTLY_FORWARD = pl.col("ratio").is_between(FORWARD - EXACT, FORWARD + EXACT)


def flops_against_sizes(runs: Runs) -> list[Finding]:
    """Find FLOPs that are not those of training that many parameters on that many tokens."""
    ends = _well_read(run_ends(runs))
    lowest = LOWEST[runs.metadata.n_params_kind or "total"]
    low, high = pl.col("ratio") < lowest, pl.col("ratio") > pl.col("highest")
    forward = low & (pl.col("ratio") > 0.9 * FORWARD)
    groups = (
        (_forward_only, ends.filter(forward)),
        (_too_low, ends.filter(low & ~forward)),
        (_too_high, ends.filter(high)),
    )
    findings = [
        describe(rows, f"flops of {rows.height} of {count(ends.height, 'run')}")
        for describe, rows in groups
        if rows.height
    ]
    return findings or _not_as_stated(runs, ends)


def forward_only_runs(runs: Runs) -> list[str]:
    """Return the runs whose FLOPs are exactly those of the forward pass, 2ND."""
    return _well_read(run_ends(runs)).filter(_EXACTLY_FORWARD)["run"].to_list()


def _well_read(ends: pl.DataFrame) -> pl.DataFrame:
    """Return the runs whose units are plain, with `ratio` (FLOPs over 6ND) and its `highest`."""
    ends = read_sizes(ends).filter(PLAIN).with_columns(ratio=_ratio(ends)).drop_nulls("ratio")
    return ends.with_columns(highest=pl.Series(highest_ratio(ends["n_params"].to_numpy())))


def _ratio(frame: pl.DataFrame) -> pl.Expr:
    """Training FLOPs over 6ND, with the active parameters of a mixture of experts."""
    n_params = pl.col("n_params")
    if "n_params_active" in frame.columns:
        n_params = pl.coalesce("n_params_active", "n_params")
    return pl.col("flops") / (6.0 * n_params * pl.col("n_tokens"))


def _forward_only(ends: pl.DataFrame, where: str) -> Finding:
    exact = ends.select(_EXACTLY_FORWARD.all()).item()
    fix = "Multiply flops by 3: training takes a forward and a backward pass, 6 x n_params x n_tokens."
    return _inconsistent(ends, where, fix, "flops-forward-only", "error" if exact else "warning")


def _too_low(ends: pl.DataFrame, where: str) -> Finding:
    fix = "Recompute flops; give n_params_active where each token passes through a part of the model."
    return _inconsistent(ends, where, fix, "flops-inconsistent", _severity(LOWEST["total"] / ends["ratio"]))


def _too_high(ends: pl.DataFrame, where: str) -> Finding:
    fix = "Recompute flops, or correct n_params and n_tokens."
    return _inconsistent(ends, where, fix, "flops-inconsistent", _severity(ends["ratio"] / ends["highest"]))


def _severity(beyond: pl.Series) -> Severity:
    return "error" if (beyond > CERTAIN).any() else "warning"


def _inconsistent(ends: pl.DataFrame, where: str, fix: str, code: str, severity: Severity) -> Finding:
    ratio, name = ends["ratio"][0], ends["run"][0]
    return Finding(
        code=code,
        severity=severity,
        what=f"flops is {6 * ratio:.3g} x n_params x n_tokens in run {name}; training takes about 6.",
        where=where,
        why=WHY,
        fix=fix,
    )


def _not_as_stated(runs: Runs, ends: pl.DataFrame) -> list[Finding]:
    far = ends.filter(pl.col("ratio").log().abs() > np.log(STATED_6ND))
    if runs.metadata.flops_convention != "6ND" or not far.height:
        return []
    return [
        Finding(
            code="flops-not-as-stated",
            severity="warning",
            what=f"the metadata say 6ND, but flops is {far['ratio'][0]:.3g} x 6ND in run {far['run'][0]}.",
            where=f"flops of {far.height} of {count(ends.height, 'run')}",
            why=WHY,
            fix='State flops_convention = "measured" in the metadata, or recompute flops.',
        )
    ]


def flops_within_runs(runs: Runs) -> list[Finding]:
    """Find runs in which FLOPs per token change from one checkpoint to another."""
    plain = read_sizes(run_ends(runs)).filter(PLAIN)
    frame = runs.usable().frame.join(plain.select("run"), on="run", how="semi")
    frame = frame.filter(pl.col("n_tokens") >= WARM_UP * pl.col("n_tokens").max().over("run"))
    per_token = pl.col("flops") / pl.col("n_tokens")
    jumps = frame.group_by("run", maintain_order=True).agg(jump=per_token.max() / per_token.min())
    jumps = jumps.filter(pl.col("jump") > JUMP).sort("jump", descending=True)
    if not jumps.height:
        return []
    return [
        Finding(
            code="flops-jump",
            severity="warning",
            what=f"flops per token change by a factor {jumps['jump'][0]:.3g} within run {jumps['run'][0]}.",
            where=f"runs {list_some(jumps['run'].to_list())}",
            why="A run trains one model, so its FLOPs grow in step with its tokens.",
            fix="Look for a counter that restarted with the job, or a unit that changed, and recompute flops.",
        )
    ]


def counters_that_fall(runs: Runs) -> list[Finding]:
    """Find runs whose tokens fall while their steps rise: a counter that restarted."""
    frame = runs.usable().frame
    if "step" not in frame.columns:
        return []
    fall = pl.col("n_tokens").sort_by("step").drop_nulls().diff() < 0
    named = frame.drop_nulls("step").group_by("run", maintain_order=True).agg(fall=fall.any()).filter("fall")["run"]
    if named.is_empty():
        return []
    return [
        Finding(
            code="tokens-restart",
            severity="warning",
            what=f"n_tokens falls while step rises in {count(len(named), 'run')}.",
            where=f"runs {list_some(named.to_list())}",
            why="Checkpoints after a restart would count as small runs.",
            fix="Add the tokens seen before the restart.",
        )
    ]
