"""The server answers pages of its own only, within limits, and outlives whatever it is sent."""

import asyncio
import socket

import httpx
import pytest
from tests.web.conftest import HOST, REACH, TARGET

from foretell.web.guard import LONGEST_PATH, MOST_BYTES


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1", "127.0.0.1:8001", "", "127.0.0.1:8000.evil.example"]
)
def test_another_host_is_refused(client, host):
    for path in ("/", "/api/table", "/openapi.json"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "its own address" in answer.json()["error"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:9000"])
def test_another_origin_is_refused(client, origin):
    answer = client.post("/api/view", json=TARGET, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_pages_own_origin_is_answered(client):
    own = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert client.post("/api/python", json=TARGET, headers=own).status_code == 200


def test_a_link_from_elsewhere_opens_the_page_and_nothing_else(client):
    from_afar = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=from_afar).status_code == 200
    assert client.get("/api/table", headers=from_afar).status_code == 403
    assert client.get("/", headers={**from_afar, "sec-fetch-mode": "no-cors"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/app.py",
        "/page/app.js",
        "/api",
        "/redoc",
    ],
)
def test_nothing_outside_the_api_and_its_own_files_is_answered(client, path):
    assert client.get(path).status_code == 404


def test_a_path_in_the_name_of_a_run_is_a_name(client):
    answer = client.get("/api/run/..%2f..%2fetc%2fpasswd")
    assert answer.status_code == 404
    assert "Unknown run '../../etc/passwd'" in answer.json()["error"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_verbs_are_refused(client, method):
    assert client.request(method, "/api/view").status_code == 405


def test_an_oversized_request_is_refused_whatever_it_states(client):
    large = b"x" * (MOST_BYTES + 1)
    assert client.post("/api/view", content=large).status_code == 413
    assert client.post("/api/view", content=iter([large])).status_code == 413
    assert client.post("/api/view", content=b"{}", headers={"content-length": "9" * 30}).status_code == 413
    assert client.get("/api/table?" + "x" * LONGEST_PATH).status_code == 414


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"n_params": NaN, "n_tokens": 1e12}',
        b'{"n_params": 1e999, "n_tokens": 1e12}',
        b'{"n_params": "7B", "n_tokens": 1e12}',
        b"[" * 20_000,
        b"[[[",
        b'{"n_params": 7e9, "n_tokens": 2e12, "method": "\\ud800"}',
        b'{"n_params": 7e9, "n_tokens": 2e12, "train": "\\u0000"}',
    ],
)
def test_a_malformed_question_is_refused_in_a_sentence(client, body):
    answer = client.post("/api/view", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 404, 422)
    assert answer.json()["error"]


def test_every_answer_forbids_scripts_and_frames_of_others(client):
    for answer in (client.get("/"), client.get("/api/table"), client.get("/", headers={"host": "x"})):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_names_no_other_host(client):
    for path in ("/", "/app.js", "/app.css", "/docs", "/docs.js"):
        assert "//" not in client.get(path).text.replace("// ", "").replace("\n//", "")


def test_it_listens_on_this_machine_only():
    from foretell.web.serve import listen

    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_a_taken_port_is_said():
    from foretell.errors import DataError
    from foretell.web.serve import listen

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(DataError, match="is taken"):
            listen(taken.getsockname()[1])


def test_a_request_that_stops_in_the_middle_leaves_the_server_answering(address):
    place = address.removeprefix("http://").split(":")
    head = f"POST /api/view HTTP/1.1\r\nHost: {':'.join(place)}\r\nContent-Length: 1000\r\n\r\n".encode()
    with socket.create_connection((place[0], int(place[1]))) as slow:
        slow.sendall(head + b"{")
        assert httpx.get(f"{address}/api/table").status_code == 200
    assert httpx.get(f"{address}/api/table").status_code == 200


def test_fifty_users_at_once_are_all_answered(address):
    async def user(http: httpx.AsyncClient, number: int) -> list[int]:
        ask = {**TARGET, "seed": 11, "n_params": 1e9 * (1 + number)}
        answers = [await http.get("/"), await http.post("/api/charts", json={**ask, **REACH})]
        answers += [await http.post("/api/view", json={**ask, "n_tokens": tokens}) for tokens in (1e12, 2e12, 3e12)]
        assert answers[-1].json()["at"] == f"n_params={ask['n_params']:.6g},n_tokens=3e+12"
        return [answer.status_code for answer in answers]

    async def all_users() -> list[list[int]]:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(base_url=address, timeout=300, limits=limits) as http:
            return await asyncio.gather(*(user(http, number) for number in range(50)))

    assert asyncio.run(all_users()) == [[200] * 5] * 50
