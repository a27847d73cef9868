"""`foretell check RUNS`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretell.cli import options
from foretell.cli.output import print_json, print_report, print_written, require_table_place, write_rows
from foretell.cli.tables import load_table
from foretell.errors import DataError

if TYPE_CHECKING:
    from foretell.errors import Finding
    from foretell.runs import Runs


def check(
    runs: options.Runs,
    loss: options.Loss = None,
    tasks: options.Tasks = None,
    fix: Annotated[bool, typer.Option("--fix", help="Write a copy in which everything certain is repaired.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the copy goes; NAME-repaired beside you if not given.")
    ] = None,
    rows: options.Table = None,
    json: options.Json = False,
) -> None:
    """Say what is wrong or risky in a table: coded findings, each with a fix, and how large the noise is."""
    from foretell.doctor import check_runs
    from foretell.report.check import check_report

    place = _place(runs, fix, output)
    require_table_place(rows, runs, place)
    table = load_table(runs, strict=False)
    wanted: dict[str, Any] = {"loss": loss, "tasks": options.split_names(tasks)}
    findings = check_runs(table, **wanted)
    write_rows(findings, rows)
    plain = {**_plain(table, findings), "noise": _noise(table, **wanted)}
    if place is not None:
        plain |= _repair(table, place)
    print_json(plain) if json else print_report(check_report(plain))


def _place(runs: str, fix: bool, output: Path | None) -> Path | None:
    """Return where the copy goes; the input is replaced only where `-o` names it.

    Raises:
        DataError: `-o` without `--fix`, or the copy's usual name is taken.
    """
    if output is not None and not fix:
        raise DataError("-o names the repaired copy, and --fix is missing. Add --fix.")
    if not fix or output is not None:
        return output
    place = Path(f"{Path(runs).stem}-repaired{Path(runs).suffix or '.parquet'}")
    if place.exists():
        raise DataError(f"{place} is there already. Name the copy with -o.")
    return place


def _plain(table: "Runs", findings: "Sequence[Finding]") -> dict[str, Any]:
    return {
        "runs": table.name,
        "n_rows": table.frame.height,
        "n_runs": table.frame["run"].n_unique(),
        "n_errors": sum(finding.severity == "error" for finding in findings),
        "n_warnings": sum(finding.severity == "warning" for finding in findings),
        "findings": [finding.to_dict() for finding in findings],
    }


def _noise(table: "Runs", **wanted: Any) -> list[dict[str, Any]]:
    from foretell.doctor import measure_noise

    return [each.to_dict() for each in measure_noise(table, **wanted)]


def _repair(table: "Runs", place: Path) -> dict[str, Any]:
    """Write the repaired copy, and return what was done and what was left, as plain data."""
    from foretell.doctor.repair import repair_runs, why_left
    from foretell.io import write_table

    repaired = repair_runs(table)
    print_written(write_table(repaired.runs, place))
    left = [
        {**{key: each.to_dict()[key] for key in ("code", "severity", "message")}, "why_left": why_left(each)}
        for each in repaired.left
    ]
    return {"repaired": [each.to_dict() for each in repaired.done], "not_repaired": left, "copy": str(place)}
