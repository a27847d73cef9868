"""Write the suite: items, lm-eval's YAML, and what is known of each task."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from random import Random
from string import Template
from typing import Any

from foretell.datasets.pins import sha256
from foretell.evals.tasks.passages import read_passages
from foretell.evals.tasks.select import select
from foretell.evals.tasks.suite import TASKS, VERSION
from foretell.evals.tasks.task import SmallTask
from foretell.io.atomic import write_atomically

GROUP = "foretell_small"


def write_suite(corpora: Path, folder: Path, *, n_items: int = 500, seed: int = 0) -> Path:
    """Make every task from the held-out files of the corpora.

    Args:
        corpora: Folder that `foretell.ladder.corpora` built: `<source>.heldout.jsonl` are read.
        folder: Where the suite goes; its YAML names its files there by their full path.
        n_items: Items in a task.
        seed: The same text and seed give the same files.

    Returns:
        `tasks.toml`: `tasks.<name>` with the fields of `foretell.tasks.Task`, `about.<name>` with the rest.

    Raises:
        DataError: a held-out file is not there, or has too little text.
    """
    held_out = {
        domain: corpora / f"{domain}.heldout.jsonl" for domain in sorted({task.domain for task in TASKS.values()})
    }
    passages = {domain: read_passages(path) for domain, path in held_out.items()}
    known: dict[str, Any] = {"version": VERSION, "seed": seed, "tasks": {}, "about": {}}
    known["held_out"] = {domain: sha256(path) for domain, path in held_out.items()}
    for name, task in TASKS.items():
        rng = Random(f"{seed} {name}")  # noqa: S311 -- not for secrets
        rows = select(task, task.make(passages[task.domain], rng), n_items, rng)
        items = _write_items(folder / f"{name}.jsonl", rows)
        _write_yaml(folder / f"{name}.yaml", task, items)
        known["tasks"][name] = {"chance": task.chance, "n_items": n_items, "metric": "acc"}
        known["about"][name] = {
            **{field: getattr(task, field) for field in ("domain", "n_choices", "emerges", "measures")},
            "sha256": sha256(items),
        }
    _write_text(folder / f"{GROUP}.yaml", f"group: {GROUP}\ntask:\n" + "".join(f"  - {name}\n" for name in TASKS))
    return _write_known(folder / "tasks.toml", known)


def _write_items(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    return _write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _write_yaml(path: Path, task: SmallTask, items: Path) -> Path:
    template = Template((files("foretell.evals.tasks") / "template.yaml").read_text(encoding="utf-8"))
    return _write_text(
        path, template.substitute(name=task.name, file=json.dumps(str(items.resolve())), version=VERSION)
    )


def _write_known(path: Path, known: Mapping[str, Any]) -> Path:
    import tomli_w

    return _write_text(path, tomli_w.dumps(known))


def _write_text(path: Path, text: str) -> Path:
    return write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
