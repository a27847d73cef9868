"""`foretell backtest RUNS --holdout EXPR`."""

from typing import Annotated, Any

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report, require_table_place, write_rows
from foretell.cli.tables import load_table
from foretell.errors import DataError


def backtest(
    runs: options.Runs,
    holdout: Annotated[str, typer.Option(help="SQL predicate that chooses the held-out runs.", metavar="EXPR")],
    train: options.Train = None,
    tasks: options.Tasks = None,
    losses: options.Losses = None,
    loss: options.Loss = None,
    methods: Annotated[
        str, typer.Option(help="Methods to compare; `foretell methods` lists them.", metavar="A,B")
    ] = "auto,flp,fp",
    level: options.Level = 0.9,
    margin: options.Margin = None,
    seed: options.Seed = 0,
    resamples: options.Resamples = 1000,
    pool: options.Pool = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Show how far forecasts move with the margin and the checkpoints used.")
    ] = False,
    ablation: Annotated[
        bool, typer.Option("--ablation", help="Show what each stage of FLP-M adds, for each task and domain loss.")
    ] = False,
    rows: options.Table = None,
    json: options.Json = False,
) -> None:
    """Forecast finished runs from smaller ones, and show how far off the forecasts were."""
    _require_scores(sweep, losses)
    require_table_place(rows, runs)
    from foretell.report.ablation import ablation_report
    from foretell.report.sweep import sweep_report
    from foretell.report.text import backtest_report
    from foretell.trusting.backtest import backtest as run

    table, names = load_table(runs), options.split_names(methods) or []
    asked: dict[str, Any] = {"train": train, "tasks": options.split_names(tasks), "loss": loss, "pool": pool}
    wanted: dict[str, Any] = {"losses": options.split_names(losses), "margin": margin}
    result = run(table, holdout, methods=names, level=level, seed=seed, resamples=resamples, **asked, **wanted)
    print_findings(result.warnings)
    write_rows(result, rows)
    plain = result.to_dict()
    if sweep:
        plain |= _vary(table, holdout, methods=names, **asked)
    if ablation:
        plain |= _ablate(table, holdout, **asked, **wanted)
    print_json(plain) if json else print_report(
        [*backtest_report(plain), *sweep_report(plain), *ablation_report(plain)]
    )


def _vary(*question: Any, **how: Any) -> dict[str, Any]:
    """Return the sweep as plain data, and say what was not swept."""
    from foretell.trusting.sweep import sweep

    varied = sweep(*question, **how)
    print_findings(varied.warnings)
    return varied.to_dict()


def _ablate(*question: Any, **how: Any) -> dict[str, Any]:
    """Return the ablation as plain data, and say what is to be known about it."""
    from foretell.trusting.ablation import ablate

    found = ablate(*question, **how)
    print_findings(found.warnings)
    return found.to_dict()


def _require_scores(sweep: bool, losses: str | None) -> None:
    if sweep and losses is not None:
        raise DataError("--sweep moves forecasts of scores, and --losses asks for none. Leave one of them out.")
