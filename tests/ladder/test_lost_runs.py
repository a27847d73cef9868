"""Runs lost at their last step, branches that leave before the first one, disks that fill up on the way."""

import json
import math
import re
from dataclasses import replace

import pytest

from foretell.errors import DataError
from foretell.ladder.divergence import divergence, validation_divergence
from foretell.ladder.layout import Layout
from foretell.ladder.plan import Plan
from foretell.ladder.read_plan import read_plan
from foretell.ladder.rows import add_row, read_rows
from foretell.ladder.run_status import is_done
from foretell.ladder.runs_of import jobs_of

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from foretell.ladder import train as training
from foretell.ladder import train_run
from foretell.ladder.train import train
from foretell.ladder.train_job import train_job

FEW = ("n_tokens = 2560", "n_tokens = 384")  # three steps


def launched_here(task, indices, **_):
    """Do what a launcher does, in this process."""
    failures = {}
    for index in indices:
        try:
            options = {"precision": task.precision, "keep": task.keep, "listen": lambda *_: None}
            train_job(task.plan, task.folder, index, prepared=task.prepared, **options)
        except DataError as error:
            failures[index] = str(error)
    return failures


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(training, "launch", launched_here)


def one_rung(plan: Plan, **changes) -> Plan:
    return replace(plan, rungs=(replace(plan.rungs[0], **changes),))


def test_a_last_step_that_spoils_the_weights_is_a_divergence(write_plan, tmp_path, monkeypatch, here):
    step = train_run._step

    def spoil(trainer, run, optimiser, batches, progress):
        done = step(trainer, run, optimiser, batches, progress)
        if done.step == run.n_steps:
            with torch.no_grad():
                next(iter(trainer.model.parameters())).fill_(math.nan)
        return done

    monkeypatch.setattr(train_run, "_step", spoil)
    outcome = train(one_rung(read_plan(write_plan(FEW))), tmp_path)
    (run,) = outcome.runs
    assert (run["status"], run["reason"]) == ("diverged", "the validation loss of code at step 3 is nan.")
    rows = read_rows(tmp_path / run["run"])
    assert [row["status"] for row in rows] == ["ok", "ok", "diverged"]
    assert not (tmp_path / run["run"] / "step-3").exists()
    assert all(not isinstance(value, float) or math.isfinite(value) for row in rows for value in row.values())


def test_a_gradient_that_is_not_finite_is_a_divergence():
    assert divergence([5.0], 300, 7, 2.0) is None
    assert divergence([5.0], 300, 7, math.inf) == "the gradient norm of step 7 is inf."
    assert (
        validation_divergence({"code": 4.0, "prose": math.inf}, 9) == "the validation loss of prose at step 9 is inf."
    )
    assert validation_divergence({"code": 4.0}, 9) is None


def test_a_row_never_holds_what_is_no_json(tmp_path):
    add_row(tmp_path, {"step": 1, "loss/code": math.nan, "bpb/code": math.inf, "flops": 2.0})
    text = (tmp_path / "rows.jsonl").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {
        "step": 1,
        "loss/code": None,
        "bpb/code": None,
        "flops": 2.0,
    }


@pytest.fixture
def early(write_plan):
    """A branch that decays from the first step."""
    wsd = 'batch = 4\nkind = "wsd"\nwarmup = 0\ndecay = 0.8\nbranches = [0.05, 0.9]'
    plan = one_rung(read_plan(write_plan(("batch = 4", wsd))))
    assert [run.first_step for run in jobs_of(plan)[0].branches] == [0, 4]
    return plan


def test_a_branch_may_leave_its_trunk_before_the_first_step(early, tmp_path, here):
    outcome = train(early, tmp_path)
    assert [run["status"] for run in outcome.runs] == ["finished"] * 3
    assert [run["step"] for run in outcome.runs] == [20, 2, 18]
    assert not list(tmp_path.rglob("*.pt"))


def test_only_a_branch_whose_trunk_diverged_is_skipped(early, tmp_path, here):
    lost = one_rung(early, learning_rate=1e20)
    outcome = train(lost, tmp_path)
    trunk, first, second = outcome.runs
    assert trunk["status"] == first["status"] == "diverged"
    assert (second["status"], second["reason"]) == ("skipped", "its trunk diverged before it began.")
    assert is_done(Layout(tmp_path), jobs_of(lost)[0])


def test_a_branch_whose_beginning_is_gone_says_so(early, tmp_path, monkeypatch):
    layout = Layout(tmp_path)
    monkeypatch.setattr(training, "launch", lambda *_, **__: {})
    trunk = jobs_of(early)[0].trunk
    add_row(layout.run(trunk.name), {"step": 20, "is_final": True, "status": "ok", "reason": None})
    monkeypatch.setattr(training, "merge_rows", lambda _: None)
    outcome = train(early, tmp_path)
    assert [run["status"] for run in outcome.runs] == ["finished", "failed", "failed"]
    assert outcome.runs[1]["reason"].startswith(f"the state of {trunk.name} at step 0, which it starts from, is gone.")


def test_a_disk_that_fills_up_on_the_way_fails_the_run_with_a_sentence(write_plan, tmp_path, monkeypatch, here):
    def refuse(*_):
        raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")

    monkeypatch.setattr(torch, "save", refuse)
    outcome = train(one_rung(read_plan(write_plan(FEW))), tmp_path)
    assert outcome.runs[0]["status"] == "failed"
    assert re.search(r"state\.pt cannot be written: .* Free some space", outcome.runs[0]["reason"])
