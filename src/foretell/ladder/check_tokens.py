"""Whether there is enough text for a plan, once its tokens are counted."""

from collections.abc import Mapping

from foretell.errors import DataError, Finding
from foretell.ladder.plan import Plan, Rung
from foretell.ladder.tokens import TokenFile
from foretell.units import format_quantity


def check_tokens(plan: Plan, train: Mapping[str, TokenFile], held_out: Mapping[str, TokenFile]) -> list[Finding]:
    """Return a warning for each source that is repeated.

    Raises:
        DataError: a source would be passed more than `max_epochs` times, or holds not one sequence.
    """
    length = plan.schedule.sequence_length
    problems = [
        f"source {name} has {file.n_tokens - 1} tokens, less than one sequence of {length}. Add text."
        for name, file in train.items()
        if file.n_sequences(length) < 1
    ]
    problems += [
        f"domain {name} has no held-out text. Add some." for name, file in held_out.items() if not file.n_bytes
    ]
    findings = []
    for name, file in train.items():
        if file.n_sequences(length) < 1:
            continue  # told already
        rung = max(plan.rungs, key=lambda rung: epochs(plan, rung, name, file))
        passes = epochs(plan, rung, name, file)
        if passes > plan.max_epochs:
            problems.append(_too_few(name, file, rung, passes, plan.max_epochs))
        elif passes > 1:
            findings.append(_repeated(name, file, rung, passes))
    if problems:
        count = f"{len(problems)} problems. " if len(problems) > 1 else ""
        raise DataError(f"{plan.path}: {count}{' '.join(problems)}")
    return findings


def epochs(plan: Plan, rung: Rung, source: str, file: TokenFile) -> float:
    """Return how often a rung passes over a source."""
    n_tokens = rung.share.get(source, 0.0) * plan.n_steps(rung) * plan.tokens_per_step(rung)
    return n_tokens / max(1, file.n_sequences(plan.schedule.sequence_length) * plan.schedule.sequence_length)


def _too_few(name: str, file: TokenFile, rung: Rung, passes: float, most: float) -> str:
    what = f"source {name} has {format_quantity(file.n_tokens)} tokens, and rung {rung.name} would pass over them"
    return f"{what} {passes:.1f} times, above max_epochs {most:g}. Add text, lower the share, or raise max_epochs."


def _repeated(name: str, file: TokenFile, rung: Rung, passes: float) -> Finding:
    return Finding(
        "repeated-text",
        "warning",
        f"{format_quantity(file.n_tokens)} tokens are passed over {passes:.1f} times by rung {rung.name}.",
        f"source {name}",
        "Repeated tokens teach less than fresh ones.",
        "Add text where a law is to hold without repetition.",
    )
