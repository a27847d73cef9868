"""The formulas: every law is a small immutable object that knows arrays only."""

from foretell.laws.base import Law, Param
from foretell.laws.loss import Chinchilla, OverTraining, Power, PowerFloor
from foretell.laws.read import read_law
from foretell.laws.repetition import RepeatedData
from foretell.laws.score import (
    Capability,
    ExpDecay,
    FreeSigmoid,
    Linear,
    NegLogPower,
    NegLogPowerFloor,
    NegLogSize,
    ScorePower,
    Sigmoid,
)
from foretell.laws.translation import AnchoredCubic, ShiftedPower
from foretell.registry import Registry

_ALL: tuple[type[Law], ...] = (
    Power,
    PowerFloor,
    Chinchilla,
    OverTraining,
    RepeatedData,
    Linear,
    Sigmoid,
    FreeSigmoid,
    ExpDecay,
    ScorePower,
    NegLogPower,
    NegLogSize,
    ShiftedPower,
    Capability,
    NegLogPowerFloor,
    AnchoredCubic,
)
LAWS: Registry[type[Law]] = Registry("law", {law.name: law for law in _ALL})

__all__ = [
    "LAWS",
    "AnchoredCubic",
    "Capability",
    "Chinchilla",
    "ExpDecay",
    "FreeSigmoid",
    "Law",
    "Linear",
    "NegLogPower",
    "NegLogPowerFloor",
    "NegLogSize",
    "OverTraining",
    "Param",
    "Power",
    "PowerFloor",
    "RepeatedData",
    "ScorePower",
    "ShiftedPower",
    "Sigmoid",
    "read_law",
]
