"""`foretell data list | pull NAME | show NAME`."""

from typing import Annotated

import typer
from rich.markup import escape

from foretell.cli import options
from foretell.cli.output import print_json, print_report
from foretell.cli.tables import load_table, pull_with_progress

app = typer.Typer(
    help="Public run tables: list, download, look at.", no_args_is_help=True, pretty_exceptions_enable=False
)
Name = Annotated[str, typer.Argument(help="Name of a public table.", metavar="NAME")]


@app.command("list")
def list_tables(json: options.Json = False) -> None:
    """List the public run tables."""
    from foretell.datasets import DATASETS
    from foretell.report.text import datasets_report

    tables = [
        {"name": d.name, "title": d.title, "source": d.source, "licence": d.licence, "citation": d.citation}
        for d in DATASETS.values()
    ]
    print_json({"tables": tables}) if json else print_report(datasets_report(tables))


@app.command("pull")
def pull_table(name: Name, json: options.Json = False) -> None:
    """Download a table's files into the cache and check their hashes."""
    folder = pull_with_progress(name)
    print_json({"name": name, "folder": folder}) if json else print_report([escape(folder)])


@app.command("show")
def show_table(name: Name, json: options.Json = False) -> None:
    """Show what a table holds."""
    from foretell.report.text import summary_report
    from foretell.summary import summarise

    plain = summarise(load_table(name))
    print_json(plain) if json else print_report(summary_report(plain))
