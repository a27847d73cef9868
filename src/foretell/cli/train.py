"""`foretell train PLAN -o DIR`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report
from foretell.errors import ForetellError


def train(
    plan: Annotated[Path, typer.Argument(help="A plan file, TOML.", metavar="PLAN")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the ladder; its table is runs.parquet.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be trained, and stop.")] = False,
    launcher: Annotated[Literal["local", "ray", "slurm"], typer.Option(help="What starts the processes.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a running Ray cluster; without it Ray starts here.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Devices in use at once on this machine.")] = 1,
    keep: Annotated[Literal["all", "last"], typer.Option(help="Weights that are kept of a run.")] = "all",
    log: Annotated[Literal["tensorboard", "wandb"] | None, typer.Option(help="Where else figures go.")] = None,
    json: options.Json = False,
) -> None:
    """Train a ladder of small models; started again, it goes on where it was stopped."""
    from foretell.ladder.read_plan import read_plan

    asked = read_plan(plan, files_needed=not dry_run)
    if dry_run:
        from foretell.ladder.dry_run import dry_run as run_dry
        from foretell.report.train import dry_run_report

        plain = run_dry(asked, output, workers=workers, keep=keep)
        print_json(plain) if json else print_report(dry_run_report(plain))
        return
    from foretell.ladder.train import train as run

    with _Bars(asked) as bars:
        outcome = run(
            asked,
            output,
            launcher=launcher,
            address=address,
            workers=workers,
            keep=keep,
            log=log,
            warn=print_findings,
            show=bars.show,
        )
    _report(outcome.to_dict(), json)


def _report(plain: Mapping[str, Any], json: bool) -> None:
    from foretell.report.train import outcome_report

    print_json(plain) if json else print_report(outcome_report(plain))
    failed = [run for run in plain["runs"] if run["status"] == "failed"]
    if failed:
        what = f"{len(failed)} of {len(plain['runs'])} runs failed; {failed[0]['run']}: {failed[0]['reason']}"
        raise ForetellError(f"{what} Start again to go on with what is left.")


class _Bars:
    """A progress bar for each run, on stderr."""

    def __init__(self, plan: Any) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        from foretell.ladder.runs_of import jobs_of

        self._steps = {run.name: run.n_steps for job in jobs_of(plan) for run in job.runs}
        self._bars: dict[str, Any] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[figures]}"),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
        )

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: Mapping[str, Any]) -> None:
        """Move the bar of the event's run."""
        run = str(event["run"])
        if run not in self._bars:
            self._bars[run] = self._progress.add_task(run, total=self._steps[run], figures="")
        self._progress.update(self._bars[run], completed=event["step"])
        if "tokens_per_second" in event:
            figures = f"loss {event['loss']:.3f}, {event['tokens_per_second']:,.0f} tokens/s"
            self._progress.update(self._bars[run], figures=figures)
