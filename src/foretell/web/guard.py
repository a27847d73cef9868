"""What stands before the server: only this machine's own pages are answered, and no request may be large or slow."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BYTES = 64 * 1024  # of a request's body
LONGEST_PATH = 2048
PATIENCE = 10.0  # seconds for a body to arrive
METHODS = ("GET", "POST")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Refused(Exception):
    """A request that is not answered, with its status and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Guard:
    """An application behind its guard.

    A page of another site can make a browser send requests here, and can let its own name point to this machine (DNS
    rebinding). So the Host has to be one of ours, and so has the Origin where there is one.
    """

    def __init__(self, app: App, hosts: frozenset[str]) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks by web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            self._look_at(scope)
            body = await _read(scope, receive)
        except Refused as refused:
            await _refuse(refused, send)
            return
        await self._app(scope, _again(body, receive), _with_headers(send))

    def _look_at(self, scope: Scope) -> None:
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            raise Refused(421, "This server answers under its own address only, such as 127.0.0.1.")
        allowed = {f"http://{host}" for host in self._hosts}
        if any(origin not in allowed for origin in _values(scope, b"origin")):
            raise Refused(403, "Pages of another origin are not answered.")
        if any(site not in ("same-origin", "none") for site in _values(scope, b"sec-fetch-site")) and not _visits(
            scope
        ):
            raise Refused(403, "Pages of another site are not answered.")
        if scope["method"] not in METHODS:
            raise Refused(405, f"Only {', '.join(METHODS)} are answered.")
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"") > LONGEST_PATH:
            raise Refused(414, "The address is too long.")


def _visits(scope: Scope) -> bool:
    """Tell whether somebody follows a link to the page, from wherever: that is how a view is shared."""
    return scope["method"] == "GET" and scope["path"] == "/" and _values(scope, b"sec-fetch-mode") == ["navigate"]


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for key, value in scope["headers"] if key == name]


async def _read(scope: Scope, receive: Receive) -> bytes:
    """Read the body whole, within limits of size and time."""
    stated = _values(scope, b"content-length")
    if stated and (not stated[0].isdigit() or int(stated[0][:20]) > MOST_BYTES):
        raise Refused(413, f"A request may have {MOST_BYTES} bytes.")
    try:
        async with asyncio.timeout(PATIENCE):
            return await _read_parts(receive)
    except TimeoutError:
        raise Refused(408, "The request took too long to arrive.") from None


async def _read_parts(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise Refused(413, f"A request may have {MOST_BYTES} bytes.")
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a receiver that gives the body once, and then what comes after it."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *HEADERS]
        await send(message)

    return sending


async def _refuse(refused: Refused, send: Send) -> None:
    body = json.dumps({"error": str(refused)}).encode()
    sizes = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers = [*sizes, (b"allow", ", ".join(METHODS).encode()), (b"connection", b"close"), *HEADERS]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
