"""The files in an archive, without unpacking it to disk."""

import gzip
import io
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from re import Pattern

COMPRESSED = (".gz", ".dz")


def members(archive: Path, wanted: Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the wanted files of a `.deb` or `.whl`, in the archive's order.

    Content that is compressed once more (`.gz`, dictd's `.dz`) comes out plain.
    """
    read = _of_deb if archive.suffix == ".deb" else _of_wheel
    for path, content in read(archive, wanted):
        yield path, gzip.decompress(content) if path.endswith(COMPRESSED) else content


def _of_deb(archive: Path, wanted: Pattern[str]) -> Iterator[tuple[str, bytes]]:
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True).stdout  # noqa: S603, S607
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        for member in opened:
            if member.isfile() and wanted.search(member.name):
                file = opened.extractfile(member)
                assert file is not None
                yield member.name, file.read()


def _of_wheel(archive: Path, wanted: Pattern[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if wanted.search(name):
                yield name, opened.read(name)
