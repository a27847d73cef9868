"""The learning rate over a run, and its checkpoints."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from foretell.ladder.plan import Schedule
from foretell.ladder.schedule import Course, checkpoint_steps


def test_a_cosine_warms_up_peaks_and_ends_at_its_floor():
    course = Course(Schedule(warmup=0.1, final_fraction=0.1), peak=1.0, n_steps=100, trunk_steps=100)
    rates = [course.learning_rate(step) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert rates[54] == pytest.approx(0.55)  # half way down
    assert rates[-1] == pytest.approx(0.1)
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_wsd_is_flat_until_it_decays_in_a_line():
    course = Course(Schedule("wsd", warmup=0.1, decay=0.2, final_fraction=0.0), peak=1.0, n_steps=100, trunk_steps=100)
    rates = [course.learning_rate(step) for step in range(100)]
    assert rates[9:80] == pytest.approx([1.0] * 71)
    assert rates[80:] == pytest.approx([(20 - i) / 21 for i in range(20)])


def test_a_branch_goes_as_its_trunk_until_it_leaves():
    schedule = Schedule("wsd", decay=0.2)
    trunk = Course(schedule, peak=1.0, n_steps=100, trunk_steps=100)
    branch = Course(schedule, peak=1.0, n_steps=50, trunk_steps=100)
    shared = range(branch.decay_start)
    assert [branch.learning_rate(i) for i in shared] == [trunk.learning_rate(i) for i in shared]
    assert branch.learning_rate(branch.decay_start) < trunk.learning_rate(branch.decay_start)


@given(some.integers(1, 100_000), some.integers(1, 40))
def test_checkpoints_are_as_many_as_asked_for_and_include_the_last_step(n_steps, count):
    steps = checkpoint_steps(n_steps, count)
    assert steps == sorted(set(steps))
    assert len(steps) == min(count, n_steps)
    assert steps[0] >= 1
    assert steps[-1] == n_steps
