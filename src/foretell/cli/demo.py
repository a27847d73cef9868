"""`foretell demo`: a forecast against the truth, in one command."""

from pathlib import Path
from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report, write_bytes
from foretell.cli.tables import load_table

RUNS = "olmo-ladder"
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
HOLDOUT = "run IN ('7B-4T', '13B-5T')"
METHODS = ("auto", "flp")


def demo(
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Where the report goes: .html or .pdf, or its picture as .svg or .png."),
    ] = Path("foretell-demo.html"),
    resamples: options.Resamples = 1000,
    json: options.Json = False,
) -> None:
    """Forecast OLMo-2 7B and 13B from runs of up to 3B, and compare with what they scored."""
    from foretell.report.text import backtest_report
    from foretell.report.write import render, require_ending
    from foretell.trusting.backtest import backtest as run

    require_ending(output)
    result = run(load_table(RUNS), HOLDOUT, train=TRAIN, methods=METHODS, resamples=resamples)
    print_findings(result.warnings)
    plain = result.to_dict()
    write_bytes(output, render(plain, output.suffix))
    print_json(plain) if json else print_report(backtest_report(plain))
