"""The state of a Trainer: parameters from its FLOPs where they are certain, and states that are broken."""

import codecs
import json

import pytest

from foretell.errors import DataError
from foretell.importers import import_runs

N_PARAMS = 177_142_785
TOKENS = 524_288  # of a step


def state(step, *, share=1.0, n_params=N_PARAMS, log=True, **facts):
    """A state as the Trainer writes it; `share` of the tokens are no padding."""
    flops, tokens = float(6 * n_params * TOKENS * step), round(TOKENS * step * share)
    counted = {"num_input_tokens_seen": tokens, "step": step}
    entries = [{**counted, "eval_loss": 3.0}, {**counted, "total_flos": flops, "train_loss": 3.5}]
    return {
        "global_step": step,
        "max_steps": 2000,
        "num_input_tokens_seen": tokens,
        "total_flos": flops,
        "log_history": entries if log else entries[:1],
        **facts,
    }


@pytest.fixture
def saved(tmp_path):
    def save(plain, name="a", encoding="utf-8"):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        text = plain if isinstance(plain, str) else json.dumps(plain, indent=2, sort_keys=True)
        (folder / "trainer_state.json").write_text(text, encoding=encoding)
        return tmp_path / "runs"

    return save


def codes(found):
    return [finding.code for finding in found.findings]


def test_parameters_of_a_real_size_come_from_flops_where_no_token_is_padding(saved):
    found = import_runs("hf-trainer", saved(state(2000)))
    assert found.frame["n_params"].to_list() == [N_PARAMS]
    assert "parameters-from-flops" in codes(found)
    assert found.metadata.flops_convention == "6ND"


@pytest.mark.parametrize("share", [0.99999947, 0.93, 1.0 - 1 / (TOKENS * 2000)])
def test_tokens_without_padding_leave_the_parameters_open_and_say_what_to_set(saved, share):
    folder = saved(state(2000, share=share))
    found = import_runs("hf-trainer", folder)
    assert "n_params" not in found.frame.columns
    assert "parameters-from-flops" not in codes(found)
    said = next(finding for finding in found.findings if finding.code == "parameters-unclear")
    assert said.what.startswith(
        "n_params of 1 run is left open, a: total_flos / (6 x num_input_tokens_seen) is not one"
    )
    assert "--set n_params=COUNT" in said.fix
    found = import_runs("hf-trainer", folder, constants={"n_params": "177M"})
    assert found.frame["n_params"].to_list() == [177e6]
    assert "parameters-unclear" not in codes(found)


def test_entries_that_disagree_leave_the_parameters_open(saved):
    """Each is a whole number by itself."""
    saved(state(1000, n_params=N_PARAMS + 7, log=False), name="a/checkpoint-1000")
    found = import_runs("hf-trainer", saved(state(2000), name="a/checkpoint-2000"))
    assert "n_params" not in found.frame.columns
    assert "parameters-unclear" in codes(found)


@pytest.mark.parametrize("key", ["max_steps", "total_flos", "num_input_tokens_seen"])
@pytest.mark.parametrize("value", ["1000", [3], {"a": 1}, 10**400, None, True], ids=lambda value: str(value)[:10])
def test_counts_that_are_no_numbers_are_as_if_they_were_not_there(saved, key, value):
    found = import_runs("hf-trainer", saved(state(2000, log=False, **{key: value})))
    assert found.frame["loss/validation"].to_list() == [3.0]
    assert ("n_params" in found.frame.columns) == (key == "max_steps")


def test_an_entry_whose_step_is_text_is_counted(saved):
    plain = state(2000)
    plain["log_history"].append({"step": "two thousand", "eval_loss": 2.0})
    found = import_runs("hf-trainer", saved(plain))
    assert found.frame["loss/validation"].to_list() == [3.0]
    assert ("entry of a log", "its step is no number", 1) in [
        (each.what, each.why, each.count) for each in found.skipped
    ]


def test_a_byte_order_mark_does_not_matter(saved):
    folder = saved(state(2000), encoding="utf-8-sig")
    assert (folder / "a" / "trainer_state.json").read_bytes().startswith(codecs.BOM_UTF8)
    assert import_runs("hf-trainer", folder).frame["n_params"].to_list() == [N_PARAMS]


@pytest.mark.parametrize("broken", ["{", json.dumps(state(2000, global_step="x")), "[]"])
def test_a_broken_state_is_counted_and_the_others_are_read(saved, broken):
    saved(broken, name="b")
    with pytest.raises(DataError, match=r"trainer_state\.json"):
        import_runs("hf-trainer", saved(broken, name="b"))
    found = import_runs("hf-trainer", saved(state(2000)))
    assert found.frame["run"].to_list() == ["a"]
    assert [each.count for each in found.skipped if each.what == "trainer_state.json"] == [1]
