"""How a fit ended: a value with a sentence."""

from enum import IntEnum


class Status(IntEnum):
    """How one member of a batch ended; `sentence` says it in words."""

    CONVERGED = 0
    STALLED = 1
    OUT_OF_STEPS = 2
    NOT_FINITE = 3

    @property
    def ok(self) -> bool:
        """Whether the parameters are a minimum."""
        return self is Status.CONVERGED

    @property
    def sentence(self) -> str:
        """What happened, for a person."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.CONVERGED: "The fit converged.",
    Status.STALLED: "No step lowers the objective although its gradient is not zero. Try more starts.",
    Status.OUT_OF_STEPS: "The fit was still moving when its steps ran out. The law may be too rich for the data.",
    Status.NOT_FINITE: "The objective is not finite at any start. Look for zeros or a wrong unit in the data.",
}
