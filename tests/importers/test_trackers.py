"""Trackers: what is said of tokens, ends and names; servers by objects that answer as theirs do."""

import json
import socket
import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlparse

import pytest

from foretell.errors import DataError
from foretell.importers import Asked, import_runs
from foretell.importers.asked import asked
from foretell.importers.history import RunHistory, collect, import_histories
from foretell.importers.mlflow import read_server
from foretell.importers.wandb import read_project


def read(*runs, **how):
    return import_histories(lambda _: runs, asked(**how), "log")


def history(records, **how):
    return RunHistory("a", records, **how)


def test_tokens_are_those_logged_at_the_same_step():
    found = read(history([(1.0, {"n_tokens_seen": 10.0}), (1.0, {"eval_loss": 3.0})]))
    assert found.frame["n_tokens"].to_list() == [10.0]
    assert found.findings == ()


def test_tokens_of_an_earlier_step_are_counted_and_said():
    records = [
        (1.0, {"n_tokens_seen": 10.0}),
        (4.0, {"eval_loss": 3.0}),
        (5.0, {"n_tokens_seen": 50.0, "eval_loss": 2.9}),
    ]
    found = read(history(records))
    assert found.frame["n_tokens"].to_list() == [10.0, 50.0]
    assert found.findings[0].what == (
        "the sizes of 1 row are those of the nearest earlier step that logged them, at most 3 steps earlier."
    )


@pytest.mark.parametrize(
    ("config", "constants", "tokens"),
    [
        ({"global_batch_size": 8, "seq_len": 128}, {}, 10 * 8 * 128),
        ({"batch_size_in_tokens": 4096}, {}, 10 * 4096),
        ({"global_batch_size": 8, "seq_len": 128}, {"tokens_per_step": "2K"}, 10 * 2000),
        ({"batch_size": 8, "seq_len": 128}, {}, None),  # a batch of one device says nothing
        ({"global_batch_size": -1, "seq_len": 128}, {}, None),
        ({"global_batch_size": 8}, {}, None),
        ({"global_batch_size": 8, "seq_len": 128, "block_size": 256}, {}, None),  # which one is not said
    ],
)
def test_tokens_are_computed_only_where_the_config_states_them(config, constants, tokens):
    found = read(history([(10.0, {"eval_loss": 3.0})], config=config), constants=constants)
    assert found.frame.to_dicts()[0].get("n_tokens") == tokens
    assert ("tokens-computed" in [finding.code for finding in found.findings]) == (tokens is not None)


def test_logged_tokens_go_before_computed_ones():
    config = {"global_batch_size": 8, "seq_len": 128}
    found = read(history([(10.0, {"eval_loss": 3.0, "n_tokens_seen": 5.0})], config=config))
    assert found.frame["n_tokens"].to_list() == [5.0]


def test_names_and_settings_of_a_config_are_no_columns():
    config = {"model": "llama", "name": "x", "n_params": 1e6, "tokens": 1e12, "seed": 3, "share/code": 0.3, "lr": 0.1}
    found = read(history([(10.0, {"eval_loss": 3.0})], config=config))
    row = found.frame.row(0, named=True)
    assert row == {"run": "a", "step": 10.0, "n_params": 1e6, "seed": 3.0, "share/code": 0.3, "loss/validation": 3.0}


def test_two_sizes_in_a_config_are_asked_about():
    config = {"n_params_non_embedding": 9e5, "model/num_parameters": 1e6}
    with pytest.raises(DataError, match=r"^config of a: n_params could be 'n_params_non_embedding' \(900000\) or"):
        read(history([(10.0, {"eval_loss": 3.0})], config=config))
    found = read(history([(10.0, {"eval_loss": 3.0})], config=config), columns={"n_params": "model/num_parameters"})
    assert found.frame["n_params"].to_list() == [1e6]


@pytest.mark.parametrize(("finished", "wanted"), [(True, [False, True]), (False, [False, False])])
def test_the_last_row_of_a_finished_run_is_final(finished, wanted):
    records = [(1.0, {"eval_loss": 3.0}), (2.0, {"eval_loss": 2.9}), (3.0, {"lr": 0.0})]
    found = read(history(records, finished=finished, status="ok"))
    assert found.frame["is_final"].to_list() == wanted
    assert ("unfinished-runs" in [finding.code for finding in found.findings]) == (not finished)


