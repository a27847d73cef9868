"""Stories in game data: Wesnoth's campaigns (`_ "said"`) and Endless Sky's missions (`` `said` ``)."""

import re
from collections.abc import Iterator

SAID = re.compile(r'_\s*"((?:[^"]|"")*)"|`([^`]*)`')
MARKUP = re.compile(r"<[^<>]*>|\[/?\w+\]")
NAMES = {  # places that Endless Sky fills in at run time, with stand-ins
    "<first>": "Alex",
    "<last>": "Reyes",
    "<ship>": "Swallow",
    "<npc>": "Harrier",
    "<planet>": "Farpoint",
    "<origin>": "Farpoint",
    "<destination>": "New Boston",
    "<system>": "Rutilicus",
    "<payment>": "ten thousand credits",
}


def read_story(text: str) -> Iterator[list[str]]:
    """Yield what is told and said, in the file's order; places filled in at run time get a stand-in."""
    yield [_plain(match[1] or match[2] or "") for match in SAID.finditer(text)]


def _plain(said: str) -> str:
    for place, name in NAMES.items():
        said = said.replace(place, name)
    return MARKUP.sub("", said.replace('""', '"'))
