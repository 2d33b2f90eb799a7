"""The till's clock: corrected by the hub, deaf to jumps, never backwards in the journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.clock import DOUBTED_S, OFF_MIN, Checked, ClockTrouble, TillClock, corrected, stamp, trouble_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
OFFSETS = st.timedeltas(timedelta(days=-400), timedelta(days=400))


@given(OFFSETS, st.lists(st.tuples(OFFSETS, st.floats(0, 3600)), max_size=10))
def test_the_journals_time_never_runs_backwards(first: timedelta, jumps: list[tuple[timedelta, float]]) -> None:
    """Whatever the PC's clock does, checked or not, no event is older than the one before it."""
    checked = Checked(NOON, NOON + first, 0.0)
    last, elapsed_s = LONG_AGO, 0.0
    for number, (jump, passed_s) in enumerate(jumps):
        elapsed_s += passed_s
        made = stamp(NOON + jump, elapsed_s, checked if number % 2 else None, last)
        assert made.time >= last
        last = made.time


@given(OFFSETS, st.floats(0, 86_400 * 30))
def test_a_checked_clock_shows_the_hubs_time_however_wrong_the_pc_is(wrong: timedelta, passed_s: float) -> None:
    """The offset is learnt once and holds for a month offline."""
    checked = Checked(NOON, NOON + wrong, 50.0)
    passed = timedelta(seconds=passed_s)
    made = stamp(NOON + wrong + passed, 50.0 + passed_s, checked, LONG_AGO)
    assert abs(made.time - (NOON + passed)) < timedelta(milliseconds=1)
    assert not made.unchecked


@given(OFFSETS.filter(lambda jump: abs(jump) > timedelta(minutes=30)), st.floats(0, 86_400))
def test_a_jump_of_the_pcs_clock_changes_nothing_once_it_was_checked(jump: timedelta, passed_s: float) -> None:
    """A year forward or back while the till runs: the elapsed time since the hub was heard is believed."""
    checked = Checked(NOON, NOON, 0.0)
    passed = timedelta(seconds=passed_s)
    assert abs(corrected(NOON + passed + jump, passed_s, checked) - (NOON + passed)) < timedelta(milliseconds=1)


def test_an_unchecked_clock_is_flagged_and_so_is_a_held_back_time() -> None:
    """An auditor can see which times to doubt; the business day never comes from a held time."""
    assert stamp(NOON, 0.0, None, LONG_AGO).unchecked
    next_year = NOON + timedelta(days=365)
    held = stamp(NOON, 0.0, Checked(NOON, NOON, 0.0), next_year)
    assert (held.time, held.real, held.unchecked) == (next_year, NOON, True)


def test_the_offset_is_told_in_milliseconds() -> None:
    """For the hub's overview of the fleet."""
    clock = TillClock(lambda: NOON, lambda: 0.0)
    assert clock.offset_ms is None
    clock.learn(Checked(NOON + timedelta(seconds=90), NOON, 0.0))
    assert clock.offset_ms == 90_000
    assert clock.now() == NOON + timedelta(seconds=90)


@given(OFFSETS, OFFSETS, st.floats(0, 86_400 * 30))
def test_a_clock_that_the_hub_has_checked_is_called_wrong_by_what_it_is(
    before: timedelta, after: timedelta, passed_s: float
) -> None:
    """Whether it was wrong when the hub was heard or jumped since: what a person has to set it by is told."""
    passed = timedelta(seconds=passed_s)
    found = trouble_of(NOON + passed + after, passed_s, Checked(NOON, NOON + before, 0.0), LONG_AGO)
    slack = timedelta(seconds=31 + passed_s * 0.0005)
    if abs(after) >= OFF_MIN + slack:
        assert found is not None
        assert found.kind == "off"
        assert abs(found.off - after) <= slack
    elif abs(after) < OFF_MIN - slack:
        assert found is None


@given(OFFSETS)
def test_an_unchecked_clock_is_doubted_only_where_it_is_behind_the_last_event(off: timedelta) -> None:
    """Ahead of it is what clocks are; nobody knows more before the hub was heard."""
    found = trouble_of(NOON + off, 0.0, None, NOON)
    assert found == (ClockTrouble("behind", off) if off <= -OFF_MIN else None)


def test_waits_follow_a_time_that_nobody_can_set() -> None:
    """The steady time goes on from the start, whatever the clock shows."""
    wall, elapsed_s = [NOON], [100.0]
    clock = TillClock(lambda: wall[0], lambda: elapsed_s[0])
    wall[0] += timedelta(days=365)
    elapsed_s[0] += 20
    assert (clock.begun, clock.steady()) == (NOON, NOON + timedelta(seconds=20))


FAR = OFFSETS.filter(lambda off: abs(off) > timedelta(minutes=60))


@given(FAR, st.timedeltas(timedelta(minutes=-1), timedelta(minutes=1)), st.floats(0, 3_000))
def test_a_hub_whose_clock_jumps_is_not_believed_against_what_it_said_and_this_pcs_clock(
    jump: timedelta, wrong: timedelta, passed_s: float
) -> None:
    """Sales are not dated a year off because of one machine in the office; when that is mended it is believed again."""
    clock = TillClock(lambda: NOON, lambda: 0.0)
    passed = timedelta(seconds=passed_s)
    clock.learn(Checked(NOON, NOON + wrong, 0.0))
    before = clock.offset_ms
    clock.learn(Checked(NOON + passed + jump, NOON + passed + wrong, passed_s))
    assert clock.offset_ms == before
    clock.learn(Checked(NOON + passed + timedelta(seconds=1), NOON + passed + wrong, passed_s))
    assert clock.offset_ms == before + 1_000  # type: ignore[operator] # it was told above


@given(FAR, FAR)
def test_a_hub_that_was_wrong_first_is_believed_as_soon_as_it_agrees_with_this_pc(
    jump: timedelta, off: timedelta
) -> None:
    """Else its mistake at the till's start would outlast its mending. Two against one: the newest word and the PC."""
    clock = TillClock(lambda: NOON, lambda: 0.0)
    clock.learn(Checked(NOON + jump, NOON, 0.0))
    clock.learn(Checked(NOON, NOON, 60.0))
    assert clock.offset_ms == 0
    pc = TillClock(lambda: NOON, lambda: 0.0)  # and however wrong the PC is, a hub that goes on as it said is believed
    pc.learn(Checked(NOON, NOON + off, 0.0))
    pc.learn(Checked(NOON + timedelta(seconds=61), NOON + off + timedelta(seconds=60), 60.0))
    assert pc.offset_ms == round((timedelta(seconds=1) - off) / timedelta(milliseconds=1))


@given(FAR, FAR)
def test_a_hub_that_stays_with_its_new_time_is_believed_in_the_end(jump: timedelta, wrong: timedelta) -> None:
    """A PC that is wrong, and a hub that was mended: nobody is right but the one who keeps to it."""
    clock = TillClock(lambda: NOON, lambda: 0.0)
    clock.learn(Checked(NOON, NOON + wrong, 0.0))
    told = 0.0
    while told <= DOUBTED_S + 600:
        told += 600
        passed = timedelta(seconds=told)
        clock.learn(Checked(NOON + passed + jump, NOON + passed + wrong, told))
    assert clock.offset_ms == round((jump - wrong) / timedelta(milliseconds=1))
