"""What the terminal's session promises, against a hub that says anything."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.journal.port import LostEpoch
from edge_agent.sync.heard import Heard
from edge_agent.sync.presence import Health
from edge_agent.sync.session import SessionLimits
from protocol import frame
from protocol.documents import Document, Item, Stock
from protocol.event import Digest
from protocol.ids import GLOBAL_FEED
from protocol.journal_sender import SenderLimits
from protocol.messages import Command, CommandAnswer, Cursor, EpochGrant, EpochRequest, FeedUpdate, Pull, Status
from tests.unit.edge_agent.sync.scripted_hub import (
    KEY,
    STORE_FEED,
    STORE_KEY,
    Till,
    batches,
    document,
    said,
    topic,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_a_sale_leaves_at_once_and_only_the_ack_counts() -> None:
    """Publishing moves nothing; the hub's ack does, and after it nothing is sent again."""
    till = Till()
    till.connect()
    till.sell()
    assert [(batch.first, len(batch.events)) for batch in batches(till.poll())] == [(1, 1)]
    assert till.journal.acked == 0
    assert till.ack(1).acked
    assert till.journal.acked == 1
    assert batches(till.poll(after_s=100)) == []


def test_silence_means_loss() -> None:
    """The broker took it and the hub never said so: it is sent again, ever more slowly."""
    till = Till()
    till.connect()
    till.sell()
    assert batches(till.poll())
    assert not batches(till.poll(after_s=1.0))
    wake_at_s = till.session.wake_at_s()
    assert wake_at_s is not None
    assert batches(till.poll(after_s=max(0.0, 102.1 - till.now_s)))
    assert not batches(till.poll(after_s=2.1))
    assert batches(till.poll(after_s=2.0))


def test_nothing_is_sent_without_a_link_and_everything_after_it_comes_back() -> None:
    """A night offline drains in batches; what was in flight goes again."""
    till = Till(limits=SessionLimits(sender=SenderLimits(batch_events_max=4)))
    for _ in range(10):
        till.sell()
    assert till.poll() == []
    assert till.session.wake_at_s() is None
    assert [batch.first for batch in batches(till.connect())] == [1, 5, 9]
    till.session.disconnect()
    assert till.poll(after_s=60) == []
    assert [batch.first for batch in batches(till.connect())] == [1, 5, 9]


def test_a_restart_continues_from_the_disk() -> None:
    """A new session over the same journal sends what the hub does not have, and nothing else."""
    till = Till()
    till.connect()
    for _ in range(3):
        till.sell()
    till.ack(2)
    till.restart("nonce-of-next-start")
    assert [(batch.first, batch.previous) for batch in batches(till.connect())] == [(3, till.journal.digest_at(2))]


@pytest.mark.parametrize("status", ["fork", "broken", "unknown_epoch"])
def test_a_lost_epoch_is_asked_for_with_one_nonce_over_restarts(status: str) -> None:
    """The till stops sending, asks, asks again with the same nonce after a restart, and sells on."""
    till = Till()
    till.connect()
    till.sell()
    if status == "fork":
        till.ack(1, status="fork", digest=Digest(b"x" * 32))
    else:
        till.ack(0, status=status)  # type: ignore[arg-type]  # a parameter is a plain str
    [request] = said(till.poll(), "epoch", EpochRequest)
    assert (request.epoch, request.reason) == (1, status)
    till.sell()
    assert said(till.poll(after_s=1.0), "epoch", EpochRequest) == []
    assert said(till.poll(after_s=1.5), "epoch", EpochRequest) == [request]
    till.restart("nonce-of-next-start")
    out = till.connect()
    assert said(out, "epoch", EpochRequest) == [request]
    assert batches(out) == []
    assert till.journal.tail == 2


