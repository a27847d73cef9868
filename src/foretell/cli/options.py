"""Arguments and options that several commands share."""

import re
from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[
    str, typer.Argument(help="A Parquet, CSV or JSONL file, or the name of a public table.", metavar="RUNS")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Train = Annotated[
    str | None,
    typer.Option(help='SQL predicate that chooses the training rows, such as "n_params <= 1.4e9".', metavar="EXPR"),
]
Tasks = Annotated[
    str | None, typer.Option(help="Tasks to forecast; the table's default tasks if not given.", metavar="A,B")
]
Losses = Annotated[str | None, typer.Option(help="Losses to forecast instead of tasks.", metavar="A,B")]
Loss = Annotated[
    str | None, typer.Option(help="Column of the general loss; the table's own if not given.", metavar="COLUMN")
]
Method = Annotated[
    str, typer.Option(help="A method of `foretell methods`, or with laws named: flp:chinchilla+sigmoid.")
]
Level = Annotated[float, typer.Option(help="Coverage of the interval, between 0 and 1.")]
Table = Annotated[
    Path | None,
    typer.Option("--table", help="Write the rows as a table: .csv, .parquet, .md or .tex.", metavar="FILE"),
]
Margin = Annotated[float | None, typer.Option(help="How far above chance a checkpoint counts, as a score (0.05).")]
Seed = Annotated[int, typer.Option(help="Seed of the bootstrap.")]
Resamples = Annotated[int, typer.Option(help="Resamples of the bootstrap.")]
Pool = Annotated[bool, typer.Option("--pool", help="Fit all families together.")]


def split_names(text: str | None) -> list[str] | None:
    """Split a comma-separated list; commas inside brackets belong to a name.

    >>> split_names("flp, flp:chinchilla+sigmoid[ceiling=1,k=3]")
    ['flp', 'flp:chinchilla+sigmoid[ceiling=1,k=3]']
    """
    if text is None:
        return None
    names = (name.strip() for name in re.split(r",(?![^\[]*\])", text))
    return list(dict.fromkeys(name for name in names if name))
