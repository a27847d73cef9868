"""Stories in game data: Wesnoth's campaigns (`_ "said"`) and Endless Sky's missions (`` `said` ``)."""

import re
from collections.abc import Iterator

SAID = re.compile(r'_\s*"((?:[^"]|"")*)"|`([^`]*)`')
MARKUP = re.compile(r"<[^<>]*>|\[/?\w+\]")
ENDLESS_SKY_NAMES = re.compile(r"<(?:planet|first|last|origin|destination|ship|npc|system|day|date|payment|stopovers)>")


def read_story(text: str) -> Iterator[list[str]]:
    """Yield what is told and said, in the file's order; places filled in at run time get a stand-in."""
    yield [_plain(match[1] or match[2] or "") for match in SAID.finditer(text)]


def _plain(said: str) -> str:
    return MARKUP.sub("", ENDLESS_SKY_NAMES.sub("it", said.replace('""', '"')).replace("\\n", "\n"))
