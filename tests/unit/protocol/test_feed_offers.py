"""A pull that is answered with an offer: the file, parts instead, another file; and what an older till does."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from protocol.documents import Document
from protocol.feed_receiver import Apply, FeedLimits, FeedReceiver, Stage
from protocol.feed_sender import FeedSnapshot, answer_parts, offer_answer
from protocol.ids import GLOBAL_FEED
from protocol.messages import Cursor, FeedUpdate, Pull, SnapshotOffer
from protocol.snapshot import SnapshotHead

OFFER = SnapshotOffer(path="/v1/snapshots/global/x", digest="d" * 64, size_bytes=10, documents=1, revision=5)
HEAD = SnapshotHead(
    feed="global", lineage="db", revision=5, documents=1, cursors=(Cursor(terminal="t", epoch=1, sequence=3),)
)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def receiver(*, revision: int = 0, lineage: str = "", snapshots: bool = True) -> FeedReceiver:
    """A till that is online."""
    made = FeedReceiver(
        GLOBAL_FEED, lineage=lineage, revision=revision, nonce="n", limits=FeedLimits(2.0, 60.0), snapshots=snapshots
    )
    made.connect()
    return made


def asked(till: FeedReceiver, now_s: float = 0.0) -> Pull:
    """Its pull."""
    pull = till.next_pull(now_s)
    assert pull is not None
    return pull


def offered(till: FeedReceiver) -> Pull:
    """Have it asked, and offered the file."""
    pull = asked(till)
    assert till.receive(offer_answer(pull, "db", OFFER, hub_time=NOON), 0.1) is None
    assert till.offered == OFFER
    return pull


def test_an_offer_is_waited_for_as_long_as_it_takes_and_then_is_the_state() -> None:
    """No timer asks again meanwhile; the file's revision and cursors take effect at once; then the rest is pulled."""
    till = receiver()
    assert offered(till).snapshots
    assert till.wake_at_s() is None
    assert till.next_pull(1e6) is None
    assert till.take_snapshot("d" * 64, HEAD, "r") == Apply((), HEAD.cursors, "db", 5, "r", replace=True)
    rest = asked(till, 1e6)
    assert (rest.lineage, rest.revision) == ("db", 5)


def test_only_the_file_that_is_offered_now_is_taken() -> None:
    """Not one of another digest, revision or feed, nor one whose link is gone."""
    for digest, head in (
        ("e" * 64, HEAD),
        ("d" * 64, msgspec.structs.replace(HEAD, revision=6)),
        ("d" * 64, msgspec.structs.replace(HEAD, feed="store-hn01")),
    ):
        till = receiver()
        offered(till)
        assert till.take_snapshot(digest, head, "r") is None
        assert till.revision == 0
    till = receiver()
    offered(till)
    till.connect()
    assert till.take_snapshot("d" * 64, HEAD, "r") is None


def test_a_till_that_cannot_fetch_asks_for_parts_until_the_link_comes_anew() -> None:
    """A firewall may be open tomorrow."""
    till = receiver()
    offered(till)
    till.decline_snapshot()
    assert not asked(till).snapshots
    till.connect()
    assert asked(till).snapshots


def test_a_file_that_is_gone_is_asked_for_again() -> None:
    """And what is offered then may be another one."""
    till = receiver()
    first = offered(till)
    till.ask_again()
    assert till.offered is None
    again = asked(till)
    assert again.snapshots
    assert again.request != first.request


def test_an_older_till_takes_an_offer_for_a_lost_answer() -> None:
    """It never asks for one; if it is offered one all the same, it asks again when its patience ends."""
    till = receiver(snapshots=False)
    pull = asked(till)
    assert not pull.snapshots
    as_it_reads = msgspec.json.decode(msgspec.json.encode(offer_answer(pull, "db", OFFER)), type=_OldUpdate)
    update = FeedUpdate(**{field: getattr(as_it_reads, field) for field in as_it_reads.__struct_fields__})
    assert till.receive(update, 0.1) == Stage(pull.request, (), replace=True)
    assert till.wake_at_s() == 2.1
    assert asked(till, 2.2).request != pull.request


class _OldUpdate(msgspec.Struct):
    feed: str
    lineage: str
    from_rev: int
    to_rev: int
    request: str
    last: bool


def test_parts_that_have_begun_to_come_are_the_answer() -> None:
    """Two workers may answer one pull, one with parts and one with an offer: never both."""
    till = receiver()
    pull = asked(till)
    documents = [Document(kind="item", key=str(n), revision=n) for n in range(600)]
    parts = list(answer_parts(pull, FeedSnapshot("db", 0, 600, documents, ())))
    assert len(parts) > 1
    assert [part.total for part in parts] == [600, *[0] * (len(parts) - 1)]
    assert isinstance(till.receive(parts[0], 0.1), Stage)
    assert till.receive(offer_answer(pull, "db", OFFER), 0.2) is None
    assert till.offered is None
    taken = [till.receive(part, 0.3) for part in parts[1:]]
    assert isinstance(taken[-1], Apply)


def test_a_file_that_a_broadcast_has_overtaken_is_let_go() -> None:
    """A till far back whose revision has moved past the file's meanwhile would lose its own sales for a while."""
    till = receiver(lineage="db", revision=2)
    offered(till)
    update = FeedUpdate(feed="global", lineage="db", from_rev=2, to_rev=8)
    assert isinstance(till.receive(update, 0.2), Apply)
    assert till.take_snapshot("d" * 64, HEAD, "r") is None
    assert till.revision == 8
    assert asked(till).revision == 8


def test_a_hub_that_was_put_back_replaces_what_the_till_has() -> None:
    """The till is ahead of the hub: then its older state is the truth."""
    till = receiver(lineage="db", revision=9)
    offered(till)
    change = till.take_snapshot("d" * 64, HEAD, "r")
    assert isinstance(change, Apply)
    assert till.revision == 5
