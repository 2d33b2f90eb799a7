"""What every database promises about the outbox: once in, in order within a lane, one process at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from hub.errors import ChannelBusy, ChannelExists, ConfigError, UnknownChannel
from hub.storage.channel_outbox import Claim, SqlOutbox, hurry_lanes, tell
from hub.storage.channel_records import LinkRow, Message, OutboxRow
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database
from tests.channel_stage import START, runner_stores, set_up

KINDS = ["sale", "refund", "hand_over"]


def minutes(count: float) -> datetime:
    """Minutes after the start."""
    return START + timedelta(minutes=count)


def put(database: Database, *messages: tuple[str, str, str], due: float = 0) -> None:
    """Put (lane, kind, key) into the outbox of "web"."""
    rows = [Message(lane, kind, key, "{}") for lane, kind, key in messages]
    with database.write() as connection:
        tell(connection, "web", rows, START, due=minutes(due))


def claim(database: Database, by: str = "a", at: float = 0, limit: int = 10) -> list[OutboxRow]:
    """Claim for two minutes."""
    return list(SqlOutbox(database).claim("web", KINDS, Claim(by, minutes(at), minutes(at + 2)), limit))


def keys(rows: list[OutboxRow]) -> list[str]:
    """Which rows."""
    return [row.key for row in rows]


def test_the_same_message_is_in_the_outbox_once(database: Database) -> None:
    """By kind and key, however often it is put, and also after it is done."""
    put(database, ("l", "sale", "1"))
    put(database, ("l", "sale", "1"), ("l", "refund", "1"))
    (row,) = claim(database)
    assert SqlOutbox(database).done(row, "a", START, "x", [])
    put(database, ("l", "sale", "1"))
    assert keys(claim(database)) == ["1"]
    assert [row.kind for row in SqlOutbox(database).rows("web")] == ["sale", "refund"]


def test_a_lane_is_in_order_and_lanes_are_independent(database: Database) -> None:
    """Of each lane the first row that is not done, whatever else waits; a parked one holds back what follows."""
    put(database, ("l", "sale", "1"), ("l", "refund", "2"), ("m", "sale", "3"), ("l", "refund", "4"))
    outbox = SqlOutbox(database)
    first = claim(database)
    assert keys(first) == ["1", "3"]
    assert claim(database, "b") == []
    assert outbox.done(first[0], "a", START, "t1", [])
    (second,) = claim(database, "b")
    assert second.key == "2"
    assert outbox.park(second, "b", "We do not want this.")
    assert claim(database) == []
    assert outbox.next_due("web", KINDS, START) is None
    assert outbox.replay("web", minutes(1)) == 1
    assert keys(claim(database, at=1)) == ["2"]


def test_a_sale_goes_before_a_refund_that_came_first(database: Database) -> None:
    """The till that sold was offline: the refund waits, and when the sale is in, both go at once, the sale first."""
    put(database, ("l", "refund", "2"), due=60)
    assert claim(database) == []
    put(database, ("l", "sale", "1"))
    with database.write() as connection:
        hurry_lanes(connection, "web", ["l"], START)
    (row,) = claim(database)
    assert row.key == "1"
    SqlOutbox(database).done(row, "a", START, "", [])
    assert keys(claim(database)) == ["2"]


def test_what_a_dead_process_had_claimed_is_taken_over(database: Database) -> None:
    """After the claim, not before; the row says that it may be known; the dead one's late word changes nothing."""
    put(database, ("l", "sale", "1"))
    outbox = SqlOutbox(database)
    (dead,) = claim(database, "a")
    assert dead.attempts == 1
    assert claim(database, "b", at=1) == []
    (taken,) = claim(database, "b", at=3)
    assert taken.attempts == 2
    assert not outbox.again(dead, "a", minutes(9), "late")
    assert not outbox.park(dead, "a", "late")
    assert not outbox.done(dead, "a", minutes(3), "t0", [LinkRow("sale", "1", "t0")])
    assert outbox.done(taken, "b", minutes(3), "t1", [LinkRow("sale", "1", "t1")])
    (row,) = outbox.rows("web")
    assert (row.state, row.theirs, row.done_at) == ("done", "t1", minutes(3))
    (link,) = runner_stores(database).links.find("web", "sale", ours="1")
    assert link.theirs == "t1"


