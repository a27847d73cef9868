"""`foretell import KIND SOURCE -o RUNS`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report
from foretell.errors import DataError

Pairs = list[str] | None


def import_(
    kind: Annotated[
        str,
        typer.Argument(
            help="table, lm-eval, wandb, tensorboard, mlflow, hf-trainer, olmo, open-lm, torchtitan, nanochat, "
            "olmix, regmix, or that of another package.",
            metavar="KIND",
        ),
    ],
    source: Annotated[str, typer.Argument(help="File, folder or archive; a URL or project.", metavar="SOURCE")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Run table to write: .parquet, .csv or .jsonl.")],
    columns: Annotated[
        Pairs,
        typer.Option(
            "--map", help="A column, and its name in the source; * stands for any text.", metavar="OURS=THEIRS"
        ),
    ] = None,
    constants: Annotated[
        Pairs,
        typer.Option(
            "--set", help="A column that is the same in every row, or a key of the metadata.", metavar="NAME=VALUE"
        ),
    ] = None,
    run_name: Annotated[
        str | None, typer.Option(help="Name of the run, where the source holds one.", metavar="NAME")
    ] = None,
    query: Annotated[str | None, typer.Option(help="What to read from a DuckDB file.", metavar="SQL")] = None,
    json: options.Json = False,
) -> None:
    """Turn what another tool wrote into a run table; say what was taken, and what was skipped and why."""
    from foretell.importers import import_runs
    from foretell.report.imported import imported_report

    require_output(output, Path(source))
    with _bar(f"importing {kind}") as show:
        found = import_runs(
            kind,
            source,
            columns=_pairs(columns, "--map"),
            constants=_pairs(constants, "--set"),
            run_name=run_name,
            query=query,
            show=show,
        )
    write(found, output)
    plain = {"output": str(output), **found.to_dict()}
    print_json(plain) if json else print_report(imported_report(plain))


def write(found: Any, output: Path) -> None:
    """Write imported rows, once what is to be known about them is said."""
    from foretell.io import write_table

    print_findings(found.findings)
    write_table(found.as_found(), output)


def require_output(output: Path, *sources: Path) -> None:
    """Refuse a place that cannot be a run table, or is what is read.

    Raises:
        DataError: it says which.
    """
    from foretell.io.table import WRITERS

    if output.suffix.lower() not in WRITERS:
        ending = output.suffix or "no"
        raise DataError(f"{output}: {ending} ending is not one of {', '.join(WRITERS)}. Choose one of them.")
    if any(output.resolve() == source.resolve() for source in sources):
        raise DataError(f"{output} is what is read. Write to another file.")


def _pairs(texts: Pairs, flag: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts or []:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise DataError(f"{flag} {text}: it is no NAME=VALUE. Write {flag} {name or 'NAME'}=VALUE.")
        if name in pairs:
            raise DataError(f"{flag} {name} is given twice. Leave one out.")
        pairs[name] = value
    return pairs


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], object]]:
    """Show a progress bar on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda fraction: bar.update(task, completed=fraction)
