"""TensorBoard event files: every scalar of every run, a folder for each run, as TensorBoard itself names them.

The records are framed as TFRecords (length, checksum of the length, data, checksum of the data); the messages are
parsed by TensorBoard's own protocol classes. Scalars of a run are merged by step.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from foretell.errors import MissingExtra
from foretell.importers.asked import Asked
from foretell.importers.by_step import Series, by_step
from foretell.importers.history import RunHistory, import_histories
from foretell.importers.imported import Imported
from foretell.importers.resumed import REPEATED, begun_again
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files, meter_of, name_of

EVENTS = "*tfevents*"
EXTRA = "tensorboard"
OWN_FOLDER = "Keep the event files of each start in a folder of their own."
LONGEST = 64 * 2**20  # bytes of one event
_HEADER = struct.Struct("<QI")
_FOOTER = 4


def read_tensorboard(source: str, asked: Asked) -> Imported:
    """Read every run below a folder.

    Raises:
        DataError: there are no event files, or nothing that was measured is recognised.
        MissingExtra: tensorboard is not installed.
    """
    return read_events(source, asked, {})


def read_events(source: str, asked: Asked, configs: Mapping[str, Mapping[str, Any]]) -> Imported:
    """Read every run below a folder, with settings that are known from elsewhere, by run."""
    parse = _parser()
    files = find_files(source, EVENTS, "what TensorBoard writes")

    restarted: list[str] = []

    def histories(translator: Translator) -> Iterator[RunHistory]:
        meter = meter_of(files, asked.progress)
        for folder, group in groupby(files, key=lambda path: path.parent):
            run = name_of(folder, source)
            series, config = _read_run(list(group), parse, translator, meter)
            restarted.extend([run] if any(each.begins_again for each in series.values()) else [])
            plain = {tag: each.series for tag, each in series.items()}
            yield RunHistory(run, by_step(plain, translator.leave), {**configs.get(run, {}), **config})

    found = import_histories(histories, asked, source)
    return replace(found, findings=(*found.findings, *(begun_again(run, OWN_FOLDER) for run in restarted)))


@dataclass
class _Tag:
    """The values of one tag, file by file: what a later file goes on from takes the place of what came after it."""

    series: Series = field(default_factory=Series)
    file: Path | None = None
    begins_again: bool = False

    def add(self, step: int, number: float, file: Path) -> int:
        """Take one more value, and return how many earlier ones were trained again and are left."""
        left = 0
        if file != self.file and len(self.series.steps):
            before = len(self.series.steps)
            goes_on = step > min(self.series.steps)
            self.begins_again |= not goes_on
            self.series = self.series.before(step) if goes_on else self.series
            left = before - len(self.series.steps)
        self.file = file
        self.series.add(step, number)
        return left


def _parser() -> Any:
    try:
        from tensorboard.compat.proto.event_pb2 import Event
    except ImportError:
        raise MissingExtra("Reading event files", EXTRA) from None
    return Event.FromString


def _read_run(
    files: list[Path], parse: Any, translator: Translator, meter: Meter
) -> tuple[dict[str, _Tag], dict[str, Any]]:
    """Gather the scalars that mean something: two numbers each, whatever their number."""
    series: dict[str, _Tag] = {}
    config: dict[str, Any] = {}
    for path in files:
        for message in _messages(path, translator, meter):
            try:
                event = parse(message)
            except Exception:  # whatever protobuf raises on a broken message
                translator.leave(f"event of {path.name}", "cannot be parsed")
                continue
            for value in event.summary.value:
                config |= _hyper_parameters(value)
                _keep(series, value, event.step, path, translator)
    return series, config


def _keep(series: dict[str, _Tag], value: Any, step: int, path: Path, translator: Translator) -> None:
    number = _scalar(value)
    if number is None:
        return
    if translator.meaning(value.tag) is None:
        translator.leave_name(value.tag)
        return
    left = series.setdefault(value.tag, _Tag()).add(step, number, path)
    if left:
        translator.leave(value.tag, REPEATED, left)


def _messages(path: Path, translator: Translator, meter: Meter) -> Iterator[bytes]:
    """Yield the messages of a file; a tail that was cut off is counted and left."""
    with path.open("rb") as file:
        while header := file.read(_HEADER.size):
            length = _HEADER.unpack(header)[0] if len(header) == _HEADER.size else LONGEST + 1
            message = file.read(length) if length <= LONGEST else b""
            if length > LONGEST or len(message) < length:
                translator.leave(f"end of {path.name}", "the file was cut off, or is no event file")
                return
            file.read(_FOOTER)
            meter.add(_HEADER.size + length + _FOOTER)
            yield message


def _scalar(value: Any) -> float | None:
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if not value.HasField("tensor") or value.tensor.tensor_shape.dim:
        return None
    for numbers in (value.tensor.float_val, value.tensor.double_val):
        if len(numbers) == 1:
            return float(numbers[0])
    content, is_single = value.tensor.tensor_content, value.tensor.dtype == 1
    width = 4 if is_single else 8
    if value.tensor.dtype in (1, 2) and len(content) == width:
        return float(struct.unpack("<f" if is_single else "<d", content)[0])
    return None


def _hyper_parameters(value: Any) -> dict[str, Any]:
    if value.metadata.plugin_data.plugin_name != "hparams":
        return {}
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    data = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    kinds = ("number_value", "string_value", "bool_value")
    return {
        name: getattr(setting, setting.WhichOneof("kind"))
        for name, setting in data.session_start_info.hparams.items()
        if setting.WhichOneof("kind") in kinds
    }
