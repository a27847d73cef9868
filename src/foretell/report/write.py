"""A result, or a file that holds one, as a report: HTML, PDF, or its main chart as PNG or SVG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretell.errors import DataError
from foretell.io import write_atomically
from foretell.ledger.read import read_json
from foretell.ledger.seal import is_sealed, require_whole

Plain = Mapping[str, Any]
ENDINGS = (".html", ".pdf", ".png", ".svg")


@dataclass(frozen=True)
class Kind:
    """One kind of result that can be reported.

    Attributes:
        name: As the command is called.
        keys: By which it is known.
        page: Writes it as HTML.
        chart: Its main chart; `None` where there is nothing to draw.
    """

    name: str
    keys: tuple[str, ...]
    page: Callable[[Plain], str]
    chart: Callable[[Plain], Any]


def write_report(result: Any, output: str | Path) -> Path:
    """Write a report of a forecast, back-test, mixture or comparison.

    Args:
        result: The result, its plain data, or a file that holds them as JSON.
        output: Ends in `.html` or `.pdf` for the whole report, in `.png` or `.svg` for its main chart.

    Returns:
        Where it was written.

    Raises:
        DataError: the ending is not known, the file holds no such result, or it was changed under its seal.
        ForetellError: a PDF is wanted, and there is no Chromium.
    """
    output = Path(output)
    require_ending(output)
    content = render(_plain(result), output.suffix, where=str(result) if isinstance(result, str | Path) else "result")
    return write_atomically(output, lambda temporary: temporary.write_bytes(content))


def render(plain: Plain, ending: str, where: str = "result") -> bytes:
    """Return a report as the content of a file.

    Args:
        plain: The result.
        ending: One of `ENDINGS`.
        where: What to call it in an error.
    """
    kind = _kind_of(plain, where)
    if ending in (".html", ".pdf"):
        from foretell.report.pdf import to_pdf

        page = kind.page(plain)
        return page.encode() if ending == ".html" else to_pdf(page)
    from foretell.report.charts.render import to_png, to_svg

    chart = kind.chart(plain)
    return to_png(chart) if ending == ".png" else to_svg(chart).encode()


def require_ending(output: Path) -> None:
    """Refuse a file whose ending is none of a report's.

    Raises:
        DataError: always then.
    """
    if output.suffix not in ENDINGS:
        ending = output.suffix or "no"
        raise DataError(f"{output}: {ending} ending is not one of {', '.join(ENDINGS)}. Choose one of them.")


def _plain(result: Any) -> Plain:
    if isinstance(result, Mapping):
        return result
    if not isinstance(result, str | Path):
        return result.to_dict()
    plain = read_json(result)
    if is_sealed(plain):
        require_whole(plain, str(result))
    return plain


def _kind_of(plain: Plain, where: str) -> Kind:
    for kind in _kinds():
        if all(key in plain for key in kind.keys):
            return kind
    known = ", ".join(kind.name for kind in _kinds())
    raise DataError(f"{where} holds no result of {known}. Give what -o or --json of one of them wrote.")


def _kinds() -> tuple[Kind, ...]:
    from foretell.report.charts.mixture_bars import mixture_bars
    from foretell.report.charts.recipes import recipes_chart
    from foretell.report.pages import backtest, compare, forecast, mix

    return (
        Kind("forecast", ("forecasts", "emergence", "method"), forecast.forecast_page, forecast.main_chart),
        Kind("backtest", ("methods", "holdout"), backtest.backtest_page, backtest.main_chart),
        Kind("mix", ("mixture", "flat_region", "forecasts"), mix.mix_page, mixture_bars),
        Kind("compare", ("contests", "families"), compare.compare_page, recipes_chart),
    )
