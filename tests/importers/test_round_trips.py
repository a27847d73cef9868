"""The tool writes, `foretell import` reads, `foretell forecast` runs on the result; for every kind of source."""

import json

import polars as pl
import pytest
from tests.importers import samples
from tests.importers.conftest import AT, FORECAST

import foretell


@pytest.fixture
def imported(cli, here):
    """Import a source by the command line and return the account with the table."""

    def run(kind, source, *words, complete=True):
        shown = cli("import", kind, source, "-o", here / "runs.parquet", "--json", *words)
        assert shown.code == 0, shown.err
        table = here / "runs.parquet"
        return json.loads(shown.out), foretell.load_runs(table) if complete else pl.read_parquet(table)

    return run


@pytest.fixture
def forecast_of(cli, here):
    """Forecast from the table that was imported; return the rows."""

    def run(*words, at=AT):
        shown = cli("forecast", here / "runs.parquet", "--at", at, "--json", *FORECAST, *words)
        assert shown.code == 0, shown.err
        rows = json.loads(shown.out)["forecasts"]
        assert rows
        assert all(row["forecast"] is not None for row in rows), rows
        return rows

    return run


def assert_is_the_ladder(table, frame, precision):
    """The table holds what was logged: sizes, tokens, losses and scores, at each step of each run."""
    wanted = frame.select("run", "step", "n_params", "n_tokens", "loss/web", "score/hellaswag").sort("run", "step")
    found = table.frame.select(wanted.columns).sort("run", "step")
    assert found["run"].to_list() == wanted["run"].to_list()
    for name in wanted.columns[1:]:
        ratio = found[name].cast(pl.Float64) / wanted[name].cast(pl.Float64)
        assert (ratio - 1).abs().max() <= precision, name


SINGLE = 1e-6  # TensorBoard keeps 32-bit numbers


@pytest.mark.slow
def test_tensorboard(written, ladder, imported, forecast_of):
    pytest.importorskip("torch")
    account, table = imported("tensorboard", written(samples.write_tensorboard, ladder))
    assert_is_the_ladder(table, ladder, SINGLE)
    left = {each["what"]: each for each in account["skipped"]}
    assert left["train/loss"]["count"] == ladder.height
    assert "--map loss/train=train/loss" in left["train/loss"]["why"]
    assert forecast_of()[0]["task"] == "hellaswag"


def test_the_training_loss_is_taken_where_it_is_mapped(sample, imported, ladder):
    account, table = imported("tensorboard", sample("tensorboard.tar.xz"), "--map", "loss/train=train/loss")
    assert table.frame["loss/train"].count() == ladder.height
    assert "train/loss" not in [each["what"] for each in account["skipped"]]


@pytest.mark.slow
def test_wandb(written, ladder, imported, forecast_of):
    pytest.importorskip("wandb")
    some = ladder.filter(pl.col("run").is_in(["190M-20x", "370M-20x", "760M-20x", "760M-100x"]))
    _, table = imported("wandb", written(samples.write_wandb, some))
    assert_is_the_ladder(table, some, 0)
    assert table.frame.filter("is_final")["run"].n_unique() == 4
    assert table.frame.filter("is_final").height == 4
    assert table.frame["status"].unique().to_list() == ["ok"]
    assert forecast_of("--train", "n_params > 0")


@pytest.mark.slow
def test_hf_trainer(written, imported, forecast_of):
    pytest.importorskip("transformers")
    folder = written(samples.write_hf_trainer, (8, 16, 32, 48, 64), steps=24)
    _, table = imported("hf-trainer", folder / "runs")
    state = json.loads((folder / "runs" / "w16" / "trainer_state.json").read_text())
    logged = {entry["step"]: entry["eval_loss"] for entry in state["log_history"] if "eval_loss" in entry}
    rows = table.frame.filter(run="w16")
    assert dict(rows.select("step", "loss/validation").iter_rows()) == logged
    assert rows["n_tokens"].to_list() == [step * 4 * 16 for step in logged]
    assert rows["is_final"].to_list() == [step == 24 for step in logged]
    assert rows.filter("is_final")["flops"].item() == pytest.approx(state["total_flos"], rel=1e-12)
    assert table.metadata.n_params_kind == "non_embedding"
    assert forecast_of("--losses", "validation", at="n_params=1e6,n_tokens=2000")[0]["kind"] == "loss"


def test_the_trainer_s_parameters_are_those_without_the_input_embedding(written, imported):
    pytest.importorskip("transformers")
    folder = written(samples.write_hf_trainer, (16,), steps=2)
    model = samples.tiny_model(folder / "again", 16)
    total, embedding = sum(p.numel() for p in model.parameters()), model.get_input_embeddings().weight.numel()
    account, table = imported("hf-trainer", folder / "runs")
    assert table.frame["n_params"].unique().to_list() == [total - embedding]
    assert "parameters-from-flops" in [finding["code"] for finding in account["findings"]]


