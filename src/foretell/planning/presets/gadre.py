"""Gadre et al.: four sizes at eight lengths on three corpora, and the 1.4B at one length."""

from dataclasses import dataclass

from foretell.planning.presets.corpora import C4, NEOX_TOKENIZER, RED_PAJAMA, REFINED_WEB, SCRIPTED, streamed
from foretell.planning.presets.preset import Preset

MULTIPLIERS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # times 20 tokens per parameter
CORPORA = ("c4", "rpj", "rw")
ABSENT = {("411M", "c4", 32.0)}


@dataclass(frozen=True)
class Size:
    """One size of the testbed.

    Attributes:
        name: In millions or billions of parameters.
        n_params: Parameters, embedding and head included; tokens are multiples of it.
        d_model: Width.
        n_layers: Blocks.
        n_heads: Heads.
        batch: Sequences in a batch.
        multipliers: Lengths it was trained at.
    """

    name: str
    n_params: int
    d_model: int
    n_layers: int
    n_heads: int
    batch: int
    multipliers: tuple[float, ...] = MULTIPLIERS

    @property
    def d_ff(self) -> int:
        """Width of OpenLM's SwiGLU: 8/3 of the model's, up to a multiple of 256."""
        return 256 * -(-(8 * self.d_model // 3) // 256)


SIZES = (
    Size("11M", 10_569_312, 96, 8, 4, 64),
    Size("79M", 78_914_048, 512, 8, 4, 512),
    Size("154M", 153_677_376, 576, 24, 8, 512),
    Size("411M", 411_616_256, 1024, 24, 8, 512),
    Size("1.4B", 1_439_795_200, 2048, 24, 16, 256, (1.0,)),
)


def _rung(size: Size, corpus: str, multiplier: float) -> dict[str, object]:
    return {
        "name": f"{corpus}-{size.name}-{multiplier:g}x",
        "family": corpus,
        "d_model": size.d_model,
        "n_layers": size.n_layers,
        "n_heads": size.n_heads,
        "d_ff": size.d_ff,
        "n_tokens": round(20 * size.n_params * multiplier),
        "batch": size.batch,
        "share": {corpus: 1.0},
    }


GADRE = Preset(
    title="Gadre et al.: 11M to 411M at 5 to 640 tokens per parameter on three corpora, and 1.4B at 20.",
    reference="Gadre et al. 2024, arXiv:2403.08540; github.com/mlfoundations/scaling, commit a003c49.",
    known=(
        "shapes, tokens, batch, peak learning rate 3e-3 down to 3e-5, weight decay 0.033: exp_data/models/*.json. A "
        "size counts embedding and head.",
        f"corpora: C4 ({C4}), RedPajama ({RED_PAJAMA}) and RefinedWeb ({REFINED_WEB}); the tokenizer of GPT-NeoX.",
        "the 411M at 640 tokens per parameter on C4 is not among the published runs, and not here.",
    ),
    chosen=(
        "warm-up over 5 % of the steps; theirs took 100 to 5,000 steps, the same at every length of a size.",
        "sequences of 2,048 tokens, OpenLM's default. Its normalised queries and keys and its z-loss are not in "
        "foretell's model.",
        "the shape of the 1.4B: OpenLM's open_lm_1b, 24 blocks of 2,048.",
        SCRIPTED,
    ),
    plain={
        "name": "gadre",
        "data": {
            "sources": {
                "c4": streamed(C4, hub_config="en"),
                "rpj": streamed(RED_PAJAMA),
                "rw": streamed(REFINED_WEB, text="content"),
            }
        },
        "tokenizer": NEOX_TOKENIZER,
        "model": {"tied_embeddings": False},
        "schedule": {
            "kind": "cosine",
            "sequence_length": 2048,
            "learning_rate": 3e-3,
            "final_fraction": 0.01,
            "weight_decay": 0.033,
            "checkpoints": 14,
        },
        "rung": [
            _rung(size, corpus, multiplier)
            for corpus in CORPORA
            for size in SIZES
            for multiplier in size.multipliers
            if (size.name, corpus, multiplier) not in ABSENT
        ],
    },
)
