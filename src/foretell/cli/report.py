"""`foretell report F.json -o F.html`."""

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli.output import print_written


def report(
    result: Annotated[
        Path, typer.Argument(help="What forecast -o, or --json of backtest, mix or compare wrote.", metavar="F.json")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Ends in .html or .pdf; or in .png or .svg for the main chart.")
    ],
) -> None:
    """Write a report to pass around: one file that needs nothing else."""
    from foretell.report.write import write_report

    print_written(write_report(result, output))
