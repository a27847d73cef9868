"""Whatever fits the OpenAPI description, and much that does not, is answered or refused, never by a failure."""

import os

import pytest
from hypothesis import HealthCheck, settings
from tests.web.conftest import HOST

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

CASES = int(os.environ.get("FORETELL_API_CASES", "200"))  # of each operation; ten of them make 2,000
seen: list[int] = []


@pytest.fixture(scope="module")
def schema(explorer):
    from foretell.web.app import create_app

    return schemathesis.openapi.from_asgi("/openapi.json", create_app(explorer, [HOST]), headers={"host": HOST})


api = schemathesis.pytest.from_fixture("schema")


@api.parametrize()
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_question_makes_the_server_fail(case):
    answer = case.call(headers={"host": HOST})
    seen.append(answer.status_code)
    assert answer.status_code < 500, answer.text


def test_there_were_thousands_of_cases():
    assert len(seen) >= 9 * CASES or len(seen) >= 2000
