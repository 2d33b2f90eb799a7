"""From batches to writes: what one ingest transaction does, decided purely under the stores' row locks.

The promise: each event takes effect once. The cursor tells new from seen; an event id that is in the log already (it
was sealed again into a new epoch after a fork or a restored backup) is kept and moves nothing. What cannot be read is
parked and does not stop what follows. Acks come back with the plan, but are worth nothing until the commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.ingest.effects import matters_of, promise_kept, sale_of, unstorable
from hub.ingest.levels import ending, level_writes
from hub.storage.port import LedgerReads
from hub.storage.records import (
    Alarm,
    EpochKey,
    LedgerMovement,
    LedgerWrites,
    LoggedEvent,
    LoggedMatter,
    ParkedEvent,
    Place,
    Promise,
    SaleFact,
)
from protocol.event import GENESIS, Digest, Unreadable, read_event, source_of
from protocol.ids import StoreId
from protocol.journal_receiver import JournalCursor, TakenEvent, Verdict, judge
from protocol.messages import Ack, AckStatus, Batch
from protocol.movements import movements_of


@dataclass(frozen=True)
class IncomingBatch:
    """A batch that its frame has proved to come from this terminal."""

    key: EpochKey
    batch: Batch


@dataclass(frozen=True)
class IngestResult:
    """What became of one epoch's batches. `ack` may be published once the transaction has committed.

    `checked_at` are the event times of new events whose till had checked its clock, `unchecked` counts the others.
    """

    key: EpochKey
    ack: Ack
    taken: int = 0
    seen: int = 0
    parked: int = 0
    forked: int = 0
    duplicates: int = 0
    checked_at: tuple[datetime, ...] = ()
    unchecked: int = 0


@dataclass(frozen=True)
class IngestPlan:
    """What to write, and what to say afterwards."""

    writes: LedgerWrites
    results: tuple[IngestResult, ...]


def plan_batches(
    batches: Sequence[IncomingBatch], reads: LedgerReads, now: datetime, *, asking: bool = True, unfit: str = ""
) -> IngestPlan:
    """Decide on batches in the order in which they came; several of one epoch get one, cumulative answer.

    Not `asking`, the ids of new events are taken for new ones without a look at the log: true of all but what was
    sealed again. Writing such a plan raises AlreadyLogged where it is not true. `unfit` says why none of the events
    can be counted in: each is kept with its bytes, and parked.
    """
    judgements = _judge_all(batches, reads)
    work = _Work(now, reads.open_forks(), _ids_in_log(judgements, reads, asking=asking), unfit)
    for judgement in judgements.values():
        for verdict in judgement.verdicts:
            work.take(judgement.key, verdict)
        work.alarm(judgement)
    moved = {j.key: j.cursor for j in judgements.values() if j.cursor is not None and j.taken}
    touched = {key.store for key in moved}
    revisions = {store: revision + 1 for store, revision in reads.revisions().items() if store in touched}
    ended = ending(work.kept, reads)
    moves, levels = level_writes(work.movements, reads, ended)
    writes = LedgerWrites(
        at=now,
        revisions=revisions,
        events=tuple(work.events),
        movements=tuple(work.movements),
        sales=tuple(work.sales),
        moves=moves,
        levels=levels,
        cursors=moved,
        parked=tuple(work.parked.values()),
        resolved_forks=frozenset(work.resolved),
        alarms=tuple(work.alarms),
        matters=tuple(work.matters),
        reservations=dict.fromkeys(ended, 0),
    )
    return IngestPlan(writes, tuple(work.result(judgement) for judgement in judgements.values()))


@dataclass
class _Judgement:
    """The verdicts on one epoch's batches; `cursor` is None for an epoch that was never granted."""

    key: EpochKey
    cursor: JournalCursor | None
    verdicts: list[Verdict] = field(default_factory=list)
    digests: dict[int, Digest] = field(default_factory=dict)
    gap_up_to: int = 0

    @property
    def taken(self) -> bool:
        return any(verdict.taken for verdict in self.verdicts)

    @property
    def status(self) -> AckStatus:
        if self.cursor is None:
            return "unknown_epoch"
        said = {verdict.status for verdict in self.verdicts}
        if "fork" in said or "broken" in said:
            return "fork" if "fork" in said else "broken"
        # A gap that a later batch of this commit has closed is none.
        return "gap" if self.gap_up_to > self.cursor.sequence else "ok"

    def judge(self, batch: Batch, reads: LedgerReads) -> None:
        if self.cursor is None:
            return
        verdict = judge(
            batch,
            self.cursor,
            source_of(self.key.store, self.key.terminal),
            lambda sequence: self.digests.get(sequence) or reads.digest_at(self.key, sequence),
        )
        self.verdicts.append(verdict)
        self.cursor = verdict.cursor
        self.digests.update({taken.sealed.sequence: taken.sealed.digest for taken in verdict.taken})
        if verdict.status == "gap":
            self.gap_up_to = max(self.gap_up_to, batch.last)


