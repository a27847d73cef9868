"""Fitted laws back from plain data, to the last digit."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from foretell.errors import DataError
from foretell.laws.base import Law


def read_law(plain: Mapping[str, Any]) -> Law:
    """Make a law, or a batch of laws, of what `to_dict` gave, or of an entry of `laws` in a forecast's JSON.

    Numbers are those that were written: JSON has every digit of them. What an entry says besides
    (standard errors, units, ...) is left aside.

    Args:
        plain: `law`, its name in `LAWS`, and its parameters by name.

    Raises:
        DataError: a parameter is missing, or is no number.
        UnknownName: no law has this name.

    >>> import json
    >>> from foretell.laws import Power
    >>> fitted = Power(C0=3.1e8 / 3, alpha=0.1 + 0.2)
    >>> read_law(json.loads(json.dumps(fitted.to_dict()))) == fitted
    True
    """
    from foretell.laws import LAWS

    law = LAWS[str(plain.get("law"))]
    return law(**{item.name: _number(plain, law.name, item.name) for item in law.params()})


def _number(plain: Mapping[str, Any], law: str, name: str) -> Any:
    """Return one parameter: a float, or an array of a batch."""
    value = plain.get(name)
    try:
        numbers = np.asarray(value, float)
    except (TypeError, ValueError):
        numbers = np.asarray(np.nan)
    if value is None or not np.isfinite(numbers).all():
        raise DataError(f"the law {law}: {name} is {value!r}. Give a number, as `to_dict` writes it.")
    return numbers if numbers.ndim else float(numbers)
