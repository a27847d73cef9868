"""Published results, repeated with our laws and methods, and compared digit for digit."""

from foretell.reproductions.registry import REPRODUCTIONS
from foretell.reproductions.reproduction import Compared, Reproduction

__all__ = ["REPRODUCTIONS", "Compared", "Reproduction"]
