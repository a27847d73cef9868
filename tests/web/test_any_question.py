"""Whatever fits the OpenAPI description, and much that does not, is answered or refused, never by a failure."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.web.conftest import HOST

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

CASES = int(os.environ.get("FORETELL_API_CASES", "2000"))  # over all operations, right and wrong ones


@pytest.fixture(scope="module")
def operations(client):
    from schemathesis.generation import GenerationMode

    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    found = [each.ok() for each in schema.get_all_operations()]
    return [(operation, operation.as_strategy(generation_mode=mode)) for operation in found for mode in modes]


@pytest.mark.slow
def test_no_question_makes_the_server_fail(operations, client):
    seen: Counter[int] = Counter()
    asked = [(operation, cases) for operation, cases in operations if not _takes_nothing(operation)]
    for _, cases in asked:
        _ask(cases, client, seen, -(-CASES // len(asked)))
    assert sum(seen.values()) >= CASES
    assert max(seen) < 500, seen
    assert {200, 422} <= set(seen), seen


def _takes_nothing(operation) -> bool:
    return operation.body.items == [] and operation.path_parameters.items == []


def _ask(cases, client, seen, n) -> None:
    calm = {"deadline": None, "database": None, "phases": [Phase.generate], "derandomize": True}

    @settings(max_examples=n, suppress_health_check=list(HealthCheck), **calm)
    @given(st.data())
    def each(data):
        answer = client.request(**_with_few_fits(_sent(data.draw(cases))))
        seen[answer.status_code] += 1
        assert answer.status_code < 500, answer.text

    each()


def _sent(case) -> dict:
    """Return a case as a request under our own name."""
    whole = case.as_transport_kwargs(base_url=f"http://{HOST}")
    kept = {name: whole[name] for name in ("method", "url", "params", "json") if whole.get(name) is not None}
    content = {"content": whole["data"]} if isinstance(whole.get("data"), bytes | str) else {}
    headers = {name: value for name, value in dict(whole.get("headers") or {}).items() if name.lower() != "host"}
    return kept | content | {"headers": headers}


def _with_few_fits(request: dict) -> dict:
    """Let questions that are right share a method, a seed and a level, so that thousands need few fits."""
    asked = request.get("json")
    usual = {"method": "flp", "seed": 0, "resamples": 20, "level": 0.9}
    if isinstance(asked, dict) and all(type(asked.get(name, value)) is type(value) for name, value in usual.items()):
        return request | {"json": asked | usual}
    return request
