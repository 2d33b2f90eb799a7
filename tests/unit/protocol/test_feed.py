"""Both sides of a feed, over a network that loses, repeats and reorders, with hubs that die and are replaced."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.documents import Document
from protocol.feed_receiver import Apply, FeedLimits, FeedReceiver, Stage
from protocol.feed_sender import FeedSender, FeedSnapshot, PublishLimits, answer_parts, pull_from
from protocol.ids import GLOBAL_FEED
from protocol.messages import Cursor, FeedUpdate, Pull

LIMITS = PublishLimits(documents_max=3, part_documents_max=2, interval_s=0.05, heartbeat_s=10.0)
PATIENCE = FeedLimits(pull_first_s=2.0, pull_max_s=16.0)


class ModelHub:
    """A database of documents with revisions; several workers publish from it."""

    def __init__(self, lineage: str) -> None:
        self.lineage = lineage
        self.head = 0
        self.documents: dict[str, Document] = {}
        self.cursor = 0
        self.cursor_rev = 0

    def change(self, key: str, deleted: bool, counted: int) -> None:
        """One transaction: a document and how far a journal is counted in."""
        self.head += 1
        body = msgspec.Raw(f'{{"{self.lineage}":{self.head}}}'.encode())
        self.documents[key] = Document(kind="stock", key=key, revision=self.head, deleted=deleted, body=body)
        self.cursor += counted
        self.cursor_rev = self.head

    def snapshot(self, from_rev: int) -> FeedSnapshot:
        """What changed after `from_rev`."""
        changed = sorted((d for d in self.documents.values() if d.revision > from_rev), key=lambda d: d.revision)
        cursors = (Cursor(terminal="T1", epoch=1, sequence=self.cursor),) if self.cursor_rev > from_rev else ()
        return FeedSnapshot(self.lineage, from_rev, self.head, changed, cursors)


class Till:
    """A replica that does what the receiver says, with the staging area on disk."""

    def __init__(self) -> None:
        self.lineage = ""
        self.revision = 0
        self.documents: dict[str, Document] = {}
        self.cursor = 0
        self.staged: tuple[str, list[Document]] = ("", [])
        self.starts = 0
        self.receiver = self.start()

    def start(self) -> FeedReceiver:
        """A new start of the PC, with what its disk has."""
        self.starts += 1
        self.receiver = FeedReceiver(
            GLOBAL_FEED, lineage=self.lineage, revision=self.revision, nonce=f"n{self.starts}", limits=PATIENCE
        )
        return self.receiver

    def hear(self, update: FeedUpdate, now_s: float) -> None:
        """Take an update to disk."""
        match self.receiver.receive(update, now_s):
            case Stage(request=request, documents=documents):
                kept = self.staged[1] if self.staged[0] == request else []
                self.staged = (request, [*kept, *documents])
            case Apply() as change:
                self.apply(change)
            case None:
                pass

    def apply(self, change: Apply) -> None:
        """One transaction."""
        if change.replace:
            self.documents.clear()
            self.cursor = 0
        staged = self.staged[1] if change.request and self.staged[0] == change.request else []
        for document in (*staged, *change.documents):
            self.documents[document.key] = document
        for cursor in change.cursors:
            self.cursor = max(self.cursor, cursor.sequence)
        self.lineage, self.revision = change.lineage, change.revision

    def living(self) -> dict[str, Document]:
        """What is not deleted."""
        return {key: document for key, document in self.documents.items() if not document.deleted}


class FeedAgainstTheNetwork(RuleBasedStateMachine):
    """A hub with two publishing workers, and a till that crashes, is cut off, and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = ModelHub("first")
        self.history = {("first", 0): self.state_of_hub()}
        self.workers = [self.new_worker(), self.new_worker()]
        self.till = Till()
        self.down: list[FeedUpdate] = []
        self.up: list[Pull] = []
        self.now_s = 0.0

    @initialize()
    def begin_connected(self) -> None:
        """Most tills are online."""
        self.connect()

    @rule()
    def connect(self) -> None:
        """The link comes up."""
        self.till.receiver.connect()

    @rule()
    def disconnect(self) -> None:
        """The link goes down."""
        self.till.receiver.disconnect()

    @rule(keys=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=6), deleted=st.booleans())
    def change(self, keys: list[str], deleted: bool) -> None:
        """Some transactions at the hub."""
        for key in keys:
            self.hub.change(key, deleted, counted=1)
            self.history[self.hub.lineage, self.hub.head] = self.state_of_hub()

    @rule(worker=st.integers(0, 1))
    def broadcast(self, worker: int) -> None:
        """A worker publishes what it has not published."""
        sender = self.workers[worker]
        if sender.due(self.hub.head, self.now_s):
            self.down.append(sender.broadcast(self.hub.snapshot(sender.published), self.now_s))

    @rule()
    def ask(self) -> None:
        """The till asks if it has to."""
        pull = self.till.receiver.next_pull(self.now_s)
        if pull is not None:
            self.up.append(pull)
            assert self.till.receiver.next_pull(self.now_s) is None

    @precondition(lambda self: self.up)
    @rule(keep=st.booleans())
    def answer(self, keep: bool) -> None:
        """A worker answers; with `keep`, so does another one later, from another snapshot."""
        pull = self.up[0] if keep else self.up.pop(0)
        snapshot = self.hub.snapshot(pull_from(pull, self.hub.lineage, self.hub.head))
        self.down.extend(answer_parts(pull, snapshot, LIMITS))

    @precondition(lambda self: self.down)
    @rule(data=st.data(), keep=st.booleans())
    def deliver(self, data: st.DataObject, keep: bool) -> None:
        """Any update under way arrives: late, twice, in any order."""
        index = data.draw(st.integers(0, min(5, len(self.down) - 1)))
        self.till.hear(self.down[index] if keep else self.down.pop(index), self.now_s)

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """One update never arrives."""
        self.down.pop(data.draw(st.integers(0, len(self.down) - 1)))

    @rule()
    def lose_everything_under_way(self) -> None:
        """The broker is killed."""
        self.up.clear()
        self.down.clear()

    @rule(seconds=st.sampled_from([0.06, 1.0, 11.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_s += seconds

    @rule()
    def restart_till(self) -> None:
        """The PC crashes and starts."""
        self.till.start().connect()

    @rule(worker=st.integers(0, 1))
    def restart_worker(self, worker: int) -> None:
        """A worker forgets how far it had published."""
        self.workers[worker] = self.new_worker()

    @precondition(lambda self: self.hub.lineage == "first")
    @rule()
    def replace_hub(self) -> None:
        """Another database takes over; its revisions have nothing to do with the old one's."""
        self.hub = ModelHub("second")
        self.history["second", 0] = self.state_of_hub()
        self.workers = [self.new_worker(), self.new_worker()]

    @invariant()
    def the_till_always_has_what_the_hub_had_at_its_revision(self) -> None:
        """Never a gap, never a half-applied state, never a cursor without its levels."""
        if self.till.lineage:
            documents, cursor = self.history[self.till.lineage, self.till.revision]
            assert self.till.living() == documents
            assert self.till.cursor == cursor

    def teardown(self) -> None:
        """On a good network the till has what the hub has, soon."""
        self.up.clear()
        self.till.receiver.connect()
        for _ in range(12):
            self.now_s += LIMITS.heartbeat_s
            for worker in self.workers:
                if worker.due(self.hub.head, self.now_s):
                    self.till.hear(worker.broadcast(self.hub.snapshot(worker.published), self.now_s), self.now_s)
            pull = self.till.receiver.next_pull(self.now_s)
            if pull is not None:
                snapshot = self.hub.snapshot(pull_from(pull, self.hub.lineage, self.hub.head))
                for part in answer_parts(pull, snapshot, LIMITS):
                    self.till.hear(part, self.now_s)
        assert (self.till.lineage, self.till.revision) == (self.hub.lineage, self.hub.head)
        assert (self.till.living(), self.till.cursor) == self.state_of_hub()
        assert self.till.receiver.next_pull(self.now_s) is None

    def state_of_hub(self) -> tuple[dict[str, Document], int]:
        """What a till should have that is up to date."""
        living = {key: document for key, document in self.hub.documents.items() if not document.deleted}
        return living, self.hub.cursor

    def new_worker(self) -> FeedSender:
        """As a start of the hub makes it."""
        return FeedSender(GLOBAL_FEED, head=self.hub.head, limits=LIMITS)


TestFeedAgainstTheNetwork = FeedAgainstTheNetwork.TestCase
TestFeedAgainstTheNetwork.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


@given(st.integers(0, 12), st.integers(1, 4))
def test_an_answer_is_cut_into_bounded_parts_that_are_together_the_whole(count: int, part_max: int) -> None:
    """Every document once, in order; parts numbered from 0; only the last says so and carries the cursors."""
    hub = ModelHub("only")
    for number in range(count):
        hub.change(f"k{number}", deleted=number % 3 == 0, counted=1)
    pull = Pull(feed="global", lineage="only", revision=0, request="r-1")
    limits = PublishLimits(part_documents_max=part_max)
    parts = list(answer_parts(pull, hub.snapshot(0), limits))
    assert [document for part in parts for document in part.documents] == list(hub.snapshot(0).documents)
    assert [part.part for part in parts] == list(range(len(parts)))
    assert [part.last for part in parts] == [*[False] * (len(parts) - 1), True]
    assert all(len(part.documents) <= part_max and part.request == "r-1" for part in parts)
    assert not any(part.cursors for part in parts[:-1])


def test_parts_are_bounded_in_bytes_and_one_document_always_fits() -> None:
    """Large documents travel alone."""
    big = [
        Document(kind="item", key=f"k{n}", revision=n, body=msgspec.Raw(b'"' + b"x" * 900 + b'"')) for n in (1, 2, 3)
    ]
    pull = Pull(feed="global", lineage="l", revision=0, request="r")
    parts = list(answer_parts(pull, FeedSnapshot("l", 0, 3, big, ()), PublishLimits(part_bytes_max=500)))
    assert [len(part.documents) for part in parts] == [1, 1, 1]


def connected(revision: int = 0, lineage: str = "l") -> tuple[FeedReceiver, Pull]:
    """A receiver with a link, and the pull that it begins with."""
    receiver = FeedReceiver(GLOBAL_FEED, lineage=lineage, revision=revision, nonce="n", limits=PATIENCE)
    receiver.connect()
    pull = receiver.next_pull(0.0)
    assert pull is not None
    return receiver, pull


def part(  # noqa: PLR0913 - the fields of an update that the tests vary
    pull: Pull, number: int, to_rev: int, *, last: bool = False, from_rev: int = 0, lineage: str = "l"
) -> FeedUpdate:
    """A part of an answer without documents."""
    return FeedUpdate(
        feed="global", lineage=lineage, from_rev=from_rev, to_rev=to_rev, request=pull.request, part=number, last=last
    )


def test_a_part_that_comes_twice_does_not_start_the_pull_again() -> None:
    """QoS 1 is at least once: with a duplicate of every part the pull still ends."""
    receiver, pull = connected()
    for number in (0, 0, 1, 0, 1):
        receiver.receive(part(pull, number, 5), 0.0)
    assert isinstance(receiver.receive(part(pull, 2, 5, last=True), 0.0), Apply)
    assert receiver.next_pull(0.0) is None


def test_two_workers_answers_are_not_mixed() -> None:
    """Each answer is one snapshot; parts of another one are let go, whichever order they come in."""
    receiver, pull = connected()
    assert isinstance(receiver.receive(part(pull, 0, 5), 0.0), Stage)
    assert receiver.receive(part(pull, 0, 6), 0.0) is None
    assert receiver.receive(part(pull, 1, 6, last=True), 0.0) is None
    change = receiver.receive(part(pull, 1, 5, last=True), 0.0)
    assert isinstance(change, Apply)
    assert change.revision == 5


def test_a_lost_part_makes_a_new_question_at_once() -> None:
    """Not after the patience is over: the link is there, so asking again is cheap."""
    receiver, pull = connected()
    receiver.receive(part(pull, 0, 5), 0.0)
    assert receiver.receive(part(pull, 2, 5, last=True), 0.1) is None
    again = receiver.next_pull(0.1)
    assert again is not None
    assert again.request != pull.request


def test_a_hub_that_was_put_back_is_believed() -> None:
    """We know revision 9 of this lineage, the hub knows 4: its whole state replaces ours."""
    receiver, pull = connected(revision=9)
    assert pull_from(pull, "l", 4) == 0
    change = receiver.receive(part(pull, 0, 4, last=True), 0.0)
    assert isinstance(change, Apply)
    assert (change.replace, change.revision, receiver.revision) == (True, 4, 4)


def test_a_heartbeat_from_before_our_revision_makes_us_ask_for_the_whole_state() -> None:
    """The hub was put back while we were online, and is past our revision again before our question comes.

    Only the whole state helps then: what the lost history had changed, nobody would ever send again.
    """
    receiver, pull = connected(revision=9)
    receiver.receive(part(pull, 0, 9, last=True, from_rev=9), 0.0)
    assert receiver.next_pull(0.0) is None
    assert receiver.receive(FeedUpdate(feed="global", lineage="l", from_rev=4, to_rev=4), 1.0) is None
    again = receiver.next_pull(1.0)
    assert again is not None
    assert pull_from(again, "l", 30) == 0
    # A broadcast of the new history must not be taken for the next of the old one.
    assert receiver.receive(FeedUpdate(feed="global", lineage="l", from_rev=8, to_rev=12), 1.0) is None
    change = receiver.receive(part(again, 0, 12, last=True), 1.0)
    assert isinstance(change, Apply)
    assert (change.replace, change.revision, receiver.next_pull(1.0)) == (True, 12, None)
    assert isinstance(receiver.receive(FeedUpdate(feed="global", lineage="l", from_rev=12, to_rev=13), 1.0), Apply)


def test_an_answer_that_a_broadcast_has_overtaken_is_let_go() -> None:
    """The whole state at revision 3 must not take back what revision 5 said."""
    receiver, pull = connected()
    update = FeedUpdate(feed="global", lineage="l", from_rev=0, to_rev=5)
    assert isinstance(receiver.receive(update, 0.0), Apply)
    assert receiver.receive(part(pull, 0, 3, last=True), 0.0) is None
    assert receiver.revision == 5


@pytest.mark.parametrize(("from_rev", "lineage"), [(7, "l"), (5, "m")])
def test_an_answer_that_does_not_join_is_not_applied(from_rev: int, lineage: str) -> None:
    """An answer from a later revision, or a partial one from another database, would leave a gap."""
    receiver, pull = connected(revision=5)
    assert receiver.receive(part(pull, 0, 9, last=True, from_rev=from_rev, lineage=lineage), 0.0) is None
    assert receiver.next_pull(0.0) is not None


def test_an_unanswered_pull_is_repeated_ever_more_patiently() -> None:
    """Until the link comes back, which starts with new patience."""
    receiver, _ = connected()
    now_s, waits = 0.0, []
    for _ in range(5):
        wake_at_s = receiver.wake_at_s()
        assert wake_at_s is not None
        waits.append(wake_at_s - now_s)
        now_s = wake_at_s
        assert receiver.next_pull(now_s - 0.01) is None
        assert receiver.next_pull(now_s) is not None
    assert waits == [2.0, 4.0, 8.0, 16.0, 16.0]
    receiver.connect()
    assert receiver.next_pull(now_s) is not None
    assert receiver.wake_at_s() == now_s + 2.0


def test_another_feeds_update_changes_nothing() -> None:
    """A till hears two feeds; each machine has its own."""
    receiver, _ = connected()
    assert receiver.receive(FeedUpdate(feed="store-S01", lineage="l", from_rev=0, to_rev=5), 0.0) is None


def test_too_much_for_one_message_becomes_a_bare_head() -> None:
    """A catalogue import is not broadcast: the terminals hear that there is something and pull it in parts."""
    hub = ModelHub("l")
    for number in range(LIMITS.documents_max + 1):
        hub.change(f"k{number}", deleted=False, counted=0)
    sender = FeedSender(GLOBAL_FEED, head=0, limits=LIMITS)
    update = sender.broadcast(hub.snapshot(0), 0.0)
    assert (update.from_rev, update.to_rev, update.documents) == (4, 4, ())
    receiver, pull = connected()
    receiver.receive(part(pull, 0, 0, last=True), 0.0)
    assert receiver.receive(update, 0.0) is None
    assert receiver.next_pull(0.0) is not None
