"""`foretell plan --at TARGET --budget FLOPS -o plan.toml`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report
from foretell.cli.tables import load_table
from foretell.errors import DataError
from foretell.units import parse_quantity

At = Annotated[
    str, typer.Option(help="The model to forecast: n_params=7e9,n_tokens=4e12[,share/code=0.3].", metavar="TARGET")
]
Budget = Annotated[str, typer.Option(help="FLOPs of the whole ladder: 1e21.", metavar="FLOPS")]
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
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write the plan file that foretell train reads.")]


def plan(
    at: At,
    budget: Budget,
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
    output: Output = None,
    json: options.Json = False,
) -> None:
    """Plan the small runs that make a forecast as sharp as a budget allows."""
    from foretell.planning import plan as run
    from foretell.planning.limits import Limits
    from foretell.planning.write_plan import write_plan
    from foretell.report.plan import plan_report

    shape = {"vocab_size": vocab_size, "sequence_length": sequence_length, "batch": batch}
    machine = _machine(accelerator, devices, mfu, price)
    result = run(
        at,
        budget=budget,
        like=_table(like),
        have=_table(have),
        train=train,
        loss=loss,
        noise=noise,
        limits=Limits(smallest, largest, _pair(tokens_per_param), share, max_runs, min_sizes),
        level=level,
        **shape,
    )
    print_findings(result.warnings)
    plain = {**result.to_dict(), **_cost(result, machine)}
    if output is not None:
        write_plan(result, output, **shape)
    print_json(plain) if json else print_report(plan_report(plain))


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
