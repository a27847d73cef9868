"""Public corpora by their names on the hub, as sources of a plan file."""

from typing import Any

HELD_OUT = 2_000  # first documents of the stream, held out for the validation loss

RED_PAJAMA = "togethercomputer/RedPajama-Data-1T"
DCLM = "mlfoundations/dclm-baseline-1.0"
THE_STACK = "bigcode/the-stack-v2"
C4 = "allenai/c4"
REFINED_WEB = "tiiuae/falcon-refinedweb"
OLMO_MIX = "allenai/olmo-mix-1124"
NEOX_TOKENIZER = {"name": "EleutherAI/gpt-neox-20b", "vocab_size": 50_432}
OLMO_TOKENIZER = {"name": "allenai/dolma2-tokenizer", "vocab_size": 100_352}

# What FLP's papers leave open about training, in a plan file and in words.
BY_RULES: dict[str, Any] = {
    "kind": "cosine",
    "sequence_length": 2048,
    "learning_rate": "deepseek",
    "batch": "deepseek",
    "checkpoints": 14,
}
BY_RULES_IN_WORDS = (
    "learning rate and batch by DeepSeek's rules (arXiv:2401.02954, equation 1), cosine to a tenth, sequences of "
    "2,048 tokens, the tokenizer of GPT-NeoX."
)

SCRIPTED = (
    f"{RED_PAJAMA} comes with a loading script, which recent versions of `datasets` do not run: where they refuse, "
    "download its files and name them under files and held_out."
)


def streamed(hub: str, **more: Any) -> dict[str, Any]:
    """Return a source that is streamed from the hub, its first documents held out."""
    return {"hub": hub, **more, "held_out_documents": HELD_OUT}
