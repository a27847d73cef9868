"""Where foretell keeps what it need not fetch or compute twice."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder named in `FORETELL_CACHE`, else the user's cache folder."""
    named = os.environ.get("FORETELL_CACHE")
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("foretell"))
