"""`foretell join A B -o RUNS`."""

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.import_ import require_output, write
from foretell.cli.output import print_json, print_report


def join(
    a: Annotated[Path, typer.Argument(help="A run table; its rows are kept.", metavar="A")],
    b: Annotated[Path, typer.Argument(help="Another about the same runs; its columns are added.", metavar="B")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Run table to write: .parquet, .csv or .jsonl.")],
    json: options.Json = False,
) -> None:
    """Combine what two tools logged about the same runs, by run and step (the nearest earlier one, counted)."""
    from foretell.importers import join_runs
    from foretell.report.imported import imported_report

    require_output(output, a, b)
    found = join_runs(a, b)
    write(found, output)
    plain = {"output": str(output), **found.to_dict()}
    print_json(plain) if json else print_report(imported_report(plain))
