"""Usage mistakes end with exit code 2; help and version with 0."""

import subprocess
import sys

import pytest
from tests.methods.ladder import TARGET

import foretell


@pytest.mark.parametrize(
    "words",
    [
        ["forecast"],
        ["forecast", "runs.csv"],
        ["forecast", "runs.csv", "--at"],
        ["forecast", "runs.csv", "--at", TARGET, "--frobnicate"],
        ["forecast", "runs.csv", "--at", TARGET, "--seed", "x"],
        ["forecast", "runs.csv", "--at", TARGET, "--level", "high"],
        ["backtest", "runs.csv"],
        ["check"],
        ["data", "show"],
        ["data", "frobnicate"],
        ["frobnicate"],
        ["--frobnicate"],
    ],
)
def test_a_usage_mistake_ends_with_2_and_says_which(words, cli):
    shown = cli(*words)
    assert (shown.code, shown.out) == (2, "")
    assert "Error" in shown.err


def test_the_version_is_printed_alone(cli):
    shown = cli("--version")
    assert (shown.code, shown.out, shown.err) == (0, f"{foretell.__version__}\n", "")


@pytest.mark.parametrize("words", [[], ["forecast"], ["backtest"], ["check"], ["data"], ["data", "show"], ["demo"]])
def test_every_command_explains_itself(words, cli):
    shown = cli(*words, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert "Usage: foretell" in shown.out


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "foretell", *words], capture_output=True, text=True, check=False)


def test_the_program_runs_on_its_own():
    shown = run("--version")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, f"{foretell.__version__}\n", "")


def test_the_program_refuses_on_its_own():
    shown = run("forecast", "nope.csv", "--at", TARGET)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == "foretell: nope.csv: there is no such file.\n"