def _judge_all(batches: Sequence[IncomingBatch], reads: LedgerReads) -> dict[EpochKey, _Judgement]:
    cursors = reads.cursors(frozenset(incoming.key for incoming in batches))
    judgements: dict[EpochKey, _Judgement] = {}
    for incoming in batches:
        key = incoming.key
        if key not in judgements:
            judgements[key] = _Judgement(key, cursors.get(key))
        judgements[key].judge(incoming.batch, reads)
    return judgements


def _ids_in_log(
    judgements: Mapping[EpochKey, _Judgement], reads: LedgerReads, *, asking: bool
) -> dict[tuple[StoreId, str], Place]:
    ids = {
        (key.store, taken.event.id)
        for key, judgement in judgements.items()
        for verdict in judgement.verdicts
        for taken in verdict.taken
        # PostgreSQL takes no zero character, not even in a question.
        if asking and taken.event is not None and not unstorable(taken.event, None)
    }
    for key, judgement in judgements.items():
        for verdict in judgement.verdicts:
            ids.update((key.store, found) for sealed in verdict.forked if (found := _id_of(sealed.raw)) is not None)
    return dict(reads.logged_ids(ids)) if ids else {}


def _id_of(raw: bytes) -> str | None:
    event = read_event(raw)
    return None if isinstance(event, Unreadable) or unstorable(event, None) else event.id


