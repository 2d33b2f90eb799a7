"""The sending side of a journal against a model hub and a network that loses, repeats and reorders everything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.event import GENESIS, Digest, SealedEvent
from protocol.journal_receiver import JournalCursor, judge
from protocol.journal_sender import JournalSender, SenderLimits
from protocol.messages import Ack, AckStatus, Batch
from tests.unit.protocol.strategies import AT, EPOCH, SOURCE, batch_of, drawer_chain

LIMITS = SenderLimits(batch_events_max=3, batches_in_flight_max=3, resend_first_s=2.0, resend_max_s=16.0)


class ModelHub:
    """Takes batches as the hub does, and answers."""

    def __init__(self) -> None:
        self.log: list[SealedEvent] = []

    def take(self, batch: Batch) -> Ack:
        """Judge, keep, and answer."""
        cursor = JournalCursor(EPOCH, len(self.log), self.log[-1].digest if self.log else GENESIS)
        verdict = judge(batch, cursor, SOURCE, self.digest_at)
        self.log.extend(taken.sealed for taken in verdict.taken)
        return ack(verdict.status, verdict.cursor.sequence, verdict.cursor.digest)

    def digest_at(self, sequence: int) -> Digest | None:
        """A digest of the log."""
        return self.log[sequence - 1].digest if 1 <= sequence <= len(self.log) else None


class SenderAgainstTheNetwork(RuleBasedStateMachine):
    """A till that sells, crashes and goes on, over a link that keeps no promise."""

    def __init__(self) -> None:
        super().__init__()
        self.journal: list[SealedEvent] = []
        self.acked_on_disk = 0
        self.hub = ModelHub()
        self.up: list[Batch] = []
        self.down: list[Ack] = []
        self.now_s = 0.0
        self.sender = self.new_sender()
        self.connected = False

    @initialize()
    def begin_connected(self) -> None:
        """Most tills are online most of the time."""
        self.connect()

    @rule()
    def connect(self) -> None:
        """The link comes up."""
        self.connected = True
        self.sender.connect()

    @rule()
    def disconnect(self) -> None:
        """The link goes down; what is under way may still arrive."""
        self.connected = False
        self.sender.disconnect()

    @rule(count=st.integers(1, 7))
    def sell(self, count: int) -> None:
        """Facts are journalled."""
        end = self.journal[-1].digest if self.journal else GENESIS
        self.journal.extend(drawer_chain(count, first=len(self.journal) + 1, previous=end))
        self.sender.append(len(self.journal))

    @rule()
    def send(self) -> None:
        """Everything that the window allows goes out; never more."""
        self.up.extend(self.poll())

    @precondition(lambda self: self.up)
    @rule(data=st.data(), keep=st.booleans())
    def deliver(self, data: st.DataObject, keep: bool) -> None:
        """Any batch under way reaches the hub, perhaps not for the last time."""
        index = data.draw(st.integers(0, len(self.up) - 1))
        batch = self.up[index] if keep else self.up.pop(index)
        self.down.append(self.hub.take(batch))

    @precondition(lambda self: self.up)
    @rule()
    def lose_everything_under_way(self) -> None:
        """The broker is killed: batches and acks are gone, PUBACKs or not."""
        self.up.clear()
        self.down.clear()

    @precondition(lambda self: self.down)
    @rule(data=st.data(), keep=st.booleans())
    def acknowledge(self, data: st.DataObject, keep: bool) -> None:
        """Any ack ever published reaches the till: late, twice, out of order, retained from long ago."""
        index = data.draw(st.integers(0, len(self.down) - 1))
        self.hear(self.down[index] if keep else self.down.pop(index))

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now_s += seconds

    @rule()
    def restart(self) -> None:
        """The PC restarts: what remains is on its disk."""
        self.sender = self.new_sender()
        if self.connected:
            self.sender.connect()

    @invariant()
    def nothing_is_forgotten_before_the_hub_has_it(self) -> None:
        """What the till holds for acknowledged is in the hub, and the epoch is never given up for a bad network."""
        assert self.sender.acked == self.acked_on_disk <= len(self.hub.log) <= len(self.journal)
        assert self.hub.log == self.journal[: len(self.hub.log)]
        assert self.sender.epoch_lost is None
        assert self.sender.backlog == len(self.journal) - self.acked_on_disk

    def teardown(self) -> None:
        """On a good network everything arrives, soon, and without a storm of repetitions."""
        self.connect()
        sent = 0
        rounds = 0
        while self.sender.backlog:
            rounds += 1
            assert rounds < 100 + len(self.journal), "no progress on a perfect network"
            wake_at_s = self.sender.wake_at_s()
            for batch in self.poll():
                sent += 1
                self.hear(self.hub.take(batch))
            if wake_at_s is not None and self.sender.backlog:
                self.now_s = max(self.now_s, wake_at_s)
        assert sent <= 2 + len(self.journal)
        assert self.sender.wake_at_s() is None

    def new_sender(self) -> JournalSender:
        """As a start of the agent makes it."""
        return JournalSender(epoch=EPOCH, tail=len(self.journal), acked=self.acked_on_disk, limits=LIMITS)

    def poll(self) -> list[Batch]:
        """Do what the shell does: read and send until the machine has had enough."""
        batches: list[Batch] = []
        while (wanted := self.sender.next_range(self.now_s)) is not None:
            assert self.connected
            last = min(wanted.first + wanted.events_max - 1, len(self.journal))
            batches.append(batch_of(self.journal, wanted.first, last))
            self.sender.sent(wanted.first, last, self.now_s)
            assert len(batches) <= LIMITS.batches_in_flight_max
        return batches

    def hear(self, heard: Ack) -> None:
        """Take an ack and write down what it says."""
        effect = self.sender.receive_ack(heard, self.digest_at, self.now_s)
        if effect.acked is not None:
            assert effect.acked > self.acked_on_disk, "an ack ran backwards"
            self.acked_on_disk = effect.acked

    def digest_at(self, sequence: int) -> Digest | None:
        """The journal's own digest; long acknowledged ones are forgotten."""
        return self.journal[sequence - 1].digest if self.acked_on_disk - 5 <= sequence <= len(self.journal) else None


