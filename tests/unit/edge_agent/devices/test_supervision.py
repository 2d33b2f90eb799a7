"""How devices come and go."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.supervision import WORKING, Backoff, Supervision, Turn

_RNG = Random(7)  # noqa: S311  jitter is no secret
STEPS = st.sampled_from(["opening", "fine", "hampered", "failed", "gave_up", "vanished"])


def take(supervision: Supervision, step: str, now_s: float) -> Turn:
    """Take a step by its name."""
    if step == "hampered":
        return supervision.hampered("paper_low", now_s)
    if step == "failed":
        return supervision.failed("paper_out", now_s)
    if step == "gave_up":
        return supervision.gave_up("unreachable", now_s)
    if step == "opening":
        return supervision.opening(now_s)
    return supervision.fine(now_s) if step == "fine" else supervision.vanished(now_s)


@given(st.lists(STEPS, max_size=40))
def test_going_and_coming_back_are_told_once_each(steps: list[str]) -> None:
    """Whatever happens, "gone" and "back" alternate, beginning with "gone", and "back" means that it works."""
    supervision = Supervision(Backoff(), _RNG)
    told = []
    for now_s, step in enumerate(steps):
        turn = take(supervision, step, float(now_s))
        if turn in {"gone", "back"}:
            told.append(turn)
            assert (supervision.standing.state in WORKING) is (turn == "back")
    assert told == ["gone", "back"] * (len(told) // 2) + ["gone"] * (len(told) % 2)


@given(st.lists(STEPS, max_size=40))
def test_only_a_backoff_makes_wait(steps: list[str]) -> None:
    """There is a waiting time in BACKOFF, never elsewhere, and it is never longer than agreed."""
    supervision = Supervision(Backoff(longest_s=5.0), _RNG)
    for now_s, step in enumerate(steps):
        take(supervision, step, float(now_s))
        wait_s = supervision.wait_s(float(now_s))
        assert (wait_s > 0) is (supervision.standing.state == "backoff")
        assert wait_s <= 5.0


@given(st.integers(min_value=1, max_value=10_000))
def test_waiting_times_grow_to_a_bound_and_are_jittered(failures: int) -> None:
    """Between (1 - jitter) and the whole of the doubled time, never above the longest."""
    backoff = Backoff(first_s=0.5, longest_s=8.0, jitter=0.25)
    full = min(8.0, 0.5 * 2 ** min(failures - 1, 20))
    assert full * 0.75 <= backoff.wait_s(failures, _RNG) <= full


def test_success_forgets_failures() -> None:
    """After a good time the first new failure waits as briefly as the very first."""
    supervision = Supervision(Backoff(first_s=1.0, jitter=0.0), _RNG)
    for now_s in range(5):
        supervision.gave_up("unreachable", float(now_s))
    supervision.fine(10.0)
    supervision.gave_up("unreachable", 20.0)
    assert supervision.wait_s(20.0) == 1.0


def test_the_time_of_a_state_is_when_it_began() -> None:
    """Being told the same again does not move it."""
    supervision = Supervision(Backoff(), _RNG)
    supervision.failed("paper_out", 3.0)
    assert supervision.failed("paper_out", 9.0) == "same"
    assert supervision.standing.since_s == 3.0