class _Work:
    """Gathers the writes of one plan."""

    def __init__(
        self,
        now: datetime,
        open_forks: frozenset[tuple[StoreId, str]],
        known: dict[tuple[StoreId, str], Place],
        unfit: str,
    ) -> None:
        self.events: list[LoggedEvent] = []
        self.movements: list[LedgerMovement] = []
        self.sales: list[SaleFact] = []
        self.parked: dict[tuple[EpochKey, int, bytes], ParkedEvent] = {}
        self.resolved: set[tuple[StoreId, str]] = set()
        self.alarms: list[Alarm] = []
        self.matters: list[LoggedMatter] = []
        self.kept: set[Promise] = set()
        self._now = now
        self._open_forks = open_forks
        self._known = known
        self._new: dict[tuple[StoreId, str], tuple[EpochKey, int]] = {}
        self._unfit = unfit
        self._counts: dict[EpochKey, _Counts] = {}

    def take(self, key: EpochKey, verdict: Verdict) -> None:
        counts = self._counts.setdefault(key, _Counts())
        counts.seen += verdict.seen
        for taken in verdict.taken:
            self._take_event(key, taken, counts)
        for sealed in verdict.forked:
            event_id = _id_of(sealed.raw)
            counts.forked += 1
            self._park(
                ParkedEvent(
                    key, sealed.sequence, event_id, "fork", "another history of this epoch is in the log", sealed.raw,
                    resolved=event_id is not None and (key.store, event_id) in self._known,
                )
            )  # fmt: skip

    def alarm(self, judgement: _Judgement) -> None:
        key, status = judgement.key, judgement.status
        counts = self._counts.get(key, _Counts())
        if status == "fork":
            text = f"epoch {key.epoch}: two histories under one identity (a cloned or restored PC)"
            self.alarms.append(Alarm("fork", key.store, key.terminal, text))
        elif status == "broken":
            text = f"epoch {key.epoch}: the digest chain breaks after sequence {_sequence(judgement)}"
            self.alarms.append(Alarm("broken_chain", key.store, key.terminal, text))
        if counts.parked:
            text = f"epoch {key.epoch}: events that this hub cannot read are parked"
            self.alarms.append(Alarm("parked", key.store, key.terminal, text, counts.parked))
        if counts.unchecked:
            text = "the till's clock was not checked against the hub's when it sold"
            self.alarms.append(Alarm("clock", key.store, key.terminal, text, counts.unchecked))

    def result(self, judgement: _Judgement) -> IngestResult:
        counts = self._counts.get(judgement.key, _Counts())
        cursor = judgement.cursor or JournalCursor(judgement.key.epoch, 0, GENESIS)
        ack = Ack(
            epoch=judgement.key.epoch, sequence=cursor.sequence, digest=cursor.digest.hex(), hub_time=self._now,
            status=judgement.status,
        )  # fmt: skip
        return IngestResult(
            judgement.key, ack, taken=counts.taken, seen=counts.seen, parked=counts.parked, forked=counts.forked,
            duplicates=counts.duplicates, checked_at=tuple(counts.checked_at), unchecked=counts.unchecked,
        )  # fmt: skip

    def _take_event(self, key: EpochKey, taken: TakenEvent, counts: _Counts) -> None:
        sealed, event = taken.sealed, taken.event
        counts.taken += 1
        reason, text = taken.park_reason, taken.park_text
        unfit = self._unfit or (unstorable(event, taken.data) if event is not None else None)
        if event is None or unfit:
            self.events.append(LoggedEvent(key, sealed.sequence, sealed.digest, sealed.raw, None, None, None))
            self._park(ParkedEvent(key, sealed.sequence, None, reason or "unreadable", unfit or text, sealed.raw))
            counts.parked += 1
            return
        identity = (key.store, event.id)
        original = self._known.get(identity) or self._new.get(identity)
        self.events.append(
            LoggedEvent(
                key, sealed.sequence, sealed.digest, sealed.raw, event.id, event.type, event.time,
                _place_name(original) if original is not None else None,
            )
        )  # fmt: skip
        if original is not None:
            counts.duplicates += 1
            return
        self._new[identity] = (key, sealed.sequence)
        if identity in self._open_forks:
            self.resolved.add(identity)
        if event.clockunchecked:
            counts.unchecked += 1
        else:
            counts.checked_at.append(event.time)
        if taken.data is None:
            self._park(ParkedEvent(key, sealed.sequence, event.id, reason or "unreadable", text, sealed.raw))
            counts.parked += 1
            return
        sequence = sealed.sequence
        self.movements += [LedgerMovement(key, sequence, movement) for movement in movements_of(taken.data, event.time)]
        sale = sale_of(key, sealed.sequence, taken.data, event.time)
        if sale is not None:
            self.sales.append(sale)
        matters = matters_of(key, sealed.sequence, taken.data, event.time)
        if matters:  # what keeps a promise belongs to a matter; an ordinary sale does neither
            self.matters += matters
            kept = promise_kept(taken.data, key.store)
            if kept is not None:
                self.kept.add(kept)

    def _park(self, parked: ParkedEvent) -> None:
        self.parked[parked.key, parked.sequence, parked.raw] = parked


@dataclass
class _Counts:
    taken: int = 0
    seen: int = 0
    parked: int = 0
    forked: int = 0
    duplicates: int = 0
    unchecked: int = 0
    checked_at: list[datetime] = field(default_factory=list)


def _place_name(place: Place | tuple[EpochKey, int]) -> str:
    if isinstance(place, Place):
        return str(place)
    key, sequence = place
    return str(Place(key.terminal, key.epoch, sequence))


def _sequence(judgement: _Judgement) -> int:
    return judgement.cursor.sequence if judgement.cursor is not None else 0
