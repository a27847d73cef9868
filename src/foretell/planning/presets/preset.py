"""A published ladder, with what is known of it and what had to be chosen."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomli_w

WIDTH = 118


@dataclass(frozen=True)
class Preset:
    """A published ladder.

    Attributes:
        title: What it is.
        reference: Where it was published.
        known: What is published, each with its source.
        chosen: What is not known to us, and by which published rule it was chosen.
        plain: The plan file as plain data.
    """

    title: str
    reference: str
    known: Sequence[str]
    chosen: Sequence[str]
    plain: Mapping[str, Any]

    @property
    def n_runs(self) -> int:
        """Runs of the ladder."""
        return sum(len(rung.get("seeds", (0,))) for rung in self.plain["rung"])

    def to_toml(self) -> str:
        """Return the plan file, its comments included."""
        lines = [f"# {self.title}", f"# {self.reference}"]
        lines += [line for text in self.known for line in _comment("known: ", text)]
        lines += [line for text in self.chosen for line in _comment("chosen: ", text)]
        return "\n".join(lines) + "\n" + tomli_w.dumps(dict(self.plain))


def _comment(label: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"# {label}", subsequent_indent="#   ")
