"""What a run table says about itself: conventions, general loss, tasks, source."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from foretell.errors import DataError, UnknownName
from foretell.units import FLOPS_CONVENTIONS

N_PARAMS_KINDS = ("non_embedding", "total")


@dataclass(frozen=True)
class Metadata:
    """Facts about a run table that its columns cannot carry.

    Attributes:
        n_params_kind: `non_embedding` or `total`; `None` where not stated.
        flops_convention: A key of `units.FLOPS_CONVENTIONS`; `None` where not stated.
        general_loss: Column of the loss that stands for the model as a whole.
        default_tasks: Tasks that are forecast when none are named.
        tasks: Per task, the fields of `tasks.Task` that the table overrides.
        source: Where the numbers come from (URL and commit).
        citation: How to cite them.
        note: Gotchas, in sentences.
    """

    n_params_kind: str | None = None
    flops_convention: str | None = None
    general_loss: str | None = None
    default_tasks: tuple[str, ...] = ()
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str | None = None
    citation: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        _require_one_of("n_params_kind", self.n_params_kind, N_PARAMS_KINDS)
        _require_one_of("flops_convention", self.flops_convention, tuple(FLOPS_CONVENTIONS))
        for name, facts in self.tasks.items():
            _check_task(name, facts)

    def to_dict(self) -> dict[str, Any]:
        """Return the stated keys as plain data, ready for TOML or JSON."""
        plain = {**asdict(self), "default_tasks": list(self.default_tasks)}
        return {key: value for key, value in plain.items() if value not in (None, [], {})}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Metadata":
        """Read metadata back from plain data.

        Raises:
            UnknownName: a key that is none of the fields.
            DataError: a value that its field does not allow.
        """
        known = {item.name for item in fields(cls)}
        for key, value in plain.items():
            if key not in known:
                raise UnknownName("metadata key", key, known)
            _require_kind(key, value)
        return cls(**{**plain, "default_tasks": tuple(plain.get("default_tasks", ()))})


def _require_one_of(key: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise DataError(f"metadata: {key} is {value!r}. Use one of {', '.join(allowed)}.")


def _require_kind(key: str, value: Any) -> None:
    if key == "tasks":
        fits = isinstance(value, Mapping) and all(isinstance(facts, Mapping) for facts in value.values())
        wanted = "a table for each task, [tasks.NAME]"
    elif key == "default_tasks":
        fits = isinstance(value, list | tuple) and all(isinstance(task, str) for task in value)
        wanted = "a list of task names"
    else:
        fits, wanted = value is None or isinstance(value, str), "text"
    if not fits:
        raise DataError(f"metadata: {key} is {value!r}. Give {wanted}.")


def _check_task(name: str, facts: Mapping[str, Any]) -> None:
    for key, value in facts.items():
        if key not in TASK_FACTS:
            raise UnknownName(f"key of task {name!r} in the metadata", key, TASK_FACTS)
        fits, wanted = TASK_FACTS[key]
        if not fits(value):
            raise DataError(f"metadata: {key} of task {name!r} is {value!r}. Give {wanted}.")
    _check_chance(name, facts.get("chance"), facts.get("higher_is_better", True))


def _check_chance(name: str, chance: float | None, higher_is_better: bool) -> None:
    """Refuse a chance level that is the best score there is."""
    best = float(higher_is_better)
    if chance == best:
        wanted = "a fraction from 0 to below 1" if higher_is_better else "one above 0, since lower is better"
        raise DataError(f"metadata: chance of task {name!r} is {chance!r}. Give {wanted}.")


def _is_chance(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1)


def _is_item_count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


TASK_FACTS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "chance": (_is_chance, "a fraction from 0 to below 1"),
    "n_items": (_is_item_count, "a whole number above 0"),
    "metric": (lambda value: isinstance(value, str), "text, such as acc"),
    "higher_is_better": (lambda value: isinstance(value, bool), "true or false"),
}
