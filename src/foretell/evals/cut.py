"""Items that are longer than a model reads: the harness cuts their start and does not say so."""

from collections.abc import Iterable, Mapping
from typing import Any


def count_cut(model: Any, samples: Iterable[Mapping[str, Any]]) -> int:
    """Count the items of which a context with its answer, or with room for what is generated, does not fit.

    Args:
        model: The harness' model; `tok_encode` and `max_length` are asked.
        samples: As `lm_eval.evaluate` returns them.
    """
    return sum(any(_is_cut(model, asked) for asked in _arguments(sample)) for sample in samples)


def _arguments(sample: Mapping[str, Any]) -> Iterable[Any]:
    asked = sample["arguments"]
    return asked.values() if isinstance(asked, Mapping) else asked


def _is_cut(model: Any, asked: Any) -> bool:
    if len(asked) < 2:
        return False  # a whole text, which is read in windows
    context, answer, *_ = asked
    if isinstance(answer, str):
        n_tokens = len(model.tok_encode(context + answer)) + (not context)  # the last token is only foretold
        return bool(n_tokens > model.max_length + 1)
    room = answer.get("max_gen_toks", model.max_gen_toks) if isinstance(answer, Mapping) else model.max_gen_toks
    return bool(len(model.tok_encode(context)) > model.max_length - room)
