"""A planned ladder as the plan file that `foretell train` reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from foretell.planning.answer import LadderPlan, PlannedRung
from foretell.sizing import shape_for

CHECKPOINTS = 14
SOURCE = "text"  # where the target states no mixture
HEAD = """\
# Planned by foretell for {at}
# on a budget of {budget:.3g} FLOPs: the loss there to {width:.1%} ({level:.0%} interval).
# Put the files of each source in place, then: foretell train {name} -o ladder --dry-run
"""


def plan_text(ladder: LadderPlan, name: str, *, vocab_size: int, sequence_length: int, batch: int) -> str:
    """Return a plan file.

    Args:
        ladder: What `plan` answered.
        name: Of the file.
        vocab_size: Rows of the embedding.
        sequence_length: Tokens in a sequence.
        batch: Sequences in a batch.
    """
    plain = _plain(ladder, Path(name).stem, vocab_size, sequence_length, batch)
    head = HEAD.format(at=ladder.at, budget=ladder.budget, width=ladder.width, level=ladder.level, name=name)
    return head + tomli_w.dumps(plain)


def _plain(ladder: LadderPlan, name: str, vocab_size: int, sequence_length: int, batch: int) -> dict[str, Any]:
    share = ladder.rungs[0].share or {SOURCE: 1.0}
    return {
        "name": name,
        "data": {"sources": {source: _source(source) for source in share}},
        "tokenizer": {"vocab_size": vocab_size},
        "schedule": {
            "kind": "cosine",
            "sequence_length": sequence_length,
            "batch": batch,
            "learning_rate": "deepseek",
            "checkpoints": CHECKPOINTS,
        },
        "rung": [_rung(rung, share, vocab_size) for rung in ladder.rungs],
    }


def _source(name: str) -> dict[str, list[str]]:
    return {"files": [f"{name}/train/*.jsonl"], "held_out": [f"{name}/held_out/*.jsonl"]}


def _rung(rung: PlannedRung, share: Mapping[str, float], vocab_size: int) -> dict[str, Any]:
    shape = shape_for(rung.n_params, vocab_size)
    sizes = {"d_model": shape.d_model, "n_layers": shape.n_layers, "n_heads": shape.n_heads, "d_ff": shape.d_ff}
    return {**sizes, "n_tokens": rung.n_tokens, "seeds": list(rung.seeds), "share": dict(share)}
