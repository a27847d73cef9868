"""The recipe of the bundled ladder: its plan, and how its held-out text is cut into domains."""
