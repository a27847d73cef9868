"""The page's own files, read once: nothing else on this machine is served."""

from dataclasses import dataclass
from functools import cache
from gzip import compress
from importlib.resources import files

from foretell.report.pages.page import chart_style
from foretell.web.apart import APART

EXPORTS = "window.vegaEmbed = vegaEmbed;"


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    content: bytes
    kind: str


@cache
def page_files() -> dict[str, File]:
    """Return the files by their address."""
    own = files("foretell.web") / "page"
    texts = {
        "/": ("index.html", "text/html; charset=utf-8"),
        "/app.js": ("app.js", "text/javascript; charset=utf-8"),
        "/app.css": ("app.css", "text/css; charset=utf-8"),
        "/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
        "/docs": ("docs.html", "text/html; charset=utf-8"),
    }
    found = {address: File((own / name).read_bytes(), kind) for address, (name, kind) in texts.items()}
    style = found["/app.css"]
    return found | {"/app.css": File(style.content + chart_style().encode(), style.kind)}


@cache
def vega() -> File:
    """Return Vega, Vega-Lite and Vega-Embed in one script, as vl-convert carries them; compressed with gzip."""
    return File(compress(APART.run(_bundle).encode(), 6), "text/javascript; charset=utf-8")


def _bundle() -> str:
    import vl_convert

    return str(vl_convert.javascript_bundle(EXPORTS))
