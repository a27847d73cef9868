"""How deep the next line is, and which line it is."""

import re
from collections import defaultdict
from collections.abc import Iterator
from random import Random

from foretell.evals.tasks.passages import Passage, before
from foretell.evals.tasks.places import FEWEST_BEFORE
from foretell.evals.tasks.task import Item

FIRST_WORD = re.compile(r"\n( *)(\w+)")
LINE = re.compile(r"\n( *)(\S.{15,60})(?=\n)")
DEPTHS = range(0, 20, 4)  # spaces
GOES_ON = ",([{\\\n"  # after one of these, depth is free


def indentation(passages: list[Passage], rng: Random) -> Iterator[Item]:  # noqa: ARG001 -- every maker draws, but this one
    """Yield items that ask how deep the next line is: as many deeper ones as level and shallower ones."""
    for passage in passages:
        level = 0
        for line in FIRST_WORD.finditer(passage.text):
            depth = len(line[1])
            if depth in DEPTHS and passage.text[line.start() - 1] not in GOES_ON and line.start() >= FEWEST_BEFORE:
                yield _depth_item(
                    passage, line, "deeper" if depth > level else "level" if depth == level else "shallower"
                )
            level = depth


def _depth_item(passage: Passage, line: re.Match[str], kind: str) -> Item:
    depth = len(line[1])
    others = sorted((other for other in DEPTHS if other != depth), key=lambda other: (abs(other - depth), other))[:3]
    choices = tuple(f"\n{' ' * spaces}{line[2]}" for spaces in (depth, *others))
    return Item(before(passage.text, line.start()), choices, passage.document, kind)


def next_line(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items that ask for the next line, against lines as deep of other files."""
    lines = [(passage, line) for passage in passages for line in LINE.finditer(passage.text)]
    of_depth = defaultdict(list)
    for passage, line in lines:
        of_depth[len(line[1])].append((passage.document, line[0]))
    for passage, line in lines:
        alike = of_depth[len(line[1])]
        near = dict.fromkeys(
            text for document, text in rng.sample(alike, min(9, len(alike))) if document != passage.document
        )
        others = [text for text in near if text != line[0]][:3]
        if len(others) == 3 and line.start() >= FEWEST_BEFORE:
            yield Item(before(passage.text, line.start()), (line[0], *others), passage.document)
