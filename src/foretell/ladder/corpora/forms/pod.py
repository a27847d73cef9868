"""Perl's plain old documentation."""

import re
from collections.abc import Iterator

# X<an index entry> is no text; L<shown|target> shows its first half; C<code>, I<...> and so on show what they hold.
NO_TEXT = re.compile(r"[XZ]<[^<>]*>")
LINK = re.compile(r"L<(?:([^<>|]*)\|)?([^<>]*)>")
MARKED = re.compile(r"[BCFIS](?:<{2,}\s(.*?)\s>{2,}|<([^<>]*)>)", re.DOTALL)
ESCAPES = {"E<lt>": "<", "E<gt>": ">", "E<sol>": "/", "E<verbar>": "|"}


def read_pod(text: str) -> Iterator[list[str]]:
    """Yield the ordinary paragraphs; commands (`=head1`) and verbatim (indented) ones are left out."""
    blocks = re.split(r"\n\s*\n", text)
    yield [_plain(block) for block in blocks if block[:1].strip() and not block.startswith("=")]


def _plain(block: str) -> str:
    for _ in range(3):  # codes nest
        block = NO_TEXT.sub("", block)
        block = LINK.sub(lambda link: link[1] or link[2], block)
        block = MARKED.sub(lambda code: code[1] or code[2] or "", block)
    for code, character in ESCAPES.items():
        block = block.replace(code, character)
    return block
