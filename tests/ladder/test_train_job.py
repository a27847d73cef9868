"""One rung, trained, killed, resumed, diverged."""

import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import polars as pl
import pytest

import foretell
from foretell.errors import DataError
from foretell.ladder.read_plan import read_plan
from foretell.ladder.rows import read_rows
from foretell.ladder.runs_of import jobs_of

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from foretell.ladder import safe_files, train_run
from foretell.ladder.divergence import divergence
from foretell.ladder.train_job import train_job

RUN = "14K-2.56K-code30-prose70-s0"


def train(plan, folder, index=0, listen=lambda *_: None):
    train_job(plan, folder, index, precision="fp32", listen=listen)


def weights(folder, run=RUN):
    from safetensors.torch import load_file

    return {path.parent.name: load_file(path) for path in sorted((folder / run).glob("step-*/model.safetensors"))}


def token_file(folder, name):
    from foretell.ladder.tokens import read_token_file

    (path,) = (folder / "tokens").glob(f"{name}-*.bin")
    return read_token_file(path)


def same_weights(one, other):
    return one.keys() == other.keys() and all(
        torch.equal(one[step][name], other[step][name]) for step in one for name in one[step]
    )


@pytest.fixture
def plan(write_plan):
    return read_plan(write_plan(("[hardware]", "[hardware]\nsave_seconds = 0")))


@pytest.fixture(scope="module")
def whole(tmp_path_factory, text_folder):
    """The first rung, trained without a break."""
    from tests.ladder.conftest import PLAN

    path = text_folder / "whole.toml"
    path.write_text(PLAN.replace("[hardware]", "[hardware]\nsave_seconds = 0"), encoding="utf-8")
    folder = tmp_path_factory.mktemp("whole")
    train(read_plan(path), folder)
    return folder


def test_each_checkpoint_is_a_row_with_losses_of_every_domain(whole):
    runs = foretell.load_runs(whole / "runs.parquet")
    frame = runs.frame
    assert frame["step"].to_list() == [1, 3, 7, 20]
    assert frame["is_final"].to_list() == [False, False, False, True]
    assert set(frame["status"]) == {"ok"}
    assert set(frame["family"]) == {"micro"}
    assert frame["n_tokens"].to_list() == [step * 4 * 32 for step in (1, 3, 7, 20)]
    assert frame["flops"].to_list() == [6.0 * 13_456 * tokens for tokens in frame["n_tokens"]]
    assert frame.select("share/code", "share/prose").row(0) == (0.3, 0.7)
    assert frame["unique_tokens/code"].n_unique() == 1
    assert sorted(runs.losses) == ["loss/code", "loss/prose"]
    assert runs.metadata.n_params_kind == "non_embedding"
    for domain in ("code", "prose"):
        assert frame[f"loss/{domain}"][0] == pytest.approx(math.log(300), rel=0.1)  # it guesses
        assert frame[f"loss/{domain}"][-1] < frame[f"loss/{domain}"][0]


def test_bits_per_byte_are_the_loss_over_the_bytes_of_the_same_text(whole, plan):
    file = token_file(whole, "code.held_out")
    row = read_rows(whole / RUN)[-1]
    assert row["bpb/code"] == pytest.approx(row["loss/code"] / math.log(2) * (file.n_tokens - 1) / file.n_bytes)


def test_the_loss_of_a_row_is_that_of_the_weights_beside_it(whole):
    from transformers import LlamaForCausalLM

    from foretell.ladder.precision import Precision
    from foretell.ladder.validation import validate

    model = LlamaForCausalLM.from_pretrained(whole / RUN / "step-20").eval()
    file = token_file(whole, "prose.held_out")
    found = validate(model, file, length=32, batch=4, precision=Precision("fp32"))
    assert found.loss == pytest.approx(read_rows(whole / RUN)[-1]["loss/prose"], rel=1e-6)


class Killed(BaseException):
    """Stands in for SIGKILL where a process of its own would cost seconds."""


def killed_at(plan, folder, run, step):
    """Train until the step is done and nothing of it is kept."""

    def listen(name, done, _):
        if (name, done) == (run, step):
            raise Killed

    with pytest.raises(Killed):
        train(plan, folder, listen=listen)


