"""The application: the API, typed, and the page's own files."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from foretell import __version__
from foretell.errors import ForetellError, UnknownName
from foretell.report.write import render
from foretell.web.apart import APART
from foretell.web.ask import Ask, BacktestAsk, Count
from foretell.web.charts import backtest_chart
from foretell.web.explorer import Explorer
from foretell.web.files import page_files, vega
from foretell.web.guard import Guard
from foretell.web.recipe import python_of
from foretell.web.stream import stream
from foretell.web.summary import describe_run, describe_table


class Problem(BaseModel):
    """Why there is no answer."""

    error: str


class ChartsAsk(Ask):
    """The charts of a fit, with room for targets up to a reach.

    Attributes:
        reach_params: Most parameters that a target will have.
        reach_tokens: Most tokens.
    """

    reach_params: Count
    reach_tokens: Count


REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": what}
    for code, what in {
        400: "Nothing can be answered, and why.",
        404: "A name is not known.",
        403: "A page of another origin asks.",
        408: "The request took too long to arrive.",
        413: "The request is too large.",
        414: "The address is too long.",
        421: "The server is called by another name.",
        422: "The question is malformed.",
    }.items()
}
LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {}}, "description": "Progress, then `answer` or `error`, one a line."}
}


def create_app(explorer: Explorer, hosts: Iterable[str]) -> Guard:
    """Return the server's application.

    Args:
        explorer: The table and what was fitted to it.
        hosts: By which the server may be called, such as `127.0.0.1:8000`.
    """
    app = FastAPI(
        title="foretell serve",
        version=__version__,
        description="The verbs of foretell on one run table.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=REFUSALS,
    )
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(ForetellError, _refused)
    app.add_exception_handler(HTTPException, _not_answered)
    _add_table(app, explorer)
    _add_answers(app, explorer)
    _add_streams(app, explorer)
    _add_downloads(app, explorer)
    _add_files(app)
    return Guard(app, frozenset(host.lower() for host in hosts))


def _add_table(app: FastAPI, explorer: Explorer) -> None:
    described = describe_table(explorer.table)

    @app.get("/api/table", summary="What the table holds")
    async def table() -> dict[str, Any]:
        return described

    @app.get("/api/run/{name:path}", summary="One run, with its checkpoints")
    def run(name: Annotated[str, Path(min_length=1, max_length=200)]) -> dict[str, Any]:
        return describe_run(explorer.table, name)


def _add_answers(app: FastAPI, explorer: Explorer) -> None:
    @app.post("/api/view", summary="The forecasts of a target, and what moves in the charts")
    def view(ask: Ask) -> dict[str, Any]:
        return explorer.view(ask)

    @app.post("/api/charts", summary="The charts of a fit as Vega-Lite")
    def charts(ask: ChartsAsk) -> list[dict[str, Any]]:
        return explorer.charts(*_split(ask))

    @app.post("/api/forecast", summary="A forecast as it is kept: sealed, with its evidence")
    def forecast(ask: Ask) -> dict[str, Any]:
        return explorer.forecast(ask)

    @app.post("/api/backtest", summary="Smaller runs teach, and those beyond a cut-off are forecast")
    def backtest(ask: BacktestAsk) -> dict[str, Any]:
        return explorer.backtest(ask)


def _add_streams(app: FastAPI, explorer: Explorer) -> None:
    @app.post("/api/stream/charts", summary="The charts of a fit, with progress while it is fitted", responses=LINES)
    def charts(ask: ChartsAsk) -> StreamingResponse:
        return _lines(lambda tell: explorer.charts(*_split(ask), tell))

    @app.post("/api/stream/backtest", summary="A back-test and its chart, with progress", responses=LINES)
    def backtest(ask: BacktestAsk) -> StreamingResponse:
        return _lines(lambda tell: _with_chart(explorer.backtest(ask, tell)))


def _with_chart(result: dict[str, Any]) -> dict[str, Any]:
    return {"backtest": result, "chart": backtest_chart(result)}


def _add_downloads(app: FastAPI, explorer: Explorer) -> None:
    page: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}, "description": "The report."}}

    @app.post("/api/report", summary="The report of a forecast: one HTML file", response_class=Response, responses=page)
    def report(ask: Ask) -> Response:
        return Response(APART.run(render, explorer.forecast(ask), ".html"), media_type="text/html; charset=utf-8")

    @app.post("/api/python", summary="The Python that does the same", response_class=PlainTextResponse)
    def python(ask: Ask) -> str:
        return python_of(ask, explorer.source)


def _add_files(app: FastAPI) -> None:
    for address, file in page_files().items():
        app.add_api_route(address, _sends(file.content, file.kind), methods=["GET"], include_in_schema=False)

    @app.get("/vega.js", include_in_schema=False)
    def script() -> Response:
        headers = {"content-encoding": "gzip", "cache-control": "max-age=86400"}
        return Response(vega().content, media_type=vega().kind, headers=headers)

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=204)


def _sends(content: bytes, kind: str) -> Callable[[], Any]:
    async def send() -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return send


def _split(ask: ChartsAsk) -> tuple[Ask, tuple[float, float]]:
    reach = {"reach_params", "reach_tokens"}
    return Ask(**ask.model_dump(exclude=reach)), (ask.reach_params, ask.reach_tokens)


def _lines(work: Callable[[Callable[[str], None]], Any]) -> StreamingResponse:
    return StreamingResponse(stream(work), media_type="application/x-ndjson")


def _malformed(_: Request, error: Exception) -> JSONResponse:
    """Say what is wrong without repeating what was sent, which need not be JSON."""
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
    return JSONResponse({"error": _sayable(said)}, 422)


def _not_answered(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": _sayable(str(error.detail))}, error.status_code, error.headers)


def _refused(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": _sayable(str(error))}, 404 if isinstance(error, UnknownName) else 400)


def _sayable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
