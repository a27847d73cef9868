import polars as pl
import pytest

from foretell.datasets.compression_bpc import read_joined, table_to_csv

README = """# A heading

| Other | Table |
|-------|:-----:|
| x     | 1     |

## Leaderboard

| Model              | Common Crawl | Python | Arxiv-Math | Average |
|--------------------|:------------:|:------:|:----------:|:-------:|
| Some-model-70b     |     0.496    |  0.204 |    0.376   |  0.359  |
| Mixed-8x22B-v0.1   |     0.526    |  0.250 |    0.361   |  0.379  |

## Next
"""


def test_the_table_is_cut_out_of_the_readme():
    assert table_to_csv(README) == (
        "model,bpc_common_crawl,bpc_python,bpc_arxiv_math,bpc_average\r\n"
        "Some-model-70b,0.496,0.204,0.376,0.359\r\n"
        "Mixed-8x22B-v0.1,0.526,0.25,0.361,0.379\r\n"
    )


@pytest.mark.parametrize("text", ["no table at all", README + "| Another | Table |\n|---|---|\n| y | 2 |\n"])
def test_a_readme_of_another_shape_is_refused(text):
    with pytest.raises(ValueError, match=r"not in tuple|could not convert|is not in list"):
        table_to_csv(text)


def test_every_model_finds_its_scores(mirror):
    joined = read_joined(mirror / "compression-bpc")
    assert joined.height == 28
    assert joined["score/mmlu"].null_count() == 0


def test_models_without_flops_are_kept_and_counted(public):
    runs = public("compression-bpc")
    assert runs.frame.height == 28
    assert [finding.what[:11] for finding in runs.findings] == ["5 of 28 row"]
    assert runs.losses == ["bpb/cc", "bpb/python", "bpb/arxiv_math", "bpb/average"]


@pytest.mark.parametrize(
    ("bpb", "task", "pearson"),
    [
        ("python", "humaneval", -0.962),
        ("python", "gsm8k", -0.952),
        ("python", "mmlu", -0.919),
        ("cc", "hellaswag", -0.887),
        ("cc", "humaneval", -0.516),
    ],
)
def test_compression_goes_with_scores(mirror, bpb, task, pearson):
    """Computed beforehand on the 27 models whose names match without an alias."""
    joined = read_joined(mirror / "compression-bpc").filter(pl.col("run") != "huggyllama/llama-13b")
    both = joined.select(f"bpb/{bpb}", f"score/{task}").drop_nulls()
    assert both.select(pl.corr(f"bpb/{bpb}", f"score/{task}")).item() == pytest.approx(pearson, abs=6e-4)
