"""How much one pass takes: what the plan says, a CPU's cache, or a GPU's memory."""

from dataclasses import replace

import pytest

from foretell.ladder.read_plan import read_plan

torch = pytest.importorskip("torch")

from foretell.ladder.micro_batch import fits_memory, micro_batch

GB = 1e9


@pytest.fixture
def plan(write_plan):
    """A rung of 3B in batches of 256 sequences of 2,048 tokens."""
    changes = [("batch = 4", "batch = 256"), ("sequence_length = 32", "sequence_length = 2048")]
    return read_plan(
        write_plan(*changes, ("vocab_size = 300", "vocab_size = 32_000"), ('n_params = "20k"', 'n_params = "3B"'))
    )


def test_a_large_memory_takes_more_and_always_a_divisor_of_the_batch(plan):
    small, large = plan.rungs
    sizes = [fits_memory(plan, large, memory, "bf16") for memory in (24 * GB, 80 * GB, 192 * GB)]
    assert sizes[0] == 1  # not even the state fits: the error is torch's
    assert sizes == sorted(sizes)
    assert sizes[1] < sizes[2]
    assert all(256 % size == 0 for size in sizes)
    assert fits_memory(plan, small, 80 * GB, "bf16") > 16 * sizes[1]
    assert fits_memory(plan, large, 192 * GB, "fp32") < sizes[2]


def test_a_split_model_leaves_more_room(plan):
    large = replace(plan.rungs[1], devices=8)
    split = replace(plan, hardware=replace(plan.hardware, strategy="fsdp"))
    assert fits_memory(split, large, 80 * GB, "bf16") > fits_memory(plan, large, 80 * GB, "bf16")


def test_a_cpu_and_a_stated_size_are_left_as_they_were(plan):
    rung = plan.rungs[0]
    assert micro_batch(plan, rung, torch.device("cpu"), "bf16") == plan.micro_batch(rung)
    stated = replace(plan, hardware=replace(plan.hardware, micro_batch=8))
    assert micro_batch(stated, rung, torch.device("cuda"), "bf16") == 8


def test_a_gpu_is_asked_for_its_memory(plan, monkeypatch):
    properties = type("Properties", (), {"total_memory": int(80 * GB)})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    rung = plan.rungs[1]
    assert micro_batch(plan, rung, torch.device("cuda"), "bf16") == fits_memory(plan, rung, 80 * GB, "bf16")
