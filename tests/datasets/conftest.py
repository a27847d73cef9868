"""A small web server that stands in for the homes of the public tables."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

import polars as pl
import pytest

from foretell.datasets import Dataset
from foretell.runs import build_runs


@dataclass
class Home:
    """A web server on this machine.

    `content` maps a path to what is served; `cut_short` are paths of which the next answer
    breaks off in the middle; `asked` are the paths asked for.
    """

    url: str
    content: dict[str, bytes] = field(default_factory=dict)
    cut_short: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def home(monkeypatch) -> Iterator[Home]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.home = Home(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.home
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        home, path = self.server.home, unquote(self.path)
        home.asked.append(path)
        if path not in home.content:
            return self.send_error(404)
        body = home.content[path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if path in home.cut_short:
            home.cut_short.remove(path)
            body = body[: len(body) // 2]
        self.wfile.write(body)
        return None

    def log_message(self, *args):
        pass


ROWS = "run,n_params,n_tokens,is_final,loss/web\na,1000000,20000000,true,4.5\nb,2000000,40000000,true,4.1\n"
TOY_FILES = {"data/rows=all.csv": ROWS.encode(), "data/note.txt": b"read me"}


@pytest.fixture
def toy(home) -> Dataset:
    """A public table of two small files, whose home is the server."""
    home.content = {f"/someone/toy/abc123/{path}": body for path, body in TOY_FILES.items()}
    return Dataset(
        name="toy",
        title="A toy",
        repo="someone/toy",
        commit="abc123",
        licence="MIT",
        citation="Someone 2025, arXiv:0000.00000",
        files={path: hashlib.sha256(body).hexdigest() for path, body in TOY_FILES.items()},
        load=lambda folder: build_runs(pl.read_csv(folder / "data/rows=all.csv"), name="toy"),
        folder="toy",
        home=home.url,
    )
