"""The seal: a hash over everything else in a file. It detects edits, not forgery: whoever can hash can seal anew."""

from collections.abc import Mapping
from typing import Any

from foretell.errors import DataError
from foretell.ledger.canonical import digest

SEAL = "seal"
WHAT = "SHA-256 over the canonical JSON of everything else"


def sealed(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data under a seal."""
    content = {key: value for key, value in plain.items() if key != SEAL}
    return {**content, SEAL: {"what": WHAT, "sha256": digest(content)}}


def is_sealed(plain: Mapping[str, Any]) -> bool:
    """Tell whether plain data carry a seal, whole or broken."""
    return isinstance(plain.get(SEAL), Mapping)


def require_whole(plain: Mapping[str, Any], where: str) -> None:
    """Refuse plain data whose seal does not fit them.

    Raises:
        DataError: they were changed after they were sealed.
    """
    content = {key: value for key, value in plain.items() if key != SEAL}
    if plain[SEAL].get("sha256") != digest(content):
        raise DataError(
            f"{where} was changed after it was sealed, so it is not the forecast that was made. "
            "Take the file as it was written, or forecast again."
        )
