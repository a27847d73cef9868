"""The default method: structures averaged, the bad ones thrown out by rehearsals inside the training rows."""

from foretell.methods.auto.auto import Auto

__all__ = ["Auto"]
