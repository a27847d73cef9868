"""`foretell mix RUNS --at TARGET --maximize TASKS | --minimize LOSSES`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report, require_table_place, write_rows
from foretell.cli.tables import load_table
from foretell.errors import DataError
from foretell.units import parse_quantity

At = Annotated[
    str,
    typer.Option(
        help="The model: n_params=7e9,n_tokens=4e12[,flops=..]. Shares in it are the mixture to compare with.",
        metavar="TARGET",
    ),
]
Maximize = Annotated[str | None, typer.Option(help="Tasks whose weighted sum is to be high: A,B=2.", metavar="TASKS")]
Minimize = Annotated[
    str | None, typer.Option(help="Losses whose weighted sum is to be low: loss/code.", metavar="LOSSES")
]
Least = Annotated[
    list[str] | None,
    typer.Option("--min", help="Least share of a source: share/code=0.1. May be repeated.", metavar="BOUND"),
]
Most = Annotated[
    list[str] | None,
    typer.Option("--max", help="Most share of a source: share/code=0.5. May be repeated.", metavar="BOUND"),
]
Unique = Annotated[
    list[str] | None, typer.Option(help="Different tokens of a source: code=2e11. May be repeated.", metavar="TOKENS")
]
MaxEpochs = Annotated[float | None, typer.Option(help="How often unique tokens may be seen.")]
Robust = Annotated[bool, typer.Option("--robust", help="Maximise the lower end of the interval, not the forecast.")]


def mix(
    runs: options.Runs,
    at: At,
    maximize: Maximize = None,
    minimize: Minimize = None,
    least: Least = None,
    most: Most = None,
    unique: Unique = None,
    max_epochs: MaxEpochs = None,
    robust: Robust = False,
    train: options.Train = None,
    method: options.Method = "flpm",
    level: options.Level = 0.9,
    margin: options.Margin = None,
    seed: options.Seed = 0,
    resamples: options.Resamples = 200,
    pool: options.Pool = False,
    table: options.Table = None,
    json: options.Json = False,
) -> None:
    """Find the data mixture with the best forecast."""
    require_table_place(table, runs)
    from foretell.mixing import mix as run
    from foretell.report.mix import mix_report

    result = run(
        load_table(runs),
        at,
        maximize=maximize,
        minimize=minimize,
        at_least=_by_source(least, "--min"),
        at_most=_by_source(most, "--max"),
        unique=_by_source(unique, "--unique"),
        max_epochs=max_epochs,
        robust=robust,
        train=train,
        method=method,
        level=level,
        margin=margin,
        seed=seed,
        resamples=resamples,
        pool=pool,
    )
    print_findings(result.warnings)
    write_rows(result, table)
    plain = result.to_dict()
    print_json(plain) if json else print_report(mix_report(plain))


def _by_source(pairs: Sequence[str] | None, flag: str) -> dict[str, float]:
    """Read `share/code=0.1`, or `code=0.1`, of each source; several may stand in one, with commas."""
    found: dict[str, float] = {}
    for pair in (part for text in pairs or () for part in text.split(",")):
        name, equals, value = pair.partition("=")
        source = name.strip().removeprefix("share/").removeprefix("unique_tokens/")
        if not equals or not source:
            raise DataError(f"{flag} {pair!r} is not source=number. Write {flag} share/code=0.1.")
        if source in found:
            raise DataError(f"{flag} names {source} twice. Keep one of them.")
        found[source] = parse_quantity(value)
    return found
