"""From an archive to its documents."""

from collections.abc import Iterator
from pathlib import Path

from foretell.ladder.corpora.document import Document
from foretell.ladder.corpora.english import english
from foretell.ladder.corpora.forms import FORMS
from foretell.ladder.corpora.members import members
from foretell.ladder.corpora.package import Package


def read_documents(package: Package, archive: Path) -> Iterator[Document]:
    """Yield the documents of a package, cleaned; those with nothing left are none.

    Args:
        package: Says which files of the archive are read, and how.
        archive: Its `.deb` or `.whl`.
    """
    for path, content in members(archive, package.wanted):
        for part, paragraphs in enumerate(FORMS[package.form](_decoded(content))):
            cleaned = tuple(english(paragraphs) if package.source == "prose" else paragraphs)
            if cleaned:
                yield Document(_name(package, path, part), cleaned)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _name(package: Package, path: str, part: int) -> str:
    plain = f"{package.name}/{path.removeprefix('./')}"
    return f"{plain}#{part}" if part else plain
