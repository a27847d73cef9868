"""The `[[rung]]` tables of a plan file."""

import math
from typing import Any

from foretell.errors import DataError, UnknownName
from foretell.ladder.plan import Rung
from foretell.ladder.rules import RULES
from foretell.ladder.section import Section
from foretell.sizing import MOST_PARAMS, decoder, default_heads, head_counts, shape_for
from foretell.units import Decoder, format_quantity

SHAPE = {"d_model": 1e6, "n_layers": 1e4, "n_heads": 1e5, "d_ff": 1e7}  # the most of each that is believed
MOST_BATCH = 2**24  # sequences
MOST_LEARNING_RATE = 1000
MOST_CHECKPOINTS = 10_000
MOST_DEVICES = 100_000
MOST_SEED = 2**63 - 1  # of the column `seed`
SEEDS = "a list of whole numbers from 0 to 2^63 - 1, at least one"


def read_rungs(
    top: Section, schedule: Section, sequence_length: int, vocab_size: int, family: str, devices: int
) -> tuple[Rung, ...]:
    """Read all rungs; batch, learning rate and checkpoints default to those of `[schedule]`."""
    tied = _tied(top.section("model"))
    defaults = {
        "batch": schedule.take("batch", "deepseek"),
        "learning_rate": schedule.take("learning_rate", "deepseek"),
        "checkpoints": schedule.whole("checkpoints", 14, most=MOST_CHECKPOINTS),
        "devices": devices,
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
        seeds=_seeds(section),
        batch=_batch(section, defaults["batch"], rule_input, sequence_length),
        learning_rate=_learning_rate(section, defaults["learning_rate"], rule_input),
        checkpoints=section.whole("checkpoints", defaults["checkpoints"], most=MOST_CHECKPOINTS),
        family=section.text("family") or family,
        devices=section.whole("devices", defaults["devices"], most=MOST_DEVICES),
    )
    section.close()
    return rung


def _shape(section: Section, vocab_size: int, tied: bool) -> tuple[Decoder, str]:
    """Return the model, and its size as its name has it."""
    if "d_model" not in section:
        _no_shape(section)
        n_params = section.number("n_params", least=1000, most=MOST_PARAMS)
        return shape_for(n_params, vocab_size, tied_embeddings=tied), format_quantity(n_params)
    if "n_params" in section:
        section.problems.append(f"{section.where} has n_params and d_model. Keep one: the size, or the shape.")
        section.take("n_params")
    given = (section.whole(key, most=most) if key in section else None for key, most in SHAPE.items())
    width, layers, heads, d_ff = given
    if layers is None:
        section.problems.append(f"{section.where} has d_model and no n_layers. Give both.")
    shape = _decoder(section, width or 64, layers or 4, vocab_size, heads, d_ff, tied)
    return shape, format_quantity(shape.n_params_non_embedding)


def _no_shape(section: Section) -> None:
    """Complain of a part of a shape beside a size, or alone."""
    parts = [key for key in SHAPE if key in section]
    if not parts:
        return
    what = f"{section.where} has {' and '.join(parts)} and no d_model."
    section.problems.append(f"{what} Give d_model and n_layers in place of n_params, or n_params alone.")
    for key in parts:
        section.take(key)


def _decoder(
    section: Section, width: int, layers: int, vocab_size: int, heads: int | None, d_ff: int | None, tied: bool
) -> Decoder:
    """Return a shape whose heads have an even width, as rotary embeddings need."""
    try:
        shape = decoder(width, layers, vocab_size, n_heads=heads, d_ff=d_ff, tied_embeddings=tied)
    except DataError:
        shape = None
    if shape is not None and shape.head_width % 2 == 0:
        return shape
    n_heads = heads or default_heads(width)
    counts = head_counts(width)
    fix = f"Give n_heads, one of {', '.join(map(str, counts))}" if counts else "Give an even d_model"
    what = f"{section.where} d_model {width} does not part into {n_heads} heads of an even width."
    section.problems.append(f"{what} {fix}.")
    return decoder(64, 4, vocab_size)


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
    return min(MOST_BATCH, 2 ** round(math.log2(max(sequences, 1.0))))


def _whole(section: Section, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_BATCH:
        what = f"{section.where} batch is {value!r}."
        section.problems.append(f"{what} Give sequences, a whole number up to {MOST_BATCH:,}, or a rule's name.")
        return 1
    return value


def _learning_rate(section: Section, default: Any, rule_input: tuple[float, float]) -> float:
    value = section.take("learning_rate", default)
    if isinstance(value, str):
        rule = _rule(section, "learning_rate", value)
        return 1e-3 if rule is None else rule.learning_rate(*rule_input)
    if not isinstance(value, float | int) or isinstance(value, bool) or not 0 < value <= MOST_LEARNING_RATE:
        what = f"{section.where} learning_rate is {value!r}."
        fix = f"Give a number above 0 and up to {MOST_LEARNING_RATE}, or a rule: {', '.join(RULES)}."
        section.problems.append(f"{what} {fix}")
        return 1e-3
    return float(value)


def _rule(section: Section, key: str, name: str) -> Any:
    try:
        return RULES[name]
    except UnknownName as error:
        section.problems.append(f"{section.where} {key}: {error}")
        return None


def _seeds(section: Section) -> tuple[int, ...]:
    seeds = section.numbers("seeds", (0,), _is_seed, SEEDS)
    if not seeds:
        section.problems.append(f"{section.where} seeds is []. Give {SEEDS}.")
    return tuple(int(seed) for seed in seeds)


def _is_seed(value: float) -> bool:
    return 0 <= value <= MOST_SEED and value == int(value)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
