"""How the files of a package become paragraphs: one reader a form."""

from collections.abc import Callable, Iterable

from foretell.ladder.corpora.forms.dictionary import read_dictionary
from foretell.ladder.corpora.forms.html import read_html
from foretell.ladder.corpora.forms.pod import read_pod
from foretell.ladder.corpora.forms.python import read_python
from foretell.ladder.corpora.forms.story import read_story
from foretell.registry import Registry

Reader = Callable[[str], Iterable[list[str]]]

FORMS: Registry[Reader] = Registry(
    "form",
    {
        "html": read_html,
        "pod": read_pod,
        "dictionary": read_dictionary,
        "story": read_story,
        "python": read_python,
    },
)

__all__ = ["FORMS", "Reader"]
