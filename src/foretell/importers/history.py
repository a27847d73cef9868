"""From what a tracker logged step by step to rows: one for each step at which something held out was measured.

Sizes travel with the rows: a count that was logged at another step is taken from the nearest earlier one, and
said. Tokens are computed from the step only where the config states the tokens of a step.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from foretell.errors import DataError, Finding
from foretell.importers.asked import TOKENS_PER_STEP, Asked
from foretell.importers.by_step import AGAIN
from foretell.importers.imported import Imported, note, plural
from foretell.importers.names import meaning_of
from foretell.importers.translate import Translator, Value
from foretell.metadata import Metadata

MEASURED = ("loss/", "bpb/", "task_loss/", "score/", "stderr/", "items/")
SIZES = ("n_params", "n_params_active", "n_tokens", "flops")
NO_MEASURE = "nothing held out was measured at that step"
NAMED_ELSEWHERE = ("run", "family", "status", "reason", "is_final")
OF_A_RUN = ("n_params", "n_params_active", "seed", TOKENS_PER_STEP)
OWN_STEP = "_step"  # of Weights & Biases
OWN, FROM_OWN = "\0own", "\0from own"  # mark rows until all of them are there
CHUNK = 20_000  # rows
Place = tuple[float | None, bool]  # a step, and whether it is the tool's own, which may count calls of the logger


@dataclass(frozen=True)
class RunHistory:
    """What a tracker holds of one run.

    Attributes:
        run: Its name.
        records: Pairs of step and logged values, in the order of logging; a step of `None` is in the values.
        config: Settings, nested ones flattened with slashes.
        status: `ok` or `running`; `None` where the tool does not say.
        finished: Whether the run came to its end; `None` where the tool does not say.
        last_step: The step at which the schedule ends, where the tool says it.
    """

    run: str
    records: Iterable[tuple[float | None, Mapping[str, Any]]]
    config: Mapping[str, Any] = field(default_factory=dict)
    status: str | None = None
    finished: bool | None = None
    last_step: float | None = None


def import_histories(runs: Callable[[Translator], Iterable[RunHistory]], asked: Asked, name: str) -> Imported:
    """Read the histories of any number of runs, one after the other.

    Args:
        runs: Yields the runs; it is given the translator, to ask what a name means and to count what it leaves.
        asked: Column map and constants.
        name: Name of the source, for messages.

    Raises:
        DataError: nothing that was measured is recognised, or two names could be the same column.
    """
    reader = _Reader(asked)
    frame = collect(row for run in runs(reader.translator) for row in reader.rows(run))
    frame = reader.without_own_steps(frame)
    taken, skipped = reader.translator.account()
    reader.require_used()
    if frame.height == 0:
        raise _nothing_measured(name, reader.translator)
    metadata = Metadata(n_params_kind=reader.translator.n_params_kind(), source=name)
    return Imported(frame, metadata, taken, skipped, tuple(reader.findings()), name, True)


def collect(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Gather rows into a frame, a chunk at a time, so that no more than a chunk is held as Python objects."""
    frames, chunk = [], []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            frames.append(pl.DataFrame(chunk, infer_schema_length=None))
            chunk = []
    if chunk:
        frames.append(pl.DataFrame(chunk, infer_schema_length=None))
    return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


def flat(config: Mapping[str, Any], depth: int = 6) -> dict[str, Any]:
    """Flatten nested settings with slashes, to a depth.

    >>> flat({"model": {"n_params": 3}, "lr": 0.1})
    {'model/n_params': 3, 'lr': 0.1}
    """
    plain: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            if depth:
                plain.update({f"{key}/{inner}": leaf for inner, leaf in flat(value, depth - 1).items()})
        else:
            plain[str(key)] = value
    return plain


