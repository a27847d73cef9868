"""`foretell score F.json ... RUNS`."""

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report
from foretell.cli.tables import load_table


def score(
    forecasts: Annotated[
        list[Path], typer.Argument(help="Files of `forecast -o`, or folders of them.", metavar="FORECASTS...")
    ],
    runs: options.Runs,
    run: Annotated[
        str | None, typer.Option(help="The run to compare with; the one whose size fits if not given.", metavar="NAME")
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare forecasts made earlier with the runs that came later."""
    from foretell.ledger.score import score as compare
    from foretell.report.score import score_report

    result = compare(forecasts, load_table(runs), run=run)
    print_findings(result.warnings)
    plain = result.to_dict()
    print_json(plain) if json else print_report(score_report(plain))
