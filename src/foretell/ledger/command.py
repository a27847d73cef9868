"""A command as it can be typed again."""

import shlex
from collections.abc import Sequence

SPECIAL = '"$`\\!'  # inside double quotes


def command_line(words: Sequence[str]) -> str:
    """Return the command with these words, each quoted where a shell needs it.

    >>> print(command_line(["forecast", "my runs.csv", "--train", "run NOT LIKE '%rerun'"]))
    foretell forecast 'my runs.csv' --train "run NOT LIKE '%rerun'"
    """
    return " ".join(["foretell", *(_quoted(word) for word in words)])


def _quoted(word: str) -> str:
    readable = "'" in word and not any(mark in word for mark in SPECIAL)
    return f'"{word}"' if readable else shlex.quote(word)
