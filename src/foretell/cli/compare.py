"""`foretell compare RUNS --at TARGET --families A,B`."""

from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report, require_table_place, write_rows
from foretell.cli.tables import load_table


def compare(
    runs: options.Runs,
    at: Annotated[
        list[str],
        typer.Option(help="A target: n_params=7e9,n_tokens=4e12[,flops=..]. May be repeated.", metavar="TARGET"),
    ],
    families: Annotated[str, typer.Option(help="The two recipes: families of the table.", metavar="A,B")],
    train: options.Train = None,
    tasks: options.Tasks = None,
    losses: options.Losses = None,
    loss: options.Loss = None,
    method: options.Method = "auto",
    level: options.Level = 0.9,
    margin: options.Margin = None,
    seed: options.Seed = 0,
    resamples: options.Resamples = 1000,
    table: options.Table = None,
    json: options.Json = False,
) -> None:
    """Say which of two recipes will be better at a target, and how likely."""
    require_table_place(table, runs)
    from foretell.methods.compare import compare as run
    from foretell.report.compare import compare_report

    result = run(
        load_table(runs),
        at,
        options.split_names(families) or [],
        train=train,
        tasks=options.split_names(tasks),
        losses=options.split_names(losses),
        loss=loss,
        method=method,
        level=level,
        margin=margin,
        seed=seed,
        resamples=resamples,
    )
    print_findings(result.warnings)
    write_rows(result, table)
    plain = result.to_dict()
    print_json(plain) if json else print_report(compare_report(plain))
