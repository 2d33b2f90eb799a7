"""One part's tries: lease, breaker, backoff, shared by several processes through the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hub.channels.attempt import LEASE_S, NOT_MINE_S, PartAttempts, Trying
from hub.channels.part import Opened, PartKind
from hub.errors import ChannelError, ChannelUnauthorised, ChannelUnavailable, OutcomeUnknown, StorageUnavailable
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.database import Database
from tests.channel_stage import Clock


class Scripted:
    """A part that does what its script says; None is a step that goes well."""

    def __init__(self, *script: Exception | None) -> None:
        self.script = list(script)
        self.steps = 0

    def step(self, now: datetime) -> float:
        """See Part."""
        del now
        self.steps += 1
        said = self.script.pop(0) if self.script else None
        if said is not None:
            raise said
        return 7.0


def no_part(_: Opened) -> None:
    """Parts are given by the tests themselves."""


def attempts_by(database: Database, clock: Clock, part: Scripted, holder: str = "a", **kind: bool) -> PartAttempts:
    """Tries of the stock part by a process."""
    trying = Trying(SqlChannelParts(database), holder, clock.wall, clock.chance)
    return PartAttempts("web", PartKind("stock", no_part, **kind), part, trying)


def test_only_one_of_several_processes_does_a_part(database: Database) -> None:
    """While one process holds a part another does not step; when that one has died, it takes over after the lease."""
    clock, mine, other = Clock(), Scripted(), Scripted()
    first, second = attempts_by(database, clock, mine, "a"), attempts_by(database, clock, other, "b")
    assert (first.attempt(), second.attempt()) == (7.0, NOT_MINE_S)
    assert (mine.steps, other.steps) == (1, 0)
    clock.pass_s(LEASE_S + 1)
    assert second.attempt() == 7.0
    assert first.attempt() == NOT_MINE_S
    assert (mine.steps, other.steps) == (1, 1)


def test_a_part_that_is_let_go_is_taken_at_once(database: Database) -> None:
    """A process that stops properly makes nobody wait for its lease."""
    clock, other = Clock(), Scripted()
    first, second = attempts_by(database, clock, Scripted(), "a"), attempts_by(database, clock, other, "b")
    first.attempt()
    first.release()
    second.attempt()
    assert other.steps == 1


def test_a_channel_that_asks_to_wait_is_left_alone(database: Database) -> None:
    """429 with Retry-After: nobody asks before that time, by whichever process; afterwards it is asked again."""
    clock, mine, other = Clock(), Scripted(ChannelUnavailable("429", retry_after_s=40)), Scripted()
    first = attempts_by(database, clock, mine, "a", alone=False)
    second = attempts_by(database, clock, other, "b", alone=False)
    assert first.attempt() >= 40
    clock.pass_s(39.9)
    assert second.attempt() > 0
    assert (mine.steps, other.steps) == (1, 0)
    clock.pass_s(5)
    assert second.attempt() == 7.0
    assert SqlChannelParts(database).state("web", "stock").problem == ""


def test_waits_grow_while_it_is_away_and_one_process_probes(database: Database) -> None:
    """5xx again and again: waits grow, the breaker opens; when it is half open, one process tries."""
    clock = Clock()
    mine, other = Scripted(*[ChannelUnavailable("503")] * 50), Scripted()
    first = attempts_by(database, clock, mine, "a", alone=False)
    second = attempts_by(database, clock, other, "b", alone=False)
    waits = []
    for _ in range(8):
        before = mine.steps
        first.attempt()
        assert mine.steps == before + 1
        state = SqlChannelParts(database).state("web", "stock")
        assert state.not_before is not None
        waits.append((state.not_before - clock.now).total_seconds())
        clock.pass_s(waits[-1])
    assert waits == sorted(waits)
    assert first.circuit == "open"
    assert SqlChannelParts(database).probe("web", "stock", clock.now, clock.now.replace(hour=13))
    assert second.attempt() > 0
    assert other.steps == 0


def test_the_breaker_closes_when_the_channel_is_back(database: Database) -> None:
    """The first call that goes through ends the waiting, for all processes."""
    clock, part = Clock(), Scripted(*[ChannelUnavailable("503")] * 6)
    tries = attempts_by(database, clock, part)
    for _ in range(6):
        tries.attempt()
        clock.pass_s(600)
    assert tries.attempt() == 7.0
    assert tries.circuit == "closed"
    assert SqlChannelParts(database).state("web", "stock").failures == 0


def test_refused_keys_make_the_channel_be_opened_anew(database: Database) -> None:
    """An expired token is no reason to hammer: long waits, and the next try is over a new connection."""
    clock = Clock()
    tries = attempts_by(database, clock, Scripted(ChannelUnauthorised("401")))
    assert tries.attempt() > 15
    assert tries.reopen
    tries.take_over(Scripted())
    clock.pass_s(100)
    assert tries.attempt() == 7.0


def test_what_a_step_may_raise_ends_nothing(database: Database) -> None:
    """A database that is away, a mistake of ours, any error of a channel: each is a wait, and the next try works."""
    makers: list[Callable[[], Exception]] = [
        lambda: StorageUnavailable("away"), lambda: ZeroDivisionError("ours"), lambda: ChannelError("odd"),
        lambda: OutcomeUnknown("timed out"),
    ]  # fmt: skip
    for make in makers:
        clock = Clock()
        tries = attempts_by(database, clock, Scripted(make()))
        assert tries.attempt() > 0
        assert tries.problem
        clock.pass_s(700)
        assert tries.attempt() == 7.0
        assert tries.problem == ""
        tries.release()
