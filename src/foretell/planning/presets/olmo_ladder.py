"""The OLMo ladder: five sizes at 1, 2, 5 and 10 times Chinchilla's tokens."""

from dataclasses import dataclass

from foretell.planning.presets.corpora import OLMO_MIX, OLMO_TOKENIZER, streamed
from foretell.planning.presets.preset import Preset

LENGTHS = (1, 2, 5, 10)  # times 20 tokens per parameter
SEQUENCE_LENGTH = 4096


@dataclass(frozen=True)
class Size:
    """One size of the ladder.

    Attributes:
        name: As its runs are called.
        n_params: Parameters, the output head included and the embedding not; tokens are multiples of it.
        d_model: Width.
        n_layers: Blocks.
        n_heads: Heads.
        d_ff: Width of the MLP.
        batch_tokens: Tokens in a batch.
        learning_rate: Peak.
    """

    name: str
    n_params: int
    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    batch_tokens: int
    learning_rate: float


SIZES = (
    Size("190M", 190_354_176, 768, 12, 12, 3072, 524_288, 9.727e-4),
    Size("370M", 371_262_464, 1024, 16, 16, 4096, 786_432, 7.785e-4),
    Size("760M", 758_220_288, 1536, 16, 16, 6144, 1_310_720, 6.136e-4),
    Size("1B", 1_279_395_840, 2048, 16, 16, 8192, 1_572_864, 5.154e-4),
    Size("3B", 3_169_537_280, 3328, 16, 16, 13_312, 3_145_728, 3.809e-4),
)


def _rung(size: Size, length: int) -> dict[str, object]:
    return {
        "name": f"{size.name}-{length}xC",
        "d_model": size.d_model,
        "n_layers": size.n_layers,
        "n_heads": size.n_heads,
        "d_ff": size.d_ff,
        "n_tokens": 20 * size.n_params * length,
        "batch": size.batch_tokens // SEQUENCE_LENGTH,
        "learning_rate": size.learning_rate,
        "share": {"olmo_mix": 1.0},
    }


OLMO_LADDER = Preset(
    title="The OLMo ladder: 190M to 1B (and the later 3B) at 1, 2, 5 and 10 times 20 tokens per parameter.",
    reference="Bhagia et al. 2024, arXiv:2412.04403; github.com/allenai/OLMo-ladder, commit 67a3f44.",
    known=(
        "sizes and tokens: configs/final.json. A size counts the output head and not the embedding, so that 20 tokens "
        "per parameter are more per parameter as this plan counts them.",
        "batch, peak learning rate and cosine to a tenth of it: logged in data/ladder-runs/*.csv.",
        "shapes: OLMo-core's olmo2_190M and the like; with the norms of queries and keys each count of parameters "
        "comes out to the last digit.",
        f"data: the OLMo 2 pre-training mixture, on the hub as {OLMO_MIX}, with its tokenizer.",
    ),
    chosen=(
        "sequences of 4,096 tokens, as OLMo 2 was pre-trained (arXiv:2501.00656); the logs state only tokens a batch.",
        "warm-up over 5 % of the steps. Weights decay by 0.1, the embedding of OLMo 2 does not.",
        "foretell's model is a Llama: OLMo 2's norms after attention and MLP and on queries and keys are not in it.",
    ),
    plain={
        "name": "olmo-ladder",
        "data": {"sources": {"olmo_mix": streamed(OLMO_MIX)}},
        "tokenizer": OLMO_TOKENIZER,
        "model": {"tied_embeddings": False},
        "schedule": {
            "kind": "cosine",
            "sequence_length": SEQUENCE_LENGTH,
            "final_fraction": 0.1,
            "weight_decay": 0.1,
            "checkpoints": 60,
        },
        "rung": [_rung(size, length) for size in SIZES for length in LENGTHS],
    },
)
