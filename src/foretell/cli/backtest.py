"""`foretell backtest RUNS --holdout EXPR`."""

from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report
from foretell.cli.tables import load_table


def backtest(
    runs: options.Runs,
    holdout: Annotated[str, typer.Option(help="SQL predicate that chooses the held-out runs.", metavar="EXPR")],
    train: options.Train = None,
    tasks: options.Tasks = None,
    losses: options.Losses = None,
    loss: options.Loss = None,
    methods: Annotated[
        str, typer.Option(help="Methods to compare: flp,fp,flp:chinchilla+sigmoid.", metavar="A,B")
    ] = "flp,fp",
    level: options.Level = 0.9,
    margin: options.Margin = None,
    seed: options.Seed = 0,
    resamples: options.Resamples = 1000,
    pool: options.Pool = False,
    json: options.Json = False,
) -> None:
    """Forecast finished runs from smaller ones, and show how far off the forecasts were."""
    from foretell.report.text import backtest_report
    from foretell.trusting.backtest import backtest as run

    result = run(
        load_table(runs),
        holdout,
        train=train,
        tasks=options.split_names(tasks),
        losses=options.split_names(losses),
        loss=loss,
        methods=options.split_names(methods) or [],
        level=level,
        margin=margin,
        seed=seed,
        resamples=resamples,
        pool=pool,
    )
    print_findings(result.warnings)
    plain = result.to_dict()
    print_json(plain) if json else print_report(backtest_report(plain))
