"""A till of few lines for tests of a real hub: journals in memory, sends over paho, resends until the hub's ack."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from hub.fleet.enrolment import Credentials
from protocol.documents import Document
from protocol.events import EventData
from protocol.feed_receiver import Apply, FeedReceiver, Stage
from protocol.frame import Key, decode, encode
from protocol.ids import FeedName, StoreId, store_feed
from protocol.messages import Ack, FeedUpdate, Status
from protocol.topics import feed_topic, terminal_topic
from tests.unit.hub.journals import Journal

RESEND_S = 1.0
BATCH_EVENTS = 100


class TerminalClient:
    """One terminal: `sell` journals, a thread of its own sends; `documents` is what the store's feed has brought."""

    def __init__(self, given: Credentials, host: str, port: int) -> None:
        self.journal = Journal(given.store, given.terminal, epoch=given.epoch, key=bytes.fromhex(given.terminal_key))
        self._feed_key = Key(bytes.fromhex(given.store_feed_key))
        self.acked = 0
        self.statuses: list[str] = []
        self.documents: dict[tuple[str, str], Document] = {}
        feed = store_feed(StoreId(given.store))
        self._receiver = FeedReceiver(feed, lineage="", revision=0, nonce=f"{given.terminal}-test")
        self._staged: list[Document] = []
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._address = (host, port)
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=f"{given.store}-{given.terminal}", clean_session=True
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda *_: self._connected()
        self._client.on_disconnect = lambda *_: self._receiver.disconnect()
        self._client.on_message = lambda _, __, message: self._heard(message.topic, bytes(message.payload))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Connected."""
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Disconnected."""
        self.stop()

    @property
    def feed(self) -> FeedName:
        """Its store's feed."""
        return self._receiver.feed

    @property
    def revision(self) -> int:
        """Up to where it follows the feed."""
        return self._receiver.revision

    def start(self) -> None:
        """Connect and begin to send."""
        self._client.connect_async(*self._address, keepalive=10)
        self._client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect."""
        self._stopping.set()
        self._thread.join(10)
        self._client.disconnect()
        self._client.loop_stop()

    def sell(self, data: EventData) -> None:
        """Journal an event now."""
        with self._lock:
            self.journal.append(data, datetime.now(UTC))  # noqa: TID251 - a real till's clock

    def report(self, status: Status) -> None:
        """Say how the till is."""
        self._say("status", encode(status, topic=self._topic("status"), key=self.journal.key), retain=True)

    def publish_raw(self, topic: str, payload: bytes) -> None:
        """Send anything."""
        self._client.publish(topic, payload, qos=1)

    def _topic(self, leaf: str) -> str:
        return terminal_topic(self.journal.store, self.journal.terminal, leaf)  # type: ignore[arg-type] # our own words

    def _say(self, leaf: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(self._topic(leaf), payload, qos=1, retain=retain)

    def _connected(self) -> None:
        topics = [self._topic("ack"), self._topic("chunk"), feed_topic(self.feed)]
        self._client.subscribe([(topic, 1) for topic in topics])
        with self._lock:
            self._receiver.connect()

    def _run(self) -> None:
        sent, quiet_s, clock_s = 0, 0.0, 0.0
        while not self._stopping.wait(0.02):
            clock_s += 0.02
            with self._lock:
                tail = len(self.journal.events)
                if self.acked < sent:
                    quiet_s += 0.02
                if quiet_s >= RESEND_S:
                    sent, quiet_s = self.acked, 0.0
                sent = max(sent, self.acked)
                if sent < tail and sent - self.acked < 4 * BATCH_EVENTS and self._client.is_connected():
                    last = min(tail, sent + BATCH_EVENTS)
                    now = datetime.now(UTC)  # noqa: TID251 - as above
                    self._say("journal", self.journal.frame(sent + 1, last, sent_at=now))
                    sent = last
                pull = self._receiver.next_pull(clock_s)
            if pull is not None:
                self._say("pull", encode(pull, topic=self._topic("pull"), key=self.journal.key))

    def _heard(self, topic: str, payload: bytes) -> None:
        with self._lock:
            if topic == self._topic("ack"):
                ack = decode(payload, Ack, topic=topic, key=self.journal.key)
                self.statuses.append(ack.status)
                assert ack.sequence <= len(self.journal.events)
                assert ack.digest == self.journal.digest(ack.sequence).hex()
                self.acked = max(self.acked, ack.sequence)
                return
            key = self._feed_key if topic == feed_topic(self.feed) else self.journal.key
            effect = self._receiver.receive(decode(payload, FeedUpdate, topic=topic, key=key), 0.0)
            match effect:
                case Stage(documents=documents):
                    self._staged += documents
                case Apply(documents=documents, replace=replace):
                    if replace:
                        self.documents.clear()
                    for document in [*self._staged, *documents]:
                        self.documents[document.kind, document.key] = document
                    self._staged = []
                case None:
                    pass