def test_mlflow_as_mlflow_itself_wrote_it(sample, ladder, imported, forecast_of):
    """Both stores of the sample were written by mlflow 3.17.2 (`docs/import/make_samples.py`)."""
    import sqlite3
    from contextlib import closing

    folder = sample("mlflow.tar.xz")
    small = ladder.filter(pl.col("n_params") < 5e8)
    account, table = imported("mlflow", folder / "mlruns")
    assert_is_the_ladder(table, small, 0)
    assert account["n_runs"] == 6
    with closing(sqlite3.connect(folder / "mlflow.db")) as store:
        store.executescript((folder / "mlflow.sql").read_text(encoding="utf-8"))
    account, table = imported("mlflow", folder / "mlflow.db")
    assert_is_the_ladder(table, ladder, 0)
    assert table.frame.filter("is_final").height == 12
    assert ("broken", 12 * 4) not in [(each["what"], each["count"]) for each in account["skipped"]]
    assert forecast_of()


MLFLOW_APART = (
    "mlflow is in no extra: mlflow 3.17 wants pyarrow below 26, and the tests run with 26. This runs only where you "
    "install mlflow yourself, in an environment of its own; what it wrote once is imported in the test above"
)


@pytest.mark.slow
def test_mlflow_written_now(tmp_path, ladder, imported, monkeypatch):
    pytest.importorskip("mlflow", reason=MLFLOW_APART)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    some = ladder.filter(pl.col("run") == "190M-20x")
    samples.write_mlflow(f"file://{tmp_path}/mlruns", some)
    _, table = imported("mlflow", tmp_path / "mlruns")
    assert_is_the_ladder(table, some, 0)


def test_lm_eval_joined_to_the_losses_of_another_tool(sample, imported, forecast_of, cli, here, ladder):
    """The results are the real harness's, of a stand-in for each checkpoint (`tests.importers.samples`)."""
    account, _ = imported("lm-eval", sample("lm-eval.tar.xz"), "--map", "score/*=*/acc", complete=False)
    assert account["n_rows"] == 24
    shown = cli("import", "table", sample("losses.csv"), "-o", here / "losses.parquet")
    assert shown.code == 0
    shown = cli("join", here / "runs.parquet", here / "losses.parquet", "-o", here / "runs.parquet")
    assert shown.code == 1
    assert "is what is read" in shown.err
    shown = cli("join", here / "losses.parquet", here / "runs.parquet", "-o", here / "joined.parquet", "--json")
    assert shown.code == 0
    (here / "joined.parquet").rename(here / "runs.parquet")
    table = foretell.load_runs(here / "runs.parquet")
    assert table.default_tasks == ["colours"]
    assert table.frame["score/colours"].count() == 24
    assert table.frame["n_params"].null_count() == 0
    assert forecast_of("--tasks", "colours_one")[0]["task"] == "colours_one"


def test_nanochat(here, imported, forecast_of):
    samples.write_nanochat(here / "scaling_laws_results_jan26")
    account, table = imported("nanochat", here / "scaling_laws_results_jan26")
    first = table.frame.row(0, named=True)
    assert first["run"] == "1e+18-d10"
    assert first["family"] == "scaling_laws_results_jan26"
    assert first["n_params"] == 12 * 10 * 640**2 + 32768 * 640
    assert first["flops"] == 1e18
    assert first["score/core"] is None
    assert {each["why"].split(",")[0]: each["count"] for each in account["skipped"]} == {"exactly 0": 1, "below 0": 1}
    assert forecast_of(at="n_params=1e9,n_tokens=1e11")[0]["task"] == "core"


def test_nanochat_s_older_header(here, imported):
    """The header is that of nanochat's `runs/miniseries.sh`."""
    header = (
        "depth,model_dim,num_params,num_scaling_params,num_iterations,tokens_trained,param_data_ratio,val_bpb,core_score,"
        "train_time_sec"
    )
    (here / "results.csv").write_text(f"{header}\n12,768,3e8,1.1e8,100,52428800,8,0.95,0.1,60\n")
    _, table = imported("nanochat", here / "results.csv")
    assert table.frame.select("run", "n_params", "flops").row(0) == ("d12", 1.1e8, 6 * 1.1e8 * 52428800)
    (here / "results.csv").write_text("model,score\na,1\n")