TestSenderAgainstTheNetwork = SenderAgainstTheNetwork.TestCase
TestSenderAgainstTheNetwork.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


def ack(status: AckStatus, sequence: int, digest: Digest, *, epoch: int = EPOCH) -> Ack:
    """What the hub says."""
    at = AT + timedelta(seconds=sequence)
    return Ack(epoch=epoch, sequence=sequence, digest=digest.hex(), hub_time=at, status=status)


def online(journal: tuple[SealedEvent, ...], acked: int = 0) -> JournalSender:
    """A sender with a link."""
    sender = JournalSender(epoch=EPOCH, tail=len(journal), acked=acked, limits=LIMITS)
    sender.connect()
    return sender


def digests(journal: tuple[SealedEvent, ...], sequence: int) -> Digest | None:
    """The digest of one of our events."""
    return journal[sequence - 1].digest if 1 <= sequence <= len(journal) else None


def test_an_ack_of_another_history_ends_the_epoch() -> None:
    """The hub has this sequence with another digest: two PCs have one identity, and we are the second."""
    journal, other = drawer_chain(5), drawer_chain(5, life="b")
    sender = online(journal)
    effect = sender.receive_ack(ack("ok", 3, other[2].digest), lambda at: digests(journal, at), 0.0)
    assert (effect.epoch_lost, effect.acked, sender.epoch_lost) == ("fork", None, "fork")
    assert sender.next_range(100.0) is None
    assert sender.wake_at_s() is None


def test_a_fork_that_is_not_ours_changes_nothing() -> None:
    """The clone was told of its fork on the topic that we share: the hub's history is ours, so we go on."""
    journal = drawer_chain(5)
    sender = online(journal)
    effect = sender.receive_ack(ack("fork", 3, journal[2].digest), lambda at: digests(journal, at), 0.0)
    assert (effect.epoch_lost, effect.acked) == (None, 3)
    assert sender.next_range(0.0) is not None


def test_an_ack_ahead_of_the_journal_means_that_the_pc_was_restored() -> None:
    """The hub has more than we have: this disk is an old one."""
    journal = drawer_chain(3)
    effect = online(journal).receive_ack(ack("ok", 4, GENESIS), lambda at: digests(journal, at), 0.0)
    assert effect.epoch_lost == "restored"


def test_what_stands_before_the_damage_is_acknowledged() -> None:
    """A broken chain ends the epoch, but what the hub took before the break is not sent again in the next one."""
    journal = drawer_chain(5)
    sender = online(journal)
    effect = sender.receive_ack(ack("broken", 2, journal[1].digest), lambda at: digests(journal, at), 0.0)
    assert (effect.acked, effect.epoch_lost) == (2, "broken")


@pytest.mark.parametrize("acked", [0, 3])
def test_an_epoch_that_the_hub_does_not_know_is_given_up(acked: int) -> None:
    """A hub with a new database answers with nothing acknowledged at all; that must be heard however far we were."""
    journal = drawer_chain(5)
    sender = online(journal, acked)
    effect = sender.receive_ack(ack("unknown_epoch", 0, GENESIS), lambda at: digests(journal, at), 0.0)
    assert effect.epoch_lost == "unknown_epoch"


