"""One dial sets the whole model: a number of parameters in, the shape of a Llama out."""

import math

from foretell.units import Decoder

MOST_PARAMS = 1e13  # of a model that anybody trains
HEAD_WIDTH = 64  # wide heads and few of them: what runs fast on a CPU and is usual on a GPU
NARROW = (16, 24, 32, 48, 64, 96)


def shape_for(n_params: float, vocab_size: int, *, tied_embeddings: bool = True) -> Decoder:
    """Return the shape whose count of non-embedding parameters is nearest to `n_params`.

    Widths are multiples of 64 (some in between below that); depth grows with width, by one block
    more or less where that comes nearer.

    Args:
        n_params: Parameters without embeddings (count).
        vocab_size: Rows of the embedding.
        tied_embeddings: The output head shares the embedding's weights.

    >>> [shape_for(n, 2048).n_params_non_embedding for n in (5e4, 1e6, 4e6)]
    [53536, 1004928, 3955456]
    """
    shapes = [
        decoder(width, layers, vocab_size, tied_embeddings=tied_embeddings)
        for width in _widths(n_params)
        for layers in range(_usual_layers(width) - 1, _usual_layers(width) + 2)
    ]
    return min(shapes, key=lambda shape: abs(math.log(shape.n_params_non_embedding / n_params)))


def decoder(
    d_model: int,
    n_layers: int,
    vocab_size: int,
    *,
    n_heads: int | None = None,
    d_ff: int | None = None,
    tied_embeddings: bool = True,
) -> Decoder:
    """Return a Llama shape; heads of width 64 and an MLP 8/3 as wide as the model, unless given."""
    return Decoder(
        d_model=d_model,
        n_layers=n_layers,
        n_heads=n_heads or default_heads(d_model),
        d_ff=d_ff or 16 * math.ceil(d_model / 6),
        vocab_size=vocab_size,
        tied_embeddings=tied_embeddings,
    )


def default_heads(d_model: int) -> int:
    """Return how many heads a model has that does not say so."""
    return max(1, d_model // HEAD_WIDTH)


def head_counts(d_model: int, most: int = 8) -> list[int]:
    """Return the numbers of heads that part a width evenly into heads of an even width, those near the usual ones.

    >>> head_counts(96), head_counts(33)
    ([1, 2, 3, 4, 6, 8, 12, 16], [])
    """
    counts = [n for n in range(1, d_model // 2 + 1) if d_model % (2 * n) == 0]
    return sorted(sorted(counts, key=lambda n: abs(n - default_heads(d_model)))[:most])


def _widths(n_params: float) -> list[int]:
    """Return the widths up to one that is too wide: three blocks hold more than `n_params`."""
    widest = max(128, HEAD_WIDTH * math.ceil(math.sqrt(n_params / 36) / HEAD_WIDTH))
    return [*NARROW, *range(128, widest + 1, HEAD_WIDTH)]


def _usual_layers(d_model: int) -> int:
    if d_model <= 64:
        return 4
    return max(5, round(d_model / 64))