def test_where_the_tool_does_not_say_nothing_is_final_or_not():
    assert "is_final" not in read(history([(1.0, {"eval_loss": 3.0})])).frame.columns


def test_a_history_without_a_measure_names_what_it_has():
    with pytest.raises(
        DataError, match=r"no held-out loss and no score is recognised among loss, lr\. Name them: --map"
    ):
        read(history([(1.0, {"lr": 0.1, "loss": 3.0})]))


def test_values_that_are_no_numbers_are_counted():
    found = read(
        history([(1.0, {"eval_loss": 3.0, "val_bpb": float("nan")}), (2.0, {"eval_loss": "NaN", "val_bpb": 1.0})])
    )
    assert {(each.what, each.why) for each in found.skipped} == {
        ("val_bpb", "not a finite number"),
        ("eval_loss", "not a finite number"),
    }


def test_rows_are_gathered_in_chunks_whatever_columns_come_late(monkeypatch):
    monkeypatch.setattr("foretell.importers.history.CHUNK", 2)
    frame = collect([{"a": 1}, {"a": 2}, {"a": 3, "b": 0.5}])
    assert frame.rows() == [(1, None), (2, None), (3, 0.5)]


class FakeRun:
    """A run of wandb's public API, with the one method that gives every row."""

    def __init__(self, name, run_id, state, rows, config):
        self.name, self.id, self.state, self.config, self._rows = name, run_id, state, config, rows

    def scan_history(self, page_size):
        assert page_size == 1000
        yield from self._rows

    def history(self, *_, **__):
        raise AssertionError("the sampled history is never asked for")


def test_a_project_on_wandb_s_server_is_read_whole():
    rows = [{"_step": i, "_timestamp": 1.0, "n_tokens_seen": i * 100, "train/loss": 3.0} for i in range(1, 2001)]
    rows[999] |= {"eval": {"loss": 2.5}, "missing": None}
    config = {"model": {"num_parameters": 1e6}, "_wandb": {"x": 1}}
    runs = [FakeRun("a", "id1", "finished", rows, config), FakeRun("a", "id2", "running", rows, config)]
    api = SimpleNamespace(runs=lambda path: runs if path == "team/ladder" else [], run=lambda _: runs[0])
    found = read_project("team/ladder", Asked(), api)
    assert found.frame["run"].to_list() == ["a-id1", "a-id2"]
    assert found.frame["status"].to_list() == ["ok", "running"]
    assert found.frame["is_final"].to_list() == [True, False]
    assert found.frame["loss/validation"].to_list() == [2.5, 2.5]
    assert found.frame["n_params"].to_list() == [1e6, 1e6]
    assert read_project("team/ladder/id1", Asked(), api).frame["run"].to_list() == ["a"]
    with pytest.raises(DataError, match=r"^team/other: the project has no runs\."):
        read_project("team/other", Asked(), api)


def test_a_project_that_the_server_does_not_give_says_why():
    def refuse(_):
        raise ValueError("Could not find project ladder.")

    with pytest.raises(
        DataError, match=r"^team/ladder is no folder here, and wandb's server does not give it: Could not"
    ):
        read_project("team/ladder", Asked(), SimpleNamespace(runs=refuse))


METRICS = {"val/web/loss": [(1, 3.5), (2, 3.4)], "n_tokens_seen": [(1, 100.0), (2, 200.0)], "lr": [(1, 0.1)]}


