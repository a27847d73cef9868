import polars as pl
import pytest

from foretell.datasets.obs_scaling import read_models


@pytest.fixture
def models(public):
    return public("obs-scaling")


def test_models_without_flops_are_kept_and_counted(models):
    assert models.frame.height == 148
    assert [finding.what[:13] for finding in models.findings] == ["25 of 148 row"]


def test_every_model_is_read(mirror):
    frame = read_models(mirror / "obs-scaling")
    assert frame.height == frame["run"].n_unique() == 148
    assert frame["family"].n_unique() == 47
    assert frame["score/humaneval"].count() == 127
    assert frame["score/xwinograd"].count() == 132
    assert frame["score/word_unscrambling_2_exact_match"].count() == 84


def test_units_are_counts_and_fractions(models):
    llama = models.frame.filter(pl.col("run") == "meta-llama/Llama-2-7b-hf").row(0, named=True)
    assert (llama["n_params"], llama["n_tokens"], llama["flops"]) == pytest.approx((7e9, 2e12, 8.4e22))
    assert llama["score/humaneval"] == pytest.approx(0.128, abs=1e-3)
    assert llama["score/ipa_transliterate_2_bleu"] == pytest.approx(0.2724, abs=1e-4)


def test_chance_levels_are_known_except_two(models):
    unknown = [task for task in models.tasks if models.task(task).chance is None]
    assert unknown == ["truthfulqa", "parsinlu_qa_2_acc"]
