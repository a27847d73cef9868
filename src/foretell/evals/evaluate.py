"""`evaluate`: every checkpoint of a ladder through lm-evaluation-harness, into its run table."""

from collections.abc import Callable, Sequence
from pathlib import Path

from foretell.errors import DataError
from foretell.evals.alone import alone
from foretell.evals.consent import require_consent
from foretell.evals.fingerprint import take_fingerprints
from foretell.evals.harness import load_benchmarks, require_extra
from foretell.evals.known import forget, read_known, remember_asked, require_same
from foretell.evals.options import Options
from foretell.evals.outcome import Outcome
from foretell.evals.ready import require_ladder, wait_for_ladder
from foretell.evals.score import Scorer
from foretell.evals.session import Session, Show
from foretell.ladder.layout import Layout


def evaluate(
    folder: Path,
    tasks: Sequence[str] = (),
    include: Sequence[Path] = (),
    options: Options | None = None,
    *,
    say: Callable[[str], object] = lambda _: None,
    show: Show = lambda _: None,
) -> Outcome:
    """Score the checkpoints of a ladder that have no scores yet.

    Args:
        folder: Of the ladder, as `foretell train` made it.
        tasks: Names of the harness' tasks, groups or tags, or folders of local tasks; with none, the tasks of
            `include`, else those that were asked for before.
        include: Folders whose tasks are known by name.
        options: How.
        say: Called with a line where the user will have to wait.
        show: Called with `evaluated`, `total` and `checkpoint` before and after every checkpoint.

    Returns:
        What was done; scores are in the run table, and what is known of the tasks in its metadata.

    Raises:
        DataError: the folder is no ladder's, a task's data cannot be had, or its items are others than before.
        UnknownName: a task that neither the folders nor the harness know.
        MissingExtra: a library is missing.
    """
    options = options or Options()
    layout = Layout(folder)
    if not options.watch:
        require_ladder(layout)
    require_extra()
    tasks, include = _what_to_ask(layout, tasks, include)
    manager, benchmarks = load_benchmarks(tasks, include, say=say)
    require_consent(benchmarks.values(), unsafe_code=options.unsafe_code)
    fingerprints = take_fingerprints(benchmarks.values(), options.limit)
    if options.watch:
        wait_for_ladder(layout, say=say)
    with alone(layout):
        if options.again:
            forget(layout, list(benchmarks))
        for name, one in benchmarks.items():
            require_same(layout, one, options.limit, fingerprints[name])
        remember_asked(layout, tasks, include)
        device = options.device or _best_device()
        scorer = Scorer(
            manager, layout.tokenizer, options.batch_size, device, options.limit, unsafe_code=options.unsafe_code
        )
        session = Session(layout, benchmarks, fingerprints, options, scorer, show)
        session.run()
        return session.outcome()


def _what_to_ask(layout: Layout, tasks: Sequence[str], include: Sequence[Path]) -> tuple[Sequence[str], Sequence[Path]]:
    if tasks:
        return tasks, include
    if include:
        return [str(folder) for folder in include], ()
    asked = read_known(layout)["asked"]
    if not asked:
        raise DataError(
            f"{layout.folder}: no tasks are named. Name some: --tasks hellaswag,piqa or --tasks FOLDER of local tasks."
        )
    return asked["tasks"], [Path(folder) for folder in asked["include"]]


def _best_device() -> str:
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"
