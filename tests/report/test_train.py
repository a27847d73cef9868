"""What a training and an evaluation tell: names and reasons stand as they are, whatever brackets they hold."""

import io

from rich.console import Console

from foretell.report import eval as evaluation
from foretell.report import train as training


def printed(parts):
    console = Console(file=io.StringIO(), width=200)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


def test_brackets_in_reasons_and_paths_are_printed():
    reasons = ("[hardware] devices is 3", "cannot write [/a/b]")
    runs = [{"run": "a-s0", "status": "failed", "step": 5, "reason": reason} for reason in reasons]
    text = printed(training.outcome_report({"runs": runs, "table": "[/data]/runs.parquet"}))
    assert all(part in text for part in (*reasons, "The run table is [/data]/runs.parquet."))
    facts = {"metric": "[acc]", "n_items": 5}
    counts = {"evaluated": 1, "skipped": 0, "gone": 0, "unscored": {}}
    text = printed(evaluation.outcome_report({"tasks": {"[/a]": facts}, "table": "[/data]/runs.parquet", **counts}))
    assert all(part in text for part in ("[/a]", "[acc]", "The run table is [/data]/runs.parquet."))
