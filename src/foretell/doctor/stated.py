"""What the metadata leave out, or say of columns that are not there."""

from foretell.doctor.listing import count, list_some
from foretell.errors import Finding
from foretell.runs import Runs
from foretell.schema import LOSSES, column_names

DEFAULTS = {
    "n_params_kind": "whether embeddings count",
    "flops_convention": "how flops were counted",
    "general_loss": "which loss stands for the model (their mean is taken)",
}


def unstated(runs: Runs) -> list[Finding]:
    """List the conventions that the metadata do not state."""
    absent = [key for key in DEFAULTS if getattr(runs.metadata, key) is None]
    if len(runs.losses) < 2:
        absent = [key for key in absent if key != "general_loss"]
    if not absent:
        return []
    return [
        Finding(
            code="metadata-incomplete",
            severity="note",
            what=f"the metadata do not say {', '.join(DEFAULTS[key] for key in absent)}.",
            where="metadata",
            why="A target must be sized, and a loss compared, by the conventions of the table.",
            fix=f"State {', '.join(absent)}.",
        )
    ]


def names_without_columns(runs: Runs) -> list[Finding]:
    """Find a general loss and default tasks that the table does not have."""
    findings = []
    loss = runs.metadata.general_loss
    if loss is not None and not any(f"{prefix}{loss}" in runs.frame.columns for prefix in ("", "loss/", "bpb/")):
        have = [name for name in runs.frame.columns if name.startswith(LOSSES)]
        findings.append(_missing(f"general_loss is {loss}", f"Name one of {list_some(have) or 'its losses'}."))
    absent = [task for task in runs.metadata.default_tasks if task not in runs.tasks]
    if absent:
        what = f"{count(len(absent), 'default task')} have no scores: {list_some(absent)}"
        findings.append(_missing(what, f"Name tasks such as {list_some(column_names(runs.frame, 'score/'))}."))
    return findings


def _missing(what: str, fix: str) -> Finding:
    return Finding(
        code="metadata-names-nothing",
        severity="warning",
        what=f"the metadata name what the table does not have: {what}.",
        where="metadata",
        why="A forecast would be made of something else than was meant.",
        fix=fix,
    )
