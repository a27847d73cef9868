"""`trainer_state.json` of the transformers Trainer: its log, its tokens and its FLOPs.

The Trainer counts `total_flos` as 6 x parameters x tokens, with the parameters that are not the input embedding. Where
it logged both, that gives the parameters back, if all that it logged agrees on one whole number; tokens counted without
padding do not, since FLOPs are counted with it. Nothing else in its folder is opened: weights are not needed, and
`training_args.bin` is a pickle.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from foretell.errors import DataError, Finding
from foretell.importers.asked import Asked
from foretell.importers.history import RunHistory, import_histories
from foretell.importers.imported import Imported, note, plural
from foretell.importers.safe_json import finite_number, why_broken
from foretell.importers.trainer_log import State, read_state
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files, meter_of, name_of

STATE = "trainer_state.json"
CHECKPOINT = re.compile(r"checkpoint-\d+")
REPEATED = "an earlier state of the same run, whose log the last one repeats"
UNCLEAR = "total_flos / (6 x num_input_tokens_seen) is not one whole number, as of tokens counted without padding"
DERIVED = "n_params is total_flos / (6 x num_input_tokens_seen): the Trainer counts 6ND, without the input embedding."
WHOLE = 1e-3  # parameters: how far from a whole number of them rounding may lead
ENTRY = "entry of a log"


def read_hf_trainer(source: str, asked: Asked) -> Imported:
    """Read every run below a folder: the state of its last checkpoint holds the whole log.

    Raises:
        DataError: there is no state, or one is no state.
    """
    files = find_files(source, STATE, "the state of a transformers Trainer")
    derived: list[str] = []
    unclear: list[str] = []

    def histories(translator: Translator) -> Iterator[RunHistory]:
        meter = meter_of(files, asked.progress)
        broken: list[DataError] = []
        n_read = 0
        for run, paths in _by_run(files, source).items():
            last, sizes, n_states = _last_state(paths, translator, broken)
            meter.add(sum(path.stat().st_size for path in paths) - (len(last.text) if last else 0))
            if last is None:
                continue
            n_read += 1
            if n_states > 1:
                translator.leave(STATE, REPEATED, n_states - 1)
            n_params = _n_params(sizes)
            if sizes:
                (unclear if n_params is None else derived).append(run)
            yield _history(run, last, n_params, translator, meter)
        if broken and not n_read:
            raise broken[0]

    found = import_histories(histories, asked, source)
    if "n_params" in asked.constants:
        return found
    metadata = replace(found.metadata, flops_convention="6ND") if derived else found.metadata
    return replace(found, metadata=metadata, findings=(*found.findings, *_findings(derived, unclear)))


def _findings(derived: list[str], unclear: list[str]) -> Iterator[Finding]:
    if derived:
        yield note("parameters-from-flops", DERIVED)
    if unclear:
        runs = f"{', '.join(unclear[:5])}{', ...' if len(unclear) > 5 else ''}"
        what = f"n_params of {plural(len(unclear), 'run')} is left open, {runs}: {UNCLEAR}."
        fix = "Import the runs of each size with --set n_params=COUNT."
        yield note("parameters-unclear", what, fix, severity="warning", why="Another count is another law.")


def _last_state(
    paths: list[Path], translator: Translator, broken: list[DataError]
) -> tuple[State | None, tuple[float, ...], int]:
    """Return the last state of a run, the sizes that all of them tell, and how many can be read."""
    last: State | None = None
    sizes: list[float] = []
    n_states = 0
    for path in paths:
        try:
            state = read_state(path)
        except DataError as error:
            broken.append(error)
            translator.leave(STATE, why_broken(error, path))
            continue
        n_states += 1
        sizes.extend(state.sizes)
        last = state if last is None or state.step > last.step else last
    return last, tuple(sizes), n_states


def _by_run(files: list[Path], source: str) -> dict[str, list[Path]]:
    runs: dict[str, list[Path]] = {}
    for path in files:
        folder = path.parent.parent if CHECKPOINT.fullmatch(path.parent.name) else path.parent
        inside = folder.resolve().is_relative_to(Path(source).resolve())
        runs.setdefault(name_of(folder, source) if inside else folder.resolve().name, []).append(path)
    return runs


def _history(run: str, state: State, n_params: int | None, translator: Translator, meter: Meter) -> RunHistory:
    end = finite_number(state.facts.get("max_steps"))
    last_step = end if end is not None and end > 0 else None
    return RunHistory(
        run,
        _records(state, translator, meter),
        {} if n_params is None else {"n_params_non_embedding": n_params},
        status="ok",
        finished=state.step >= (last_step or float("inf")),
        last_step=last_step,
    )


def _records(state: State, translator: Translator, meter: Meter) -> Iterator[tuple[float | None, dict[str, Any]]]:
    counts, done = bool(finite_number(state.facts.get("num_input_tokens_seen"))), 0
    for entry, end in state.entries():
        meter.add(end - done)
        done = end
        step = finite_number(entry.get("step"))
        if step is None and entry.get("step") is not None:
            translator.leave(ENTRY, "its step is no number")
            continue
        yield step, _logged(entry, counts)
    meter.add(len(state.text) - done)


_NOT_LOGGED = ("step", "epoch", "total_flos")


def _logged(entry: dict[str, Any], counts: bool) -> dict[str, Any]:
    """Return what an entry logs; tokens are 0 throughout where the Trainer was not asked to count them."""
    return {
        name: value
        for name, value in entry.items()
        if name not in _NOT_LOGGED and (counts or name != "num_input_tokens_seen") and not name.endswith(_TIMES)
    }


_TIMES = ("_runtime", "_per_second")


def _n_params(sizes: tuple[float, ...]) -> int | None:
    """Return the whole number on which all agree.

    >>> _n_params((124e6, 124e6 + 1e-6)), _n_params((177142879.4,)), _n_params((7.0, 8.0)), _n_params(())
    (124000000, None, None, None)
    """
    whole = round(sizes[0]) if sizes else 0
    return whole if whole > 0 and all(abs(size - whole) <= WHOLE for size in sizes) else None
