"""The verb: what is wrong or risky in a run table, and every check that looks for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import polars as pl

from foretell.doctor import (
    checkpoints,
    columns,
    compute,
    coverage,
    curves,
    dynamics,
    loss_units,
    mixtures,
    outliers,
    scaling,
    scores,
    stated,
    undertuned,
    units,
)
from foretell.doctor.findings import Findings
from foretell.doctor.narrowed import narrowed
from foretell.doctor.reading import UNITS
from foretell.errors import Finding
from foretell.registry import Registry
from foretell.runs import Runs
from foretell.schema import COUNTS, LOSSES

Check = Callable[[Runs], list[Finding]]
SEVERITIES = ("error", "warning", "note")


def check_runs(runs: Runs, *, loss: str | None = None, tasks: Sequence[str] | None = None) -> Findings:
    """Find what is wrong or risky in a run table.

    An `error` is certain and makes a forecast wrong; a `warning` is suspicious or weakens it; a
    `note` is worth knowing.

    Args:
        runs: The table; loaded with `strict=False` it brings the values that did not fit.
        loss: Look at this loss only, as the general one.
        tasks: Look at these tasks only.

    Returns:
        What loading found and what the checks find, errors first; a tuple that is also a table.

    Raises:
        UnknownName: the table has no such loss or task.

    >>> from foretell.io import load_runs
    >>> runs = load_runs({"run": ["a", "b"], "flops": [1e18, 9e18], "loss/web": [3.1, 2.9], "is_final": [True, True]})
    >>> [finding.code for finding in check_runs(runs) if finding.severity != "note"]
    ['too-few-runs']
    """
    runs = _without_refused(narrowed(runs, loss, tasks))
    checks = dict.fromkeys(chain.from_iterable(CHECKS.values()))
    with np.errstate(all="ignore"):  # absurd values are findings, not faults
        findings = [finding for check in checks for finding in check(runs)]
    return Findings(sorted((*runs.findings, *findings), key=lambda finding: SEVERITIES.index(finding.severity)))


def _without_refused(runs: Runs) -> Runs:
    """Blank the counts and losses that loading has found not to be positive."""
    positive = [name for name in runs.frame.columns if name in COUNTS or name.startswith(LOSSES)]
    columns = [pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in positive]
    return replace(runs, frame=runs.frame.with_columns(columns))


CHECKS: Registry[tuple[Check, ...]] = Registry(
    "finding code",
    {
        **{
            units.unit_code(c, unit): (units.sizes_in_other_units,)
            for c, known in UNITS.items()
            for unit in known
            if unit
        },
        "flops-too-few": (units.impossible_flops,),
        "params-tokens-swapped": (units.params_that_change,),
        "params-change": (units.params_that_change,),
        "flops-forward-only": (compute.flops_against_sizes,),
        "flops-inconsistent": (compute.flops_against_sizes,),
        "flops-not-as-stated": (compute.flops_against_sizes,),
        "flops-jump": (compute.flops_within_runs,),
        "tokens-restart": (compute.counters_that_fall,),
        "loss-is-perplexity": (loss_units.impossible_losses, loss_units.unlikely_losses),
        "loss-in-bits": (loss_units.unlikely_losses, loss_units.losses_in_two_units, loss_units.losses_given_twice),
        "loss-in-bits-per-byte": (loss_units.unlikely_losses,),
        "loss-outlier": (outliers.outlying_losses,),
        "undertuned-run": (undertuned.undertuned_runs,),
        "loss-rises": (curves.rising_runs,),
        "loss-rises-with-compute": (scaling.loss_rises_with_compute,),
        "loss-spike": (curves.loss_spikes,),
        "diverged-run": (curves.diverged_runs,),
        "dynamics-differ": (dynamics.differing_dynamics,),
        "duplicate-checkpoint": (checkpoints.duplicate_checkpoints,),
        "duplicate-run": (checkpoints.duplicate_runs,),
        "no-final-checkpoints": (checkpoints.families_without_finals,),
        "final-not-last": (checkpoints.finals_in_the_wrong_place,),
        "several-finals": (checkpoints.finals_in_the_wrong_place,),
        "final-without-loss": (checkpoints.finals_without_loss,),
        "unfinished-run": (checkpoints.unfinished_runs,),
        "chance-unknown": (scores.unknown_chance,),
        "at-chance": (scores.tasks_at_chance,),
        "eval-broken": (scores.tasks_at_chance,),
        "score-below-chance": (scores.scores_below_chance,),
        "score-falls": (scaling.scores_fall_with_compute,),
        "zero-for-missing": (scores.zeros_for_missing,),
        "constant-column": (columns.constant_columns,),
        "missing-values": (columns.missing_values,),
        "mixture-sum": (mixtures.mixture_sums,),
        "mixture-partial": (mixtures.mixture_holes,),
        "repeated-data": (mixtures.repeated_data,),
        "no-usable-rows": (coverage.no_usable_rows,),
        "too-few-runs": (coverage.too_few_runs,),
        "too-little-spread": (coverage.narrow_span,),
        "one-size": (coverage.inseparable_sizes,),
        "one-token-ratio": (coverage.inseparable_sizes,),
        "several-families": (coverage.several_families,),
        "metadata-incomplete": (stated.unstated,),
        "metadata-names-nothing": (stated.names_without_columns,),
    },
)
