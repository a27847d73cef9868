"""Each kind of damage to a clean ladder is found under its code, and the clean ladder has none."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.doctor import CHECKS, check_runs
from foretell.errors import Finding
from foretell.metadata import Metadata
from foretell.runs import build_runs

Damage = Callable[[pl.DataFrame], pl.DataFrame]
N_PARAMS, N_TOKENS, FLOPS = pl.col("n_params"), pl.col("n_tokens"), pl.col("flops")
ONE_RUN = pl.col("run") == "370M-40"
HALF = pl.col("run").str.contains("-40$|-200$")
SMALLEST = pl.col("run").str.starts_with("190M")
SCORES = ("score/hellaswag", "score/arc_easy", "score/piqa")
DONE = N_TOKENS / N_TOKENS.max().over("run")


def columns(**changes: pl.Expr) -> Damage:
    """Replace columns; `__` in a name stands for the slash."""
    return lambda frame: frame.with_columns(**{name.replace("__", "/"): value for name, value in changes.items()})


def where(rows: pl.Expr, column: str, value: pl.Expr) -> Damage:
    return lambda frame: frame.with_columns(pl.when(rows).then(value).otherwise(pl.col(column)).alias(column))


def columns_where(rows: pl.Expr, names: tuple[str, ...], change: Callable[[pl.Expr], pl.Expr]) -> Damage:
    changed = [pl.when(rows).then(change(pl.col(name))).otherwise(pl.col(name)).alias(name) for name in names]
    return lambda frame: frame.with_columns(changed)


def only_final(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter("is_final")


def repeat_a_row(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(1)])


def contradict_a_row(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(1).with_columns(pl.col("loss/web") * 1.1)])


def copy_a_run(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.filter(ONE_RUN).with_columns(run=pl.lit("a copy"))])


def swap_sizes(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({"n_params": "n_tokens", "n_tokens": "n_params"})


def add_mixture(web: float, code: float | None) -> Damage:
    share = pl.lit(code, dtype=pl.Float64)
    return lambda frame: frame.with_columns(pl.lit(web).alias("share/web"), share.alias("share/code"))


def leave_a_share_empty(frame: pl.DataFrame) -> pl.DataFrame:
    return where(ONE_RUN, "share/code", pl.lit(None))(add_mixture(0.7, 0.3)(frame))


def repeat_data(frame: pl.DataFrame) -> pl.DataFrame:
    return add_mixture(1.0, 0.0)(frame).with_columns(pl.lit(1e9).alias("unique_tokens/web"))


LOSSES_IN_PERPLEXITY = columns(loss__web=pl.col("loss/web").exp())
IN_BITS = pl.col("loss/web") / np.log(2)
UP_AT_THE_END = 1 + 0.06 * (DONE - 0.5).clip(0)

DAMAGES: tuple[tuple[str, str, Damage], ...] = (
    ("params-in-millions", "error", columns(n_params=N_PARAMS / 1e6)),
    ("params-in-millions", "error", where(ONE_RUN, "n_params", N_PARAMS / 1e6)),
    ("params-in-billions", "error", columns(n_params=N_PARAMS / 1e9)),
    ("tokens-in-millions", "error", columns(n_tokens=N_TOKENS / 1e6)),
    ("tokens-in-billions", "error", columns(n_tokens=N_TOKENS / 1e9)),
    ("tokens-in-billions", "error", columns(n_tokens=N_TOKENS / 1e9, n_params=N_PARAMS / 1e9)),
    ("tokens-in-trillions", "error", columns(n_tokens=N_TOKENS / 1e12)),
    ("flops-in-mflops", "error", columns(flops=FLOPS / 1e6)),
    ("flops-in-gflops", "error", columns(flops=FLOPS / 1e9)),
    ("flops-in-gflops", "error", where(ONE_RUN, "flops", FLOPS / 1e9)),
    ("flops-in-tflops", "error", columns(flops=FLOPS / 1e12)),
    ("flops-in-pflops", "error", columns(flops=FLOPS / 1e15)),
    ("flops-in-eflops", "error", columns(flops=FLOPS / 1e18)),
    ("flops-in-zflops", "error", columns(flops=FLOPS / 1e21)),
    ("flops-in-petaflop-days", "error", columns(flops=FLOPS / 8.64e19)),
    ("flops-per-token", "error", columns(flops=FLOPS / N_TOKENS)),
    ("flops-too-few", "error", lambda frame: frame.drop("n_params", "n_tokens").with_columns(FLOPS / 1e21)),
    ("params-tokens-swapped", "error", swap_sizes),
    ("params-tokens-swapped", "warning", lambda frame: swap_sizes(only_final(frame))),
    ("params-change", "error", columns(run=pl.col("run").str.split("-").list.last())),
    ("flops-forward-only", "error", columns(flops=2 * N_PARAMS * N_TOKENS)),
    ("flops-forward-only", "warning", columns(flops=FLOPS / 3)),
    ("flops-inconsistent", "warning", where(ONE_RUN, "flops", FLOPS * 15)),
    ("flops-inconsistent", "error", columns(flops=FLOPS / 100)),
    ("flops-jump", "warning", where(ONE_RUN & (DONE < 0.5), "flops", FLOPS / 2)),
    ("tokens-restart", "warning", where(ONE_RUN & (DONE > 0.5), "n_tokens", N_TOKENS * (DONE - 0.5))),
    ("loss-is-perplexity", "error", columns(loss__web=pl.col("loss/web").exp() + 5)),
    ("loss-is-perplexity", "warning", columns(loss__web=pl.col("loss/web").exp() * 0.7)),
    ("loss-in-bits", "warning", columns(loss__web=IN_BITS * 1.1)),
    ("loss-in-bits", "warning", where(ONE_RUN, "loss/web", IN_BITS)),
    ("loss-in-bits", "warning", where(SMALLEST, "loss/web", IN_BITS)),
    ("loss-in-bits", "warning", columns(loss__web_bits=IN_BITS)),
    ("loss-in-bits-per-byte", "warning", columns(loss__web=IN_BITS / 4.5)),
    ("loss-outlier", "warning", lambda frame: where(ONE_RUN, "loss/web", pl.col("loss/web") * 1.7)(only_final(frame))),
    (
        "undertuned-run",
        "warning",
        lambda frame: where(ONE_RUN, "loss/web", pl.col("loss/web") * 1.04)(only_final(frame)),
    ),
    ("loss-rises", "warning", where(ONE_RUN, "loss/web", pl.col("loss/web").min() * UP_AT_THE_END)),
    ("loss-rises-with-compute", "warning", columns(loss__web=6 - pl.col("loss/web"))),
    ("loss-spike", "note", where(ONE_RUN & (pl.col("step") == 5000), "loss/web", pl.col("loss/web") * 1.3)),
    ("diverged-run", "warning", where(ONE_RUN & (DONE > 0.7), "loss/web", pl.lit(float("nan")))),
    ("diverged-run", "warning", where(ONE_RUN & (DONE > 0.7), "loss/web", pl.lit(7.5))),
    ("dynamics-differ", "warning", columns_where(ONE_RUN, SCORES, lambda score: score + 0.05)),
    ("dynamics-differ", "warning", columns_where(ONE_RUN, ("loss/web",), lambda loss: loss * 1.05)),
    ("dynamics-differ", "warning", columns_where(ONE_RUN, ("score/hellaswag",), lambda score: score - 0.05)),
    ("dynamics-differ", "warning", columns_where(HALF, ("loss/web",), lambda loss: loss * 0.95)),
    ("duplicate-checkpoint", "warning", repeat_a_row),
    ("duplicate-checkpoint", "error", contradict_a_row),
    ("duplicate-run", "warning", copy_a_run),
    ("no-final-checkpoints", "error", columns(is_final=pl.lit(False))),
    ("final-not-last", "warning", where(ONE_RUN, "is_final", pl.col("step") == 5000)),
    ("several-finals", "warning", columns(is_final=pl.lit(True))),
    ("several-finals", "note", where(ONE_RUN, "is_final", DONE > 0.8)),
    ("final-without-loss", "warning", where(pl.col("is_final"), "loss/web", pl.lit(None))),
    ("unfinished-run", "note", where(ONE_RUN, "is_final", pl.lit(False))),
    ("chance-unknown", "warning", columns(score__our_exam=pl.col("score/piqa"))),
    ("at-chance", "warning", columns(score__piqa=pl.lit(0.5) + 0.001 * DONE)),
    ("eval-broken", "warning", columns(**{task: pl.lit(0.25) + 0.001 * DONE for task in SCORES})),
    ("score-below-chance", "note", columns(score__piqa=pl.lit(0.3) + 0.01 * DONE)),
    ("score-falls", "warning", columns(score__piqa=1 - pl.col("score/piqa"))),
    ("zero-for-missing", "warning", where(ONE_RUN & (DONE < 0.2), "score/piqa", pl.lit(0.0))),
    ("scores-in-percent", "error", columns(score__piqa=100 * pl.col("score/piqa"))),
    ("constant-column", "note", columns(score__piqa=pl.lit(0.6))),
    ("missing-values", "note", where(ONE_RUN & (DONE < 0.2), "score/piqa", pl.lit(None))),
    ("mixture-sum", "error", add_mixture(0.5, 0.3)),
    ("mixture-sum", "warning", add_mixture(0.7, 0.31)),
    ("mixture-partial", "warning", leave_a_share_empty),
    ("repeated-data", "note", repeat_data),
    ("no-usable-rows", "error", columns(status=pl.lit("excluded"))),
    ("too-few-runs", "error", lambda frame: frame.filter(ONE_RUN)),
    ("too-few-runs", "warning", lambda frame: frame.filter(SMALLEST)),
    ("too-few-runs", "note", where(ONE_RUN, "family", pl.lit("another"))),
    ("too-little-spread", "warning", lambda frame: frame.filter(pl.col("run").is_in(["190M-20", "190M-40"]))),
    ("one-size", "note", lambda frame: frame.filter(SMALLEST)),
    ("one-token-ratio", "note", lambda frame: frame.filter(pl.col("run").str.ends_with("-20"))),
    ("several-families", "note", where(SMALLEST, "family", pl.lit("another"))),
)


def check(frame: pl.DataFrame, metadata: Metadata) -> tuple[Finding, ...]:
    return check_runs(build_runs(frame, metadata, strict=False))


def test_a_clean_ladder_has_nothing_to_report(ladder, metadata):
    assert check(ladder, metadata) == ()
    assert check(only_final(ladder), metadata) == ()


@pytest.mark.parametrize(("code", "severity", "damage"), DAMAGES, ids=[f"{d[0]}-{i}" for i, d in enumerate(DAMAGES)])
def test_damage_is_found_under_its_code(ladder, metadata, code, severity, damage):
    findings = check(damage(ladder), metadata)
    assert (code, severity) in {(finding.code, finding.severity) for finding in findings}
    assert all(is_complete(finding) for finding in findings if finding.code in CHECKS)


def is_complete(finding: Finding) -> bool:
    """What, why and how to mend it are sentences, and the place is named."""
    sentences = (finding.what, finding.why, finding.fix)
    return bool(finding.where) and all(sentence.endswith((".", "?")) for sentence in sentences)


@pytest.mark.parametrize(
    ("code", "severity", "change"),
    [
        ("metadata-incomplete", "note", {"n_params_kind": None, "general_loss": None}),
        ("metadata-names-nothing", "warning", {"general_loss": "loss/wbe"}),
        ("metadata-names-nothing", "warning", {"default_tasks": ("piqa", "mmlu")}),
        ("flops-not-as-stated", "warning", {"flops_convention": "6ND"}),
    ],
)
def test_wrong_metadata_are_found(ladder, metadata, code, severity, change):
    found = {(finding.code, finding.severity) for finding in check(ladder, replace(metadata, **change))}
    assert found == {(code, severity)}


def test_every_code_has_a_damage():
    tested = {code for code, _, _ in DAMAGES} | {"metadata-incomplete", "metadata-names-nothing", "flops-not-as-stated"}
    assert set(CHECKS) <= tested
