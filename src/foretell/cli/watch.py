"""`foretell watch RUNS --forecast F.json`."""

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report
from foretell.cli.tables import load_table


def watch(
    runs: options.Runs,
    forecast: Annotated[Path, typer.Option(help="What foretell forecast -o wrote.", metavar="F.json")],
    run: Annotated[str | None, typer.Option(help="The run that goes on; the only unfinished one if not given.")] = None,
    at: Annotated[
        str | None, typer.Option(help="The target, as the forecast has it, where that has several.", metavar="TARGET")
    ] = None,
    ladder: Annotated[
        str | None, typer.Option(help="Finished runs with their checkpoints; RUNS if not given.", metavar="RUNS")
    ] = None,
    loss: options.Loss = None,
    level: options.Level = 0.9,
    json: options.Json = False,
) -> None:
    """Say whether a run that goes on will reach its forecast."""
    from foretell.planning.watch import watch as look
    from foretell.report.watch import watch_report

    others = None if ladder is None else load_table(ladder)
    result = look(load_table(runs), forecast, run=run, at=at, ladder=others, loss=loss, level=level)
    print_findings(result.warnings)
    plain = result.to_dict()
    print_json(plain) if json else print_report(watch_report(plain))
