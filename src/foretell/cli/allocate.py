"""`foretell allocate RUNS --flops C`."""

from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_json, print_report
from foretell.cli.tables import load_table

Flops = Annotated[str, typer.Option(help="Budgets, training and serving together: 1e21,1e23.", metavar="C,..")]
Family = Annotated[str | None, typer.Option(help="Family of the table, where it has several.")]
Serve = Annotated[str, typer.Option(help="Tokens that the model will read and write in its life.", metavar="TOKENS")]
Unique = Annotated[
    str | None, typer.Option(help="Different tokens that there are; more are repeated.", metavar="TOKENS")
]


def allocate(
    runs: options.Runs,
    flops: Flops,
    family: Family = None,
    serve: Serve = "0",
    unique: Unique = None,
    train: options.Train = None,
    loss: options.Loss = None,
    level: options.Level = 0.9,
    seed: options.Seed = 0,
    resamples: options.Resamples = 1000,
    json: options.Json = False,
) -> None:
    """Say how many parameters and tokens a budget buys best."""
    from foretell.planning.allocate import allocate as run
    from foretell.report.allocate import allocation_report

    result = run(
        load_table(runs),
        options.split_names(flops) or [],
        family=family,
        train=train,
        loss=loss,
        served=serve,
        unique=unique,
        level=level,
        seed=seed,
        resamples=resamples,
    )
    plain = result.to_dict()
    print_json(plain) if json else print_report(allocation_report(plain))
