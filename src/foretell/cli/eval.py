"""`foretell eval DIR`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report


def evaluate(
    folder: Annotated[Path, typer.Argument(help="Folder of a ladder, as foretell train -o made it.", metavar="DIR")],
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks of lm-evaluation-harness, or folders of local ones.", metavar="NAMES_OR_FOLDERS"),
    ] = None,
    include: Annotated[
        list[Path] | None, typer.Option(help="A folder whose tasks are known by name; may be repeated.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items of a task that are asked, the first ones.")] = None,
    batch_size: Annotated[str, typer.Option(help="Of the model's passes: a number, or auto.", metavar="N")] = "32",
    device: Annotated[str | None, typer.Option(help="Such as cpu or cuda:0; a GPU where there is one.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for the checkpoints of a training.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Drop the scores of these tasks first.")] = False,
    unsafe_code: Annotated[bool, typer.Option("--unsafe-code", help="Run code that a model wrote.")] = False,
    json: options.Json = False,
) -> None:
    """Score every checkpoint of a ladder on benchmark tasks; what has its scores is skipped."""
    from foretell.evals.evaluate import evaluate as run
    from foretell.evals.options import Options
    from foretell.report.eval import outcome_report

    chosen = Options(limit, _batch_size(batch_size), device, watch, again, unsafe_code)
    with _Bar() as bar:
        asked = options.split_names(tasks) or []
        outcome = run(folder, asked, include or [], chosen, say=bar.say, show=bar.show)
    print_findings(outcome.warnings)
    print_json(outcome.to_dict()) if json else print_report(outcome_report(outcome.to_dict()))


def _batch_size(text: str) -> str:
    if text == "auto" or (text.isdigit() and int(text) > 0):
        return text
    raise typer.BadParameter(f"{text} is neither a number above 0 nor auto.", param_hint="--batch-size")


class _Bar:
    """A progress bar over checkpoints, on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(file=sys.stderr)
        columns = (TextColumn("{task.completed:.0f}/{task.total:.0f}"), BarColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn("{task.description}"), console=self._console)
        self._bar: Any = None

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(escape(line), highlight=False, soft_wrap=True)

    def show(self, event: Mapping[str, Any]) -> None:
        """Move the bar."""
        described = escape(str(event["checkpoint"] or "waiting for the next checkpoint"))
        if self._bar is None:
            self._bar = self._progress.add_task(described, total=event["total"])
        self._progress.update(self._bar, completed=event["evaluated"], total=event["total"], description=described)
