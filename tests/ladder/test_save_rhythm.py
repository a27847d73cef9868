"""States are saved often enough to lose little, and seldom enough to cost little."""

import pytest

from foretell.ladder.save_rhythm import SaveRhythm


class Clock:
    """A time that goes on when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def share_of_time(save_seconds, save_takes, steps=20_000, step_takes=1.0, checkpoints=()):
    """Train and save by a rhythm; return the share of the time that went into saves, the first one left out."""
    clock = Clock()
    rhythm = SaveRhythm(save_seconds, clock)
    spent, first = 0.0, None
    for step in range(steps):
        clock.now += step_takes
        if rhythm.is_due(at_checkpoint=step in checkpoints):
            with rhythm.saving():
                clock.now += save_takes
            spent, first = (spent + save_takes, first) if first is not None else (0.0, clock.now)
    return spent / (clock.now - first)


def test_a_slow_disk_takes_a_twentieth_of_the_time_at_most():
    assert share_of_time(30.0, 300.0) == pytest.approx(1 / 21, rel=0.1)
    assert share_of_time(30.0, 300.0, checkpoints=range(0, 20_000, 2)) == pytest.approx(1 / 21, rel=0.1)


def test_a_fast_disk_is_written_to_as_told():
    assert share_of_time(30.0, 0.1) == pytest.approx(0.1 / 30.1, rel=0.01)


def test_a_checkpoint_does_not_wait_for_the_seconds():
    clock = Clock()
    rhythm = SaveRhythm(30.0, clock)
    clock.now = 5.0
    assert not rhythm.is_due(at_checkpoint=False)
    assert rhythm.is_due(at_checkpoint=True)


def test_no_seconds_save_every_step_whatever_that_costs():
    clock = Clock()
    rhythm = SaveRhythm(0.0, clock)
    with rhythm.saving():
        clock.now += 10.0
    assert rhythm.is_due(at_checkpoint=False)