@pytest.mark.parametrize("status", ["ok", "gap", "fork", "broken", "unknown_epoch"])
def test_an_ack_of_another_epoch_is_old_news(status: AckStatus) -> None:
    """The retained ack of a lost epoch, heard after the new one has begun, changes nothing."""
    journal = drawer_chain(2)
    sender = online(journal)
    effect = sender.receive_ack(ack(status, 1, GENESIS, epoch=EPOCH + 1), lambda at: digests(journal, at), 0.0)
    assert (effect.acked, effect.epoch_lost, sender.epoch_lost) == (None, None, None)


def test_one_lost_batch_is_repaired_once() -> None:
    """Three batches behind a lost one make three "gap" answers, and one rewind."""
    journal = drawer_chain(20)
    sender = online(journal)
    sent = []
    for _ in range(3):
        wanted = sender.next_range(0.0)
        assert wanted is not None
        sent.append(wanted.first)
        sender.sent(wanted.first, wanted.first + 2, 0.0)
    for _ in range(3):
        sender.receive_ack(ack("gap", 0, GENESIS), lambda at: digests(journal, at), 0.1)
        wanted = sender.next_range(0.1)
        if wanted is not None:
            sent.append(wanted.first)
            sender.sent(wanted.first, wanted.first + 2, 0.1)
    assert sent == [1, 4, 7, 1, 4, 7]


def test_silence_is_waited_out_ever_longer_and_not_for_ever() -> None:
    """A hub that is away is not flooded; when it is back, it hears of us within the largest waiting time."""
    journal = drawer_chain(1)
    sender = online(journal)
    now_s, waits = 0.0, []
    for _ in range(8):
        assert sender.next_range(now_s) is not None
        sender.sent(1, 1, now_s)
        wake_at_s = sender.wake_at_s()
        assert wake_at_s is not None
        waits.append(wake_at_s - now_s)
        assert sender.next_range(wake_at_s - 0.01) is None
        now_s = wake_at_s
    assert waits == [2.0, 4.0, 8.0, 16.0, 16.0, 16.0, 16.0, 16.0]


@given(data=st.data(), length=st.integers(1, 60))
def test_a_hub_that_was_put_back_gets_again_what_it_had_acknowledged(data: st.DataObject, length: int) -> None:
    """Its disk lied, its stand-by was behind, or it is a backup: what the till still has fills the gap.

    What the till was told stays told: its own `acked` never runs backwards.
    """
    journal = drawer_chain(length)
    acked = data.draw(st.integers(1, length), label="acked")
    hub = ModelHub()
    hub.log = list(journal[: data.draw(st.integers(0, acked - 1), label="put back to")])
    sender = online(journal, acked)
    if acked == length:
        sender.hub_is_at(len(hub.log), lambda at: digests(journal, at), 0.0)
    now_s, told = 0.0, acked
    for _ in range(100 + length):
        while (wanted := sender.next_range(now_s)) is not None:
            last = min(wanted.first + wanted.events_max - 1, length)
            sender.sent(wanted.first, last, now_s)
            said = hub.take(batch_of(list(journal), wanted.first, last))
            effect = sender.receive_ack(said, lambda at: digests(journal, at), now_s)
            assert effect.epoch_lost is None
            assert effect.acked is None or effect.acked > told
            told = effect.acked or told
        now_s = sender.wake_at_s() or now_s + 1.0
    assert hub.log == list(journal)
    assert (sender.acked, sender.backlog, sender.wake_at_s()) == (length, 0, None)


def test_what_was_forgotten_cannot_be_sent_again() -> None:
    """A backup from before what the till has kept: it sends nothing that would leave a gap, and keeps its epoch."""
    journal = drawer_chain(9)
    sender = online(journal, 8)
    effect = sender.receive_ack(
        ack("gap", 2, journal[1].digest), lambda at: digests(journal, at) if at >= 6 else None, 0.0
    )
    assert (effect.acked, effect.epoch_lost) == (None, None)
    wanted = sender.next_range(0.0)
    assert wanted is not None
    assert wanted.first == 9


def test_what_is_forgotten_while_it_is_sent_again_is_given_up() -> None:
    """The journal may lose an acknowledged event at any time: then the sender goes on behind what was acknowledged."""
    journal = drawer_chain(9)
    sender = online(journal, 8)
    sender.receive_ack(ack("gap", 2, journal[1].digest), lambda at: digests(journal, at), 0.0)
    wanted = sender.next_range(0.0)
    assert wanted is not None
    assert wanted.first == 3
    sender.stop_repeating()
    wanted = sender.next_range(0.0)
    assert wanted is not None
    assert wanted.first == 9
