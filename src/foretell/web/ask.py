"""What may be asked of the server: typed, and within limits."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[float, Field(ge=1e3, le=1e18, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
GROWING = re.compile(r"\b(lpad|rpad|replace|regexp_replace|range|generate_series|\w+_agg|listagg)\b", re.IGNORECASE)


def _of_its_size(predicate: str) -> str:
    """Refuse functions that make a short predicate fill the memory: a link brings one along, and opening it asks."""
    found = GROWING.search(predicate)
    if found:
        raise ValueError(f"{found[0]} is not answered here, as it can fill the memory. Filter the table beforehand.")
    return predicate


Predicate = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_of_its_size)]


class Teaching(BaseModel):
    """Which rows teach which method; one fit serves every target.

    Attributes:
        tasks: Tasks to forecast; the table's default tasks when not given.
        losses: Loss columns to forecast instead of tasks.
        method: Such as `flp`, or with laws named: `flp:chinchilla+sigmoid`.
        train: SQL predicate over the columns that chooses the training rows.
        exclude: Runs that are left out as well.
        family: Whose laws; it has to be named where the table holds several.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
        level: Coverage of the interval.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: Annotated[tuple[Name, ...] | None, Field(min_length=1, max_length=64)] = None
    losses: Annotated[tuple[Name, ...] | None, Field(min_length=1, max_length=64)] = None
    method: Name = "auto"
    train: Predicate | None = None
    exclude: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    family: Name | None = None
    resamples: Annotated[int, Field(ge=20, le=1000)] = 200
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    level: Annotated[float, Field(gt=0.01, lt=1, allow_inf_nan=False)] = 0.9

    @property
    def key(self) -> str:
        """The whole question as text."""
        return self.model_dump_json()

    @property
    def predicate(self) -> str | None:
        """The training rows and the exclusions as one predicate."""
        named = ", ".join(_quoted(run) for run in dict.fromkeys(self.exclude))
        without = [f"run NOT IN ({named})"] if named else []
        chosen = [f"({self.train})" if without else self.train] if self.train else []
        return " AND ".join([*chosen, *without]) or None


class Ask(Teaching):
    """A forecast: a target, and who teaches.

    Attributes:
        n_params: Parameters of the target.
        n_tokens: Its training tokens.
        share: Its data mixture by source.
    """

    n_params: Count
    n_tokens: Count
    share: Annotated[dict[Name, Share], Field(max_length=64)] = {}

    @property
    def at(self) -> str:
        """The target as it is typed."""
        shares = [f"share/{source}={value:g}" for source, value in self.share.items()]
        family = [f"family={self.family}"] if self.family else []
        return ",".join([f"n_params={self.n_params:.6g}", f"n_tokens={self.n_tokens:.6g}", *shares, *family])

    @model_validator(mode="after")
    def _names_can_be_typed(self) -> "Ask":
        for name in (*self.share, *([self.family] if self.family else [])):
            if set(name) & {",", "="}:
                raise ValueError("a source or family with a comma or an equals sign cannot be a target's")
        return self


class BacktestAsk(Teaching):
    """A back-test: smaller runs teach, and the finished ones beyond the cut-off are forecast.

    Attributes:
        cutoff: Largest compute of a training run (FLOPs).
    """

    cutoff: Annotated[float, Field(gt=0, le=1e40, allow_inf_nan=False)]

    @property
    def holdout(self) -> str:
        """The held-out runs."""
        return f"flops > {self.cutoff!r}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
