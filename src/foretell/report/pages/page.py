"""One HTML file that needs nothing else: its parts, escaped, in one style."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import count

import altair as alt

from foretell.report.charts.render import to_svg

CLIP = re.compile(r'\bid="(clip\d+)"')


def page(title: str, parts: Iterable[str]) -> str:
    """Return a whole page.

    Args:
        title: Its heading.
        parts: HTML, already escaped.
    """
    style = (files("foretell.report.pages") / "report.css").read_text(encoding="utf-8") + chart_style()
    body = _numbered("\n".join(parts))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>foretell: {escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>\n'
        f"<body><main><h1>{escape(title)}</h1>\n{body}</main></body></html>\n"
    )


def chart_style() -> str:
    """Return the style that turns the colours of charts with the page's scheme."""
    return (files("foretell.report.pages") / "charts.css").read_text(encoding="utf-8")


def heading(text: str, level: int = 2) -> str:
    """Return a heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; `answer` is large, `quiet` is small."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def listed(items: Sequence[str]) -> str:
    """Return a list; nothing where there is nothing to list."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>" if items else ""


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, text: bool = False) -> str:
    """Return a table; one of `text` is set to the left."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    kind = ' class="text"' if text else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table{kind}>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def figure(chart: alt.TopLevelMixin, description: str, caption: str | None = None) -> str:
    """Return a chart as a figure.

    Args:
        chart: The chart.
        description: What it shows, for who cannot see it.
        caption: Printed below it.
    """
    drawn = to_svg(chart, background="transparent")
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(description)}" ', 1)
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{drawn}{below}</figure>"


def together(parts: Iterable[str], kind: str) -> str:
    """Return parts side by side: a `grid` of small ones, or a `pair`."""
    return f'<div class="{kind}">{"".join(parts)}</div>'


def _numbered(body: str) -> str:
    """Give the clip paths of each chart names of their own; those of two charts in one page would be mixed up."""
    numbers = count()
    return re.sub(r"<svg .*?</svg>", lambda drawn: _renamed(drawn.group(), next(numbers)), body, flags=re.DOTALL)


def _renamed(drawn: str, number: int) -> str:
    for name in dict.fromkeys(CLIP.findall(drawn)):
        drawn = drawn.replace(f'id="{name}"', f'id="c{number}-{name}"').replace(
            f"url(#{name})", f"url(#c{number}-{name})"
        )
    return drawn
