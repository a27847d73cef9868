"""The explorer: a small server on this machine, its page, and the typed API under it."""
