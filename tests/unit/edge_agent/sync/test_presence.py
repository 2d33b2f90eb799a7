"""When a till says how it is: what a person must act on soon, a moment's wait for an ack not at all."""

from __future__ import annotations

from edge_agent.sync.presence import Health, Presence, PresenceLimits, status_of
from protocol.messages import Status

LIMITS = PresenceLimits()


def status(*, tail: int, acked: int) -> Status:
    """A till whose devices are well."""
    return status_of(Health(version="1"), epoch=1, tail=tail, acked=acked, oldest_unsent_at=None, lost="", at=None)


def said(presence: Presence, told: Status, now_s: float) -> bool:
    """Ask as the session does, and note what went out."""
    due = presence.due(told, now_s)
    if due:
        presence.said(told, now_s)
    return due


def test_a_sale_that_is_acked_at_once_is_never_a_backlog() -> None:
    """After a long pause a sale is made and acked 40 ms later: the hub hears the new tail, not that one waits."""
    presence = Presence(LIMITS)
    assert said(presence, status(tail=5, acked=5), 0.0)
    assert not said(presence, status(tail=6, acked=5), 30.0)
    assert said(presence, status(tail=6, acked=6), 30.04)


def test_a_real_backlog_is_told_and_so_is_its_end() -> None:
    """What waits longer than numbers may is told; that nothing waits any more comes within a second."""
    presence = Presence(LIMITS)
    assert said(presence, status(tail=5, acked=5), 0.0)
    assert not said(presence, status(tail=6, acked=5), 30.0)
    assert presence.due_at_s(status(tail=6, acked=5)) == 30.0 + LIMITS.numbers_s
    assert said(presence, status(tail=7, acked=5), 30.0 + LIMITS.numbers_s)
    assert presence.due_at_s(status(tail=7, acked=7)) == 30.0 + LIMITS.numbers_s + LIMITS.urgent_s


def test_a_till_that_comes_back_says_at_once_what_waits() -> None:
    """A new link is told the whole backlog without delay."""
    presence = Presence(LIMITS)
    assert said(presence, status(tail=5, acked=5), 0.0)
    presence.connect()
    assert said(presence, status(tail=45, acked=5), 600.0)
