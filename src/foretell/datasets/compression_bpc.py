"""Compression and intelligence: bits per character of 28 public models, joined to their scores.

The figures stand only in the README of the repository; `table_to_csv` cuts them out, and what is
pinned is the table that comes of it. Sizes and scores are those of `obs-scaling`.
"""

from pathlib import Path

import polars as pl

from foretell.datasets import obs_scaling
from foretell.datasets.dataset import Dataset, Extract
from foretell.datasets.pins import read_pins
from foretell.metadata import Metadata
from foretell.runs import Runs, build_runs

TABLE = "bpc.csv"
HEADER = ("Model", "Common Crawl", "Python", "Arxiv-Math", "Average")
COLUMNS = ("model", "bpc_common_crawl", "bpc_python", "bpc_arxiv_math", "bpc_average")
DOMAINS = {
    "bpc_common_crawl": "bpb/cc",
    "bpc_python": "bpb/python",
    "bpc_arxiv_math": "bpb/arxiv_math",
    "bpc_average": "bpb/average",
}
# The README's names, and those of obs-scaling.
NAMES = {
    "Llama-3-70b": "meta-llama/Meta-Llama-3-70B",
    "Mixtral-8x22B-v0.1": "mistralai/Mixtral-8x22B-v0.1",
    "Qwen2-72B": "Qwen/Qwen2-72B",
    "Qwen1.5-110B": "Qwen/Qwen1.5-110B",
    "DeepSeek-V2": "deepseek-ai/DeepSeek-V2",
    "Mixtral-8x7B": "mistralai/Mixtral-8x7B-v0.1",
    "Qwen-72b": "Qwen/Qwen-72B",
    "Qwen-1.5-72b": "Qwen/Qwen1.5-72B",
    "Llama-2-70b": "meta-llama/Llama-2-70b-hf",
    "Qwen-1.5-32b": "Qwen/Qwen1.5-32B",
    "Deepseek-llm-67b": "deepseek-ai/deepseek-llm-67b-base",
    "Llama-3-8b": "meta-llama/Meta-Llama-3-8B",
    "Yi-34b": "01-ai/Yi-34B",
    "Llama-1-65b": "huggyllama/llama-65b",
    "Qwen-1.5-14b": "Qwen/Qwen1.5-14B",
    "Qwen-14b": "Qwen/Qwen-14B",
    "Llama-1-30b": "huggyllama/llama-30b",
    "Mistral-7b": "mistralai/Mistral-7B-v0.1",
    "Llama-2-13b": "meta-llama/Llama-2-13b-hf",
    "Falcon-40b": "tiiuae/falcon-40b",
    "Qwen-1.5-7b": "Qwen/Qwen1.5-7B",
    "Qwen-7b": "Qwen/Qwen-7B",
    "Llama-1-13b": "huggyllama/llama-13b",
    "Llama-2-7b": "meta-llama/Llama-2-7b-hf",
    "Yi-6b": "01-ai/Yi-6B",
    "Deepseek-llm-7b": "deepseek-ai/deepseek-llm-7b-base",
    "Llama-1-7b": "huggyllama/llama-7b",
    "Falcon-7b": "tiiuae/falcon-7b",
}


def load(folder: Path) -> Runs:
    """Read the figures and join sizes and scores; some models have no known FLOPs.

    Args:
        folder: Holds the table; the folder of `obs-scaling` lies beside it.
    """
    return build_runs(read_joined(folder), METADATA, "compression-bpc")


def read_joined(folder: Path) -> pl.DataFrame:
    """Return all 28 models, also those without FLOPs, in the columns of the run table."""
    figures = pl.read_csv(folder / TABLE).rename(DOMAINS)
    figures = figures.with_columns(pl.col("model").replace_strict(NAMES)).rename({"model": "run"})
    models = obs_scaling.read_models(folder.with_name(obs_scaling.OBS_SCALING.folder))
    return figures.join(models, on="run", how="left", maintain_order="left", validate="1:1")


def table_to_csv(readme: str) -> str:
    """Cut the table of figures out of the README, as CSV.

    Raises:
        ValueError: there is no such table in the text, or another one follows it.
    """
    rows = [_cells(line) for line in readme.splitlines() if line.startswith("|")]
    figures = rows[rows.index(HEADER) + 2 :]  # a rule stands below the header
    lines = [COLUMNS, *((model, *(str(float(cell)) for cell in cells)) for model, *cells in figures)]
    return "".join(f"{','.join(line)}\r\n" for line in lines)  # what is pinned has these line ends


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


METADATA = Metadata(
    n_params_kind="total",
    flops_convention="6ND",
    general_loss="bpb/average",
    default_tasks=obs_scaling.METADATA.default_tasks,
    note=(
        "bpb/* holds bits per CHARACTER; the texts are close to ASCII, where a character is a byte. "
        "bpb/average is upstream's mean of the three. Sizes, scores and families are those of obs-scaling; models "
        "whose training data are not known have no FLOPs."
    ),
)

COMPRESSION_BPC = Dataset(
    name="compression-bpc",
    title="Compression: bits per character of 28 public models on web, Python and maths, joined to obs-scaling",
    repo="hkust-nlp/llm-compression-intelligence",
    commit="ff39c4161d4cd16c7603d85f436da123773448bb",
    licence="MIT",
    citation="Huang et al. 2024, COLM, arXiv:2404.09937",
    files=read_pins("compression-bpc"),
    load=load,
    folder="compression-bpc",
    needs=("obs-scaling",),
    extracts={TABLE: Extract("README.md", table_to_csv)},
)
