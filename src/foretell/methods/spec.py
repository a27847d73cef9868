"""Laws as they are typed: `sigmoid`, or `sigmoid[ceiling=1]` with a parameter held."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from foretell.errors import DataError, UnknownName
from foretell.laws import LAWS, Law
from foretell.laws.base import Output
from foretell.units import parse_quantity

SIZE_INPUTS = ("flops", "n_params", "n_tokens")
_SPEC = re.compile(r"\s*([A-Za-z_0-9]+)\s*(?:\[([^\]]*)\])?\s*")


@dataclass(frozen=True)
class LawChoice:
    """A law by name, with parameters held at a value.

    Attributes:
        name: Key in `LAWS`.
        fixed: Parameters that are not fitted.
    """

    name: str
    fixed: Mapping[str, float] = field(default_factory=dict)

    @property
    def law(self) -> type[Law]:
        """The law's class."""
        return LAWS[self.name]

    @property
    def n_free(self) -> int:
        """Parameters that are fitted."""
        return len(self.law.params()) - len(self.fixed)


def parse_law(text: str, output: Output, inputs: tuple[str, ...] | None = None) -> LawChoice:
    """Read one law of a method's specification.

    Args:
        text: Such as `chinchilla` or `sigmoid[ceiling=1]`.
        output: What the law must give, `loss` or `score`.
        inputs: Inputs that the law may use; any when not given.

    Raises:
        UnknownName: there is no such law, or no such parameter.
        DataError: the text cannot be read, or the law gives something else.
    """
    match = _SPEC.fullmatch(text)
    if match is None:
        raise DataError(f"law {text!r} cannot be read. Write a name, or sigmoid[ceiling=1].")
    suited = [n for n, law in LAWS.items() if law.output == output and set(law.inputs) <= set(inputs or law.inputs)]
    law = LAWS[match.group(1)]
    if law.name not in suited:
        raise DataError(f"law {law.name} cannot stand here. Use one of {', '.join(suited)}.")
    fixed = dict(_held(pair, text) for pair in (match.group(2) or "").split(",") if pair.strip())
    for name, value in fixed.items():
        _require_allowed(law, name, value)
    return LawChoice(law.name, fixed)


def parse_ends(spec: str) -> tuple[LawChoice, LawChoice]:
    """Read the laws at both ends of a chain, from size to loss and from loss to score: `chinchilla+sigmoid`."""
    loss, plus, score = spec.partition("+")
    if not plus:
        raise DataError(f"laws {spec!r}: name both stages, such as chinchilla+sigmoid.")
    return parse_law(loss, "loss", SIZE_INPUTS), parse_law(score, "score", ("loss", "chance"))


def _require_allowed(law: type[Law], name: str, value: float) -> None:
    params = {p.name: p for p in law.params()}
    if name not in params:
        raise UnknownName(f"parameter of {law.name}", name, params)
    lower, upper = (0.0 if params[name].log else params[name].lower), params[name].upper
    if not lower <= value <= upper or (params[name].log and value == 0):
        raise DataError(f"law {law.name}: {name} is {value:g}. Hold it between {lower:g} and {upper:g}.")


def _held(pair: str, text: str) -> tuple[str, float]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise DataError(f"law {text!r}: {pair!r} is not parameter=value. Write sigmoid[ceiling=1].")
    return name.strip(), parse_quantity(value)