def test_stopped_at_any_step_and_resumed_it_ends_with_the_same_weights_and_rows(whole, plan, tmp_path):
    for step in (1, 3, 4, 12, 19):
        killed_at(plan, tmp_path, RUN, step)
    steps = []
    train(plan, tmp_path, listen=lambda run, step, figures: steps.append(step))
    assert steps[0] == 19  # all before it was saved
    assert same_weights(weights(whole), weights(tmp_path))
    assert read_rows(tmp_path / RUN) == read_rows(whole / RUN)
    assert pl.read_parquet(tmp_path / "runs.parquet").equals(pl.read_parquet(whole / "runs.parquet"))
    assert not list((tmp_path / RUN).glob("*.pt"))


def test_stopped_within_any_write_it_never_reads_half_of_it(whole, plan, tmp_path, monkeypatch):
    """Every file is synced before it takes its name: stop just before that, with half of its bytes gone."""
    sync = safe_files._sync
    for n in (1, 2, 5, 9, 14, 20, 27):
        left = n

        def sync_or_stop(path):
            nonlocal left
            left -= 1
            if left == 0:
                if path.is_file():
                    os.truncate(path, path.stat().st_size // 2)
                raise Killed
            sync(path)

        monkeypatch.setattr(safe_files, "_sync", sync_or_stop)
        with pytest.raises(Killed):
            train(plan, tmp_path)
    monkeypatch.setattr(safe_files, "_sync", sync)
    train(plan, tmp_path)
    assert same_weights(weights(whole), weights(tmp_path))
    assert read_rows(tmp_path / RUN) == read_rows(whole / RUN)


DIES = """
import os, signal, sys
from pathlib import Path
import torch
from foretell.ladder.read_plan import read_plan
from foretell.ladder.train_job import train_job

save = torch.save
def save_half(state, path):
    save(state, path)
    if state["step"] == 12:
        os.truncate(path, path.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)
torch.save = save_half
train_job(read_plan(sys.argv[1]), Path(sys.argv[2]), 0, precision="fp32", listen=lambda *_: None)
"""


def test_a_real_kill_within_a_saved_state_loses_one_step_and_nothing_else(whole, plan, tmp_path):
    dead = subprocess.run([sys.executable, "-c", DIES, plan.path, tmp_path], capture_output=True, check=False)
    assert dead.returncode == -signal.SIGKILL
    assert list((tmp_path / RUN).glob(".state.pt.*"))  # half of it
    steps = []
    train(plan, tmp_path, listen=lambda run, step, figures: steps.append(step))
    assert steps[0] == 12
    assert not list((tmp_path / RUN).glob(".state.pt.*"))
    assert same_weights(weights(whole), weights(tmp_path))
    assert read_rows(tmp_path / RUN) == read_rows(whole / RUN)


def test_a_finished_run_is_not_done_again(whole, plan):
    before = (whole / RUN / "rows.jsonl").stat().st_mtime_ns
    train(plan, whole, listen=lambda *_: pytest.fail("it trained"))
    assert (whole / RUN / "rows.jsonl").stat().st_mtime_ns == before


def test_micro_batches_give_the_losses_of_the_whole_batch(whole, plan, tmp_path):
    parts = replace(plan, hardware=replace(plan.hardware, micro_batch=1))
    train(parts, tmp_path)
    expected, found = read_rows(whole / RUN)[-1], read_rows(tmp_path / RUN)[-1]
    assert found["loss/prose"] == pytest.approx(expected["loss/prose"], rel=1e-4)


def test_only_the_last_weights_are_kept_where_told(plan, tmp_path):
    train_job(plan, tmp_path, 0, precision="fp32", keep="last", listen=lambda *_: None)
    assert [path.name for path in (tmp_path / RUN).glob("step-*")] == ["step-20"]


def test_a_run_that_diverges_says_why_and_stays_so(plan, tmp_path):
    rung = replace(plan.rungs[0], learning_rate=1e20)
    train(replace(plan, rungs=(rung,)), tmp_path)
    (*_, last) = rows = read_rows(tmp_path / RUN)
    assert last["status"] == "diverged"
    assert re.match(r"the (training loss|gradient norm) of step \d+ is (nan|inf)\.", last["reason"])
    assert "loss/code" not in last
    train(replace(plan, rungs=(rung,)), tmp_path, listen=lambda *_: pytest.fail("it trained"))
    assert read_rows(tmp_path / RUN) == rows
    assert foretell.load_runs(tmp_path / "runs.parquet").frame["status"].to_list()[-1] == "diverged"


def test_a_loss_far_above_a_guess_is_a_divergence():
    assert divergence([6.0] * 20, 300, 20) is None
    assert divergence([9.0] * 19, 300, 19) is None  # a short peak is none
    reason = "the mean training loss of 20 steps up to 20 is 9, above 8.56, 1.5 times that of a uniform guess."
    assert divergence([9.0] * 20, 300, 20) == reason
    assert divergence([math.nan], 300, 1) == "the training loss of step 1 is nan."


def test_a_run_is_not_resumed_with_other_settings(whole, plan):
    rung = replace(plan.rungs[0], learning_rate=0.5)
    (whole / RUN / "rows.jsonl").rename(whole / RUN / "kept")
    try:
        with pytest.raises(
            DataError, match=r"was begun with learning_rate 0\.0.*, and the plan now says 0\.5\. Name the rung"
        ):
            train(replace(plan, rungs=(rung,)), whole)
    finally:
        (whole / RUN / "kept").rename(whole / RUN / "rows.jsonl")


def test_a_run_that_another_process_trains_is_left_alone(plan, tmp_path, monkeypatch):
    import fcntl

    from foretell.ladder import train_job as module

    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.0)
    (tmp_path / RUN).mkdir()
    with (tmp_path / RUN / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match=f"{RUN} is being trained by another process"):
            train(plan, tmp_path)


