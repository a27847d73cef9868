"""The importers by name: ours, and those that other packages offer under the entry point `foretell.importers`.

An importer of another package is one function `(source: str, asked: Asked) -> Imported` and one line in its
metadata: `[project.entry-points."foretell.importers"]`, `name = "package.module:function"`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from foretell.errors import DataError
from foretell.importers.asked import Asked
from foretell.importers.imported import Imported
from foretell.registry import Registry

GROUP = "foretell.importers"


@dataclass(frozen=True)
class Importer:
    """One kind of source.

    Attributes:
        kind: Its name on the command line.
        summary: What it reads, in a line.
        home: Where the function is, `module:function`.
    """

    kind: str
    summary: str
    home: str

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
        return found(source, asked)


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


def importers() -> Registry[Importer]:
    """Return every importer by name; a name of ours is not replaced by another package's."""
    theirs = {point.name: _third_party(point) for point in entry_points(group=GROUP)}
    ours = {kind: Importer(kind, summary, f"foretell.importers.{home}") for kind, summary, home in _OURS}
    return Registry("importer", {**theirs, **ours})


def _third_party(point: EntryPoint) -> Importer:
    package = point.dist.name if point.dist is not None else point.value.split(".")[0]
    return Importer(point.name, f"by the package {package}", point.value)
