"""What else tells two results of one task apart: the version of the task, and the template around its prompts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from foretell.errors import Finding
from foretell.importers.imported import note, plural
from foretell.importers.lm_eval_evaluation import Evaluation
from foretell.importers.safe_json import mapping_of

WHY = "Scores of models that were asked in other ways differ as if the models did."
TEMPLATE = ("chat_template_sha", "system_instruction_sha")


def version_of(result: Mapping[str, Any], task: str) -> str | None:
    """Return the version of a task, `None` where the file does not say."""
    version = mapping_of(result.get("versions")).get(task)
    return None if version is None else str(version)


def template_of(result: Mapping[str, Any]) -> str:
    """Return what tells a chat template and system instruction from others; empty where there were none."""
    return " ".join(str(result[key])[:12] for key in TEMPLATE if result.get(key))


def asked_differently(evaluations: Iterable[Evaluation]) -> Iterator[Finding]:
    """Say of which tasks the table holds results of several versions, or with several templates."""
    versions: dict[str, set[str]] = defaultdict(set)
    templates: dict[str, set[str]] = defaultdict(set)
    for each in evaluations:
        versions[each.task] |= set() if each.version is None else {each.version}
        templates[each.task].add(each.template)
    several = {task: sorted(found) for task, found in versions.items() if len(found) > 1}
    if several:
        task, found = next(iter(several.items()))
        more = ", ..." if len(several) > 1 else "."
        what = f"{plural(len(several), 'task')} of several versions: {task} ({', '.join(found)}){more}"
        fix = "Evaluate all models by one version of the harness."
        yield note("versions-differ", what, fix, severity="warning", why=WHY)
    mixed = [task for task, found in templates.items() if len(found) > 1]
    if mixed:
        what = (
            f"{plural(len(mixed), 'task')} with several chat templates or system instructions: {', '.join(mixed[:5])}."
        )
        fix = "Evaluate all models with one of them, or with none."
        yield note("templates-differ", what, fix, severity="warning", why=WHY)