def test_torchtitan(written, tmp_path, imported, forecast_of, ladder):
    pytest.importorskip("torch")
    account, table = imported("torchtitan", written(samples.write_torchtitan, ladder), complete=False)
    assert (table["n_tokens"] == table["step"] * 4096 * 128).all()
    what = "n_tokens is the step times 128 sequences of 4096 tokens, as the config states."
    assert what in [finding["what"] for finding in account["findings"]]
    lines = [f"{run}/tb/20261124-1200,{n_params}" for run, n_params in samples.sizes(ladder).items()]
    (tmp_path / "sizes.csv").write_text("\n".join(["run,n_params", *lines]) + "\n")
    joined = foretell.join_runs(tmp_path / "runs.parquet", tmp_path / "sizes.csv")
    foretell.write_table(joined.as_found(), tmp_path / "runs.parquet")
    assert forecast_of("--losses", "validation")[0]["kind"] == "loss"


@pytest.fixture
def olmix(tmp_path):
    samples.write_olmix(tmp_path)
    return tmp_path


SIZES = ("--set", "n_params=1M", "--set", "n_tokens=1B", "--set", "family=swarm")


def test_olmix(olmix, imported, cli, here):
    account, table = imported("olmix", olmix, *SIZES)
    assert table.frame["run"].to_list()[:2] == ["mix-0", "mix-1"]
    assert table.frame["share/code"].to_list()[:2] == [0.0, 0.05]
    assert {"task_loss/piqa", "loss/c4"} <= set(table.frame.columns)
    assert [(each["what"], each["count"]) for each in account["skipped"]] == [("runs of metrics.csv", 1)]
    assert_gives_a_mixture(cli, here, "loss/c4")


def assert_gives_a_mixture(cli, here, loss):
    """Mixtures of one size have no forecast for another; what is asked of them is the best mixture."""
    question = ("--at", "n_params=1M,n_tokens=1B", "--minimize", loss, "--resamples", 20, "--json")
    shown = cli("mix", here / "runs.parquet", *question)
    assert shown.code == 0, shown.err
    assert sum(json.loads(shown.out)["mixture"].values()) == pytest.approx(1)


def test_a_metric_of_olmix_that_says_no_unit_is_asked_about(olmix, cli, here):
    (olmix / "metrics.csv").write_text("run_id,hellaswag_v2\n" + "".join(f"r{i},1.2\n" for i in range(12)))
    shown = cli("import", "olmix", olmix, "-o", here / "runs.parquet")
    assert shown.code == 1
    assert "no metric has a name that is known: hellaswag_v2. Say what they are: --map 'task_loss/*=*'" in shown.err
    shown = cli("import", "olmix", olmix, "-o", here / "runs.parquet", "--map", "task_loss/*=*")
    assert shown.code == 0


def test_regmix(mirror, imported, public):
    source = mirror / "regmix" / "data" / "train_mixture_1m.csv"
    _, table = imported("regmix", source, "--set", "n_params=1M", "--set", "n_tokens=1B", "--set", "family=regmix")
    known = public("regmix").where("run LIKE '1m-train-%'")
    columns = [name for name in known.frame.columns if name != "run"]
    assert table.frame.select(columns).equals(known.frame.select(columns))


def test_open_lm_gives_what_the_public_table_holds(mirror, imported, public, forecast_of):
    account, table = imported("open-lm", mirror / "gadre")
    known = public("gadre").frame.sort("run")
    columns = [name for name in known.columns if name in table.frame.columns]
    assert set(known.columns) - set(columns) == {"n_params_non_embedding", "token_multiplier", "score/average_17"}
    assert table.frame.sort("run").select(columns).equals(known.select(columns))
    assert [each["what"] for each in account["skipped"]] == ["grid.json"]
    assert forecast_of("--tasks", "hellaswag", at=f"{AT},family=rpj")


def test_the_same_ladder_by_two_routes_gives_the_same_forecast_to_the_last_digit(
    mirror, imported, forecast_of, here, public
):
    _, direct = imported("olmo", mirror / "olmo-ladder")
    known = public("olmo-ladder")
    order = ["run", "n_tokens"]
    assert direct.frame.select(known.frame.columns).sort(order).equals(known.frame.sort(order))
    question = (
        "--tasks",
        "hellaswag,piqa",
        "--loss",
        "loss/c4_en",
        "--train",
        "n_params < 2e9 AND run NOT LIKE '%rerun'",
    )
    first = forecast_of(*question)
    theirs = {"run": "model", "n_params": "N", "n_tokens": "D", "flops": "C", "score/piqa": "piqa/acc_norm",
              "score/hellaswag": "hellaswag_len_norm", "loss/c4_en": "eval/c4_en/CrossEntropyLoss"}  # fmt: skip
    kept = ["family", "step", "is_final", "status", "reason"]
    direct.frame.select(*kept, *theirs).rename(theirs).write_parquet(here / "theirs.parquet")
    constants = ("--set", "flops_convention=measured", "--set", "n_params_kind=non_embedding")
    imported("table", here / "theirs.parquet", *constants)
    assert forecast_of(*question) == first
