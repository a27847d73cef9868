"""Scripts that are written for other trainers: a template, and data written as Python."""

import pprint
from string import Template
from typing import Any

from foretell.ladder.plan import BETAS, EPS, Plan

WIDTH = 110


def fill(template: str, plan: Plan, **more: Any) -> str:
    """Return a script with the plan's facts in place of `$NAME`."""
    schedule = plan.schedule
    facts = {
        "PLAN": plan.path.name,
        "VOCAB_SIZE": plan.tokenizer.vocab_size,
        "TIED": all(rung.shape.tied_embeddings for rung in plan.rungs),
        "SEQUENCE_LENGTH": schedule.sequence_length,
        "FINAL_FRACTION": schedule.final_fraction,
        "WEIGHT_DECAY": schedule.weight_decay,
        "CLIP": schedule.clip,
        "BETAS": BETAS,
        "EPS": EPS,
        **more,
    }
    return Template(template).substitute(facts)


def literal(value: Any) -> str:
    """Return plain data as Python source."""
    return pprint.pformat(value, width=WIDTH, sort_dicts=False)
