"""The laws of mixtures by name: one form each, or an average over several."""

from dataclasses import dataclass

from foretell.laws.mixture import (
    DataMixing,
    EffectiveCompute,
    EffectiveData,
    EffectiveScale,
    LogLinear,
    MixtureLaw,
    ProductOfPowers,
    Quadratic,
    SizeAndProduct,
    SumOfPowers,
    TotalAndProduct,
    TotalPower,
)
from foretell.registry import Registry

FEWEST_FINALS = 3  # finished runs, for laws that lean on expectations


@dataclass(frozen=True)
class MixtureChoice:
    """What a name stands for.

    Attributes:
        name: As users write it.
        forms: Laws of which the geometric mean is taken.
        by_compute: Law for a target that states its compute only; `None` where there is none.
    """

    name: str
    forms: tuple[type[MixtureLaw], ...]
    by_compute: type[MixtureLaw] | None = None

    @property
    def needs(self) -> set[str]:
        """The sizes that it reads."""
        return {size for form in self.forms for size in form.needs}

    def fewest_runs(self, n_free: int) -> int:
        """Return how many finished runs a fit of `n_free` numbers must have."""
        return n_free + 1 if any(issubclass(form, LogLinear) for form in self.forms) else FEWEST_FINALS


DEFAULT_LAW = "effective"

_ALL = (
    MixtureChoice(DEFAULT_LAW, (EffectiveData, EffectiveScale), EffectiveCompute),
    *(MixtureChoice(form.name, (form,), EffectiveCompute) for form in (EffectiveData, EffectiveScale)),
    *(MixtureChoice(form.name, (form,)) for form in (TotalPower, ProductOfPowers, SumOfPowers, TotalAndProduct)),
    *(MixtureChoice(form.name, (form,)) for form in (SizeAndProduct, DataMixing, Quadratic)),
)
MIXTURE_LAWS: Registry[MixtureChoice] = Registry("mixture law", {choice.name: choice for choice in _ALL})
