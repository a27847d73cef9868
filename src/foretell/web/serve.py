"""Start the server on this machine, and the browser with it."""

import socket
import sys
import webbrowser
from collections.abc import Callable
from contextlib import closing
from threading import Thread, Timer
from typing import TYPE_CHECKING

from foretell.errors import DataError, MissingExtra
from foretell.runs import Runs

if TYPE_CHECKING:
    import uvicorn

    from foretell.web.guard import App

ADDRESS = "127.0.0.1"
PORT = 8642
TRIES = 20  # ports after the usual one, where that is taken
KEEP_ALIVE = 75  # seconds that a connection may wait for its next request
MOST_HEAD = 16384  # bytes of a request's head
NAMES = (ADDRESS, "localhost")


def serve(
    table: Runs, source: str, *, port: int | None = None, browser: bool = True, say: Callable[[str], None]
) -> None:
    """Serve the explorer of a table until it is stopped.

    Args:
        table: The run table.
        source: Where it came from, for the command and the Python that do the same.
        port: Where to listen; the first free one from 8642 on when not given.
        browser: Open the page in a browser.
        say: Is told where the page is.

    Raises:
        MissingExtra: fastapi or uvicorn is not installed.
        DataError: the port is taken.
    """
    try:
        import uvicorn  # noqa: F401

        from foretell.web.app import create_app
        from foretell.web.explorer import Explorer
        from foretell.web.files import vega
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("foretell"):
            raise
        raise MissingExtra("foretell serve", "web") from None
    listening = listen(port)
    number = listening.getsockname()[1]
    app = create_app(Explorer(table, source), [f"{name}:{number}" for name in NAMES])
    Thread(target=vega, daemon=True).start()  # it takes a second or two, and the page needs it first
    page = f"http://{ADDRESS}:{number}/"
    say(f"{table.name} is served at {page} (stop with Ctrl+C)")
    if browser:
        Timer(1.0, webbrowser.open, [page]).start()
    with closing(listening):
        server_of(app).run([listening])


def server_of(app: "App") -> "uvicorn.Server":
    """Return the server of an application: quiet, and patient with connections that wait."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        log_level="error",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        h11_max_incomplete_event_size=MOST_HEAD,
    )
    return uvicorn.Server(config)


def listen(port: int | None) -> socket.socket:
    """Return a socket that listens, on the port that is asked for, or on the first free one."""
    ports = range(PORT, PORT + TRIES) if port is None else [port]
    for number in ports:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, number))
        except OSError:
            listening.close()
            continue
        listening.listen(2048)
        return listening
    raise DataError(f"port {ports[0]} is taken, or may not be used. Choose another one with --port.")