def test_a_grant_starts_the_epoch_and_sends_the_unacked_events_again() -> None:
    """Same ids, own movements counted with their new places; another PC's grant and an old epoch change nothing."""
    till = Till()
    till.connect()
    update = FeedUpdate(
        feed=STORE_FEED, lineage="", from_rev=0, to_rev=1, documents=(document(Stock(sku="NUOC", on_hand=9000), 1),)
    )
    till.hear_feed(update)
    for _ in range(3):
        till.sell()
    till.poll()
    till.ack(1)
    till.ack(2, status="fork", digest=Digest(b"x" * 32))
    [request] = said(till.poll(), "epoch", EpochRequest)
    till.hear("grant", EpochGrant(epoch=5, nonce="somebody-elses-nonce"))
    till.hear("grant", EpochGrant(epoch=1, nonce=request.nonce))
    assert till.journal.epoch == 1
    till.hear("grant", EpochGrant(epoch=5, nonce=request.nonce))
    assert (till.journal.epoch, till.journal.tail, till.journal.acked, till.journal.lost_epoch) == (5, 2, 0, None)
    assert [(batch.epoch, batch.first, len(batch.events)) for batch in batches(till.poll())] == [(5, 1, 2)]
    assert till.replica.stock_view("NUOC") == 6000
    till.hear("grant", EpochGrant(epoch=5, nonce=request.nonce))
    till.hear_feed(replace_update(update, to_rev=2, on_hand=7000, cursors=(_cursor(1, 1), _cursor(5, 1))))
    assert till.replica.stock_view("NUOC") == 6000
    till.ack(2, epoch=5)
    assert till.session.backlog == 0


def test_a_journal_that_was_restored_from_a_backup_gives_up_its_epoch() -> None:
    """The hub knows more than we do: never write a second history under the old numbers."""
    till = Till()
    till.connect()
    till.sell()
    till.ack(7, retained=True)
    assert till.journal.lost_epoch == LostEpoch("restored", "nonce-of-this-start-1")


def test_a_whole_state_that_counts_less_of_our_journal_than_was_acknowledged_gets_the_rest_again() -> None:
    """The hub was put back, and nobody sells: without a word of ours it would never hear what it has forgotten."""
    till = Till()
    for _ in range(3):
        till.sell()
    [pull] = [pull for pull in said(till.connect(), "pull", Pull) if pull.feed == STORE_FEED]
    till.ack(3)
    assert batches(till.poll()) == []
    till.hear("chunk", FeedUpdate(
        feed=STORE_FEED, lineage="db", from_rev=0, to_rev=2, request=pull.request, last=True, cursors=(_cursor(1, 1),),
    ))  # fmt: skip
    [batch] = batches(till.poll(after_s=1.0))
    assert (batch.first, len(batch.events), till.journal.acked) == (2, 2, 3)


def test_feeds_are_pulled_at_connect_and_applied_in_order() -> None:
    """A broadcast that leaves a gap makes us pull; the parts count with the last one."""
    till = Till()
    pulls = said(till.connect(), "pull", Pull)
    assert {pull.feed for pull in pulls} == {GLOBAL_FEED, STORE_FEED}
    request = next(pull.request for pull in pulls if pull.feed == GLOBAL_FEED)
    parts = [
        FeedUpdate(
            feed=GLOBAL_FEED, lineage="db", from_rev=0, to_rev=9, request=request, part=part, last=part == 1,
            documents=(document(Item(sku=f"S{part}", name="S", price=1, currency="VND", barcodes=(f"B{part}",)), 9),),
            cursors=(_cursor(1, 4, "t2"),) if part else (),
        )
        for part in (0, 1)
    ]  # fmt: skip
    assert till.hear("chunk", parts[0]).feed is None
    assert till.replica.item_count() == 0
    heard = till.hear("chunk", parts[1])
    assert (heard.feed, heard.cursors) == (GLOBAL_FEED, (_cursor(1, 4, "t2"),))
    assert till.replica.by_barcode("B0") is not None
    till.hear_feed(FeedUpdate(feed=GLOBAL_FEED, lineage="db", from_rev=12, to_rev=13))
    [pull] = said(till.poll(), "pull", Pull)
    assert (pull.revision, pull.lineage) == (9, "db")


