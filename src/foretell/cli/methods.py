"""`foretell methods`."""

from foretell.cli import options
from foretell.cli.output import print_json, print_report


def methods(json: options.Json = False) -> None:
    """List the methods: what each does, what it needs from a table, where it comes from."""
    from foretell.methods import METHODS
    from foretell.report.text import methods_report

    listed = [
        {"name": name, "summary": entry.summary, "needs": entry.needs, "reference": entry.reference}
        for name, entry in METHODS.items()
    ]
    print_json({"methods": listed}) if json else print_report(methods_report(listed))
