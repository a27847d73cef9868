"""Damage to the OLMo ladder itself: each kind is found under its code, and the ladder as it is has none of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.doctor import check_runs
from foretell.runs import Runs, build_runs

Damage = Callable[[pl.DataFrame], pl.DataFrame]
N_PARAMS, N_TOKENS, FLOPS, LOSS = (pl.col(name) for name in ("n_params", "n_tokens", "flops", "loss/c4_en"))
PIQA = pl.col("score/piqa")
ONE_RUN = pl.col("run") == "370M-2xC"
ONE_SIZE = pl.col("run").str.starts_with("760M")
OTHERS = pl.col("run").str.contains("-[15]xC$") & (N_PARAMS < 3.2e9)
DONE = N_TOKENS / N_TOKENS.max().over("run")
OK = pl.col("status") == "ok"
TASKS = ("mmlu", "hellaswag", "arc_challenge", "arc_easy", "piqa", "csqa", "socialiqa", "openbookqa")
CHANCE = {"piqa": 0.5, "csqa": 0.2, "socialiqa": 1 / 3}


def where(rows: pl.Expr, **changes: pl.Expr) -> Damage:
    """Change columns in some rows; `__` in a name stands for the slash."""
    columns = {name.replace("__", "/"): value for name, value in changes.items()}
    return lambda frame: frame.with_columns(
        pl.when(rows).then(value).otherwise(pl.col(name)).alias(name) for name, value in columns.items()
    )


def everywhere(**changes: pl.Expr) -> Damage:
    return where(pl.lit(True), **changes)


def in_every(prefix: str, change: Callable[[pl.Expr], pl.Expr]) -> Damage:
    return lambda frame: frame.with_columns(
        change(pl.col(name)).alias(name) for name in frame.columns if name.startswith(prefix)
    )


def repeated(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Damage:
    return lambda frame: pl.concat([frame, change(frame.filter(ONE_RUN))], how="vertical_relaxed")


def at_chance(frame: pl.DataFrame) -> pl.DataFrame:
    """As if the evaluation answered at random: every score within a point or so of chance."""
    wobble = np.random.default_rng(0).normal(0, 0.005, (len(TASKS), frame.height))
    scores = {f"score/{task}": CHANCE.get(task, 0.25) + noise for task, noise in zip(TASKS, wobble, strict=True)}
    return frame.with_columns(pl.Series(name, values) for name, values in scores.items())


def with_text(frame: pl.DataFrame) -> pl.DataFrame:
    said = pl.when(ONE_RUN & (DONE < 0.2)).then(pl.lit("see notes")).otherwise(PIQA.cast(pl.String))
    return frame.with_columns(said.alias("score/piqa"))


def with_mixture(web: float, code: float | None) -> Damage:
    share = pl.when(ONE_RUN).then(pl.lit(code)).otherwise(pl.lit(0.3))
    return lambda frame: frame.with_columns(pl.lit(web).alias("share/web"), share.alias("share/code"))


DAMAGES: dict[str, tuple[str, Damage]] = {
    "parameters in billions": ("params-in-billions", everywhere(n_params=N_PARAMS / 1e9)),
    "parameters in millions": ("params-in-millions", everywhere(n_params=N_PARAMS / 1e6)),
    "tokens in billions": ("tokens-in-billions", everywhere(n_tokens=N_TOKENS / 1e9)),
    "FLOPs in GFLOPs": ("flops-in-gflops", everywhere(flops=FLOPS / 1e9)),
    "FLOPs in petaflop-days": ("flops-in-petaflop-days", everywhere(flops=FLOPS / 8.64e19)),
    "FLOPs per token": ("flops-per-token", everywhere(flops=FLOPS / N_TOKENS)),
    "FLOPs of the forward pass": ("flops-forward-only", everywhere(flops=2 * N_PARAMS * N_TOKENS)),
    "FLOPs of one run off by 100": ("flops-inconsistent", where(ONE_RUN, flops=FLOPS * 100)),
    "a FLOPs counter that restarted": ("flops-jump", where(ONE_RUN & (DONE > 0.5), flops=FLOPS * (DONE - 0.5))),
    "a token counter that restarted": ("tokens-restart", where(ONE_RUN & (DONE > 0.5), n_tokens=N_TOKENS - 7e9)),
    "FLOPs left out": ("rows-without-size", where(ONE_RUN & (DONE > 0.5), flops=pl.lit(None))),
    "parameters and tokens swapped": ("params-tokens-swapped", everywhere(n_params=N_TOKENS, n_tokens=N_PARAMS)),
    "several models under one name": ("params-change", everywhere(run=pl.col("run").str.split("-").list.last())),
    "losses as perplexities": ("loss-is-perplexity", in_every("loss/", lambda loss: loss.exp())),
    "losses of some runs in bits": ("loss-in-bits", where(OTHERS, loss__c4_en=LOSS / np.log(2))),
    "losses in bits per byte": ("loss-in-bits-per-byte", in_every("loss/", lambda loss: loss / np.log(2) / 4.5)),
    "log-likelihoods as losses": ("negative-loss", everywhere(loss__c4_en=-LOSS)),
    "losses in the wrong rows": ("loss-rises-with-compute", everywhere(loss__c4_en=6 - LOSS)),
    "a run that diverged": ("diverged-run", where(ONE_RUN & (DONE > 0.7), loss__c4_en=pl.lit(7.5))),
    "a run that ends in NaN": ("diverged-run", where(ONE_RUN & (DONE > 0.7), loss__c4_en=pl.lit(float("nan")))),
    "a spike": ("loss-spike", where(ONE_RUN & (pl.col("step") == 10_000), loss__c4_en=LOSS * 1.3)),
    "a rising end": ("loss-rises", where(ONE_RUN & (DONE > 0.6), loss__c4_en=LOSS * (1 + 0.15 * (DONE - 0.6)))),
    "a run trained badly": ("undertuned-run", where(ONE_RUN, loss__c4_en=LOSS * 1.05)),
    "a size trained badly": ("undertuned-run", where(ONE_SIZE, loss__c4_en=LOSS * 1.025)),
    "a run of another tokenizer": ("dynamics-differ", where(ONE_RUN, loss__c4_en=LOSS * 0.95)),
    "an evaluation of another prompt": ("dynamics-differ", where(ONE_RUN, score__piqa=PIQA + 0.05)),
    "rows that stand twice": ("duplicate-checkpoint", repeated(lambda rows: rows)),
    "rows that contradict": ("duplicate-checkpoint", repeated(lambda rows: rows.with_columns(LOSS * 1.1))),
    "a run that stands twice": ("duplicate-run", repeated(lambda rows: rows.with_columns(run=pl.lit("copy")))),
    "no finished run": ("no-final-checkpoints", everywhere(is_final=pl.lit(False))),
    "an unfinished run": ("unfinished-run", where(ONE_RUN, is_final=pl.lit(False))),
    "a final mark in the middle": ("final-not-last", where(ONE_RUN, is_final=pl.col("step") == 10_000)),
    "a final mark in every row": ("several-finals", where(OK, is_final=pl.lit(True))),
    "no loss at the ends": ("final-without-loss", where(pl.col("is_final"), loss__c4_en=pl.lit(None))),
    "scores in percent": ("scores-in-percent", everywhere(score__piqa=100 * PIQA)),
    "scores of -1": ("score-out-of-range", where(ONE_RUN & (DONE < 0.2), score__piqa=pl.lit(-1.0))),
    "0 for missing": ("zero-for-missing", where(ONE_RUN & (DONE < 0.2), score__piqa=pl.lit(0.0))),
    "error rates as scores": ("score-falls", everywhere(score__hellaswag=1 - pl.col("score/hellaswag"))),
    "a default in place of a score": ("constant-column", everywhere(score__piqa=pl.lit(0.6))),
    "an evaluation that guesses": ("eval-broken", at_chance),
    "scores under chance": ("score-below-chance", everywhere(score__piqa=pl.lit(0.3) + 0.01 * DONE)),
    "text among numbers": ("text-in-number-column", with_text),
    "no tokens": ("non-positive-count", where(ONE_RUN & (DONE < 0.1), n_tokens=pl.lit(0.0))),
    "a mixture that does not sum": ("mixture-sum", with_mixture(0.5, 0.3)),
    "a mixture with holes": ("mixture-partial", with_mixture(0.7, None)),
    "statuses of one's own": ("unknown-status", where(ONE_RUN, status=pl.lit("fine"))),
    "nothing usable": ("no-usable-rows", everywhere(status=pl.lit("excluded"))),
}


def loaded(frame: pl.DataFrame, runs: Runs) -> Runs:
    return build_runs(frame, runs.metadata, strict=False)


def codes(runs: Runs) -> set[str]:
    return {finding.code for finding in check_runs(runs)}


def test_the_clean_ladder_has_nothing_but_scores_that_were_not_measured(public):
    runs = public("olmo-ladder")
    assert codes(loaded(runs.frame, runs)) == {"missing-values"}


def test_there_are_more_than_twenty_kinds():
    assert len({code for code, _ in DAMAGES.values()}) >= 40


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_to_the_ladder_is_found(kind, public):
    runs = public("olmo-ladder")
    code, damage = DAMAGES[kind]
    assert code in codes(loaded(damage(runs.frame), runs))


def test_a_worse_size_is_named_as_a_whole(public):
    runs = public("olmo-ladder")
    damaged = replace(runs, frame=DAMAGES["a size trained badly"][1](runs.frame))
    [finding] = [finding for finding in check_runs(damaged) if finding.code == "undertuned-run"]
    assert "6 runs: all of 7.58e+08 parameters by 2" in finding.what