def test_documents_of_a_newer_hub_are_kept_apart_and_stop_nothing() -> None:
    """An unknown kind, an unknown field, and a known document beside them."""
    till = Till()
    till.connect()
    future = Document(kind="hologram", key="h", revision=1, body=msgspec.Raw(b'{"x":1}'))
    till.hear_feed(
        FeedUpdate(
            feed=STORE_FEED, lineage="", from_rev=0, to_rev=1,
            documents=(future, document(Stock(sku="A", on_hand=1), 1)),
        )
    )  # fmt: skip
    assert till.replica.stock_view("A") == 1


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_bytes_on_any_topic_can_raise_or_change_anything(data: st.DataObject) -> None:
    """Noise, forged frames, true frames of nonsense: counted, and the till is as it was."""
    till = Till()
    till.connect()
    till.sell()
    till.poll()
    names = (*till.session.subscriptions(), topic("journal"), "", "a/b", "tillwire/v1/feed/store-other")
    name = data.draw(st.sampled_from(names))
    kind = data.draw(st.sampled_from(["noise", "forged", "nonsense"]))
    match kind:
        case "noise":
            payload = data.draw(st.binary(max_size=80))
        case "forged":
            payload = frame.pack(data.draw(st.binary(max_size=80)), topic=name, key=frame.Key(b"z" * 32))
        case _:
            key = data.draw(st.sampled_from([KEY, STORE_KEY]))
            payload = frame.pack(msgspec.json.encode(data.draw(JSON)), topic=name, key=key)
    before = (till.journal.acked, till.journal.epoch, till.replica.item_count())
    till.hear_raw(name, payload)
    counters = till.session.counters
    assert counters.bad_frames + counters.foreign_topics == 1
    assert (till.journal.acked, till.journal.epoch, till.replica.item_count()) == before
    till.poll()


@pytest.mark.parametrize(
    "update",
    [
        FeedUpdate(feed=STORE_FEED, lineage="", from_rev=0, to_rev=2**63),
        FeedUpdate(feed=STORE_FEED, lineage="", from_rev=-1, to_rev=1),
        FeedUpdate(
            feed=STORE_FEED, lineage="", from_rev=0, to_rev=1, cursors=(Cursor(terminal="t", epoch=2**63, sequence=0),)
        ),
        FeedUpdate(feed=STORE_FEED, lineage="", from_rev=0, to_rev=1, request="r"),
        FeedUpdate(
            feed=STORE_FEED, lineage="", from_rev=0, to_rev=1, documents=(Document(kind="x", key="k", revision=-5),)
        ),
    ],
)
def test_numbers_that_no_store_can_hold_are_bad_frames(update: FeedUpdate) -> None:
    """A hub that has gone mad, with the right key, still breaks nothing."""
    till = Till()
    till.connect()
    till.hear_feed(update)
    assert till.session.counters.bad_frames == 1
    assert till.replica.feed_state(STORE_FEED).revision == 0


def test_the_hubs_clock_is_learnt_from_quick_answers_to_new_events_only() -> None:
    """Retained acks, acks of events that were sent before, slow acks and acks of a gap tell no time."""
    till = Till()
    till.sell()
    till.restart("nonce-of-next-start")
    till.connect()
    ahead = timedelta(hours=2)
    assert till.ack(1, hub_time=till.wall + ahead).clock is None
    till.sell()
    till.poll()
    till.now_s += 0.4
    assert till.ack(2, hub_time=till.wall + ahead, retained=True).clock is None
    till.sell()
    till.poll()
    till.now_s += 0.4
    sample = till.ack(3, hub_time=till.wall + ahead).clock
    assert sample is not None
    assert abs(sample.offset - ahead) <= timedelta(seconds=sample.error_s) <= timedelta(seconds=0.2)
    till.sell()
    till.poll()
    till.now_s += 5
    assert till.ack(4, hub_time=till.wall + ahead).clock is None
    till.sell()
    till.poll()
    till.session.disconnect()
    till.connect()
    assert till.ack(5, hub_time=till.wall + ahead).clock is None