def test_what_is_to_be_sent_again_waits_for_its_time(database: Database) -> None:
    """And what was claimed and not begun is as if it had not been claimed."""
    put(database, ("l", "sale", "1"), ("m", "sale", "2"))
    outbox = SqlOutbox(database)
    late, untouched = claim(database)
    assert outbox.again(late, "a", minutes(5), "503")
    outbox.give_back([untouched], "a")
    assert outbox.next_due("web", KINDS, START) == START
    (row,) = claim(database)
    assert (row.key, row.attempts) == ("2", 1)
    outbox.done(row, "a", START, "", [])
    assert outbox.next_due("web", KINDS, START) == minutes(5)
    assert keys(claim(database, at=4.9)) == []
    (row,) = claim(database, at=5)
    assert (row.key, row.attempts, row.words) == ("1", 2, "503")
    outbox.again(row, "a", minutes(50), "503")
    outbox.hurry("web", minutes(6))
    assert keys(claim(database, at=6)) == ["1"]


def test_what_waits_is_counted_and_what_is_long_done_is_forgotten(database: Database) -> None:
    """By channel: how many wait, since when, how many are parked. Rows that are not done are never forgotten."""
    put(database, ("l", "sale", "1"), ("m", "sale", "2"), ("n", "sale", "3"))
    outbox = SqlOutbox(database)
    first, second, _ = claim(database)
    outbox.done(first, "a", START, "", [])
    outbox.park(second, "a", "no")
    count = outbox.counts()["web"]
    assert (count.waiting, count.parked, count.oldest_at) == (1, 1, START)
    assert outbox.prune(START + timedelta(days=29)) == 0
    assert outbox.prune(START + timedelta(days=31)) == 1
    assert [row.key for row in outbox.rows("web")] == ["2", "3"]
    assert [row.key for row in outbox.rows("web", state="parked")] == ["2"]


def test_channels_are_added_once_and_removed_only_when_nothing_waits(database: Database) -> None:
    """A name that is taken, unknown or odd is an error that says so; giving up takes everything of a channel away."""
    setups = SqlChannelSetups(database)
    set_up(database, url="x")
    with pytest.raises(ChannelExists, match="web"):
        setups.add("web", "test", {}, START)
    with pytest.raises(ConfigError, match="a-z"):
        setups.add("Web Shop", "test", {}, START)
    with pytest.raises(UnknownChannel, match="other"):
        setups.set_secret("other", "key", "hush", START)
    before = setups.get("web")
    setups.set_secret("web", "key", "hush", START)
    assert setups.get("web").changed_at > before.changed_at
    assert setups.secrets("web") == {"key": "hush"}
    put(database, ("l", "sale", "1"))
    with pytest.raises(ChannelBusy, match="1 messages"):
        setups.remove("web")
    assert [one.name for one in setups.all()] == ["web"]
    setups.give_up("web")
    assert (list(setups.all()), setups.secrets("web"), SqlOutbox(database).counts()) == ([], {}, {})


def test_links_made_by_hand_stand_against_what_is_found(database: Database) -> None:
    """Only changes are counted, and only those move the mapping's version; sales are no part of the mapping."""
    links = runner_stores(database).links
    assert links.put("web", [LinkRow("item", "A", "1"), LinkRow("item", "B", "2")], START) == 2
    assert links.put("web", [LinkRow("item", "A", "9", by_hand=True)], START) == 1
    version = links.version("web")
    assert links.put("web", [LinkRow("item", "A", "1"), LinkRow("item", "B", "2")], START) == 0
    assert links.put("web", [LinkRow("sale", "s", "x")], START) == 1
    assert links.version("web") == version
    assert sorted((row.ours, row.theirs) for row in links.mapping("web")[1]) == [("A", "9"), ("B", "2")]
    assert links.delete("web", "item", ["A", "Z"]) == 1
    assert links.version("web") == version + 1
    assert [row.ours for row in links.page("web", "item", "", 10)] == ["B"]
