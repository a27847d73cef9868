"""Cut the corpora's held-out text into the domains of the bundled ladder's validation losses.

`python -m foretell.ladder.bundled.domains CORPORA` writes `CORPORA/<domain>.heldout.jsonl`.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from foretell.errors import DataError
from foretell.io.atomic import write_atomically

SOURCES = ("code", "prose")
# The first pattern that a document's path matches names its domain.
DOMAINS = {
    "tests": r"^code:(.*/)?(tests?|testsuite|.*-testsuite)/|^code:.*/test_[^/]*$",
    "library": r"^code:",
    "dictionary": r"^prose:dict-",
    "essays": r"^prose:(anarchism|jargon-text|wesnoth-[^/]*|endless-sky-data)/",
    "manuals": r"^prose:",
}


def write_domains(folder: Path) -> dict[str, int]:
    """Write one file of held-out documents for each domain.

    Args:
        folder: Of the corpora; gets `<domain>.heldout.jsonl`.

    Returns:
        Documents by domain.

    Raises:
        DataError: the corpora are not there, or a domain has no document.
    """
    lines: dict[str, list[str]] = {domain: [] for domain in DOMAINS}
    for line in _held_out(folder):
        lines[domain_of(json.loads(line))].append(line)
    empty = [domain for domain, found in lines.items() if not found]
    if empty:
        raise DataError(f"{folder}: no held-out document is of {', '.join(empty)}. Build both sources, whole.")
    for domain, found in lines.items():
        _write(folder / f"{domain}.heldout.jsonl", found)
    return {domain: len(found) for domain, found in lines.items()}


def domain_of(document: dict[str, str]) -> str:
    """Return the domain of a document by its source and path.

    >>> domain_of({"source": "code", "document": "sympy/sympy/core/tests/test_add.py"})
    'tests'
    """
    place = f"{document['source']}:{document['document']}"
    return next(domain for domain, pattern in DOMAINS.items() if re.search(pattern, place))


def _held_out(folder: Path) -> Iterator[str]:
    for source in SOURCES:
        path = folder / f"{source}.heldout.jsonl"
        if not path.is_file():
            raise DataError(f"{path} is not there. Build it: python -m foretell.ladder.corpora -o {folder}.")
        yield from path.read_text(encoding="utf-8").splitlines()


def _write(path: Path, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


if __name__ == "__main__":
    print(write_domains(Path(sys.argv[1])))
