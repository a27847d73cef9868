"""Agreement in number, and the article."""

import re
from collections.abc import Iterator
from random import Random

from foretell.evals.tasks.passages import Passage, before
from foretell.evals.tasks.task import Item

PAIRS = (("is", "are"), ("was", "were"), ("has", "have"), ("does", "do"))
OTHER = {word: other for pair in PAIRS for word, other in (pair, pair[::-1])}
SINGULAR = {singular for singular, _ in PAIRS}
# A determiner, perhaps an adjective, a noun, and the verb.
SUBJECT = re.compile(
    r"\b(?:[Tt]he|[Tt]his|[Tt]hese|[Tt]hose|[Tt]hat|[Aa]ll|[Ss]ome|[Mm]any|[Yy]our|[Oo]ur|[Tt]heir|[Hh]is|[Ii]ts|[Ee]ach|[Tt]wo)"
    r"(?: [a-z]+)? [a-z]{3,} (is|are|was|were|has|have|does|do)(?= [a-z])"
)
ARTICLE = re.compile(r"(?<=[a-z,] )(an?) ([a-z]{3,})(?=[ .,;])")


def agreement(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items that ask for the number of the verb: as many singular ones as plural ones."""
    for passage in passages:
        if found := list(SUBJECT.finditer(passage.text)):
            subject = rng.choice(found)
            verb = subject[1]
            context = before(passage.text, subject.start(1)).rstrip()
            yield Item(
                context, (f" {verb}", f" {OTHER[verb]}"), passage.document, "singular" if verb in SINGULAR else "plural"
            )


def article(passages: list[Passage], rng: Random) -> Iterator[Item]:
    """Yield items that ask for `a` or `an` before the word that follows: as many of each."""
    for passage in passages:
        if found := list(ARTICLE.finditer(passage.text)):
            place = rng.choice(found)
            other = "a" if place[1] == "an" else "an"
            choices = tuple(f" {form} {place[2]}" for form in (place[1], other))
            yield Item(before(passage.text, place.start()).rstrip(), choices, passage.document, place[1])
