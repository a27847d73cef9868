"""All commands, assembled."""

from typing import Annotated

import typer

from foretell.cli import (
    allocate,
    backtest,
    check,
    compare,
    data,
    demo,
    forecast,
    import_,
    join,
    methods,
    mix,
    multiplier,
    plan,
    report,
    reproduce,
    score,
    serve,
    train,
    watch,
)
from foretell.cli.eval import evaluate

app = typer.Typer(
    name="foretell",
    help="Forecast a language model's benchmark scores before you train it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from foretell import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def foretell(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Forecast a language model's benchmark scores before you train it.

    RUNS is a Parquet, CSV or JSONL file, or the name of a public table.
    """


app.command("demo")(demo.demo)
app.add_typer(data.app, name="data")
app.command("import")(import_.import_)
app.command("join")(join.join)
app.command("check")(check.check)
app.command("forecast")(forecast.forecast)
app.command("backtest")(backtest.backtest)
app.command("compare")(compare.compare)
app.command("mix")(mix.mix)
app.command("report")(report.report)
app.command("score")(score.score)
app.command("serve")(serve.serve)
app.command("methods")(methods.methods)
app.command("reproduce")(reproduce.reproduce)
app.command("plan")(plan.plan)
app.command("allocate")(allocate.allocate)
app.command("multiplier")(multiplier.multiplier)
app.command("watch")(watch.watch)
app.command("train")(train.train)
app.command("eval")(evaluate)