class _Reader:
    """Turns runs into rows, and keeps count of what it had to do."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.translator = Translator(asked, never=NAMED_ELSEWHERE)
        self.carried = 0
        self.furthest = 0.0
        self.computed: set[str] = set()
        self.unfinished: list[str] = []
        self.not_computed = 0
        self.own_dropped = 0
        if asked.steps_are_calls and asked.columns.get("step") == OWN_STEP:
            self.translator.count("step", OWN_STEP)
            self.translator.meaning(OWN_STEP)

    def rows(self, run: RunHistory) -> Iterator[dict[str, Any]]:
        """Yield the rows of a run; the last one waits until it is known to be the last."""
        facts = self._facts(run)
        held: dict[str, Any] | None = None
        for row in self._measured(run, facts):
            if held is not None:
                yield self._ended(held, run, is_last=False)
            held = row
        if held is None:
            self.translator.leave(f"run {run.run}", "no row with a loss or a score")
        else:
            yield self._ended(held, run, is_last=True)
        if run.finished is False:
            self.unfinished.append(run.run)

    def _ended(self, row: dict[str, Any], run: RunHistory, *, is_last: bool) -> dict[str, Any]:
        """Add what the tool says of the run's end, where the user named no column for it."""
        if run.status is not None and "status" not in self.asked.columns:
            row["status"] = run.status
        if "is_final" in self.asked.columns:
            return row
        if run.last_step is not None:
            row["is_final"] = row["step"] == run.last_step
        elif run.finished is not None:
            row["is_final"] = is_last and run.finished
        return row

    def without_own_steps(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Drop the tool's own steps, and tokens computed from them, in runs of which other rows state a step."""
        if OWN not in frame.columns:
            return frame
        mixed = pl.col(OWN) & (~pl.col(OWN)).any().over("run")
        self.own_dropped = int(frame.select(mixed.sum()).item())
        computed = pl.col(FROM_OWN).fill_null(False) if FROM_OWN in frame.columns else pl.lit(False)
        without = [("step", mixed), ("n_tokens", mixed & computed)]
        changed = [pl.when(~rows).then(pl.col(name)).alias(name) for name, rows in without if name in frame.columns]
        return frame.with_columns(changed).drop(OWN, FROM_OWN, strict=False)

    def require_used(self) -> None:
        """Refuse `tokens_per_step` where no row took its tokens from it.

        Raises:
            DataError: it says so.
        """
        if TOKENS_PER_STEP in self.asked.constants and not self.computed:
            raise DataError(
                f"--set {TOKENS_PER_STEP}: nothing used it: every row has n_tokens, or none has a step. Leave it out."
            )

    def findings(self) -> Iterator[Finding]:
        """Say what was computed, carried along or unfinished."""
        yield from self._own_steps()
        for how in sorted(self.computed):
            yield note(
                "tokens-computed", f"n_tokens is {how}.", "Check that the config is of the run as it was trained."
            )
        if self.carried:
            what = f"the sizes of {plural(self.carried, 'row')} are those of the nearest earlier step that logged them"
            fix = "Log tokens seen where the evaluation is logged."
            yield note("sizes-carried", f"{what}, at most {self.furthest:g} steps earlier.", fix)
        if self.unfinished:
            what = f"{plural(len(self.unfinished), 'run')} did not come to an end: {', '.join(self.unfinished[:5])}."
            yield note("unfinished-runs", what, "None of their rows is final.")

    def _own_steps(self) -> Iterator[Finding]:
        """Say what was not made of steps that may count the calls of the logger."""
        if self.not_computed:
            what = f"n_tokens of {plural(self.not_computed, 'row')} is not computed from {OWN_STEP}"
            fix = f"If it is the training step: --set {TOKENS_PER_STEP}=N, or --map step={OWN_STEP}."
            yield note("own-steps", f"{what}, which counts calls of the logger where no step was passed.", fix)
        if self.own_dropped:
            what = f"{plural(self.own_dropped, 'row')} have no step: their runs log one elsewhere"
            yield note("own-steps", f"{what}, and {OWN_STEP} may count something else.", severity="warning")

    def _facts(self, run: RunHistory) -> dict[str, Value]:
        """Return what the config states: sizes, seed, mixture, and what a step is worth in tokens."""
        known = {name: value for name, value in run.config.items() if self._is_fact(name)}
        facts = self.translator.translate(known, f"config of {run.run}", once=True) if known else {}
        if TOKENS_PER_STEP in self.asked.constants:
            facts[TOKENS_PER_STEP] = self.asked.constants[TOKENS_PER_STEP]
            self._how = f"the step times {facts[TOKENS_PER_STEP]:g} tokens, as asked for"
        elif TOKENS_PER_STEP in facts:
            self._how = f"the step times {facts[TOKENS_PER_STEP]:g} tokens, as the config states"
        else:
            facts |= self._batch_tokens(run.config)
        return facts

    def _batch_tokens(self, config: Mapping[str, Any]) -> dict[str, Value]:
        """Return the tokens of a step where the config states one global batch and one sequence length."""
        batch, length = (self._stated(config, column) for column in ("batch", "sequence_length"))
        if batch is None or length is None:
            return {}
        self._how = f"the step times {batch:g} sequences of {length:g} tokens, as the config states"
        return {TOKENS_PER_STEP: batch * length}

    def _stated(self, config: Mapping[str, Any], column: str) -> float | None:
        names = [name for name in config if (found := meaning_of(name)) is not None and found.column == column]
        values = {float(config[name]) for name in names if isinstance(config[name], int | float) and config[name] > 0}
        return values.pop() if len(values) == 1 else None

    def _is_fact(self, name: str) -> bool:
        """Tell whether a setting is taken: what is one of every run, and what the user mapped but a measurement."""
        meaning = self.translator.meaning(name)
        if meaning is None:
            return False
        if self.translator.is_mapped(name):
            return not meaning.column.startswith(MEASURED)
        return meaning.column.startswith((*OF_A_RUN, "share/", "unique_tokens/"))

    def _measured(self, run: RunHistory, facts: dict[str, Value]) -> Iterator[dict[str, Any]]:
        latest: dict[str, tuple[float | None, Value]] = {}
        per_step = facts.pop(TOKENS_PER_STEP, None)
        for (step, is_own), record in _merged(self._translated(run), self.translator.leave):
            latest |= {name: (step, record[name]) for name in SIZES if name in record}
            if not any(name.startswith(MEASURED) for name in record):
                self.translator.leave("rows", NO_MEASURE)
                continue
            self._require_agreement(facts, record, run.run)
            row = {"run": run.run, "step": step, **facts, **self._sizes(step, latest), **record}
            if "n_tokens" not in row and per_step is not None and step is not None:
                row |= self._tokens(step * float(per_step), is_own=is_own)
            if self.asked.steps_are_calls:
                row[OWN] = is_own
            yield {name: value for name, value in row.items() if name not in _NO_COLUMN}

    def _tokens(self, tokens: float, *, is_own: bool) -> dict[str, Value]:
        """Return tokens from the step; a step that may count calls of the logger is asked about first."""
        if is_own and TOKENS_PER_STEP not in self.asked.constants:
            self.not_computed += 1
            return {}
        self.computed.add(self._how)
        return {"n_tokens": tokens, **({FROM_OWN: True} if is_own else {})}

    def _require_agreement(self, facts: Mapping[str, Value], record: Mapping[str, Value], run: str) -> None:
        """Refuse a size of which the config says another than the log."""
        for name in ("n_params", "n_params_active"):
            one, other = facts.get(name), record.get(name)
            if isinstance(one, float) and isinstance(other, float) and abs(one - other) > 1e-6 * abs(one):
                what = f"run {run}: {name} is {one:g} in its config and {other:g} in its log"
                raise DataError(f"{what}. Say which: --map {name}=NAME, with the name that is meant.")

    def _sizes(self, step: float | None, latest: Mapping[str, tuple[float | None, Value]]) -> dict[str, Value]:
        moving = [then for name, (then, _) in latest.items() if name in ("n_tokens", "flops") and then != step]
        if moving:
            self.carried += 1
            self.furthest = max(
                [self.furthest, *(step - then for then in moving if step is not None and then is not None)]
            )
        return {name: value for name, (_, value) in latest.items()}

    def _translated(self, run: RunHistory) -> Iterator[tuple[Place, dict[str, Value]]]:
        own_is_asked_for = self.asked.columns.get("step") == OWN_STEP
        for step, values in run.records:
            record = self.translator.translate(
                values, f"run {run.run}" + (f", step {step:g}" if step is not None else "")
            )
            stated = record.pop("step", None)
            is_own = self.asked.steps_are_calls and stated is None and not own_is_asked_for
            yield (step if stated is None else _as_step(stated), is_own), record


_NO_COLUMN = (TOKENS_PER_STEP, "batch", "sequence_length")


def _as_step(value: Value | None) -> float | None:
    return float(value) if value is not None and not isinstance(value, str) else None


def _merged(
    records: Iterable[tuple[Place, dict[str, Value]]], leave: Callable[[str, str], object]
) -> Iterator[tuple[Place, dict[str, Value]]]:
    """Join records of the same step that follow each other; the later value counts, and the earlier is left."""
    place: Place = (None, False)
    held: dict[str, Value] | None = None
    for now, record in records:
        if held is not None and now[0] is not None and now == place:
            for name in record:
                if name.startswith(MEASURED) and held.get(name, record[name]) != record[name]:
                    leave(name, AGAIN)
            held = {**held, **record}
            continue
        if held is not None:
            yield place, held
        place, held = now, record
    if held is not None:
        yield place, held


def _nothing_measured(name: str, translator: Translator) -> DataError:
    names = translator.untaken()
    if not names:
        return DataError(f"{name}: there are no logged values. Name the folder or file that holds them.")
    what = f"{name}: no held-out loss and no score is recognised among {', '.join(names[:10])}"
    return DataError(f"{what}. Name them: --map loss/<domain>=NAME, --map score/<task>=NAME.")
