"""Every command and flag, frozen from the first day: a change here is a change for every user."""

from typing import Any

import typer.main

from foretell.cli.app import app

COMMANDS = {
    "demo": {"-o", "--output", "--resamples", "--json"},
    "data list": {"--json"},
    "data pull": {"NAME", "--json"},
    "data show": {"NAME", "--json"},
    "import": {"KIND", "SOURCE", "-o", "--output", "--map", "--set", "--run-name", "--query", "--json"},
    "join": {"A", "B", "-o", "--output", "--json"},
    "check": {"RUNS", "--loss", "--tasks", "--fix", "-o", "--output", "--table", "--json"},
    "forecast": {
        "RUNS", "--at", "--train", "--tasks", "--losses", "--loss", "--method", "--level", "--margin", "--seed",
        "--resamples", "--pool", "--explain", "-o", "--output", "--html", "--table", "--json",
    },
    "backtest": {
        "RUNS", "--holdout", "--train", "--tasks", "--losses", "--loss", "--methods", "--level", "--margin", "--seed",
        "--resamples", "--pool", "--sweep", "--ablation", "--table", "--json",
    },
    "compare": {
        "RUNS", "--at", "--families", "--train", "--tasks", "--losses", "--loss", "--method", "--level", "--margin",
        "--seed", "--resamples", "--table", "--json",
    },
    "mix": {
        "RUNS", "--at", "--maximize", "--minimize", "--min", "--max", "--unique", "--max-epochs", "--robust",
        "--train", "--method", "--level", "--margin", "--seed", "--resamples", "--pool", "--table", "--json",
    },
    "report": {"F.json", "-o", "--output"},
    "score": {"FORECASTS...", "RUNS", "--run", "--json"},
    "plan": {
        "--at", "--budget", "--like", "--have", "--train", "--loss", "--noise", "--tokens-per-param", "--smallest",
        "--largest",
        "--share", "--max-runs", "--min-sizes", "--vocab-size", "--sequence-length", "--batch", "--level",
        "--accelerator", "--devices", "--mfu", "--price", "--preset", "--from", "--export", "-o", "--output", "--json",
    },
    "allocate": {
        "RUNS", "--flops", "--family", "--serve", "--unique", "--train", "--loss", "--level", "--seed", "--resamples",
        "--json",
    },
    "multiplier": {
        "RUNS", "--at", "--families", "--train", "--loss", "--level", "--seed", "--resamples", "--json",
    },
    "watch": {"RUNS", "--forecast", "--run", "--at", "--ladder", "--loss", "--level", "--json"},
    "serve": {"RUNS", "--port", "--no-browser"},
    "methods": {"--json"},
    "reproduce": {"NAME", "--json"},
    "train": {
        "PLAN", "-o", "--output", "--dry-run", "--launcher", "--address", "--workers", "--keep", "--log", "--json",
    },
    "eval": {
        "DIR", "--tasks", "--include", "--limit", "--batch-size", "--device", "--watch", "--again", "--unsafe-code",
        "--json",
    },
}  # fmt: skip


def found_commands(command: Any, path: str = "") -> dict[str, set[str]]:
    if hasattr(command, "commands"):
        found: dict[str, set[str]] = {}
        for name, child in command.commands.items():
            found |= found_commands(child, f"{path} {name}".strip())
        return found
    return {path: {flag for parameter in command.params for flag in flags(parameter)}}


def flags(parameter: Any) -> set[str]:
    if parameter.param_type_name == "argument":
        return {str(parameter.metavar)}
    return {*parameter.opts, *parameter.secondary_opts} - {"--help"}


def test_no_command_or_flag_appears_or_goes_unnoticed() -> None:
    assert found_commands(typer.main.get_command(app)) == COMMANDS
