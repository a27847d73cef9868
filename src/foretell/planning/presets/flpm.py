"""FLP-M's sampling models: DCLM and The Stack v2 at several shares, and one 3B at a code share of 0.3."""

from foretell.planning.presets.corpora import BY_RULES, BY_RULES_IN_WORDS, DCLM, NEOX_TOKENIZER, THE_STACK, streamed
from foretell.planning.presets.flp import NEAREST, TOKENS_PER_PARAM, UNKNOWN, spaced
from foretell.planning.presets.preset import Preset

CODE_SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
SMALLEST, LARGEST_SMALL, SIZES = 43e6, 1e9, 4
LARGEST, LARGEST_SHARE = 3e9, 0.3


def _rung(n_params: float, code: float) -> dict[str, object]:
    share = {"dclm": round(1 - code, 6), "stack": code}
    return {"n_params": n_params, "n_tokens": TOKENS_PER_PARAM * n_params, "share": share}


FLP_M = Preset(
    title="FLP-M's sampling models: DCLM and The Stack v2, the 3B at a code share of 0.3.",
    reference="Chen et al. 2025, arXiv:2410.08527.",
    known=(
        f"general text is DCLM ({DCLM}), code is The Stack v2 ({THE_STACK}).",
        "one 3B at a code share of 0.3 and a series of smaller models forecast 3B and 7B at other shares (abstract).",
    ),
    chosen=(
        f"{UNKNOWN} Of the smaller models we know neither sizes nor shares: here {SIZES} sizes from 43M to 1B, "
        "each at code shares of 0 to 0.5 in steps of 0.1.",
        NEAREST,
        f"{TOKENS_PER_PARAM} tokens per parameter (Hoffmann et al. 2022, arXiv:2203.15556, table 3).",
        BY_RULES_IN_WORDS,
        f"{THE_STACK} holds identifiers of files, not their text: fetch that as its card says, and name the files "
        "under files and held_out.",
    ),
    plain={
        "name": "flp-m",
        "data": {"sources": {"dclm": streamed(DCLM), "stack": streamed(THE_STACK, text="content")}},
        "tokenizer": NEOX_TOKENIZER,
        "schedule": BY_RULES,
        "rung": [
            *(_rung(size, code) for size in spaced(SMALLEST, LARGEST_SMALL, SIZES) for code in CODE_SHARES),
            _rung(LARGEST, LARGEST_SHARE),
        ],
    },
)
