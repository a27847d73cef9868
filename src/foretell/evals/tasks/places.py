"""An item of code, asked at a position."""

from foretell.evals.tasks.passages import CONTEXT, Passage, before
from foretell.evals.tasks.task import Item

FEWEST_BEFORE = 80  # characters
REACH = CONTEXT - 40  # characters back that are certain to be in the context, which begins at a line or word


def code_item(passage: Passage, position: int, choices: tuple[str, ...], kind: str = "") -> Item:
    """Ask what stands at a position; the choices begin with the spaces before it, as the text does.

    Args:
        passage: A file of code.
        position: Where the true choice begins.
        choices: The true one first.
        kind: Of the item.
    """
    start = len(passage.text[:position].rstrip(" "))
    spaces = passage.text[start:position]
    return Item(before(passage.text, start), tuple(spaces + choice for choice in choices), passage.document, kind)
