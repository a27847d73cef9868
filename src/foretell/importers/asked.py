"""How an import was asked for: the column map, the constants, the name of the run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from foretell.errors import DataError
from foretell.metadata import Metadata
from foretell.schema import FLAGS, TEXTS, is_number_column, parse_flag
from foretell.units import parse_quantity

TOKENS_PER_STEP = "tokens_per_step"
STATED = ("n_params_kind", "flops_convention", "general_loss", "source", "citation", "note")


@dataclass(frozen=True)
class Asked:
    """What the user said beside the source.

    Attributes:
        columns: Names in the tool, by name in the run table; `*` stands for the same text in both.
        constants: Columns that are the same in every row, and `tokens_per_step`.
        stated: Keys of the metadata.
        run_name: Name of the run, where the source holds one only.
        query: SQL, for sources that are databases.
        progress: Called with the fraction that is done, from 0 to 1.
        steps_are_calls: Whether the tool's own step counts calls of its logger where no step was passed to it.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, float | str | bool] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    run_name: str | None = None
    query: str | None = None
    progress: Callable[[float], object] = lambda _: None
    steps_are_calls: bool = False

    def metadata(self, found: Metadata) -> Metadata:
        """Return the metadata of a source with what the user stated on top."""
        return replace(found, **dict[str, Any](self.stated)) if self.stated else found


def asked(
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, object] | None = None,
    run_name: str | None = None,
    query: str | None = None,
    progress: Callable[[float], object] = lambda _: None,
) -> Asked:
    """Check what was asked, and sort constants from metadata.

    Raises:
        DataError: a name that no run table has, or a value that does not fit it.
    """
    columns, constants = dict(columns or {}), dict(constants or {})
    for name, theirs in columns.items():
        _require_column(name, "--map")
        if "*" in name and "*" not in theirs:
            raise DataError(
                f"--map {name}={theirs}: there is a * on one side only. Write it in both names, or in none."
            )
    stated = {key: str(constants.pop(key)) for key in STATED if key in constants}
    Metadata(**dict[str, Any](stated))  # refuses values that their keys do not allow
    plain = {name: _constant(name, value) for name, value in constants.items()}
    return Asked(columns, plain, stated, run_name, query, progress)


def _constant(name: str, value: object) -> float | str | bool:
    _require_column(name, "--set")
    if name in TEXTS:
        return str(value)
    if name in FLAGS:
        flag = parse_flag(value)
        if flag is None:
            raise DataError(f"--set {name}={value}: it is neither true nor false. Write one of them.")
        return flag
    return parse_quantity(str(value))


def _require_column(name: str, flag: str) -> None:
    if "*" in name and flag == "--set":
        raise DataError(f"--set {name}: a * names no column. Set each column by its name.")
    plain = "" if name.endswith("/") else name.replace("*", "x")
    if plain == TOKENS_PER_STEP and flag == "--set":
        return
    if plain in TEXTS + FLAGS or is_number_column(plain) or plain.startswith("items/"):
        return
    fix = f"Use run, n_params, n_tokens, flops, loss/<domain>, score/<task>, ...: {flag} OURS=THEIRS."
    fix = fix if flag == "--map" else f"Use a column, {TOKENS_PER_STEP}, or one of {', '.join(STATED)}."
    raise DataError(f"{flag} {name}: a run table has no such column. {fix}")
