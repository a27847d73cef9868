"""The records of an offline run file of Weights & Biases.

The file is a header of seven bytes (`:W&B`, a magic number, a version) and then the log format of LevelDB: blocks of
32 KiB with chunks of checksum, length and kind; a record is one chunk, or a first, some middle and a last one. Each
record is a protocol message, parsed by wandb's own classes.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from foretell.errors import DataError

BLOCK = 32 * 1024
HEADER = struct.Struct("<4sHB")
MAGIC = 0xBEE1
CHUNK = struct.Struct("<IHB")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
LONGEST = 64 * 2**20  # bytes of one record


def read_records(path: Path, broken: Callable[[str], object], done: Callable[[float], object]) -> Iterator[bytes]:
    """Yield the records of a file, in order.

    Args:
        path: A `.wandb` file.
        broken: Called with what is wrong, once for each stretch that cannot be read.
        done: Called with the bytes of each block that was read.

    Raises:
        DataError: the file is no run file.
    """
    parts: list[bytes] = []
    for kind, data in _chunks(path, broken, done):
        if kind in (FULL, FIRST):
            parts = [data]
        elif parts:
            parts.append(data)
        if sum(map(len, parts)) > LONGEST:
            broken(f"a record of more than {LONGEST:,} bytes")
            parts = []
        if kind in (FULL, LAST) and parts:
            yield b"".join(parts)
            parts = []
    if parts:
        broken("the last record was cut off")


def _chunks(
    path: Path, broken: Callable[[str], object], done: Callable[[float], object]
) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        _require_header(path, file.read(HEADER.size))
        start = HEADER.size
        while block := file.read(BLOCK - start):
            done(len(block))
            yield from _chunks_of(block, broken)
            start = 0


def _chunks_of(block: bytes, broken: Callable[[str], object]) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + CHUNK.size <= len(block):
        checksum, length, kind = CHUNK.unpack_from(block, at)
        if kind == 0:  # the padding at the end of a block
            return
        data = block[at + CHUNK.size : at + CHUNK.size + length]
        if len(data) < length:
            broken("the end was cut off")
            return
        if zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
            broken("a block with a wrong checksum")
            return
        yield kind, data
        at += CHUNK.size + length


def _require_header(path: Path, header: bytes) -> None:
    fits = len(header) == HEADER.size and HEADER.unpack(header)[:2] == (b":W&B", MAGIC)
    if not fits:
        raise DataError(f"{path} is no run file of wandb: its first bytes are {header!r}. Leave it out.")