class Tracking(BaseHTTPRequestHandler):
    """The three calls of MLflow's REST API that the importer makes, answered in pages of one."""

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("experiments/search"):
            return self._answer({"experiments": [{"experiment_id": "7"}]})
        assert body["experiment_ids"] == ["7"]
        number = 1 if body.get("page_token") else 0
        run = {
            "info": {"run_id": f"id{number}", "run_name": f"run-{number}", "status": ("FINISHED", "FAILED")[number]},
            "data": {
                "metrics": [{"key": key} for key in METRICS],
                "params": [{"key": "n_params", "value": "1e6"}, {"key": "optimizer", "value": "adam"}],
            },
        }
        return self._answer({"runs": [run], **({} if number else {"next_page_token": "next"})})

    def do_GET(self):
        asked_for = parse_qs(urlparse(self.path).query)
        points = METRICS[asked_for["metric_key"][0]]
        first = not asked_for.get("page_token")
        step, value = points[0 if first else 1]
        more = {"next_page_token": "next"} if first and len(points) > 1 else {}
        self._answer({"metrics": [{"key": "x", "value": value, "step": step, "timestamp": 1}], **more})

    def _answer(self, plain):
        body = json.dumps(plain).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def tracking():
    with HTTPServer(("127.0.0.1", 0), Tracking) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", ["", "/#/experiments/7"])
def test_a_tracking_server_of_mlflow_is_read_page_by_page(tracking, page):
    found = import_runs("mlflow", tracking + page)
    assert found.frame["run"].to_list() == ["run-0"] * 2 + ["run-1"] * 2
    assert found.frame["loss/web"].to_list() == [3.5, 3.4] * 2
    assert found.frame["n_tokens"].to_list() == [100.0, 200.0] * 2
    assert found.frame["is_final"].to_list() == [False, True, False, False]
    assert found.frame["n_params"].unique().to_list() == [1e6]


def test_a_server_that_is_not_there_says_so():
    with pytest.raises(DataError, match=r"^http://127\.0\.0\.1:9/.* does not answer: .*\. Check the URL"):
        import_runs("mlflow", "http://127.0.0.1:9")


def test_scalars_that_tensorflow_wrote_as_tensors_are_read(tmp_path):
    pytest.importorskip("tensorboard")
    import struct

    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

    tensors = [
        TensorProto(dtype=1, float_val=[3.5]),
        TensorProto(dtype=1, tensor_content=struct.pack("<f", 3.25)),
        TensorProto(dtype=2, tensor_content=struct.pack("<d", 3.125)),
        TensorProto(dtype=7, string_val=[b"text"]),
    ]
    with (tmp_path / "events.out.tfevents.1").open("wb") as file:
        for step, tensor in enumerate(tensors, 1):
            event = Event(step=step, summary=Summary(value=[Summary.Value(tag="eval_loss", tensor=tensor)]))
            message = event.SerializeToString()
            file.write(struct.pack("<QI", len(message), 0) + message + b"\0" * 4)
    found = import_runs("tensorboard", tmp_path, run_name="a")
    assert found.frame["loss/validation"].to_list() == [3.5, 3.25, 3.125]


def test_what_was_written_later_at_the_same_step_counts(tmp_path):
    pytest.importorskip("torch")
    from torch.utils.tensorboard import SummaryWriter

    for number, value in ((1, 3.5), (2, 3.25)):
        with SummaryWriter(str(tmp_path), filename_suffix=f".{number}") as writer:
            writer.add_scalar("eval_loss", value, 10)
    found = import_runs("tensorboard", tmp_path)
    assert found.frame["loss/validation"].to_list() == [3.25]
    again = "logged again later at the same step, with another value: the last one counts"
    assert [(each.what, each.count) for each in found.skipped if each.why == again] == [("eval_loss", 1)]


def store_of_mlflow(path, values):
    """An SQLite store with the columns that are read, as MLflow's own schema has them."""
    with closing(sqlite3.connect(path)) as store:
        store.executescript("""
            CREATE TABLE runs (run_uuid TEXT, name TEXT, status TEXT, lifecycle_stage TEXT, start_time BIGINT);
            CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
            CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT, step BIGINT, is_nan BOOLEAN);
            INSERT INTO runs VALUES ('x', 'a', 'FINISHED', 'active', 1);
        """)
        rows = [("eval_loss", value, step, "x", step, False) for step, value in enumerate(values)]
        store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        store.commit()
    return path


def test_infinity_as_mlflow_s_sql_store_writes_it_is_no_number(tmp_path):
    largest = 1.7976931348623157e308
    found = import_runs("mlflow", store_of_mlflow(tmp_path / "mlflow.db", [3.5, largest, -largest, 3.25]))
    assert found.frame["loss/validation"].to_list() == [3.5, 3.25]
    assert ("eval_loss", "not a finite number", 2) in [(each.what, each.why, each.count) for each in found.skipped]


