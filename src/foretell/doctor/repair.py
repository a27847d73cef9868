"""The verb behind `check --fix`: mend what is certain, and say what was left as it is, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from foretell.doctor.check import check_runs
from foretell.doctor.reading import UNITS
from foretell.doctor.repairs import ends, rows, sizes, values
from foretell.doctor.repairs.done import Done
from foretell.doctor.units import unit_code
from foretell.errors import Finding
from foretell.metadata import Metadata
from foretell.registry import Registry
from foretell.runs import Runs, build_runs

Repair = Callable[[Runs], tuple[Runs, list[Done]]]
OF_THE_SOURCE = ("metadata-assumed", "finals-assumed")  # said while loading, and as true of the copy


@dataclass(frozen=True)
class Repaired:
    """A repaired table.

    Attributes:
        runs: The copy.
        done: Every repair.
        left: What is still found in the copy.
    """

    runs: Runs
    done: tuple[Done, ...]
    left: tuple[Finding, ...]


def repair_runs(runs: Runs) -> Repaired:
    """Mend what `check_runs` finds, where what is right is certain; the table itself stays as it is.

    A value is changed only where the table itself tells what it must be; measured values are
    never invented. Runs are not dropped but marked, with a reason.

    Args:
        runs: The table; loaded with `strict=False` it brings the values that did not fit.

    >>> from foretell.io import load_runs
    >>> scores = {"run": ["a", "b"], "flops": [1e18, 9e18], "is_final": [True, True], "score/piqa": [62.5, 75.0]}
    >>> repaired = repair_runs(load_runs(scores, strict=False))
    >>> [done.what for done in repaired.done], repaired.runs.frame["score/piqa"].to_list()
    (['Divided 2 scores by 100.'], [0.625, 0.75])
    """
    done: list[Done] = []
    findings = check_runs(runs)
    for code, repair in REPAIRS.items():
        if code not in {finding.code for finding in findings}:
            continue
        mended, made = repair(runs)
        if made:
            runs, done = _rebuilt(mended), [*done, *made]
            findings = check_runs(runs)
    return Repaired(_as_stated(runs, done), tuple(done), findings)


def _rebuilt(runs: Runs) -> Runs:
    """Look at the values again, as loading does."""
    kept = [finding for finding in runs.findings if finding.code in OF_THE_SOURCE]
    return build_runs(runs.frame, runs.metadata, runs.name, findings=kept, strict=False)


def _as_stated(runs: Runs, done: list[Done]) -> Runs:
    """Take back what loading assumed and no repair has settled, so that the copy is told about it as well."""
    assumed = {finding.code for finding in runs.findings}
    if "finals-assumed" in assumed:
        runs = replace(runs, frame=runs.frame.drop("is_final"))
    if "metadata-assumed" in assumed:
        settled = any(each.code in ("flops-assumed", "flops-missing") for each in done)
        runs = replace(runs, metadata=Metadata(flops_convention="6ND") if settled else Metadata())
    return runs


def why_left(finding: Finding) -> str:
    """Say why a finding is not mended."""
    return _WHY_LEFT.get(finding.code, "Which of the possible fixes is right, the table itself does not tell.")


REPAIRS: Registry[Repair] = Registry(
    "repair",
    {
        **dict.fromkeys(values.UNREADABLE, values.empty_unreadable),
        "non-positive-count": values.empty_counts,
        "scores-in-percent": values.to_fractions,
        "score-out-of-range": values.empty_sentinels,
        "flops-missing": sizes.compute_flops,
        "flops-assumed": sizes.state_convention,
        "params-tokens-swapped": sizes.swap,
        **{unit_code(column, unit): sizes.rescale for column, known in UNITS.items() for unit in known if unit},
        "flops-forward-only": sizes.count_backward,
        "rows-without-size": sizes.fill_flops,
        "duplicate-checkpoint": rows.drop_equal_rows,
        "zero-for-missing": values.empty_zeros,
        "mixture-partial": values.fill_shares,
        "several-finals": ends.keep_last_final,
        "duplicate-run": rows.exclude_copies,
        "diverged-run": rows.mark_diverged,
    },
)
_ONLY_YOU = "Only whoever trained the runs knows."
_NOTHING_WRONG = "It is a property of the runs, not a mistake in the table."
_MEASURE = "A value can be measured again, not guessed."
_WHY_LEFT: Mapping[str, str] = {
    "duplicate-checkpoint": "The rows contradict each other, and which of them is right nobody can tell.",
    "rows-without-size": "Nothing in the table tells these sizes.",
    "no-final-checkpoints": "Whether a schedule has ended, the losses do not tell for certain.",
    "final-not-last": "The mark may be misplaced, or the run may have gone on after its decay.",
    "unfinished-run": "Whether a schedule has ended, the losses do not tell for certain.",
    "finals-assumed": "Whether a schedule has ended, the losses do not tell for certain.",
    "undertuned-run": "Whether to train it again or to leave it out is a decision.",
    "dynamics-differ": "Whether it is another recipe, or noise, is a decision.",
    "loss-outlier": "Whether to leave it out is a decision.",
    "loss-spike": "Whether to leave it out is a decision.",
    "loss-rises": "Where the run should end is a decision.",
    "final-without-loss": _MEASURE,
    "missing-values": _MEASURE,
    "constant-column": _MEASURE,
    "at-chance": _NOTHING_WRONG,
    "eval-broken": _MEASURE,
    "too-few-runs": _NOTHING_WRONG,
    "too-little-spread": _NOTHING_WRONG,
    "one-size": _NOTHING_WRONG,
    "one-token-ratio": _NOTHING_WRONG,
    "several-families": _NOTHING_WRONG,
    "repeated-data": _NOTHING_WRONG,
    "metadata-assumed": _ONLY_YOU,
    "metadata-incomplete": _ONLY_YOU,
    "metadata-names-nothing": _ONLY_YOU,
    "chance-unknown": _ONLY_YOU,
    "no-usable-rows": _ONLY_YOU,
}