@pytest.fixture
def wsd(write_plan):
    return read_plan(write_plan(("batch = 4", 'batch = 4\nkind = "wsd"\nbranches = [0.5, 0.75]')))


def test_branches_decay_from_the_trunk_and_are_final_rows_of_their_own(wsd, tmp_path):
    train(wsd, tmp_path)
    finals = foretell.load_runs(tmp_path / "runs.parquet").final_rows().frame.sort("n_tokens")
    assert finals["run"].to_list() == [f"{RUN}-at-1.28K", f"{RUN}-at-1.92K", RUN]
    assert finals["n_tokens"].to_list() == [1280, 1920, 2560]
    assert not list(tmp_path.rglob("*.pt"))


def test_a_killed_branch_ends_as_if_it_were_not(wsd, tmp_path):
    train(wsd, tmp_path / "whole")
    branch = f"{RUN}-at-1.28K"
    for name, last in ((RUN, 15), (branch, 9)):
        killed_at(wsd, tmp_path / "killed", name, last)
    train(wsd, tmp_path / "killed")
    for run in [job_run.name for job_run in jobs_of(wsd)[0].runs]:
        assert same_weights(weights(tmp_path / "whole", run), weights(tmp_path / "killed", run))
        assert read_rows(tmp_path / "whole" / run) == read_rows(tmp_path / "killed" / run)


def test_a_branch_equals_a_run_that_decays_there(wsd, tmp_path):
    """Trained from the first step with the branch's course on the trunk's text."""
    train(wsd, tmp_path)
    job = jobs_of(wsd)[0]
    straight = replace(job.branches[0], name="straight", trunk=None, first_step=0)
    from foretell.ladder.devices import Devices
    from foretell.ladder.layout import Layout
    from foretell.ladder.precision import Precision
    from foretell.ladder.prepare import prepare

    layout = Layout(tmp_path)
    trainer = train_run.build_trainer(
        wsd,
        layout,
        prepare(wsd, layout),
        straight,
        Precision("fp32"),
        Devices(torch.device("cpu")),
        keep="last",
        listen=lambda *_: None,
    )
    train_run.train_run(trainer, straight)
    expected, found = (read_rows(tmp_path / name)[-1] for name in (job.branches[0].name, "straight"))
    assert found["loss/code"] == expected["loss/code"]


def test_a_state_left_by_a_kill_after_the_last_row_goes_with_the_next_start(wsd, tmp_path):
    train(wsd, tmp_path)
    left = [tmp_path / RUN / "state.pt", tmp_path / RUN / "fork-8.pt", tmp_path / f"{RUN}-at-1.28K" / "state.pt"]
    for path in left:
        path.write_bytes(b"left")
    train(wsd, tmp_path)
    assert not any(path.exists() for path in left)
