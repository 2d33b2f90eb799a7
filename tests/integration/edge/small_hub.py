"""A hub of a hundred lines for tests of the till: judges batches, acks them, answers pulls with a catalogue."""

from __future__ import annotations

import socket

import msgspec
import paho.mqtt.client as paho
from iotcore import Broker
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.app import now
from protocol import frame
from protocol.documents import Document, Item
from protocol.errors import BadFrame
from protocol.event import GENESIS, Digest
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId
from protocol.journal_receiver import JournalCursor, judge
from protocol.messages import Ack, CommandAnswer, FeedUpdate, Message, Pull, Status
from protocol.topics import terminal_topic

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
SOURCE = f"/stores/{STORE}/terminals/{TERMINAL}"
CATALOGUE = 2_500


class SmallHub:
    """Takes batches as the protocol judges them, acks them, answers pulls. All in paho's thread."""

    def __init__(self, port: int, key: Key) -> None:
        self._key = key
        self.events: list[bytes] = []
        self.cursor = JournalCursor(1, 0, GENESIS)
        self.digests: dict[int, Digest] = {}
        self.statuses: list[Status] = []
        self.answers: list[CommandAnswer] = []
        self.mute = False
        self.ignored = 0
        self.has_catalogue = True
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="small-hub")
        self.client.on_message = self._on_message
        self.client.on_connect = self._on_connect
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def close(self) -> None:
        """End it."""
        self.client.disconnect()
        self.client.loop_stop()

    def restart(self, epoch: int) -> None:
        """From now on the terminal's events are of this epoch."""
        self.cursor = JournalCursor(epoch, 0, GENESIS)
        self.digests.clear()

    def say(self, leaf: str, message: Message, *, retain: bool = False) -> None:
        """Say something to the terminal."""
        topic = topic_of(leaf)
        self.client.publish(topic, frame.encode(message, topic=topic, key=self._key), qos=1, retain=retain)

    def _on_connect(
        self, client: paho.Client, _data: object, _flags: object, _code: object, _properties: object
    ) -> None:
        client.subscribe("tillwire/v1/#", 1)

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        try:
            if message.topic == topic_of("journal") and self.mute:
                self.ignored += 1
            elif message.topic == topic_of("journal"):
                self._take(payload)
            elif message.topic == topic_of("pull"):
                self._answer(frame.decode(payload, Pull, topic=message.topic, key=self._key))
            elif message.topic == topic_of("status"):
                self.statuses.append(frame.decode(payload, Status, topic=message.topic, key=self._key))
            elif message.topic == topic_of("answer"):
                self.answers.append(frame.decode(payload, CommandAnswer, topic=message.topic, key=self._key))
        except BadFrame:
            pass  # the test sends noise to everybody

    def _take(self, payload: bytes) -> None:
        batch = frame.decode_batch(payload, topic=topic_of("journal"), key=self._key)
        verdict = judge(batch, self.cursor, SOURCE, self.digests.get)
        for taken in verdict.taken:
            self.events.append(taken.sealed.raw)
            self.digests[taken.sealed.sequence] = taken.sealed.digest
        self.cursor = verdict.cursor
        ack = Ack(
            epoch=self.cursor.epoch, sequence=self.cursor.sequence, digest=self.cursor.digest.hex(), hub_time=now(),
            status=verdict.status,
        )  # fmt: skip
        self.say("ack", ack, retain=True)

    def _answer(self, pull: Pull) -> None:
        if pull.feed != GLOBAL_FEED or pull.revision or not self.has_catalogue:
            return
        items = [Item(sku=f"S{n}", name=f"S{n}", price=n, currency="VND") for n in range(CATALOGUE)]
        documents = [
            Document(kind="item", key=item.sku, revision=1, body=msgspec.Raw(msgspec.json.encode(item)))
            for item in items
        ]
        for part in range(5):
            chunk = tuple(documents[part * 500 : part * 500 + 500])
            self.say(
                "chunk",
                FeedUpdate(
                    feed=pull.feed, lineage="db", from_rev=0, to_rev=1, documents=chunk, request=pull.request,
                    part=part, last=part == 4,
                ),
            )  # fmt: skip


def topic_of(leaf: str) -> str:
    """A topic of the terminal."""
    return terminal_topic(STORE, TERMINAL, leaf)  # type: ignore[arg-type]  # tests name leaves of both directions


def start_broker() -> Broker:
    """A broker on a free port."""
    for _ in range(5):
        made = Broker(port=_free_port(), listen="127.0.0.1", max_payload_size=5_000_000)
        try:
            made.start(10.0)
        except OSError:
            continue
        return made
    raise AssertionError("no free port for the broker")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
