"""Bad input: exit code 1, one line on stderr, nothing on stdout, no file left behind."""

from pathlib import Path

import polars as pl
import pytest
from tests.methods.ladder import TARGET

TARGET_WORDS = ("--at", TARGET, "--resamples", "20")


def write(frame: pl.DataFrame, name: str = "bad.csv") -> None:
    frame.write_parquet(name) if name.endswith("parquet") else frame.write_csv(name)


def an_empty_file(frame):
    Path("bad.csv").touch()


def a_header_alone(frame):
    write(frame.head(0))


def text_in_a_number_column(frame):
    loss = pl.col("loss/web").cast(pl.String)
    write(
        frame.with_columns(pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("n/v")).otherwise(loss).alias("loss/web"))
    )


def every_kind_of_wrong_value(frame):
    write(frame.with_columns(n_tokens=pl.lit(0), **{"loss/web": pl.lit("x"), "score/piqa": pl.lit(-1)}))


def a_parquet_cut_in_half(frame):
    write(frame, "bad.parquet")
    whole = Path("bad.parquet").read_bytes()
    Path("bad.parquet").write_bytes(whole[: len(whole) // 2])


def a_picture(frame):
    Path("bad.parquet").write_bytes(b"\x89PNG\r\n" * 100)


def an_unknown_ending(frame):
    Path("bad.xlsx").write_bytes(b"PK" * 100)


def broken_json(frame):
    Path("bad.jsonl").write_text('{"run": "a", "flops": 1e20}\n{"run": "b", "flo\n')


def losses_of_nan(frame):
    write(frame.with_columns(pl.lit(float("nan")).alias("loss/web")), "bad.parquet")


def infinite_losses(frame):
    write(frame.with_columns(pl.lit(float("inf")).alias("loss/web")), "bad.parquet")


def nothing_measured(frame):
    missing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in frame.columns if "/" in name]
    write(frame.with_columns(missing), "bad.parquet")


def one_run(frame):
    write(frame.filter(pl.col("run") == "1B-50x"))


def no_row_of_status_ok(frame):
    write(frame.with_columns(status=pl.lit("excluded")))


def no_finished_run(frame):
    write(frame.with_columns(is_final=False))


def scores_in_percent(frame):
    write(frame.with_columns(pl.col("score/piqa") * 100))


def flops_in_gflops(frame):
    write(frame.with_columns(pl.col("flops") / 1e9))


def parameters_in_millions(frame):
    write(frame.with_columns(pl.col("n_params") / 1e6))


def losses_that_are_perplexities(frame):
    write(frame.with_columns(pl.col("loss/web").exp()))


def a_column_twice(frame):
    text = frame.write_csv()
    head, rest = text.split("\n", 1)
    Path("bad.csv").write_text(f"{head.replace('score/piqa', 'score/hellaswag')}\n{rest}")


BAD_TABLES = {
    an_empty_file: "bad.csv: the file is empty. Give one row per checkpoint.",
    a_header_alone: "bad.csv: the table is empty.",
    text_in_a_number_column: "bad.csv row 5: loss/web is 'n/v'. Put a number into loss/web, or leave it empty.",
    every_kind_of_wrong_value: "bad.csv has ",
    a_parquet_cut_in_half: "bad.parquet cannot be read:",
    a_picture: "bad.parquet cannot be read:",
    an_unknown_ending: "bad.xlsx: .xlsx ending is not one of .parquet, .csv, .jsonl. Convert the file.",
    broken_json: "bad.jsonl cannot be read: line 2 is not a JSON object.",
    losses_of_nan: "no loss column has a value: loss/web has no value",
    infinite_losses: "no loss column has a value: loss/web has no value",
    nothing_measured: "bad.parquet: no usable loss or score is left in the training rows.",
    one_run: "bad.csv: there is one run only in the training rows (1B-50x).",
    no_row_of_status_ok: "bad.csv: no usable loss or score is left in the training rows.",
    no_finished_run: "bad.csv: ",
    scores_in_percent: "Divide it by 100: scores are fractions from 0 to 1.",
    flops_in_gflops: "seems to be in GFLOPs. Multiply flops by 1e9 in every row.",
    parameters_in_millions: "seems to be in millions. Multiply n_params by 1e6 in every row.",
    losses_that_are_perplexities: "Take the logarithm if it is a perplexity",
    a_column_twice: "column score/hellaswag stands twice. Keep one of them.",
}


def assert_refused(shown, message: str) -> None:
    assert shown.code == 1
    assert shown.out == ""
    assert shown.err.startswith("foretell: ")
    assert shown.err.endswith("\n")
    assert shown.err.count("\n") == 1
    assert message in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("damage", BAD_TABLES, ids=lambda damage: damage.__name__)
def test_a_bad_table_is_refused_in_one_line(damage, cli, here, ladder):
    damage(ladder)
    [name] = (path.name for path in here.iterdir())
    shown = cli("forecast", name, *TARGET_WORDS, "--json", "-o", "out.json", "--html", "out.html")
    assert_refused(shown, BAD_TABLES[damage])
    assert [path.name for path in here.iterdir()] == [name]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--tasks", "hellaswagg"], "Unknown task 'hellaswagg'. Did you mean 'hellaswag'?"),
        (["--losses", "loss/wep"], "Unknown loss 'loss/wep'. Did you mean 'loss/web'?"),
        (["--loss", "c4"], "Unknown loss 'c4'."),
        (["--tasks", ","], "the list of task names is empty."),
        (["--losses", ""], "the list of loss names is empty."),
        (["--train", "n_parms <= 1e9"], "there is no column 'n_parms'. Did you mean 'n_params'?"),
        (["--train", "n_params <="], "predicate 'n_params <=' cannot be read:"),
        (["--train", "run"], "predicate 'run' cannot be read:"),
        (["--train", ""], "predicate '' cannot be read:"),
        (["--train", "n_params < 0"], "no training row of family ladder is left."),
        (["--method", "flpp"], "Unknown method 'flpp'. Did you mean 'flp'?"),
        (["--method", "flp:chinchila+linear"], "Unknown law 'chinchila'. Did you mean 'chinchilla'?"),
        (["--method", "flp:chinchilla"], "name both stages"),
        (["--level", "2"], "level is 2.0. Give a coverage between 0 and 1, such as 0.9."),
        (["--margin", "-1"], "margin is -1. Give a part of the score from 0 to below 1, such as 0.05."),
        (["--resamples", "1"], "resamples is 1. Draw at least 2;"),
        (["--seed", "-1"], "seed is -1. Give a whole number from 0."),
        (["--at", "n_params=-7B,n_tokens=2T"], "n_params is -7B. Give a positive quantity, such as n_params=7e9."),
        (["--at", "n_params=7B,n_tokens=0"], "n_tokens is 0. Give a positive quantity"),
        (["--at", "n_params=7B"], "target 'n_params=7B' has no compute. Give n_params and n_tokens, or flops."),
        (["--at", "n_params=seven,n_tokens=2T"], "'seven' is not a quantity. Write a number such as 7B"),
        (
            ["--at", "size=7B"],
            "unknown key 'size'. Known: n_params, n_params_active, n_tokens, flops, family, share/<source>.",
        ),
        (["--at", "flops=1e22,flops=1e23"], "target 'flops=1e22,flops=1e23': flops stands twice. Keep one of them."),
        (["--at", ""], "target '' has no compute."),
        (["--at", "flops=1e23,family=llama"], "Unknown family 'llama'. Known: ladder."),
    ],
)
def test_a_bad_question_is_refused_in_one_line(words, message, cli, here, table):
    shown = cli("forecast", table, *TARGET_WORDS, *words, "--json", "-o", "out.json", "--html", "out.html")
    assert_refused(shown, message)
    assert [path.name for path in here.iterdir()] == [table]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--holdout", "run = 'nope'"], "no row is held out by"),
        (["--holdout", "runn = 'nope'"], "there is no column 'runn'. Did you mean 'run'?"),
        (["--holdout", "1 = 1"], "no training row of family ladder is left."),
        (["--holdout", "run = '1B-100x'", "--methods", ""], "no method is named. Name one, such as auto."),
        (["--holdout", "run = '1B-100x'", "--methods", "flp,nope"], "Unknown method 'nope'."),
        (["--holdout", "run = '1B-100x'", "--train", "run = '1B-50x'"], "there is one run only"),
    ],
)
def test_a_bad_back_test_is_refused_in_one_line(words, message, cli, table):
    assert_refused(cli("backtest", table, *words, "--resamples", "20", "--json"), message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["forecast", "nope.csv", "--at", TARGET], "nope.csv: there is no such file."),
        (["forecast", "olmo-laddr", "--at", TARGET], "Unknown public table 'olmo-laddr'. Did you mean 'olmo-ladder'?"),
        (["forecast", ".", "--at", TARGET], ". is a folder. Name a file in it."),
        (["check", "nope.parquet"], "nope.parquet: there is no such file."),
        (["data", "show", "nope"], "Unknown public table 'nope'."),
        (["data", "pull", "nope"], "Unknown public table 'nope'."),
    ],
)
def test_a_table_that_is_not_there_is_refused_in_one_line(words, message, cli, here):
    assert_refused(cli(*words), message)


