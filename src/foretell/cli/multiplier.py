"""`foretell multiplier RUNS --at TARGET --families A,B`."""

from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_json, print_report
from foretell.cli.tables import load_table


def multiplier(
    runs: options.Runs,
    at: Annotated[str, typer.Option(help="Where to compare: n_params=7e9,n_tokens=140e9.", metavar="TARGET")],
    families: Annotated[
        str,
        typer.Option(help="The recipe, and the one that it is compared with: families of the table.", metavar="A,B"),
    ],
    train: options.Train = None,
    loss: options.Loss = None,
    level: options.Level = 0.9,
    seed: options.Seed = 0,
    resamples: options.Resamples = 1000,
    json: options.Json = False,
) -> None:
    """Say how much compute one recipe saves over another."""
    from foretell.planning.multiplier import multiplier as run
    from foretell.report.multiplier import multiplier_report

    result = run(
        load_table(runs),
        at,
        options.split_names(families) or [],
        train=train,
        loss=loss,
        level=level,
        seed=seed,
        resamples=resamples,
    )
    plain = result.to_dict()
    print_json(plain) if json else print_report(multiplier_report(plain))
