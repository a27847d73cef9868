"""Names that files and folders are called by, on any system."""

import re

SAFE = re.compile(r"\w[\w.+-]*")
MOST_BYTES = 150  # a file system allows 255; seed, branch and what is written beside take some


def name_problem(name: str) -> str | None:
    """Return what is wrong with a name and how to mend it; `None` where nothing is.

    >>> name_problem("code30-prose70"), name_problem("../x")
    (None, 'cannot name a file. Use letters, digits and . _ + - only, a letter or digit first.')
    """
    if not SAFE.fullmatch(name):
        return "cannot name a file. Use letters, digits and . _ + - only, a letter or digit first."
    n_bytes = len(name.encode())
    if n_bytes > MOST_BYTES:
        return f"is {n_bytes} bytes long. Give a name of at most {MOST_BYTES}."
    return None
