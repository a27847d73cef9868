"""Quantities as people type them, FLOPs accounting, and units of loss.

Everything inside foretell is in SI counts: parameters, tokens, FLOPs, nats per token.
"""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from foretell.errors import DataError

if TYPE_CHECKING:
    import numpy as np

Count = TypeVar("Count", float, "np.ndarray")

SUFFIXES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18, "Z": 1e21}
_WHOLE = r"\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*"  # a comma stands before three digits, or it is a decimal comma
QUANTITY = re.compile(rf"([+-]?(?:(?:{_WHOLE})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]?)")


def parse_quantity(text: str | float) -> float:
    """Read a count as people type it: `7B`, `4T`, `1e21`, `190_354_176`.

    Suffixes are decimal: K, M, B (or G), T, P, E, Z; case does not matter except that a
    digit followed by `e` and more digits is an exponent.

    Raises:
        DataError: the text is not a finite number with an optional suffix.

    >>> parse_quantity("7B"), parse_quantity("1.5e9"), parse_quantity("4 T")
    (7000000000.0, 1500000000.0, 4000000000000.0)
    """
    match = QUANTITY.fullmatch(str(text).strip())
    suffix = match.group(2).upper() if match else ""
    if match is None or suffix not in SUFFIXES:
        raise DataError(f"{str(text)!r} is not a quantity. Write a number such as 7B, 4T, 1.3e9 or 1e21.")
    value = float(match.group(1).replace(",", "").replace("_", "")) * SUFFIXES[suffix]
    if not math.isfinite(value):
        raise DataError(f"{str(text)!r} is too large for a number. Write a quantity below 1e308.")
    return value


def format_quantity(value: float, digits: int = 3) -> str:
    """Write a count as people read it: `6.89B`, `3.95T`, `4.57e+23`.

    >>> format_quantity(6_887_575_552), format_quantity(4.567e23), format_quantity(950)
    ('6.89B', '4.57e+23', '950')
    """
    rounded = float(f"{value:.{digits}g}")
    for suffix in ("T", "B", "M", "K"):
        if SUFFIXES[suffix] <= abs(rounded) < SUFFIXES[suffix] * 1e3:
            return f"{rounded / SUFFIXES[suffix]:.12g}{suffix}"
    return f"{value:.{digits}g}"


def flops_6nd(n_params: Count, n_tokens: Count) -> Count:
    """Return training FLOPs by the convention $C = 6 N D$.

    Args:
        n_params: Parameters (count; the table's `n_params_kind` says which).
        n_tokens: Tokens seen.

    Reference: Kaplan et al. 2020, arXiv:2001.08361, section 2.1.
    """
    return 6.0 * n_params * n_tokens


@dataclass(frozen=True)
class Decoder:
    """The shape of a decoder-only transformer, and everything that is counted from it.

    Attributes:
        d_model: Width.
        n_layers: Blocks.
        n_heads: Query heads.
        d_ff: Hidden width of the MLP.
        vocab_size: Rows of the embedding.
        n_kv_heads: Key and value heads (grouped-query attention); `None` means `n_heads`.
        d_head: Width of a head; `None` means `d_model / n_heads`.
        gated_mlp: Three MLP matrices (SwiGLU) instead of two.
        tied_embeddings: The output head shares the embedding's weights.
        norm_params: Parameters of one normalisation layer; `None` means `d_model` (RMSNorm).
    """

    d_model: int
    n_layers: int
    n_heads: int
    d_ff: int
    vocab_size: int
    n_kv_heads: int | None = None
    d_head: int | None = None
    gated_mlp: bool = True
    tied_embeddings: bool = False
    norm_params: int | None = None

    def __post_init__(self) -> None:
        if self.d_head is None and self.d_model % self.n_heads:
            raise DataError(f"d_model {self.d_model} does not divide by n_heads {self.n_heads}. Give d_head.")
        if self.n_heads % self.kv_heads:
            raise DataError(f"n_heads {self.n_heads} does not divide by n_kv_heads {self.kv_heads}.")

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.d_head or self.d_model // self.n_heads

    @property
    def kv_heads(self) -> int:
        """Key and value heads."""
        return self.n_kv_heads or self.n_heads

    @property
    def attention_params(self) -> int:
        """Weights of the four attention projections of one block."""
        return 2 * self.d_model * self.head_width * (self.n_heads + self.kv_heads)

    @property
    def mlp_params(self) -> int:
        """Weights of the MLP of one block."""
        return (3 if self.gated_mlp else 2) * self.d_model * self.d_ff

    @property
    def n_params_non_embedding(self) -> int:
        """Parameters without embedding and output head: blocks and norms."""
        norm = self.d_model if self.norm_params is None else self.norm_params
        return self.n_layers * (self.attention_params + self.mlp_params + 2 * norm) + norm

    @property
    def n_params_total(self) -> int:
        """Parameters with embedding and, unless tied, output head."""
        tables = 1 if self.tied_embeddings else 2
        return self.n_params_non_embedding + tables * self.vocab_size * self.d_model

    def flops_per_token(self, sequence_length: int) -> float:
        """Return training FLOPs per token, forward and backward (three times forward).

        Counts every matrix product at two FLOPs a multiply-add: projections, MLP, the output
        head, and attention scores and values over the full sequence (the mask is not
        subtracted). Looking up an embedding is free; norms and softmax are not counted.

        Reference: Hoffmann et al. 2022, arXiv:2203.15556, appendix F, without its terms for
        the embedding look-up and the softmax.
        """
        weights = self.n_layers * (self.attention_params + self.mlp_params) + self.vocab_size * self.d_model
        attention = 2 * self.n_layers * sequence_length * self.n_heads * self.head_width
        return 3.0 * 2.0 * (weights + attention)

    def flops(self, n_tokens: float, sequence_length: int) -> float:
        """Return training FLOPs for `n_tokens`, the convention `decoder_exact`."""
        return self.flops_per_token(sequence_length) * n_tokens


FLOPS_CONVENTIONS = {
    "6ND": "6 x parameters x tokens",
    "decoder_exact": "every matrix product of the decoder, attention and head included (foretell.units.Decoder)",
    "measured": "as logged by the trainer or stated by its authors",
}


def nats_to_bits_per_byte(nats_per_token: float, bytes_per_token: float) -> float:
    """Convert a loss in nats per token to bits per byte.

    Args:
        nats_per_token: Mean cross-entropy per token.
        bytes_per_token: UTF-8 bytes per token of the same text under the same tokenizer.

    Raises:
        DataError: `bytes_per_token` is not positive.

    >>> round(nats_to_bits_per_byte(2.0, 4.0), 4)
    0.7213
    """
    if not bytes_per_token > 0:
        raise DataError(f"bytes_per_token is {bytes_per_token}. Give the text's bytes over its tokens.")
    return nats_per_token / math.log(2) / bytes_per_token
