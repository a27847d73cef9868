"""One way to write plain data, so that the same content has the same hash."""

import hashlib
import json
from typing import Any


def canonical(plain: Any) -> bytes:
    """Write plain data as JSON with sorted keys and no spaces, numbers as Python's shortest exact form.

    >>> canonical({"b": 0.1, "a": [1, None]})
    b'{"a":[1,null],"b":0.1}'
    """
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", errors="surrogatepass")


def digest(plain: Any) -> str:
    """Return the SHA-256 of plain data written canonically, in hexadecimal digits."""
    return hashlib.sha256(canonical(plain)).hexdigest()
