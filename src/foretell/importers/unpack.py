"""Archives of strangers: unpacked into a folder of their own, with no path that leads out of it."""

import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from foretell.errors import DataError

MOST_BYTES = 20 * 2**30  # when unpacked
MOST_MEMBERS = 1_000_000
LONGEST_HEADER = 2**20  # bytes of a long name and the like, which tarfile reads as a whole
HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
ENCRYPTED = 1  # the flag of a zip's member
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


@contextmanager
def unpacked(source: str) -> Iterator[str]:
    """Yield the source itself, or the folder into which it was unpacked, which is removed afterwards.

    Raises:
        DataError: a path in the archive leads out of it, it holds too much, is encrypted or broken.
    """
    path = Path(source)
    if not source.lower().endswith(ENDINGS) or not path.is_file():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="foretell-") as temporary:
        folder = Path(temporary) / path.name.split(".")[0]
        folder.mkdir()
        try:
            _unzip(path, folder) if path.suffix.lower() == ".zip" else _untar(path, folder)
        except NotImplementedError as error:
            raise DataError(f"{path} is packed in a way that is not known here: {error}. Unpack it yourself.") from None
        except BROKEN as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
            raise DataError(f"{path} cannot be unpacked: {reason}. Is it complete?") from None
        yield str(folder)


def _unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        _require_bounds(path, len(members), sum(info.file_size for info in members))
        for info in members:
            if info.flag_bits & ENCRYPTED:
                raise DataError(f"{path}: its member {info.filename!r} is encrypted. Unpack it yourself.")
            place = _inside(path, folder, info.filename)
            with archive.open(info) as packed:
                _copy(packed, place, info.file_size)


def _untar(path: Path, folder: Path) -> None:
    """Unpack files only: links and devices are left where they are."""
    with tarfile.open(path, tarinfo=_Bounded) as archive:
        count = size = 0
        for member in archive:
            count, size = count + 1, size + member.size
            _require_bounds(path, count, size)
            place = _inside(path, folder, member.name)
            packed = archive.extractfile(member) if member.isfile() else None
            if packed is not None:
                _copy(packed, place, member.size)


class _Bounded(tarfile.TarInfo):
    """A member whose long name or extended header is refused before it is read, if it is larger than any is."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in HEADERS and self.size > LONGEST_HEADER:
            raise DataError(f"{archive.name!s}: a header of {self.size:,} bytes. Do not trust it.")
        return super()._proc_member(archive)  # type: ignore[misc]


def _require_bounds(path: Path, members: int, size: int) -> None:
    if members > MOST_MEMBERS or size > MOST_BYTES:
        raise DataError(f"{path}: {members:,} members of {size:,} bytes are more than is unpacked. Unpack it yourself.")


def _inside(path: Path, folder: Path, name: str) -> Path:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name.split("/")[0]:
        raise DataError(f"{path}: its member {name!r} leads out of the archive. Do not trust it.")
    return folder / parts


def _copy(packed: object, place: Path, size: int) -> None:
    """Copy at most the bytes that the archive announced."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        while size > 0 and (block := packed.read(min(size, 2**20))):  # type: ignore[attr-defined]
            file.write(block)
            size -= len(block)
