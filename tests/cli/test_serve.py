"""`foretell serve` says where the page is, answers there, and ends at a signal."""

import json
import signal
import subprocess
import sys
import urllib.request
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(not find_spec("fastapi"), reason="the extra web is not installed")


def test_the_explorer_says_where_it_is_and_answers_there(table):
    command = [sys.executable, "-m", "foretell", "serve", table, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = server.stderr.readline()
            page = said.split(" is served at ")[1].split(" ")[0]
            with urllib.request.urlopen(f"{page}api/table", timeout=60) as answer:
                assert json.load(answer)["n_runs"] == 12
        finally:
            server.send_signal(signal.SIGINT)
        assert server.stderr.read() == ""
    assert server.returncode in (0, 130, -signal.SIGINT)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_a_usage_mistake(port, cli, table):
    shown = cli("serve", table, "--port", port, "--no-browser")
    assert shown.code == 2
    assert "--port" in shown.err


def test_a_missing_extra_is_named(cli, table, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    shown = cli("serve", table, "--no-browser")
    assert shown.code == 1
    assert 'pip install "foretell[web]"' in shown.err
