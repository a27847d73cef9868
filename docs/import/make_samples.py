"""Write the samples that the pages of this folder import: each by the tool itself, packed into one archive.

`PYTHONPATH=.:src python docs/import/make_samples.py [KIND ...]`, in an environment with the tools (mlflow: in one of
its own, with MLFLOW_ALLOW_FILE_STORE=true). The figures are those of a ladder whose truth is known
(`tests/methods/ladder.py`).
"""

import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
from tests.importers import samples

FOLDER = Path(__file__).parent / "samples"


def tensorboard(work: Path, frame: pl.DataFrame) -> Path:
    """Write event files, a folder for each run."""
    samples.write_tensorboard(work / "runs", frame)
    return work / "runs"


def wandb(work: Path, frame: pl.DataFrame) -> Path:
    """Write offline run files."""
    samples.write_wandb(work, frame)
    return _only(work / "wandb", work / "offline", "*.wandb")


def mlflow(work: Path, frame: pl.DataFrame) -> Path:
    """Write half of the ladder as a file store, all of it as a database, whose tables are kept as text."""
    samples.write_mlflow(f"file://{work}/store/mlruns", frame.filter(pl.col("n_params") < 5e8))
    samples.write_mlflow(f"sqlite:///{work}/mlflow.db", frame)
    _dump(work / "mlflow.db", work / "store" / "mlflow.sql")
    return work / "store"


def hf_trainer(work: Path, _: pl.DataFrame) -> Path:
    """Train six tiny Llamas, and keep the Trainer's states."""
    samples.write_hf_trainer(work, (8, 16, 24, 32, 48, 64), steps=24)
    return _only(work / "runs", work / "trained", "trainer_state.json")


def lm_eval(work: Path, frame: pl.DataFrame) -> Path:
    """Evaluate a stand-in for the last two checkpoints of each run."""
    last_two = frame.filter(pl.col("step") > pl.col("step").max().over("run") * 0.6)
    samples.write_lm_eval(work, last_two)
    for path in (work / "results").rglob("results_*.json"):
        samples.blank(path, "pretty_env_info")
    return work / "results"


def tables(work: Path, frame: pl.DataFrame) -> Path:
    """Write CSVs with names of other tools."""
    losses = frame.select("run", "n_params", "step", "n_tokens", pl.col("loss/web").alias("val/web/loss"))
    losses.write_csv(FOLDER / "losses.csv")
    named = frame.select(
        model="run", N="n_params", D="n_tokens", val_loss="loss/web", hellaswag="score/hellaswag", lr=pl.lit(1e-3)
    )
    named.write_csv(FOLDER / "runs.csv")
    return work


def torchtitan(work: Path, frame: pl.DataFrame) -> Path:
    """Write event files and configs, a dump folder for each run."""
    samples.write_torchtitan(work / "outputs", frame)
    return work / "outputs"


def pairs(work: Path, _: pl.DataFrame) -> Path:
    """Write the tables of nanochat and olmix, which are plain text."""
    samples.write_nanochat(FOLDER / "scaling_laws_results")
    samples.write_olmix(FOLDER / "olmix")
    return work


def _only(source: Path, target: Path, pattern: str) -> Path:
    """Copy the files of a name, with their folders."""
    for path in source.rglob(pattern):
        if not any(part.is_symlink() for part in path.parents):
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    return target


def _dump(store: Path, target: Path) -> None:
    """Write the three tables of an MLflow store that matter as SQL text."""
    import sqlite3

    wanted = ("runs", "params", "metrics", "alembic_version")
    with sqlite3.connect(store) as connection:
        lines = [f"CREATE TABLE {name} ({_columns(connection, name)});" for name in wanted]
        lines += [
            line for line in connection.iterdump() if line.startswith(tuple(f'INSERT INTO "{name}"' for name in wanted))
        ]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _columns(connection: object, name: str) -> str:
    rows = connection.execute(f"PRAGMA table_info({name})").fetchall()  # type: ignore[attr-defined]
    return ", ".join(f"{row[1]} {row[2]}" for row in rows)


MAKERS: dict[str, Callable[[Path, pl.DataFrame], Path]] = {
    "tensorboard": tensorboard,
    "wandb": wandb,
    "mlflow": mlflow,
    "hf-trainer": hf_trainer,
    "lm-eval": lm_eval,
    "torchtitan": torchtitan,
    "tables": tables,
    "pairs": pairs,
}


def make(kind: str) -> None:
    """Let a tool write its sample, and pack it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ladder-") as work:
        folder = MAKERS[kind](Path(work), samples.ladder())
        if kind in ("tables", "pairs"):
            return
        with tarfile.open(FOLDER / f"{kind}.tar.xz", "w:xz") as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.add(path, str(path.relative_to(folder)), filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    for each in sys.argv[1:] or MAKERS:
        make(each)
