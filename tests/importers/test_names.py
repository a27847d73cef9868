"""A name is recognised or it is not; its unit comes from the name and nothing else."""

import math

import pytest

from foretell.importers.names import is_training_loss, meaning_of, why_left

COLUMNS = {
    "N": "n_params",
    "D": "n_tokens",
    "C": "flops",
    "params": "n_params",
    "num_params": "n_params",
    "model/num_parameters": "n_params",
    "tokens": "n_tokens",
    "num_input_tokens_seen": "n_tokens",
    "throughput/total_tokens": "n_tokens",
    "n_tokens_seen": "n_tokens",
    "total_flos": "flops",
    "throughput/total_training_Gflops": "flops",
    "val_bpb": "bpb/validation",
    "core_score": "score/core",
    "eval/c4_en-validation/CrossEntropyLoss": "loss/c4_en",
    "eval/lm/pile-validation/CE loss": "loss/pile",
    "eval/c4/CrossEntropyLoss": "loss/c4",
    "eval/downstream/hellaswag_val_rc_5shot_len_norm": "score/hellaswag",
    "eval/downstream_bpb/piqa_val_rc_5shot_bpb": "task_loss/piqa",
    "eval/downstream/arc_easy_test_rc_5shot (length-normalized accuracy)": "score/arc_easy_test",
    "eval/downstream/arc_easy_test_rc_5shot (BPB v2)": "task_loss/arc_easy_test",
    "metrics/eval/LanguageCrossEntropy": "loss/validation",
    "metrics/hellaswag/10-shot/InContextLearningMultipleChoiceAccuracy": "score/hellaswag",
    "validation_metrics/loss": "loss/validation",
    "eval_loss": "loss/validation",
    "eval_c4_loss": "loss/c4",
    "val/web/loss": "loss/web",
    "loss/val": "loss/validation",
    "hellaswag/acc_norm": "score/hellaswag",
    "gsm8k/exact_match,strict-match": "score/gsm8k",
    "hellaswag_acc": "score/hellaswag",
    "mmlu": "score/mmlu",
    "score/my_exam": "score/my_exam",
    "share/code": "share/code",
}


@pytest.mark.parametrize(("name", "column"), COLUMNS.items())
def test_names_in_use_are_recognised(name, column):
    meaning = meaning_of(name)
    assert meaning is not None
    assert meaning.column == column


@pytest.mark.parametrize(
    "name",
    ["loss", "train_loss", "train/loss", "loss/train", "train/CrossEntropyLoss", "loss_metrics/global_avg_loss",
     "train/ce_loss", "training/loss", "train/Perplexity", "loss_metrics/global_max_loss"],
)  # fmt: skip
def test_the_loss_of_a_training_batch_is_no_measure_of_a_model(name):
    assert is_training_loss(name)
    assert meaning_of(name) is None


@pytest.mark.parametrize(
    "name",
    ["lr", "grad_norm", "epoch", "eval_runtime", "eval_samples_per_second", "system/cpu", "eval_accuracy", "train/acc",
     "loss_scale", "throughput(tps)", "eval/mean_token_accuracy"],
)  # fmt: skip
def test_other_names_are_left(name):
    assert meaning_of(name) is None


@pytest.mark.parametrize(
    ("name", "value", "ours", "how"),
    [
        ("eval/ppl", 20.0, math.log(20.0), "logarithm of the perplexity"),
        ("eval/c4/Perplexity", 20.0, math.log(20.0), "logarithm of the perplexity"),
        ("eval/c4/bits_per_token", 3.0, 3.0 * math.log(2), "bits times ln 2"),
        ("val/bpb", 1.1, 1.1, ""),
        ("throughput/total_training_Gflops", 5.0, 5e9, "times 1e9"),
        ("eval_loss", 3.0, 3.0, ""),
    ],
)
def test_units_are_converted_by_a_named_convention(name, value, ours, how):
    unit = meaning_of(name).unit
    assert unit.convert(value) == ours
    assert unit.how == how


def test_bits_per_byte_are_never_called_nats():
    assert meaning_of("val/c4/bits_per_byte").column == "bpb/c4"


def test_a_name_says_which_parameters_it_counts():
    assert meaning_of("model/num_parameters").n_params_kind == "total"
    assert meaning_of("non_embedding_params").n_params_kind == "non_embedding"
    assert meaning_of("N").n_params_kind is None


@pytest.mark.parametrize(
    "name",
    ["val_aux_loss", "eval/z_loss", "val/mtp/loss", "eval_kl_loss", "val_total_loss", "val_ema_loss", "eval/min_loss",
     "val_best_loss", "grad_acc", "train_token_accuracy", "next_token_accuracy", "batch_accuracy", "mlm_accuracy",
     "val_top5_acc", "eval/word_perplexity", "val_bits_loss", "val_top_5_acc", "eval/router/acc"],
)  # fmt: skip
def test_what_is_no_mean_loss_of_a_text_and_no_score_of_a_task_is_left_with_the_reason(name):
    assert meaning_of(name) is None
    assert why_left(name).endswith(("no mean loss per token of a text", "no score of a task"))


def test_the_perplexity_of_a_byte_gives_bits_per_byte():
    for name, column in (("eval/byte_perplexity", "bpb/validation"), ("eval_wiki_byte_perplexity", "bpb/wiki")):
        assert meaning_of(name).column == column
        assert meaning_of(name).unit.convert(2.0) == 1.0


@pytest.mark.parametrize("name", ["hellaswag_acc_pct", "hellaswag (%)", "hellaswag/acc_norm_percent"])
def test_a_score_whose_name_says_percent_is_divided_by_a_hundred(name):
    meaning = meaning_of(name)
    assert meaning.column == "score/hellaswag"
    assert meaning.unit.convert(45.0) == 0.45
    assert meaning.unit.how == "percent divided by 100"


@pytest.mark.parametrize(
    ("name", "column", "how"),
    [
        ("score/mmlu_pct", "score/mmlu", "percent divided by 100"),
        ("stderr/mmlu (%)", "stderr/mmlu", "percent divided by 100"),
        ("loss/c4_ppl", "loss/c4", "logarithm of the perplexity"),
        ("loss/c4 (bits)", "loss/c4", "bits times ln 2"),
        ("loss/c4_bpb", "bpb/c4", ""),
        ("loss/bits", "loss/bits", ""),
        ("loss/orbits", "loss/orbits", ""),
    ],
)
def test_a_unit_at_the_end_of_one_of_our_own_names_holds(name, column, how):
    found = meaning_of(name)
    assert (found.column, found.unit.how) == (column, how)
