"""`foretell demo`: a forecast against the truth, in one command."""

from pathlib import Path
from typing import Annotated, Any

import typer

from foretell.cli import options
from foretell.cli.output import print_findings, print_json, print_report, write_bytes
from foretell.cli.tables import load_table
from foretell.errors import DataError

RUNS = "olmo-ladder"
TRAIN = "n_params <= 3.2e9 AND run NOT LIKE '%rerun' AND run NOT LIKE '%0.5xC'"
HOLDOUT = "run IN ('7B-4T', '13B-5T')"
METHODS = ("auto", "flp")
ENDINGS = (".html", ".svg", ".png")


def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Where the report goes: .html, or its picture as .svg or .png.")
    ] = Path("foretell-demo.html"),
    resamples: options.Resamples = 1000,
    json: options.Json = False,
) -> None:
    """Forecast OLMo-2 7B and 13B from runs of up to 3B, and compare with what they scored."""
    from foretell.report.text import backtest_report
    from foretell.trusting.backtest import backtest as run

    _require_ending(output)
    result = run(load_table(RUNS), HOLDOUT, train=TRAIN, methods=METHODS, resamples=resamples)
    print_findings(result.warnings)
    plain = result.to_dict()
    write_bytes(output, _render(output, plain))
    print_json(plain) if json else print_report(backtest_report(plain))


def _require_ending(output: Path) -> None:
    if output.suffix not in ENDINGS:
        ending = output.suffix or "no"
        raise DataError(f"{output}: {ending} ending is not one of {', '.join(ENDINGS)}. Choose one of them.")


def _render(output: Path, plain: dict[str, Any]) -> bytes:
    from foretell.report.chart import forecast_chart, method_rows, to_png, to_svg
    from foretell.report.html import backtest_page

    if output.suffix == ".html":
        return backtest_page(plain).encode()
    chart = forecast_chart(method_rows(plain), plain["level"])
    return to_svg(chart).encode() if output.suffix == ".svg" else to_png(chart)
