"""`foretell serve RUNS`."""

import sys
from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.tables import load_table


def serve(
    runs: options.Runs,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Where to listen; the first free one from 8642 on if not given."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Explore a table in the browser, on this machine only."""
    from foretell.web.serve import serve as run

    table = load_table(runs)
    run(table, runs, port=port, browser=not no_browser, say=lambda text: print(text, file=sys.stderr, flush=True))
