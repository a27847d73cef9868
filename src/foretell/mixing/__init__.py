"""Which mixture of data sources to train on: the best forecast over all that are allowed."""

from foretell.mixing.mix import mix

__all__ = ["mix"]