def test_what_a_restart_trained_again_counts_and_its_own_tail_does_not(tmp_path):
    pytest.importorskip("torch")
    from torch.utils.tensorboard import SummaryWriter

    for number, steps in ((1, (100, 200, 300, 400)), (2, (250, 350))):
        with SummaryWriter(str(tmp_path), filename_suffix=f".{number}") as writer:
            for step in steps:
                writer.add_scalar("eval_loss", 3.0 + number - step / 1000, step)
    found = import_runs("tensorboard", tmp_path)
    assert found.frame["step"].to_list() == [100, 200, 250, 350]
    assert ("eval_loss", 2) in [(each.what, each.count) for each in found.skipped]
    assert "steps-begin-again" not in [finding.code for finding in found.findings]


def test_a_second_start_in_the_same_folder_is_said(tmp_path):
    pytest.importorskip("torch")
    from torch.utils.tensorboard import SummaryWriter

    for number, steps in ((1, (100, 200, 300)), (2, (100,))):
        with SummaryWriter(str(tmp_path), filename_suffix=f".{number}") as writer:
            for step in steps:
                writer.add_scalar("eval_loss", 3.0 + number, step)
    assert "steps-begin-again" in [finding.code for finding in import_runs("tensorboard", tmp_path).findings]


def test_values_of_mlflow_s_stores_that_are_no_numbers_are_counted(tmp_path):
    run = tmp_path / "mlruns" / "1" / "abc"
    (run / "metrics").mkdir(parents=True)
    (run / "meta.yaml").write_text("run_id: abc\nstatus: 3\nlifecycle_stage: active\n")
    (run / "metrics" / "eval_loss").write_text(f"1 3.5 {10**30}\n1 nan 50\n1 3.4 100\n")
    found = import_runs("mlflow", tmp_path / "mlruns")
    assert found.frame["loss/validation"].to_list() == [3.4]
    said = [(each.what, each.count) for each in found.skipped]
    assert said == [("eval_loss", 1), ("line of eval_loss", 1), ("rows", 1)]
    path = store_of_mlflow(tmp_path / "mlflow.db", [3.5, "oops", None, b"x", 3.25])
    found = import_runs("mlflow", path)
    assert found.frame["loss/validation"].to_list() == [3.5, 3.25]


def test_a_view_in_mlflow_s_store_is_not_run(tmp_path):
    path = store_of_mlflow(tmp_path / "mlflow.db", [3.5])
    endless = (
        "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT 'a' AS key, n AS value, 'x' AS run_uuid"
    )
    with closing(sqlite3.connect(path)) as store:
        store.executescript(f"DROP TABLE params; CREATE VIEW params AS {endless} FROM t;")
    with pytest.raises(DataError, match=r"it lacks one of the tables runs, params, metrics\. Name mlflow\.db"):
        import_runs("mlflow", path)


@pytest.mark.parametrize("answer", [{"runs": 3}, {"runs": [3, {"info": None, "data": {"metrics": 5}}]}, {}])
def test_a_server_that_answers_otherwise_than_mlflow_ends_in_a_sentence(answer):
    with pytest.raises(DataError, match=r"\.$"):
        read_server("http://host/#/experiments/7", asked(), lambda *_: answer)


def test_a_connection_to_wandb_s_server_that_breaks_ends_in_a_sentence():
    def scan_history(page_size):
        yield {"_step": 1, "eval_loss": 3.0}
        raise ConnectionError("reset by peer")

    run = SimpleNamespace(name="a", id="1", config={}, state="finished", scan_history=scan_history)
    api = SimpleNamespace(runs=lambda _: [run])
    with pytest.raises(DataError, match=r"wandb's server does not give it: reset by peer\. Check the path"):
        read_project("team/project", asked(), api)


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b""])
def test_a_server_that_breaks_off_or_speaks_another_language_ends_in_a_sentence(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(DataError, match=r"/search (does not answer|cannot be read): .+[.?]$"):
            import_runs("mlflow", f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
