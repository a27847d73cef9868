"""`foretell check RUNS`."""

from foretell.cli import options
from foretell.cli.output import print_json, print_report
from foretell.cli.tables import load_table


def check(
    runs: options.Runs, loss: options.Loss = None, tasks: options.Tasks = None, json: options.Json = False
) -> None:
    """Say what is wrong or risky in a table: coded findings, each with a fix."""
    from foretell.doctor import check_runs
    from foretell.report.text import check_report

    table = load_table(runs, strict=False)
    findings = check_runs(table, loss=loss, tasks=options.split_names(tasks))
    plain = {
        "runs": table.name,
        "n_rows": table.frame.height,
        "n_runs": table.frame["run"].n_unique(),
        "n_errors": sum(finding.severity == "error" for finding in findings),
        "n_warnings": sum(finding.severity == "warning" for finding in findings),
        "findings": [finding.to_dict() for finding in findings],
    }
    print_json(plain) if json else print_report(check_report(plain))
