"""`foretell plan --at TARGET --budget FLOPS -o plan.toml`, `--preset NAME`, `--export TOOL`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report, write_text
from foretell.cli.tables import load_table
from foretell.errors import DataError
from foretell.units import parse_quantity

At = Annotated[
    str | None,
    typer.Option(
        help="The model to forecast: n_params=7e9,n_tokens=4e12[,share/code=0.3,share/web=0.7].", metavar="TARGET"
    ),
]
Budget = Annotated[str | None, typer.Option(help="FLOPs of the whole ladder: 1e21.", metavar="FLOPS")]
Table = Annotated[str | None, typer.Option(metavar="RUNS", help="Similar runs, for the laws and the noise of a run.")]
Have = Annotated[str | None, typer.Option(metavar="RUNS", help="Runs there are already: evidence that costs nothing.")]
Ratio = Annotated[str, typer.Option(help="Least and most tokens per parameter.", metavar="LOW,HIGH")]
Smallest = Annotated[float, typer.Option(help="Parameters of the smallest run over the target's.")]
Largest = Annotated[float, typer.Option(help="Parameters of the largest run over the target's.")]
Share = Annotated[float, typer.Option(help="Largest part of the budget that one run may take.")]
MaxRuns = Annotated[int, typer.Option(help="Runs at most.")]
MinSizes = Annotated[int, typer.Option(help="Different sizes at least.")]
Noise = Annotated[float | None, typer.Option(help="Relative deviation of one run's loss; the table's if not given.")]
Vocab = Annotated[int, typer.Option(help="Rows of the embedding.")]
Length = Annotated[int, typer.Option(help="Tokens in a sequence.")]
Batch = Annotated[int, typer.Option(help="Sequences in a batch.")]
Kind = Annotated[str | None, typer.Option("--accelerator", help="For the cost: h100, a100, tpu-v5p and more.")]
Devices = Annotated[int, typer.Option(help="Accelerators that there are.")]
Mfu = Annotated[float, typer.Option(help="Model FLOPs utilisation, 0 to 1.")]
Price = Annotated[float | None, typer.Option(help="Your price of one accelerator for an hour.")]
PresetName = Annotated[
    str | None, typer.Option("--preset", help="A published ladder instead: flp, flp-m, olmo-ladder, gadre.")
]
From = Annotated[Path | None, typer.Option("--from", help="A plan file there is already, to export.", metavar="PLAN")]
Export = Annotated[
    Literal["torchtitan", "olmo-core", "nanochat", "hf-trainer"] | None,
    typer.Option(help="Write configurations of another trainer into the folder of -o."),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write the plan file that foretell train reads; with --export, the folder."),
]


def plan(
    at: At = None,
    budget: Budget = None,
    like: Table = None,
    have: Have = None,
    train: options.Train = None,
    loss: options.Loss = None,
    noise: Noise = None,
    tokens_per_param: Ratio = "10,640",
    smallest: Smallest = 0.01,
    largest: Largest = 1.0,
    share: Share = 0.5,
    max_runs: MaxRuns = 24,
    min_sizes: MinSizes = 4,
    vocab_size: Vocab = 50_304,
    sequence_length: Length = 2048,
    batch: Batch = 128,
    level: options.Level = 0.9,
    accelerator: Kind = None,
    devices: Devices = 8,
    mfu: Mfu = 0.4,
    price: Price = None,
    preset: PresetName = None,
    from_: From = None,
    export: Export = None,
    output: Output = None,
    json: options.Json = False,
) -> None:
    """Plan the small runs that make a forecast as sharp as a budget allows."""
    _require_one_source(at, budget, preset, from_, export, accelerator, output)
    if at is None or budget is None:
        _written(preset, from_, export, output, _machine(accelerator, devices, mfu, price), json)
        return
    from foretell.planning import plan as run
    from foretell.planning.limits import Limits
    from foretell.planning.plan_text import plan_text
    from foretell.report.plan import plan_report

    shape: dict[str, Any] = {"vocab_size": vocab_size, "sequence_length": sequence_length, "batch": batch}
    machine = _machine(accelerator, devices, mfu, price)
    limits = Limits(smallest, largest, _pair(tokens_per_param), share, max_runs, min_sizes)
    known: dict[str, Any] = {"like": _table(like), "have": _table(have), "train": train, "loss": loss, "noise": noise}
    result = run(at, budget=budget, limits=limits, level=level, **known, **shape)
    print_findings(result.warnings)
    plain = {**result.to_dict(), **_cost(result, machine)}
    if output is not None:
        path = output / "plan.toml" if export else output
        write_text(path, plan_text(result, path.name, **shape))
        _export(path, export, output)
    print_json(plain) if json else print_report(plan_report(plain))


def _require_one_source(
    at: Any, budget: Any, preset: Any, from_: Any, export: Any, accelerator: Any, output: Any
) -> None:
    """Refuse questions that ask for nothing, or for two things."""
    fresh = at is not None and budget is not None
    if (at is None) != (budget is None) or [fresh, preset is not None, from_ is not None].count(True) != 1:
        raise DataError("a plan needs --at and --budget, or --preset, or --from a plan file. Give one of the three.")
    if from_ is not None and export is None and accelerator is None:
        raise DataError(
            "--from names a plan file to export or to cost. Give --export torchtitan, or --accelerator h100."
        )
    if export is not None and output is None:
        raise DataError("--export writes files. Name a folder for them: -o FOLDER.")


def _written(
    preset: str | None, source: Path | None, export: str | None, output: Path | None, machine: Any, json: bool
) -> None:
    """Write a preset, export it or a plan file, and cost it."""
    plain = {} if preset is None else _write_preset(preset, export, output, json or machine is not None)
    path = source if source is not None else _path(output, export)
    _export(path, export, output)
    if machine is not None:
        plain |= _cost_of_file(path, machine)
    if json:
        print_json(plain)
    elif machine is not None:
        from foretell.report.plan import cost_report

        print_report(cost_report(plain))


def _path(output: Path | None, export: str | None) -> Path | None:
    """Return where the plan file goes."""
    return output / "plan.toml" if output is not None and export else output


def _write_preset(name: str, export: str | None, output: Path | None, quiet: bool) -> dict[str, Any]:
    from foretell.planning.presets import PRESETS

    found, path = PRESETS[name], _path(output, export)
    if path is not None:
        write_text(path, found.to_toml())
    elif not quiet:
        typer.echo(found.to_toml(), nl=False)
    facts = {"title": found.title, "reference": found.reference, "known": found.known, "chosen": found.chosen}
    return {"preset": name, **facts, "plan": found.plain}


def _export(path: Path | None, tool: str | None, folder: Path | None) -> None:
    if tool is None or path is None or folder is None:
        return
    from foretell.ladder.exports import EXPORTS
    from foretell.ladder.read_plan import read_plan

    for name, text in EXPORTS[tool](read_plan(path, files_needed=False)).items():
        write_text(folder / name, text)


def _cost_of_file(path: Path | None, machine: Any) -> dict[str, Any]:
    if path is None:
        raise DataError("a cost is that of a plan file. Name where it goes: -o plan.toml.")
    from foretell.ladder.read_plan import read_plan
    from foretell.planning.cost import Priced, cost

    rungs = read_plan(path, files_needed=False).rungs
    sizes = [
        Priced(
            name=rung.name,
            n_params=rung.shape.n_params_non_embedding,
            n_params_total=rung.shape.n_params_total,
            batch=rung.batch,
            n_tokens=rung.n_tokens,
            n_seeds=len(rung.seeds),
        )
        for rung in rungs
    ]
    names = [{"name": size.name, "n_tokens": size.n_tokens, "flops": size.flops} for size in sizes]
    return {"runs": names, "cost": cost(sizes, machine).to_dict()}


def _table(name: str | None) -> Any:
    return None if name is None else load_table(name)


def _pair(text: str) -> tuple[float, float]:
    parts = [parse_quantity(part) for part in text.split(",")]
    if len(parts) != 2:
        raise DataError(f"--tokens-per-param {text!r} is not two numbers. Write 10,640.")
    return parts[0], parts[1]


def _machine(accelerator: str | None, devices: int, mfu: float, price: float | None) -> Any:
    from foretell.planning.cost import Machine

    if accelerator is None and price is not None:
        raise DataError("--price is of an accelerator-hour. Name the accelerator: --accelerator h100.")
    return None if accelerator is None else Machine(accelerator, devices, mfu, price)


def _cost(result: Any, machine: Any) -> dict[str, Any]:
    from foretell.planning.cost import cost

    return {} if machine is None else {"cost": cost(result.rungs, machine).to_dict()}
