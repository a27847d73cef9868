"""The tasks of the suite; to add one: its maker, and an entry here."""

from foretell.evals.tasks.brackets import bracket
from foretell.evals.tasks.cloze import cloze
from foretell.evals.tasks.continuation import continuation_from_anywhere, continuation_from_nearby
from foretell.evals.tasks.copying import copying
from foretell.evals.tasks.damage import one_replaced_word, two_swapped_neighbours, two_swapped_words
from foretell.evals.tasks.grammar import agreement, article
from foretell.evals.tasks.keywords import next_keyword
from foretell.evals.tasks.lines import indentation, next_line
from foretell.evals.tasks.names import right_name
from foretell.evals.tasks.task import SmallTask
from foretell.registry import Registry

VERSION = 1  # of the suite: rises when the same text gives other items

_PROSE = (
    SmallTask("prose_cloze_common", "prose", 4, "early", "the next word, one of the 200 most frequent", cloze(0, 200)),
    SmallTask(
        "prose_cloze_rare", "prose", 4, "late", "the next word, beyond the 1,000 most frequent", cloze(1000, None)
    ),
    SmallTask(
        "prose_continuation",
        "prose",
        4,
        "late",
        "the next 15 words, against other documents'",
        continuation_from_anywhere,
    ),
    SmallTask(
        "prose_continuation_near",
        "prose",
        4,
        "late",
        "the next 15 words, against the same document's",
        continuation_from_nearby,
    ),
    SmallTask("prose_agreement", "prose", 2, "early", "the number of the verb after its subject", agreement),
    SmallTask("prose_article", "prose", 2, "early", "a or an before the next word", article),
    SmallTask("prose_copy_unseen", "prose", 4, "late", "a list said again, against words not in it", copying("unseen")),
    SmallTask("prose_copy_listed", "prose", 4, "late", "a list said again, against its other words", copying("listed")),
    SmallTask("prose_swap", "prose", 2, "early", "a text, against two of its words swapped", two_swapped_words),
    SmallTask(
        "prose_swap_neighbours",
        "prose",
        2,
        "early",
        "a text, against two neighbouring words swapped",
        two_swapped_neighbours,
    ),
    SmallTask("prose_replaced", "prose", 2, "early", "a text, against one of its words replaced", one_replaced_word),
)

_CODE = (
    SmallTask("code_bracket", "code", 3, "late", "the closing bracket, one kind open", bracket(nested=False)),
    SmallTask(
        "code_bracket_nested", "code", 3, "late", "the closing bracket, several kinds open", bracket(nested=True)
    ),
    SmallTask("code_keyword", "code", 4, "early", "the next keyword, against others of its place", next_keyword),
    SmallTask("code_name", "code", 4, "late", "the next name, against others in the context", right_name),
    SmallTask("code_indentation", "code", 4, "early", "the depth of the next line", indentation),
    SmallTask("code_line", "code", 4, "late", "the next line, against lines as deep elsewhere", next_line),
)

TASKS: Registry[SmallTask] = Registry("small task", {task.name: task for task in (*_PROSE, *_CODE)})
