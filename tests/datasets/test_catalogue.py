"""What holds for every public table."""

import subprocess
import sys

import polars as pl
import pytest

from foretell.datasets import DATASETS, load_public, pull
from foretell.errors import UnknownName

NAMES = (
    "olmo-ladder",
    "gadre",
    "gadre-grid",
    "chinchilla",
    "mixinglaws",
    "datablations",
    "regmix",
    "obs-scaling",
    "compression-bpc",
)


def test_the_names_are_these():
    assert tuple(DATASETS) == NAMES


@pytest.mark.parametrize("verb", [load_public, pull])
def test_an_unknown_name_gets_a_suggestion(verb):
    with pytest.raises(
        UnknownName, match=r"^Unknown public table 'olmo-lader'\. Did you mean 'olmo-ladder'\? Known: chin"
    ):
        verb("olmo-lader")


def test_an_address_holds_commit_and_quoted_path():
    path = "exp_data/models/rpj-d=96_l=8_h=4-1.0.json"
    assert DATASETS["gadre"].url(path) == (
        "https://raw.githubusercontent.com/mlfoundations/scaling/a003c4913793ac2ae7ef87b28ecb562955d026d5/"
        "exp_data/models/rpj-d%3D96_l%3D8_h%3D4-1.0.json"
    )


def test_importing_the_package_downloads_and_compiles_nothing():
    code = "import sys, foretell.datasets; print([m for m in ('pooch', 'requests', 'jax', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_a_table_says_what_it_is(name, public):
    runs, dataset = public(name), DATASETS[name]
    assert runs.name == name
    assert runs.metadata.source == f"https://github.com/{dataset.repo}/tree/{dataset.commit}"
    assert "arXiv:" in runs.metadata.citation
    assert runs.metadata.note
    assert runs.metadata.n_params_kind is not None
    assert runs.metadata.flops_convention is not None


WITH_UNSIZED_MODELS = {"obs-scaling", "compression-bpc"}  # their training data are not published


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_a_run_table(name, public):
    runs = public(name)
    assert [finding for finding in runs.findings if finding.code != "rows-without-size"] == []
    for column in ("run", "family", "is_final", "status"):
        assert runs.frame[column].null_count() == 0, column
    for column in ("n_params", "n_tokens", "flops"):
        assert runs.frame[column].null_count() == 0 or name in WITH_UNSIZED_MODELS, column
    assert set(runs.frame["status"]) <= {"ok", "excluded"}
    assert not runs.frame.select(pl.struct("run", "n_tokens").is_duplicated().any()).item()
    assert runs.frame.group_by("run").agg(pl.col("is_final").sum())["is_final"].max() == 1


@pytest.mark.parametrize("name", NAMES)
def test_an_excluded_row_has_a_reason(name, public):
    frame = public(name).frame
    if "reason" in frame.columns:
        assert frame.filter(pl.col("status") == "excluded")["reason"].null_count() == 0
        assert frame.filter(pl.col("status") == "ok")["reason"].count() == 0
    else:
        assert set(frame["status"]) == {"ok"}


@pytest.mark.parametrize("name", NAMES)
def test_shares_sum_to_one(name, public):
    shares = public(name).frame.select(pl.col("^share/.*$"))
    if shares.width:
        sums = shares.filter(pl.any_horizontal(pl.all().is_not_null())).sum_horizontal()
        assert sums.to_numpy() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_general_loss_is_known_for_every_finished_run(name, public):
    runs, loss = public(name).final_rows().with_general_loss()
    if loss is not None:
        assert runs.frame[loss].null_count() == 0
    assert (loss is None) == (name == "obs-scaling")


@pytest.mark.parametrize("name", NAMES)
def test_default_tasks_have_scores(name, public):
    runs = public(name)
    assert runs.default_tasks == list(runs.metadata.default_tasks)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "olmo-ladder"])
def test_flops_are_six_n_d(name, public):
    frame = public(name).frame.drop_nulls(["n_params", "n_tokens", "flops"])
    ratio = frame["flops"] / (6 * frame["n_params"] * frame["n_tokens"])
    assert ratio.to_numpy() == pytest.approx(1, abs=1e-9)
