"""What the engines can do by themselves, and what the plain way of using them costs: the bench's measuring sticks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from tests.bench.ingest.load import Listener, Load
from tests.bench.ingest.sales import Message

_ROW_BYTES = 700
"""An event's bytes, about."""

_ROWS_AT_ONCE = 1_000


def broker_alone(port: int, messages: Sequence[Message], window: int) -> float:
    """Messages a second through the broker, QoS 1 in and out, to a listener that does nothing with them."""
    listener = Listener(port, "tillwire/v1/+/+/+/journal", "bench-listener")
    load = Load(port, messages, window=window, per_second=None)
    load.begin()
    left, ended_s = len(messages), 0.0
    while left > 0:
        heard = listener.heard()
        left -= len(heard)
        ended_s = heard[-1][1] if heard else ended_s
    listener.close()
    return len(messages) / (ended_s - load.told().began_s)


def copy_alone(url: str, rows: int) -> float:
    """Rows of an event's size a second by COPY, a thousand a transaction, committed to disk."""
    body = bytes(_ROW_BYTES)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE bench_copy (store text, sequence bigint, raw bytea, PRIMARY KEY (store, sequence))"
        )
        connection.commit()
        began = time.perf_counter()
        for begin in range(0, rows, _ROWS_AT_ONCE):
            with connection.cursor().copy("COPY bench_copy FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(("text", "int8", "bytea"))
                for sequence in range(begin, begin + _ROWS_AT_ONCE):
                    copy.write_row(("s001", sequence, body))
            connection.commit()
        return rows / (time.perf_counter() - began)


def naive(port: int, url: str, messages: Sequence[Message]) -> float:
    """Sales a second the way most would write it: paho calls back, one INSERT and one commit a message."""
    done, finished_s = threading.Event(), 0.0
    left = len(messages)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bench_naive (topic text, raw bytea)")
        connection.commit()

        def heard(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
            nonlocal left, finished_s
            connection.execute("INSERT INTO bench_naive VALUES (%s, %s)", (message.topic, bytes(message.payload)))
            connection.commit()
            left -= 1
            if not left:
                finished_s = time.time()  # noqa: TID251 - compared with another process
                done.set()

        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bench-naive")
        client.on_message = heard
        subscribed = threading.Event()
        client.on_subscribe = lambda *_: subscribed.set()
        client.connect("127.0.0.1", port)
        client.loop_start()
        client.subscribe("tillwire/v1/+/+/+/journal", 1)
        assert subscribed.wait(10), "the broker did not take the subscription"
        load = Load(port, messages, window=100, per_second=None)
        load.begin()
        began_s = load.told().began_s
        assert done.wait(300), f"{left} messages never came"
        client.disconnect()
        client.loop_stop()
        return len(messages) / (finished_s - began_s)
