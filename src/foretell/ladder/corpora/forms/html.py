"""HTML, and XML in its manner (Mallard pages): the running text of its blocks."""

from collections.abc import Iterator

from foretell.errors import MissingExtra

BLOCKS = "p, li, dd, blockquote, div.para"  # div.para: DocBook by way of Publican
NOT_TEXT = "script, style, pre, table, nav, header, footer, form, svg, math, sup, screen, div.highlight, h1, h2, h3"


def read_html(text: str) -> Iterator[list[str]]:
    """Yield the paragraphs of a page; headings, tables, listings and navigation are left out.

    A block that holds other blocks (a list item of several paragraphs) is read through these.

    Raises:
        MissingExtra: selectolax is not installed.
    """
    try:
        from selectolax.lexbor import LexborHTMLParser
    except ImportError:
        raise MissingExtra("Reading HTML", "train") from None
    page = LexborHTMLParser(text)
    for node in page.css(NOT_TEXT):
        node.decompose()
    yield [node.text() for node in page.css(BLOCKS) if len(node.css(BLOCKS)) == 1]  # a node is among its own matches
