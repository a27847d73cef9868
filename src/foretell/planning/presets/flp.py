"""FLP's sampling models: twelve from 43M to 3B on RedPajama v1."""

import math

from foretell.planning.presets.corpora import (
    BY_RULES,
    BY_RULES_IN_WORDS,
    NEOX_TOKENIZER,
    RED_PAJAMA,
    SCRIPTED,
    streamed,
)
from foretell.planning.presets.preset import Preset

SMALLEST, LARGEST, MODELS = 43e6, 3e9, 12
TOKENS_PER_PARAM = 20
NEAREST = "A size counts parameters without embeddings; its shape is the nearest that has whole heads, within 4 %."
UNKNOWN = "Table 1 of the paper, with the models' sizes, shapes and tokens, was not available to us."


def spaced(smallest: float, largest: float, n: int) -> list[float]:
    """Return sizes equally spaced in their logarithm, with three digits."""
    step = math.log(largest / smallest) / (n - 1)
    return [float(f"{smallest * math.exp(i * step):.3g}") for i in range(n)]


FLP = Preset(
    title="FLP's sampling models: twelve models from 43M to 3B on RedPajama v1, for targets of 7B and 13B.",
    reference="Chen et al. 2025, arXiv:2410.08527.",
    known=(
        "twelve sampling models, the smallest of 43M, the largest of 3B parameters, for targets of 7B and 13B.",
        f"trained on RedPajama v1, on the hub as {RED_PAJAMA}.",
        "every model is trained to the end of its schedule; intermediate checkpoints carry the second stage.",
    ),
    chosen=(
        f"{UNKNOWN} Sizes between the smallest and the largest are equally spaced in their logarithm.",
        NEAREST,
        f"{TOKENS_PER_PARAM} tokens per parameter (Hoffmann et al. 2022, arXiv:2203.15556, table 3).",
        BY_RULES_IN_WORDS,
        SCRIPTED,
    ),
    plain={
        "name": "flp",
        "data": {"sources": {"redpajama": streamed(RED_PAJAMA)}},
        "tokenizer": NEOX_TOKENIZER,
        "schedule": BY_RULES,
        "rung": [
            {"n_params": n_params, "n_tokens": TOKENS_PER_PARAM * n_params, "share": {"redpajama": 1.0}}
            for n_params in spaced(SMALLEST, LARGEST, MODELS)
        ],
    },
)
