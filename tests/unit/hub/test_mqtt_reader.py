"""The lean MQTT reader on a wire of ours: when it reads, and when it does not."""

from __future__ import annotations

import asyncio

from hub.broker.link import BrokerLink
from hub.ingest.inbox import Inbox
from hub.ingest.mqtt_packets import publish
from hub.ingest.mqtt_reader import MqttConnection


class Wire(asyncio.Transport):
    """A transport that goes nowhere and tells whether it is being read."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Lose it."""

    def is_closing(self) -> bool:
        """Never."""
        return False

    def is_reading(self) -> bool:
        """Whether somebody reads."""
        return self.reading

    def pause_reading(self) -> None:
        """Read no more."""
        self.reading = False

    def resume_reading(self) -> None:
        """Read on."""
        self.reading = True


def test_reading_stops_for_a_full_inbox_and_for_good_when_the_hub_stops() -> None:
    """A busy broker would otherwise hand a stopping hub new work for each message that it finishes."""

    async def read() -> list[bool]:
        inbox, wire, seen = Inbox(messages_max=2), Wire(), []
        connection = MqttConnection(BrokerLink("127.0.0.1", 1, "c"), ["a"], inbox, 1, lambda _: None)
        connection.connection_made(wire)
        for number in (1, 2):
            connection.data_received(publish("a", b"x", packet_id=number))
        seen.append(wire.reading)
        inbox.take(2, 0)
        connection.acknowledge([1, 2])
        seen.append(wire.reading)
        connection.stop_reading()
        connection.acknowledge([])
        seen.append(wire.reading)
        connection.connection_lost(None)
        return seen

    assert asyncio.run(read()) == [False, True, False]
