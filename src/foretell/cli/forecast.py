"""`foretell forecast RUNS --at ...`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretell.cli import options
from foretell.cli.output import (
    print_findings,
    print_json,
    print_report,
    require_table_place,
    to_json,
    write_rows,
    write_text,
)
from foretell.cli.tables import load_table
from foretell.errors import DataError

if TYPE_CHECKING:
    from foretell.results import Forecast
    from foretell.runs import Runs

Explain = Annotated[bool, typer.Option("--explain", help="Say which candidates carried the forecast, and why.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Keep the forecast, sealed, in this JSON file.")]


def forecast(
    runs: options.Runs,
    at: Annotated[
        list[str],
        typer.Option(
            help="A target: n_params=7e9,n_tokens=4e12[,flops=..][,family=..]. May be repeated.", metavar="TARGET"
        ),
    ],
    train: options.Train = None,
    tasks: options.Tasks = None,
    losses: options.Losses = None,
    loss: options.Loss = None,
    method: options.Method = "auto",
    level: options.Level = 0.9,
    margin: options.Margin = None,
    seed: options.Seed = 0,
    resamples: options.Resamples = 1000,
    pool: options.Pool = False,
    explain: Explain = False,
    output: Output = None,
    html: Annotated[Path | None, typer.Option(help="Write a self-contained HTML page.")] = None,
    table: options.Table = None,
    json: options.Json = False,
) -> None:
    """Forecast the scores of models that are not trained yet, with intervals."""
    _refuse_overwriting(runs, output, html)
    require_table_place(table, runs, output, html)
    from foretell.methods.forecast import forecast as run

    loaded = load_table(runs)
    result = run(
        loaded,
        at,
        train=train,
        tasks=options.split_names(tasks),
        losses=options.split_names(losses),
        loss=loss,
        method=method,
        level=level,
        margin=margin,
        seed=seed,
        resamples=resamples,
        pool=pool,
        evidence=bool(output or html),
    )
    _tell(result, explain, json)
    write_rows(result, table)
    if output or html:
        _keep(result, loaded, runs, output, html)


def _tell(result: "Forecast", explain: bool, json: bool) -> None:
    """Print the forecast, and what is to be known about it."""
    print_findings(result.warnings)
    plain = result.to_dict()
    print_json(plain) if json else print_report(_report(plain, explain))


def _keep(result: "Forecast", table: "Runs", source: str, output: Path | None, html: Path | None) -> None:
    """Write the forecast under its seal, and as a page."""
    from foretell.ledger.command import command_line
    from foretell.ledger.record import make_record

    record = make_record(result, table, source, command_line(sys.argv[1:]))
    if output:
        write_text(output, to_json(record))
    if html:
        from foretell.report.pages.forecast import forecast_page

        write_text(html, forecast_page(record))


def _report(plain: dict[str, Any], explain: bool) -> list[Any]:
    from foretell.report.explain import explanation_report
    from foretell.report.text import forecast_report

    return [*forecast_report(plain), *(explanation_report(plain) if explain else [])]


def _refuse_overwriting(runs: str, output: Path | None, html: Path | None) -> None:
    """Refuse outputs that are folders, or would replace the input or each other."""
    wanted = [path for path in (output, html) if path is not None]
    for path in wanted:
        if path.is_dir():
            raise DataError(f"{path} is a folder. Name a file in it.")
    if len({path.resolve() for path in (Path(runs), *wanted)}) <= len(wanted):
        raise DataError("two of RUNS, -o and --html are the same file. Name different ones.")