def test_the_hubs_clock_is_known_before_the_first_sale() -> None:
    """The answer to the pull that begins every link tells the time; a late, repeated or foreign answer tells none."""
    till = Till()
    pull = next(pull for pull in said(till.connect(), "pull", Pull) if pull.feed == STORE_FEED)
    ahead = timedelta(hours=2)

    def answer(request: str) -> Heard:
        update = FeedUpdate(
            feed=STORE_FEED, lineage="hub", from_rev=0, to_rev=0, request=request, hub_time=till.wall + ahead
        )
        return till.hear("chunk", update)

    till.now_s += 0.2
    assert answer("somebody-else-1").clock is None
    sample = answer(pull.request).clock
    assert sample is not None
    assert abs(sample.offset - ahead) <= timedelta(seconds=sample.error_s) <= timedelta(seconds=0.1)
    assert answer(pull.request).clock is None
    till.session.disconnect()
    again = next(pull for pull in said(till.connect(), "pull", Pull) if pull.feed == STORE_FEED)
    till.now_s += 5
    assert answer(again.request).clock is None


def test_status_goes_out_at_connect_and_soon_after_what_matters() -> None:
    """A device within a second, numbers within five, silence otherwise; the will says offline."""
    till = Till()
    till.session.report(Health(version="1", devices={"printer": "ready"}))
    [first] = said(till.connect(), "status", Status)
    assert (first.online, first.devices, first.backlog) == (True, {"printer": "ready"}, 0)
    till.sell()
    assert said(till.poll(after_s=0.5), "status", Status) == []
    [numbers] = said(till.poll(after_s=5), "status", Status)
    assert (numbers.backlog, numbers.tail) == (1, 1)
    till.session.report(Health(version="1", devices={"printer": "fault"}))
    assert said(till.poll(after_s=0.5), "status", Status) == []
    wake_at_s = till.session.wake_at_s()
    assert wake_at_s is not None
    assert wake_at_s <= till.now_s + 0.5
    [device] = said(till.poll(after_s=0.6), "status", Status)
    assert device.devices == {"printer": "fault"}
    will = till.session.will()
    assert will.retain
    assert not frame.decode(will.payload, Status, topic=will.topic, key=KEY).online


def test_commands_are_answered_once_and_expire() -> None:
    """`sync` asks for everything anew; what this version cannot do is answered with words; late ones are void."""
    till = Till()
    till.connect()
    till.sell()
    till.poll()
    command = Command(id="c1", verb="sync", expires_at=till.wall + timedelta(minutes=1))
    till.hear("command", command)
    out = till.poll()
    assert said(out, "answer", CommandAnswer) == [CommandAnswer(id="c1", ok=True)]
    assert batches(out)
    assert len(said(out, "pull", Pull)) == 2
    till.hear("command", command)
    till.hear("command", Command(id="c2", verb="sync", expires_at=till.wall))
    assert said(till.poll(), "answer", CommandAnswer) == []
    till.hear("command", Command(id="c3", verb="update", expires_at=till.wall + timedelta(minutes=1)))
    [answer] = said(till.poll(), "answer", CommandAnswer)
    assert (answer.id, answer.ok) == ("c3", False)


def test_a_command_for_the_counter_is_answered_when_it_was_carried_out() -> None:
    """`lock` is handed on, once; until the counter has done it the hub hears nothing."""
    till = Till()
    till.connect()
    till.poll()
    command = Command(id="c1", verb="lock", expires_at=till.wall + timedelta(minutes=1))
    assert till.hear("command", command).command == command
    assert till.hear("command", command).command is None
    assert said(till.poll(), "answer", CommandAnswer) == []
    till.session.answer_command(CommandAnswer(id="c1", ok=True))
    assert till.session.wake_at_s() == 0.0
    assert said(till.poll(), "answer", CommandAnswer) == [CommandAnswer(id="c1", ok=True)]


def test_keys_are_in_no_repr() -> None:
    """A log line with an identity in it gives nothing away."""
    till = Till()
    assert "tttt" not in repr(till.session._identity)  # noqa: SLF001 - what a careless log line would print


def replace_update(update: FeedUpdate, *, to_rev: int, on_hand: int, cursors: tuple[Cursor, ...]) -> FeedUpdate:
    """The next update of the same feed."""
    stock = document(Stock(sku="NUOC", on_hand=on_hand), to_rev)
    return msgspec.structs.replace(update, to_rev=to_rev, documents=(stock,), cursors=cursors)


def _cursor(epoch: int, sequence: int, terminal: str = "t1") -> Cursor:
    return Cursor(terminal=terminal, epoch=epoch, sequence=sequence)
