"""`trainer_state.json` of the transformers Trainer: its log, its tokens and its FLOPs.

The Trainer counts `total_flos` as 6 x parameters x tokens, with the parameters that are not the input embedding. Where
it logged both, that gives the parameters back, as a whole number. Nothing else in its folder is opened: weights are
not needed, and `training_args.bin` is a pickle.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from foretell.importers.asked import Asked
from foretell.importers.history import RunHistory, import_histories
from foretell.importers.imported import Imported, note
from foretell.importers.trainer_log import State, read_state
from foretell.importers.translate import Translator
from foretell.importers.walk import Meter, find_files, meter_of, name_of

STATE = "trainer_state.json"
CHECKPOINT = re.compile(r"checkpoint-\d+")
REPEATED = "an earlier state of the same run, whose log the last one repeats"
DERIVED = "n_params is total_flos / (6 x num_input_tokens_seen): the Trainer counts 6ND, without the input embedding."
WHOLE = 1e-6  # how far from a whole number the parameters may be, relative


def read_hf_trainer(source: str, asked: Asked) -> Imported:
    """Read every run below a folder: the state of its last checkpoint holds the whole log.

    Raises:
        DataError: there is no state, or one is no state.
    """
    files = find_files(source, STATE, "the state of a transformers Trainer")
    derived: list[str] = []

    def histories(translator: Translator) -> Iterator[RunHistory]:
        meter = meter_of(files, asked.progress)
        for run, states in _by_run(files, source).items():
            last = max((read_state(path) for path in states), key=lambda state: float(state.facts["global_step"]))
            meter.add(sum(path.stat().st_size for path in states) - len(last.text))
            if len(states) > 1:
                translator.leave(STATE, REPEATED, len(states) - 1)
            history = _history(run, last, meter)
            derived.extend([run] if "n_params_non_embedding" in history.config else [])
            yield history

    found = import_histories(histories, asked, source)
    if not derived or "n_params" in asked.constants:
        return found
    what = DERIVED
    metadata = replace(found.metadata, flops_convention="6ND")
    return replace(found, metadata=metadata, findings=(*found.findings, note("parameters-from-flops", what)))


def _by_run(files: list[Path], source: str) -> dict[str, list[Path]]:
    runs: dict[str, list[Path]] = {}
    for path in files:
        folder = path.parent.parent if CHECKPOINT.fullmatch(path.parent.name) else path.parent
        inside = folder.resolve().is_relative_to(Path(source).resolve())
        runs.setdefault(name_of(folder, source) if inside else folder.resolve().name, []).append(path)
    return runs


def _history(run: str, state: State, meter: Meter) -> RunHistory:
    config: dict[str, Any] = {}
    n_params = _n_params(state)
    if n_params is not None:
        config["n_params_non_embedding"] = n_params
    last_step = state.facts.get("max_steps") or None
    return RunHistory(
        run,
        _records(state, meter),
        config,
        status="ok",
        finished=state.facts["global_step"] >= (last_step or float("inf")),
        last_step=last_step,
    )


def _records(state: State, meter: Meter) -> Iterator[tuple[float | None, dict[str, Any]]]:
    counts, done = bool(state.facts.get("num_input_tokens_seen")), 0
    for entry, end in state.entries():
        meter.add(end - done)
        done = end
        yield entry.get("step"), _logged(entry, counts)
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


def _n_params(state: State) -> float | None:
    counted = [state.last, state.facts]
    pairs = ((each.get("total_flos"), each.get("num_input_tokens_seen")) for each in counted)
    flops, tokens = next((pair for pair in pairs if all(pair)), (None, None))
    if flops is None or tokens is None:
        return None
    n_params = float(flops) / (6 * float(tokens))
    return round(n_params) if abs(n_params - round(n_params)) <= WHOLE * n_params else None
