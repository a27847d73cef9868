"""FLP-M as it is typed: `m4+network`, `line`, `m4[c4|code]+network[width=5,activation=tanh]`."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from foretell.errors import DataError, UnknownName
from foretell.methods.flpm.registry import STAGES_TWO
from foretell.methods.flpm.stage_two import StageTwo
from foretell.methods.mixtures import MIXTURE_LAWS
from foretell.units import parse_quantity

_PART = re.compile(r"\s*([A-Za-z_0-9]+)\s*(?:\[([^\]]*)\])?\s*")


def parse_stages(spec: str) -> tuple[str | None, tuple[str, ...] | None, StageTwo]:
    """Read both stages; the first may be left out.

    Returns:
        Name of the law of domain losses, the domains that count, each `None` where not given, and the second stage.

    Raises:
        UnknownName: there is no such law, stage or option.
        DataError: the text cannot be read.
    """
    first, plus, second = spec.partition("+")
    if not plus:
        return None, None, _parse_stage_two(first)
    law, domains = _split(first)
    MIXTURE_LAWS[law]
    named = None if domains is None else tuple(name.strip() for name in domains.split("|") if name.strip())
    return law, named or None, _parse_stage_two(second)


def _parse_stage_two(text: str) -> StageTwo:
    name, options = _split(text)
    stage = STAGES_TWO[name]
    return replace(stage, **_options(stage, options or ""))


def _split(text: str) -> tuple[str, str | None]:
    match = _PART.fullmatch(text)
    if match is None:
        raise DataError(f"flpm: {text!r} cannot be read. Write m4+network, or m4[c4|code]+network[width=5].")
    return match.group(1), match.group(2)


def _options(stage: StageTwo, text: str) -> Mapping[str, Any]:
    known = {field.name: type(getattr(stage, field.name)) for field in fields(stage)}
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    for name, equals, _ in pairs:
        if not equals:
            raise DataError(f"flpm: {name.strip()!r} is not option=value. Write {stage.name}[width=5].")
        if name.strip() not in known:
            raise UnknownName(f"option of {stage.name}", name.strip(), known)
    names = [name.strip() for name, _, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"flpm: {stage.name} has {name} twice. Keep one of them.")
    return {name.strip(): _value(value.strip(), known[name.strip()]) for name, _, value in pairs}


def _value(text: str, kind: type) -> int | float | str:
    if kind is str:
        return text
    value = parse_quantity(text)
    if kind is int and value != int(value):
        raise DataError(f"flpm: {text} is not a whole number. Give one, such as {round(value) or 1}.")
    return int(value) if kind is int else value