def test_an_output_that_is_a_folder_is_refused(cli, here, table):
    Path("folder").mkdir()
    shown = cli("forecast", table, *TARGET_WORDS, "-o", "folder")
    assert_refused(shown, "folder is a folder. Name a file in it.")
    assert sorted(path.name for path in here.rglob("*")) == ["folder", table]


def test_names_with_line_breaks_stay_on_one_line(cli, here, ladder):
    write(ladder.filter(pl.col("run") == "1B-50x").with_columns(run=pl.lit("one\ntwo")), "bad.parquet")
    assert_refused(cli("forecast", "bad.parquet", *TARGET_WORDS), "training rows (one two).")


def test_a_bad_question_to_a_public_table_is_refused_in_one_line(cli, here, from_mirror):
    assert_refused(cli("forecast", "olmo-ladder", *TARGET_WORDS, "--tasks", "helaswag"), "Did you mean 'hellaswag'?")


def test_an_output_never_replaces_its_input(cli, here, table):
    before = Path(table).read_bytes()
    assert_refused(cli("forecast", table, *TARGET_WORDS, "-o", table), "are the same file. Name different ones.")
    assert_refused(cli("forecast", table, *TARGET_WORDS, "-o", "x.json", "--html", "./x.json"), "are the same file.")
    assert Path(table).read_bytes() == before
