"""What terminals say about themselves, without I/O: statuses in, epoch requests in, grants out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.errors import StorageRejected, UnknownTerminal
from hub.storage.port import FleetStore, KeyRing, TerminalReport
from hub.storage.refusals import Refusals
from protocol.errors import BadFrame, InvalidId
from protocol.frame import Key, decode, encode
from protocol.ids import StoreId, TerminalId
from protocol.link import Publish
from protocol.messages import EpochRequest, Status
from protocol.topics import TerminalTopic, parse_terminal_topic, terminal_topic

REQUESTS_WAITING_MAX = 1_000
BACKLOG_MAX = 2**53
NUL = "\x00"
EPOCH_MAX = 2**31 - 1  # what a column holds, as at ingest


class FleetSession:
    """One listener for status and epoch topics. `poll` writes to the database, so the shell calls it in a thread."""

    def __init__(self, store: FleetStore, keys: KeyRing) -> None:
        self._store = store
        self._keys = keys
        self._reports: dict[tuple[StoreId, TerminalId], TerminalReport] = {}
        self._requests: dict[tuple[StoreId, TerminalId, str], EpochRequest] = {}
        self.refused = Refusals()

    @property
    def waiting(self) -> int:
        """How many reports and requests wait for `poll`."""
        return len(self._reports) + len(self._requests)

    def receive(self, topic: str, payload: bytes) -> None:
        """Take a message of a status or an epoch topic. Never raises for what is in it."""
        try:
            place = parse_terminal_topic(topic)
            key = self._keys.terminal_key(place.store, place.terminal)
            if key is None:
                text = f"{place.store}/{place.terminal} is not enrolled here, or was revoked"
                self.refused.refuse(topic, payload, "unknown_terminal", text)
            elif place.leaf == "status":
                self._take_status(place, payload, topic, key)
            elif place.leaf == "epoch":
                self._take_request(place, payload, topic, key)
        except (BadFrame, InvalidId) as error:
            self.refused.refuse_error(topic, payload, error)

    def poll(self, now_s: float, wall: datetime) -> list[Publish]:
        """Write what was reported and grant what was asked. Raises StorageUnavailable; then nothing is lost."""
        del now_s  # as the other sessions' polls
        if self._reports:
            self._record(tuple(self._reports.values()), wall)
            self._reports.clear()
        publishes: list[Publish] = []
        for asked in list(self._requests):
            publishes += self._grant(asked[0], asked[1], self._requests[asked], wall)
            del self._requests[asked]
        return publishes

    def reported(self) -> Sequence[StoreId]:
        """The stores whose terminals have reports waiting."""
        return tuple({store for store, _ in self._reports})

    def _record(self, reports: Sequence[TerminalReport], wall: datetime) -> None:
        try:
            self._store.record_reports(reports, wall)
        except StorageRejected as error:
            if len(reports) == 1:
                self._unstorable(terminal_topic(reports[0].store, reports[0].terminal, "status"), error)
                return
            # One of them would be refused for ever, and would hold up everything that comes after this.
            for report in reports:
                self._record((report,), wall)

    def _unstorable(self, topic: str, error: StorageRejected) -> None:
        self.refused.refuse(topic, b"", "unstorable", f"the database refuses it: {error}")

    def _take_status(self, place: TerminalTopic, payload: bytes, topic: str, key: Key) -> None:
        status = decode(payload, Status, topic=topic, key=key)
        if NUL in status.version + status.problem + "".join(status.devices) or not 0 <= status.backlog <= BACKLOG_MAX:
            self.refused.refuse(topic, payload, "unreadable", "a zero character or a backlog past reason in a status")
            return
        # Bounded by the number of terminals that have a key.
        self._reports[place.store, place.terminal] = TerminalReport(place.store, place.terminal, status)

    def _take_request(self, place: TerminalTopic, payload: bytes, topic: str, key: Key) -> None:
        request = decode(payload, EpochRequest, topic=topic, key=key)
        asked = (place.store, place.terminal, request.nonce)
        if not 0 <= request.epoch < EPOCH_MAX:
            self.refused.refuse(topic, payload, "unreadable", f"epoch {request.epoch} is none that we grant")
            return
        if NUL in request.nonce or (asked not in self._requests and len(self._requests) >= REQUESTS_WAITING_MAX):
            self.refused.refuse(topic, payload, "overload", "too many epoch requests wait; the terminal asks again")
            return
        self._requests[asked] = request

    def _grant(self, store: StoreId, terminal: TerminalId, request: EpochRequest, wall: datetime) -> list[Publish]:
        key = self._keys.terminal_key(store, terminal)
        if key is None:
            return []
        try:
            grant = self._store.grant_epoch(store, terminal, request, wall)
        except UnknownTerminal:
            return []
        except StorageRejected as error:
            self._unstorable(terminal_topic(store, terminal, "epoch"), error)
            return []
        topic = terminal_topic(store, terminal, "grant")
        return [Publish(topic, encode(grant, topic=topic, key=key))]
