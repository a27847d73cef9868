"""MLflow's tracking server, by its REST API 2.0: experiments, runs, and the whole history of each metric."""

import base64
import http.client
import json
import os
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from foretell.errors import DataError
from foretell.importers.by_step import Series, by_step
from foretell.importers.mlflow_store import StoredRun, series_of
from foretell.importers.safe_json import MOST_BYTES, mapping_of, parse_json
from foretell.importers.translate import NOT_A_NUMBER, Translator

Ask = Callable[[str, Mapping[str, Any], str], Any]  # URL, parameters, GET or POST
EXPERIMENT = re.compile(r"/?#/experiments/(\d+).*$")
PAGE = 1000
PAGE_OF_METRICS = 25_000
MOST_PAGES = 100_000
TIMEOUT = 60  # seconds


def server_runs(source: str, translator: Translator, ask: Ask) -> Iterator[StoredRun]:
    """Yield the runs of every experiment, or of the one that the URL names."""
    found = EXPERIMENT.search(source)
    root = EXPERIMENT.sub("", source).rstrip("/")
    api = partial(_call, ask, f"{root}/api/2.0/mlflow")
    experiments = [found[1]] if found else [str(each.get("experiment_id", "")) for each in _experiments(api)]
    body: dict[str, Any] = {"experiment_ids": experiments, "max_results": PAGE, "run_view_type": "ACTIVE_ONLY"}
    for run in _pages(api, "runs/search", body, "runs", "POST"):
        info, data = mapping_of(run.get("info")), mapping_of(run.get("data"))
        run_id = str(info.get("run_id") or info.get("run_uuid"))
        params = tuple((str(each.get("key")), str(each.get("value", ""))) for each in _objects(data.get("params")))
        names = [str(each.get("key")) for each in _objects(data.get("metrics"))]
        records = partial(_records, api, run_id, names, translator)
        yield StoredRun(run_id, str(info.get("run_name") or run_id), str(info.get("status", "")), params, records)


def _experiments(api: Callable[..., Any]) -> Iterator[Any]:
    return _pages(api, "experiments/search", {"max_results": PAGE}, "experiments", "POST")


def _records(
    api: Callable[..., Any], run_id: str, names: list[str], translator: Translator
) -> Iterator[tuple[float | None, dict[str, float]]]:
    series: dict[str, Series] = {}
    for name in names:
        if translator.meaning(name) is None:
            translator.leave_name(name)  # the metric, not its values
            continue
        wanted = {"run_id": run_id, "metric_key": name, "max_results": PAGE_OF_METRICS}
        values = _pages(api, "metrics/get-history", wanted, "metrics", "GET")
        pairs = ((each.get("step", 0), each.get("value")) for each in values)
        series[name] = series_of(pairs, partial(translator.leave, name, NOT_A_NUMBER))
    return by_step(series, translator.leave)


def _pages(api: Callable[..., Any], path: str, wanted: Mapping[str, Any], key: str, verb: str) -> Iterator[Any]:
    token = ""
    for _ in range(MOST_PAGES):
        answer = api(path, {**wanted, **({"page_token": token} if token else {})}, verb)
        yield from _objects(answer.get(key))
        token = answer.get("next_page_token") or ""
        if not token:
            return


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _call(ask: Ask, root: str, path: str, wanted: Mapping[str, Any], verb: str) -> Any:
    answer = ask(f"{root}/{path}", wanted, verb)
    if not isinstance(answer, dict):
        raise DataError(f"{root}: the answer to {path} is no JSON object. Is it a tracking server of MLflow?")
    return answer


def http_ask(url: str, wanted: Mapping[str, Any], verb: str) -> Any:
    """Send a request, with the user and password or token that MLflow's own variables name.

    Raises:
        DataError: the server does not answer, or not with bounded JSON.
    """
    target = f"{url}?{urlencode(wanted)}" if verb == "GET" else url
    body = json.dumps(wanted).encode() if verb == "POST" else None
    headers = {"Content-Type": "application/json", **_authorization()}
    request = urllib.request.Request(target, body, headers, method=verb)  # noqa: S310 (http or https, as checked)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            text = answer.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = str(error).strip() or type(error).__name__
        raise DataError(f"{url} does not answer: {reason}. Check the URL, and MLFLOW_TRACKING_TOKEN.") from None
    if len(text) > MOST_BYTES:
        raise DataError(
            f"{url} answers with more than {MOST_BYTES:,} bytes. Read one experiment: URL/#/experiments/ID."
        )
    return parse_json(text, url)


def _authorization() -> dict[str, str]:
    token, user = os.environ.get("MLFLOW_TRACKING_TOKEN"), os.environ.get("MLFLOW_TRACKING_USERNAME")
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user:
        both = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"Authorization": f"Basic {base64.b64encode(both.encode()).decode()}"}
    return {}
