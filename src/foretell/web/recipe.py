"""The command and the Python that do the same as the page."""

from typing import Any

from foretell.ledger.command import command_line
from foretell.web.ask import Ask


def command_words(ask: Ask, source: str) -> list[str]:
    """Return the words of the `forecast` command that answers the same."""
    words = ["forecast", source, "--at", ask.at]
    words += ["--train", ask.predicate] if ask.predicate else []
    words += ["--tasks", ",".join(ask.tasks)] if ask.tasks else []
    words += ["--losses", ",".join(ask.losses)] if ask.losses else []
    sure = ["--level", f"{ask.level:g}", "--resamples", str(ask.resamples), "--seed", str(ask.seed)]
    return [*words, "--method", ask.method, *sure]


def python_of(ask: Ask, source: str) -> str:
    """Return a Python script that answers the same."""
    named: dict[str, Any] = {
        "train": ask.predicate,
        "tasks": list(ask.tasks) if ask.tasks else None,
        "losses": list(ask.losses) if ask.losses else None,
        "method": ask.method,
    }
    named |= {"level": ask.level, "seed": ask.seed, "resamples": ask.resamples}
    arguments = "".join(f"    {name}={value!r},\n" for name, value in named.items() if value is not None)
    return (
        f"# {_one_line(command_line(command_words(ask, source)))}\n"
        "import foretell\n\n"
        f"result = foretell.forecast(\n    {source!r},\n    {ask.at!r},\n{arguments})\n"
        "for row in result.forecasts:\n"
        "    print(row.task, row.forecast, row.low, row.high, row.verdict)\n"
    )


def _one_line(text: str) -> str:
    """Write out what would end a comment, and let the rest of it be run."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
