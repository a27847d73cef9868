"""`foretell reproduce [NAME]`."""

from typing import Annotated

import typer

from foretell.cli import options
from foretell.cli.output import print_json, print_report
from foretell.cli.tables import pull_with_progress


def reproduce(
    name: Annotated[
        str | None,
        typer.Argument(
            help="One of chinchilla, gadre, olmo-ladder, flp, regmix, repeated_data; all if not given.", metavar="NAME"
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Repeat published results: theirs beside ours, with the digits that agree."""
    from foretell.report.reproductions import reproductions_report
    from foretell.reproductions import REPRODUCTIONS
    from foretell.reproductions.reproduce import reproduce as run

    wanted = list(REPRODUCTIONS.values()) if name is None else [REPRODUCTIONS[name]]
    for table in dict.fromkeys(table for entry in wanted for table in entry.tables):
        pull_with_progress(table)
    plain = run(name).to_dict()
    print_json(plain) if json else print_report(reproductions_report(plain))
