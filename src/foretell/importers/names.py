"""The names that other tools use for the columns of a run table.

A name is recognised or it is not; nothing is concluded from the numbers behind it. Where the name
says another unit than ours, the conversion is one of the few below, and is said.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from foretell.datasets.olmo_ladder import measurements
from foretell.schema import FLAGS, TEXTS, UNIQUE_TOKENS, is_number_column
from foretell.tasks import is_known_task


@dataclass(frozen=True)
class Unit:
    """A conversion into the unit of our column.

    Attributes:
        how: What is done, in words.
        convert: The conversion itself.
    """

    how: str
    convert: Callable[[float], float]


AS_IT_IS = Unit("", float)
GIGA = Unit("times 1e9", lambda value: value * 1e9)
PERPLEXITY = Unit("logarithm of the perplexity", math.log)
BYTE_PERPLEXITY = Unit("base-2 logarithm of the perplexity of a byte", math.log2)
PERCENT = Unit("percent divided by 100", lambda value: value / 100)
BITS = Unit("bits times ln 2", lambda value: value * math.log(2))


@dataclass(frozen=True)
class Meaning:
    """What a name of another tool means here.

    Attributes:
        column: Name in the run table; or `tokens_per_step`, `batch`, `sequence_length`.
        unit: How its values are converted.
        rank: Among several names of one column the lowest counts; equal ones must agree.
        n_params_kind: `total` or `non_embedding`, where the name says so.
    """

    column: str
    unit: Unit = AS_IT_IS
    rank: int = 1
    n_params_kind: str | None = None


def meaning_of(name: str) -> Meaning | None:
    """Return what a name means, `None` where it is none of those in use.

    >>> meaning_of("throughput/total_tokens").column, meaning_of("eval/c4_en-validation/CrossEntropyLoss").column
    ('n_tokens', 'loss/c4_en')
    >>> meaning_of("val_bpb").column, meaning_of("eval/ppl").unit.how
    ('bpb/validation', 'logarithm of the perplexity')
    """
    return _cached(name)


@cache
def _cached(name: str) -> Meaning | None:
    if is_training_loss(name):
        return None
    return (
        _canonical(name)
        or EXACT.get(name)
        or _olmo(name)
        or _in_percent(name)
        or _by_pattern(name)
        or _known_task(name)
    )


def why_left(name: str) -> str | None:
    """Return why a name that looks like a measure is left, `None` where it does not look like one.

    >>> why_left("val_aux_loss")
    'aux: no mean loss per token of a text'
    >>> why_left("lr") is None
    True
    """
    if is_training_loss(name):
        return None
    found = _match(name)
    if found is None:
        return None
    column, what, _, _ = found
    return _odd(column, what)


TRAINING = re.compile(
    r"(train(ing)?[/_]?|loss/)?(loss|ce|ce_loss|ce loss|cross_?entropy(loss)?|total_loss)"
    r"|train(ing)?[/_](ppl|perplexity|bpb)"
    r"|loss/(train|training)(/.*)?|train/.*(loss|perplexity|ppl|bpb)|(global_)?(avg|max)_loss|loss_metrics/.*"
    r"|train/bits?_per_(byte|token)|lm[ _]loss",
    re.IGNORECASE,
)


def is_training_loss(name: str) -> bool:
    """Tell whether a name is that of the loss on the training batch, which is no measure of a model."""
    return name not in ("loss/ce", "loss/loss") and bool(TRAINING.fullmatch(name))


def _canonical(name: str) -> Meaning | None:
    if name in TEXTS + FLAGS or name == "tokens_per_step":
        return Meaning(name, rank=0)
    held_out = re.fullmatch(r"loss/(val|valid|validation|eval|test)(?:/(.+))?", name)
    if held_out:
        return Meaning(f"loss/{held_out[2] or 'validation'}", rank=0)
    if is_number_column(name) or name.startswith((UNIQUE_TOKENS, "items/")):
        return _in_another_unit(name) or Meaning(name, rank=0)
    return None


_LOSS_IN = re.compile(
    r"loss/(?P<what>.+?)[_ ]\(?((?P<ppl>ppl|perplexity)|(?P<bpb>bpb|bits_per_byte)|bits(_per_token)?)\)?", re.IGNORECASE
)


def _in_another_unit(name: str) -> Meaning | None:
    """Return the meaning of one of our own columns whose name ends with a unit that is not ours."""
    loss = _LOSS_IN.fullmatch(name)
    if loss and loss["bpb"]:
        return Meaning(f"bpb/{loss['what']}")
    if loss:
        return Meaning(f"loss/{loss['what']}", PERPLEXITY if loss["ppl"] else BITS)
    share = _IN_PERCENT.fullmatch(name) if name.startswith(("score/", "stderr/")) else None
    return Meaning(share["name"], PERCENT) if share else None


def _olmo(name: str) -> Meaning | None:
    found = measurements([name])
    return Meaning(found[name]) if name in found else None


def _known_task(name: str) -> Meaning | None:
    return Meaning(f"score/{name}", rank=2) if is_known_task(name) else None


_TOTAL = ("params", "num_params", "n_params_total", "num_parameters", "n_parameters", "parameters", "total_params",
          "total_parameters", "model_num_parameters", "model/num_parameters", "params_total", "nparams")  # fmt: skip
_WITHOUT = ("n_params_non_embedding", "num_params_non_embedding", "non_embedding_params", "params_no_embed",
            "num_non_embedding_params", "non_embedding_parameters", "n_non_embedding_params")  # fmt: skip
_TOKENS = ("D", "tokens", "num_tokens", "n_tokens_seen", "tokens_seen", "num_input_tokens_seen",
           "total_tokens", "train/num_input_tokens_seen", "throughput/total_tokens", "tokens_trained",
           "consumed_tokens", "train/tokens",
           "train/total_tokens", "train/tokens_seen", "total_tokens_seen", "time/token", "train_tokens")  # fmt: skip
_FLOPS = ("C", "FLOPs", "total_flops", "total_flos", "train/total_flos", "train_flops", "training_flops",
          "compute", "total_training_flops")  # fmt: skip
_STEPS = ("global_step", "train/global_step", "iteration", "iter", "trainer/global_step", "time/batch")

EXACT: dict[str, Meaning] = {
    "N": Meaning("n_params"),
    **{name: Meaning("n_params", n_params_kind="total") for name in ("n_params_total", *_TOTAL[3:])},
    **{name: Meaning("n_params") for name in ("params", "num_params")},
    **{name: Meaning("n_params", n_params_kind="non_embedding") for name in _WITHOUT},
    **{name: Meaning("n_params_active") for name in ("num_active_params", "active_params", "activated_params")},
    **{name: Meaning("n_tokens") for name in _TOKENS},
    **{name: Meaning("flops") for name in _FLOPS},
    **{f"throughput/total_training_{unit}": Meaning("flops", GIGA) for unit in ("Gflops", "gflops", "GFLOPs")},
    **{name: Meaning("step") for name in _STEPS},
    "_step": Meaning("step", rank=2),
    **{name: Meaning("run") for name in ("run_name", "run_id", "model_name", "model", "name", "display_name")},
    **{
        name: Meaning("tokens_per_step")
        for name in ("batch_size_in_tokens", "tokens_per_batch", "global_batch_size_in_tokens", "total_batch_tokens")
    },
    **{
        name: Meaning("batch")
        for name in ("global_batch_size", "global_train_batch_size", "training/global_batch_size")
    },
    **{
        name: Meaning("sequence_length")
        for name in (
            "sequence_length", "seq_len", "seq_length", "max_seq_len", "max_sequence_length", "block_size",
            "context_length", "training/seq_len",
        )
    },
    "core_score": Meaning("score/core"),
    "core_metric": Meaning("score/core"),
    "CORE": Meaning("score/core"),
}  # fmt: skip

_HELD_OUT = r"(?:eval|val|valid|validation|test)"
_ACC = r"(?:acc|accuracy|acc_norm|len_norm|exact_match|em|pass@1|pass_at_1)"
_NOT_A_TASK = {"train", "training", "val", "valid", "validation", "eval", "test", "token", "mean_token", "top_1"}
PATTERNS: tuple[tuple[re.Pattern[str], str, Unit, int], ...] = tuple(
    (re.compile(pattern), column, unit, rank)
    for pattern, column, unit, rank in (
        (r"eval/lm/(?P<what>.+?)(?:-validation)?/CE loss", "loss/{what}", AS_IT_IS, 1),
        (r"eval/lm/(?P<what>.+?)(?:-validation)?/PPL", "loss/{what}", PERPLEXITY, 2),
        (r"eval/(?P<what>.+?)(?:-validation)?/CrossEntropyLoss", "loss/{what}", AS_IT_IS, 1),
        (r"eval/(?P<what>.+?)(?:-validation)?/Perplexity", "loss/{what}", PERPLEXITY, 2),
        (r"eval/downstream/(?P<what>.+?)(?:_rc_\d+shot)? \((?:\S+ )?accuracy\)", "score/{what}", AS_IT_IS, 1),
        (r"eval/downstream/(?P<what>.+?)(?:_rc_\d+shot)? \(BPB(?: v2)?\)", "task_loss/{what}", AS_IT_IS, 1),
        (r"metrics/eval/LanguageCrossEntropy", "loss/validation", AS_IT_IS, 1),
        (r"metrics/eval/LanguagePerplexity", "loss/validation", PERPLEXITY, 2),
        (r"metrics/(?!train/)(?P<what>[^/]+)/LanguageCrossEntropy", "loss/{what}", AS_IT_IS, 1),
        (r"metrics/(?P<what>[^/]+)/\d+-shot/InContextLearning\w*Accuracy", "score/{what}", AS_IT_IS, 1),
        (rf"{_HELD_OUT}(?:_metrics)?[/_](?:loss|ce|ce_loss|cross_entropy|nll)", "loss/validation", AS_IT_IS, 1),
        (rf"{_HELD_OUT}[/_](?P<what>[\w.\-]+?)[/_](?:loss|ce_loss|cross_entropy|nll)", "loss/{what}", AS_IT_IS, 1),
        (rf"{_HELD_OUT}[/_]byte_(?:ppl|perplexity)", "bpb/validation", BYTE_PERPLEXITY, 2),
        (rf"{_HELD_OUT}[/_](?P<what>[\w.\-]+?)[/_]byte_(?:ppl|perplexity)", "bpb/{what}", BYTE_PERPLEXITY, 2),
        (rf"{_HELD_OUT}[/_](?:ppl|perplexity)", "loss/validation", PERPLEXITY, 2),
        (rf"{_HELD_OUT}[/_](?P<what>[\w.\-]+?)[/_](?:ppl|perplexity)", "loss/{what}", PERPLEXITY, 2),
        (rf"{_HELD_OUT}[/_](?:bpb|bits_per_byte)", "bpb/validation", AS_IT_IS, 1),
        (rf"{_HELD_OUT}[/_](?P<what>[\w.\-]+?)[/_](?:bpb|bits_per_byte)", "bpb/{what}", AS_IT_IS, 1),
        (rf"{_HELD_OUT}[/_]bits_per_token", "loss/validation", BITS, 2),
        (rf"{_HELD_OUT}[/_](?P<what>[\w.\-]+?)[/_]bits_per_token", "loss/{what}", BITS, 2),
        (rf"(?:{_HELD_OUT}/|downstream/|lm_eval/)?(?P<what>[\w.\-]+)/{_ACC}(?:,[\w\-]+)?", "score/{what}", AS_IT_IS, 1),
        (rf"(?:{_HELD_OUT}_)?(?P<what>[\w.\-]+?)_{_ACC}", "score/{what}", AS_IT_IS, 1),
    )
)  # fmt: skip


# Words of a name that tell it from the mean loss per token of a text, or from the score of a task.
_NO_LOSS = {
    "aux", "auxiliary", "z", "zloss", "mtp", "kl", "kld", "kd", "distill", "distillation", "total", "ema", "sma",
    "smooth", "smoothed", "moving", "running", "min", "max", "best", "lowest", "last", "prev", "std", "var",
    "stderr", "delta", "diff", "gap", "median", "word", "words", "char", "sentence", "bits", "router", "routing",
    "balance", "balancing", "load", "lb", "moe", "reg", "regularization", "penalty", "reward", "value", "policy",
    "contrastive", "commitment", "recon", "draft"
}  # fmt: skip
_NO_SCORE = {
    "grad", "gradient", "train", "training", "token", "tokens", "tok", "batch", "mlm", "masked", "lm", "clm",
    "router", "draft", "acceptance", "ema", "moving", "running", "best", "max", "min", "std", "reward",
    "preference", "rewards", "loss", "optim", "gpu"
}  # fmt: skip
_TOP_K = re.compile(r"top_?\d+")


def _odd(column: str, what: str) -> str | None:
    """Return why a loss or score of this name is none that can be taken without being asked for."""
    words = re.split(r"[/_.\-]", what.lower())
    is_score = column.startswith("score/")
    if column.startswith("task_loss/"):
        return None
    found = next((word for word in words if word in (_NO_SCORE if is_score else _NO_LOSS)), None)
    if found is None and is_score and (top := _TOP_K.search(what.lower())):
        found = top[0]
    kind = "score of a task" if is_score else "mean loss per token of a text"
    return f"{found}: no {kind}" if found else None


def _match(name: str) -> tuple[str, str, Unit, int] | None:
    """Return column, text or task, unit and rank of the first pattern that a name fits."""
    for pattern, column, unit, rank in PATTERNS:
        match = pattern.fullmatch(name)
        if match:
            what = match.groupdict().get("what") or ""
            if what not in _NOT_A_TASK:
                return column, what, unit, rank
    return None


def _by_pattern(name: str) -> Meaning | None:
    found = _match(name)
    if found is None:
        return None
    column, what, unit, rank = found
    return None if _odd(column, what) else Meaning(column.format(what=what.replace("-", "_")), unit, rank)


_IN_PERCENT = re.compile(r"(?P<name>.+?)(?:[_/ ]pct|[_/ ]percent(?:age)?| ?\(?%\)?)", re.IGNORECASE)


def _in_percent(name: str) -> Meaning | None:
    """Return the meaning of a score whose name says that it is in percent."""
    match = _IN_PERCENT.fullmatch(name)
    plain = meaning_of(match["name"].strip()) if match else None
    if plain is None or not plain.column.startswith(("score/", "stderr/")) or plain.unit.how:
        return None
    return Meaning(plain.column.replace("%", ""), PERCENT, max(plain.rank, 1))
