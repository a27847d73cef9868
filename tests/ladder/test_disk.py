"""What a ladder still writes, and what is said where the disk does not take it."""

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from foretell.errors import DataError
from foretell.io import write_table
from foretell.ladder.disk import BYTES_PER_PARAM, BYTES_PER_STATE, needed_bytes
from foretell.ladder.expected import note_runs
from foretell.ladder.layout import Layout
from foretell.ladder.read_plan import read_plan
from foretell.ladder.runs_of import jobs_of
from foretell.ladder.safe_files import replace_folder, write_durably, write_json
from foretell.runs import build_runs

torch = pytest.importorskip("torch")


@pytest.fixture
def plan(write_plan):
    return read_plan(write_plan())


@pytest.fixture
def layout(tmp_path, plan):
    layout = Layout(tmp_path)
    note_runs(layout, jobs_of(plan))  # its tokens are made
    return layout


def needed(plan, layout, **changes):
    return needed_bytes(plan, layout, **{"keep": "all", "at_once": 1, **changes})


def finish(layout, run, step):
    layout.run(run.name).mkdir(exist_ok=True)
    row = {"step": step, "is_final": step == run.n_steps, "status": "ok"}
    (layout.run(run.name) / "rows.jsonl").write_text(f"{json.dumps(row)}\n", encoding="utf-8")


def test_weights_are_counted_for_each_checkpoint_and_a_state_for_each_job_at_once(plan, layout):
    small, large = (job.trunk.rung.shape.n_params_total for job in jobs_of(plan))
    weights = 4 * BYTES_PER_PARAM * (small + large)
    assert needed(plan, layout) == weights + 2 * BYTES_PER_STATE * large
    assert needed(plan, layout, at_once=2) == weights + 2 * BYTES_PER_STATE * (small + large)
    assert needed(plan, layout, at_once=None) == needed(plan, layout, at_once=2)
    assert needed(plan, layout, keep="last") == weights / 4 + 2 * BYTES_PER_STATE * large


def test_what_is_there_is_not_counted_again(plan, layout):
    first, second = jobs_of(plan)
    finish(layout, first.trunk, 20)
    n_params = second.trunk.rung.shape.n_params_total
    assert needed(plan, layout) == (4 * BYTES_PER_PARAM + 2 * BYTES_PER_STATE) * n_params
    for step in (1, 3):
        (layout.run(second.trunk.name) / f"step-{step}").mkdir(parents=True)
    layout.state(second.trunk.name).write_bytes(bytes(1000))
    assert needed(plan, layout) == (2 * BYTES_PER_PARAM + 2 * BYTES_PER_STATE) * n_params - 1000
    finish(layout, second.trunk, 20)
    assert needed(plan, layout) == 0


def test_tokens_are_counted_until_they_are_made(plan, tmp_path):
    new = Layout(tmp_path / "new")
    with_tokens = needed(plan, new)
    note_runs(new, jobs_of(plan))
    text = sum(path.stat().st_size for source in plan.sources.values() for path in (*source.files, *source.held_out))
    assert with_tokens - needed(plan, new) == 2 * text


@contextmanager
def tiny_disk(folder):
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class Full(RuntimeError):
    """Stands in for SafetensorError and the bare exceptions of tokenizers."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
        Full("Error while serializing: I/O error: No space left on device (os error 28)"),
        Exception("No space left on device (os error 28)"),
    ],
    ids=["python", "torch", "safetensors", "tokenizers"],
)
def test_every_library_that_finds_the_disk_full_ends_in_one_sentence(tmp_path, error, monkeypatch):
    from foretell.ladder import safe_files

    monkeypatch.setattr(safe_files, "_free_bytes", lambda _: 0)

    def write(_):
        raise error

    for name, writes in (("state.pt", write_durably), ("step-20", replace_folder)):
        with pytest.raises(DataError, match=rf"{name} cannot be written: No space left on device\. Free some space"):
            writes(tmp_path / name, write)
        assert not list(tmp_path.iterdir())


def test_an_error_that_is_no_full_disk_stays_what_it_is(tmp_path):
    def write(_):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        write_durably(tmp_path / "state.pt", write)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a disk")
def test_a_disk_that_is_really_full_ends_in_one_sentence(tmp_path):
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models

    large = {"weight": torch.zeros(100_000)}
    words = Tokenizer(models.WordLevel({str(i): i for i in range(20_000)}, unk_token="0"))
    noise = np.random.default_rng(0).random(9000) + 1
    columns = {"run": [f"r{i}" for i in range(9000)], "n_params": noise * 1e6, "n_tokens": noise * 1e9}
    table = build_runs(pl.DataFrame({**columns, "flops": noise * 6e15, "loss/code": noise}))
    with tiny_disk(tmp_path) as disk:
        for write in (
            lambda: write_durably(disk / "state.pt", lambda path: torch.save(large, path)),
            lambda: replace_folder(disk / "step-1", lambda path: save_file(large, path / "model.safetensors")),
            lambda: replace_folder(disk / "tokenizer", lambda path: words.save(str(path / "tokenizer.json"))),
            lambda: write_json(disk / "rows.json", ["x" * 100_000]),
            lambda: write_table(table, disk / "runs.parquet"),
        ):
            with pytest.raises(DataError, match=r" cannot be written: No space left on device\. Free some space"):
                write()
            assert not list(disk.iterdir())


def test_a_branch_keeps_its_end_only(plan, layout):
    wsd = replace(plan, schedule=replace(plan.schedule, kind="wsd", branches=(0.5,)), rungs=plan.rungs[:1])
    n_params = plan.rungs[0].shape.n_params_total
    assert needed(wsd, layout) == (5 * BYTES_PER_PARAM + 3 * BYTES_PER_STATE) * n_params
