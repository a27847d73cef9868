"""Gadre et al.: the 435 runs of the hyper-parameter grid that preceded their testbed."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from foretell.datasets.dataset import Dataset
from foretell.datasets.gadre import GADRE
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs
from foretell.units import Decoder, flops_6nd

GRID = "exp_data/grid.json"
VOCAB_SIZE = 50_432


def load(folder: Path) -> Runs:
    """Read the grid; sizes are counted from the shapes that the keys name.

    Args:
        folder: Holds the file under its upstream path.
    """
    grid = json.loads((folder / GRID).read_text(encoding="utf-8"))
    return build_runs(pl.DataFrame([_read_run(key, loss) for key, loss in grid.items()]), METADATA, "gadre-grid")


def _read_run(key: str, loss: float) -> dict[str, Any]:
    """Read a key such as `d=96_l=8_h=4-16-0.003-0.033-16-211386240-100-3e-05`."""
    shape_of, batch_size, _, _, _, tokens, warmup_steps, *_ = key.split("-")
    d_model, n_layers, n_heads = (int(part.split("=")[1]) for part in shape_of.split("_"))
    shape = _shape(d_model, n_layers, n_heads)
    n_params, n_tokens = float(shape.n_params_total), float(tokens)
    return {
        "run": key,
        "family": "open-lm-grid",
        "n_params": n_params,
        "n_params_non_embedding": float(shape.n_params_non_embedding),
        "n_tokens": n_tokens,
        "flops": flops_6nd(n_params, n_tokens),
        "is_final": True,
        "loss/openlm": loss,
        "d_model": d_model,
        "n_layers": n_layers,
        "n_heads": n_heads,
        "batch_size": int(batch_size),
        "warmup_steps": int(warmup_steps),
    }


def _shape(d_model: int, n_layers: int, n_heads: int) -> Decoder:
    """Return the OpenLM model of this width, depth and number of heads.

    Its SwiGLU is `8/3 d_model` wide, rounded up to a multiple of 256; where the heads do not
    divide the width, each is rounded down.
    """
    d_ff = 256 * -(-(8 * d_model // 3) // 256)
    return Decoder(d_model, n_layers, n_heads, d_ff, VOCAB_SIZE, d_head=d_model // n_heads)


METADATA = Metadata(
    n_params_kind="total",
    flops_convention="6ND",
    general_loss="loss/openlm",
    note=(
        "Every run has 20 tokens per parameter, learning rate 3e-3 and weight decay 0.033; runs differ in shape, "
        "batch_size and warmup_steps, so many of one size are poor choices rather than noise. "
        "The file does not say on which corpus they were trained."
    ),
)

GADRE_GRID = Dataset(
    name="gadre-grid",
    title="Gadre et al., hyper-parameter grid: 435 runs at 20 tokens per parameter, one loss",
    repo=GADRE.repo,
    commit=GADRE.commit,
    licence=GADRE.licence,
    citation=GADRE.citation,
    files=read_pins("gadre-grid"),
    load=load,
    folder=GADRE.folder,
)
