"""The `[[rung]]` tables of a plan file."""

import math
from typing import Any

from foretell.errors import DataError, UnknownName
from foretell.ladder.plan import Rung
from foretell.ladder.rules import RULES
from foretell.ladder.section import Section
from foretell.sizing import decoder, shape_for
from foretell.units import Decoder, format_quantity

SHAPE = ("d_model", "n_layers", "n_heads", "d_ff")


def read_rungs(top: Section, schedule: Section, sequence_length: int, vocab_size: int, family: str) -> tuple[Rung, ...]:
    """Read all rungs; batch, learning rate and checkpoints default to those of `[schedule]`."""
    tied = _tied(top.section("model"))
    defaults = {
        "batch": schedule.take("batch", "deepseek"),
        "learning_rate": schedule.take("learning_rate", "deepseek"),
        "checkpoints": schedule.whole("checkpoints", 14),
    }
    tables = top.take("rung", [])
    if not isinstance(tables, list) or not tables:
        top.problems.append("there is no [[rung]]. Add one with n_params, n_tokens and share.")
        return ()
    sections = [Section(table, f"[[rung]] {i}", top.problems) for i, table in enumerate(tables, start=1)]
    return tuple(_rung(section, defaults, sequence_length, vocab_size, tied, family) for section in sections)


def _tied(section: Section) -> bool:
    tied = section.flag("tied_embeddings", True)
    section.close()
    return tied


def _rung(
    section: Section, defaults: dict[str, Any], sequence_length: int, vocab_size: int, tied: bool, family: str
) -> Rung:
    shape, size = _shape(section, vocab_size, tied)
    n_tokens = section.number("n_tokens", least=1)
    share = _share(section)
    rule_input = (shape.n_params_non_embedding, n_tokens)
    rung = Rung(
        name=section.text("name") or f"{size}-{format_quantity(n_tokens)}-{_mixture_name(share)}",
        shape=shape,
        n_tokens=n_tokens,
        share=share,
        seeds=tuple(int(seed) for seed in section.numbers("seeds", (0,), _is_seed, "a list of whole numbers")),
        batch=_batch(section, defaults["batch"], rule_input, sequence_length),
        learning_rate=_learning_rate(section, defaults["learning_rate"], rule_input),
        checkpoints=section.whole("checkpoints", defaults["checkpoints"]),
        family=section.text("family") or family,
    )
    section.close()
    return rung


def _shape(section: Section, vocab_size: int, tied: bool) -> tuple[Decoder, str]:
    """Return the model, and its size as its name has it."""
    if "d_model" not in section:
        n_params = section.number("n_params", least=1000)
        return shape_for(n_params, vocab_size, tied_embeddings=tied), format_quantity(n_params)
    if "n_params" in section:
        section.problems.append(f"{section.where} has n_params and d_model. Keep one: the size, or the shape.")
        section.take("n_params")
    width, layers, heads, d_ff = (section.whole(key) if key in section else None for key in SHAPE)
    if layers is None:
        section.problems.append(f"{section.where} has d_model and no n_layers. Give both.")
    try:
        shape = decoder(width or 64, layers or 4, vocab_size, n_heads=heads, d_ff=d_ff, tied_embeddings=tied)
    except DataError as error:
        section.problems.append(f"{section.where}: {error}")
        shape = decoder(64, 4, vocab_size)
    return shape, format_quantity(shape.n_params_non_embedding)


def _share(section: Section) -> dict[str, float]:
    share = section.take("share", {})
    if not isinstance(share, dict) or not all(_is_share(value) for value in share.values()):
        section.problems.append(f"{section.where} share is {share!r}. Give a fraction for each source.")
        return {}
    return {name: float(value) for name, value in share.items()}


def _mixture_name(share: dict[str, float]) -> str:
    """Name a mixture by its percentages: `code30-prose70`."""
    return "-".join(f"{name}{100 * value:.4g}" for name, value in share.items() if value > 0) or "none"


def _batch(section: Section, default: Any, rule_input: tuple[float, float], sequence_length: int) -> int:
    """Return sequences in a batch, by a rule rounded to a power of two."""
    value = section.take("batch", default)
    if not isinstance(value, str):
        return _whole(section, value)
    rule = _rule(section, "batch", value)
    if rule is None or rule.batch_tokens is None:
        if rule is not None:
            section.problems.append(f"{section.where} batch: {value} has no rule for it. Give sequences, or deepseek.")
        return 1
    sequences = rule.batch_tokens(*rule_input) / sequence_length
    return max(1, 2 ** round(math.log2(max(sequences, 1.0))))


def _whole(section: Section, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        section.problems.append(
            f"{section.where} batch is {value!r}. Give sequences, a whole number, or a rule's name."
        )
        return 1
    return value


def _learning_rate(section: Section, default: Any, rule_input: tuple[float, float]) -> float:
    value = section.take("learning_rate", default)
    if isinstance(value, str):
        rule = _rule(section, "learning_rate", value)
        return 1e-3 if rule is None else rule.learning_rate(*rule_input)
    if not isinstance(value, float | int) or isinstance(value, bool) or not value > 0:
        what = f"{section.where} learning_rate is {value!r}."
        section.problems.append(f"{what} Give a number above 0, or a rule: {', '.join(RULES)}.")
        return 1e-3
    return float(value)


def _rule(section: Section, key: str, name: str) -> Any:
    try:
        return RULES[name]
    except UnknownName as error:
        section.problems.append(f"{section.where} {key}: {error}")
        return None


def _is_seed(value: float) -> bool:
    return value >= 0 and value == int(value)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
