"""The importers by name: ours, and those that other packages offer under the entry point `foretell.importers`.

An importer of another package is one function `(source: str, asked: Asked) -> Imported` and one line in its
metadata: `[project.entry-points."foretell.importers"]`, `name = "package.module:function"`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from foretell.errors import DataError
from foretell.importers.asked import TOKENS_PER_STEP, Asked
from foretell.importers.imported import Imported
from foretell.registry import Registry

DATABASES = (".duckdb", ".ddb", ".db")
GROUP = "foretell.importers"


@dataclass(frozen=True)
class Importer:
    """One kind of source.

    Attributes:
        kind: Its name on the command line.
        summary: What it reads, in a line.
        home: Where the function is, `module:function`.
        steps_are_calls: Whether the tool's own step counts calls of its logger where no step was passed to it.
        takes_maps: Whether columns may be mapped.
        takes_tokens_per_step: Whether tokens may be computed from steps.
    """

    kind: str
    summary: str
    home: str
    steps_are_calls: bool = False
    takes_maps: bool = True
    takes_tokens_per_step: bool = True

    def read(self, source: str, asked: Asked) -> Imported:
        """Read a source; the module is imported now and not before.

        Raises:
            DataError: the source cannot be read, or the function is not there.
        """
        module, _, function = self.home.partition(":")
        try:
            found: Callable[[str, Asked], Imported] = getattr(import_module(module), function)
        except (ImportError, AttributeError) as error:
            if module.startswith("foretell."):
                raise
            raise DataError(f"importer {self.kind!r} cannot be loaded: {error}. Reinstall the package.") from None
        return found(source, replace(asked, steps_are_calls=self.steps_are_calls))

    def require_use(self, source: str, asked: Asked) -> None:
        """Refuse what was asked for and would be used by nothing.

        Raises:
            DataError: it names what to leave out.
        """
        if asked.columns and not self.takes_maps:
            first = next(iter(asked.columns.items()))
            raise DataError(
                f"--map {first[0]}={first[1]}: {self.kind} knows its columns and takes no map. Leave it out."
            )
        if TOKENS_PER_STEP in asked.constants and not self.takes_tokens_per_step:
            raise DataError(f"--set {TOKENS_PER_STEP}: {self.kind} computes no tokens from steps. Leave it out.")
        if asked.query and (self.kind != "table" or not source.lower().endswith(DATABASES)) and self._is_ours():
            raise DataError(f"--query: {source} is no DuckDB file, which alone is queried. Leave it out.")

    def _is_ours(self) -> bool:
        return self.home.startswith("foretell.")


_OURS = (
    ("table", "CSV, JSONL, Parquet (also partitioned folders) and DuckDB files", "table:read_table"),
    (
        "lm-eval",
        "results_*.json and samples_*.jsonl of lm-evaluation-harness, any tree of them",
        "lm_eval:read_lm_eval",
    ),
    ("wandb", "offline run files of Weights & Biases, or ENTITY/PROJECT[/RUN] of its server", "wandb:read_wandb"),
    ("tensorboard", "event files, a folder for each run", "tensorboard:read_tensorboard"),
    ("mlflow", "a local store (mlruns/ or mlflow.db) or the URL of a tracking server", "mlflow:read_mlflow"),
    ("hf-trainer", "trainer_state.json of the transformers Trainer, any tree of them", "hf_trainer:read_hf_trainer"),
    ("olmo", "CSVs of an OLMo ladder with its config", "olmo:read_olmo"),
    ("open-lm", "model and evaluation JSONs of open_lm (llm-foundry's evaluations)", "open_lm:read_open_lm"),
    ("torchtitan", "event files of torchtitan with its config", "torchtitan:read_torchtitan"),
    ("nanochat", "results.csv of nanochat's scaling_laws.sh and miniseries.sh", "nanochat:read_nanochat"),
    ("olmix", "ratios.csv and metrics.csv of olmix", "olmix:read_olmix"),
    ("regmix", "a table of mixtures and one of losses, joined by index, as RegMix has them", "regmix:read_regmix"),
)
_COUNTING_CALLS = ("wandb",)
_WITHOUT_MAPS = ("olmo", "open-lm", "nanochat", "regmix")
_TRACKERS = ("wandb", "tensorboard", "mlflow", "hf-trainer", "torchtitan")


def importers() -> Registry[Importer]:
    """Return every importer by name; a name of ours is not replaced by another package's."""
    theirs = {point.name: _third_party(point) for point in entry_points(group=GROUP)}
    ours = {
        kind: Importer(
            kind,
            summary,
            f"foretell.importers.{home}",
            steps_are_calls=kind in _COUNTING_CALLS,
            takes_maps=kind not in _WITHOUT_MAPS,
            takes_tokens_per_step=kind in _TRACKERS,
        )
        for kind, summary, home in _OURS
    }
    return Registry("importer", {**theirs, **ours})


def _third_party(point: EntryPoint) -> Importer:
    package = point.dist.name if point.dist is not None else point.value.split(".")[0]
    return Importer(point.name, f"by the package {package}", point.value)
