"""One run of the ingest bench: both installations, their limits, the naive way, all on the same machine in a row."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from protocol.frame import Key
from protocol.messages import Ack
from tests.bench.ingest import limits
from tests.bench.ingest.hubs import POSTGRES, BenchHub, Installation, running_hub
from tests.bench.ingest.load import Listener, Load
from tests.bench.ingest.sales import Message, Till, all_journals, places
from tests.demo.cashier import percentiles
from tests.services import postgres_binaries, running_mosquitto, running_postgres

BACKLOG_EVENTS = 100
ACK_PER_SECOND = 1_000
_FRAME_HEAD = 36


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    sales: int
    backlog: int
    paced: int
    naive: int
    stores: int
    seed: int


async def bench_ingest(
    folder: Path, extent: Extent, told: Callable[[str], None], kinds: tuple[Installation, ...]
) -> dict[str, Any]:
    """Measure; `told` hears what is being measured now."""
    found: dict[str, Any] = {}
    for kind in kinds:
        found[kind] = {}
        for name, sales, each in (("single", extent.sales, 1), ("backlog", extent.backlog, BACKLOG_EVENTS)):
            told(f"{kind}: {sales:,} sales, {each} a message")
            (place := folder / f"{kind}-{name}").mkdir()
            async with running_hub(kind, place, extent.stores) as hub:
                rate, cpu_us = await _rate(hub, sales, each, extent.seed)
                found[kind][name] = round(rate)
                found[kind][f"{name}_hub_cpu_us"] = round(cpu_us, 1)
        told(f"{kind}: acks at {ACK_PER_SECOND:,} sales a second")
        (place := folder / f"{kind}-paced").mkdir()
        async with running_hub(kind, place, extent.stores) as hub:
            found[kind]["ack_ms"] = percentiles(await _ack_ms(hub, extent.paced, extent.seed))
    told("the engines by themselves, and the naive way")
    found |= await asyncio.to_thread(_limits, extent)
    if "production" in found:
        found["ack_ms_at_1000"] = found["production"]["ack_ms"]
    return found


async def _rate(hub: BenchHub, sales: int, each: int, seed: int) -> tuple[float, float]:
    """Durable sales a second, from the first publish to the last commit; and the hub's processor time, us a sale."""
    made = await asyncio.to_thread(all_journals, hub.tills, sales, each, seed)
    messages = _mixed(made.values(), seed)
    load = await asyncio.to_thread(Load, hub.broker_port, messages, window=hub.window, per_second=None)
    loop = asyncio.get_running_loop()
    used_s, began = hub.cpu_s(), loop.time()
    load.begin()
    count = sum(journal[-1].last for journal in made.values())
    await hub.until_durable(count)
    took, used_s = loop.time() - began, hub.cpu_s() - used_s
    await asyncio.to_thread(load.told)
    return count / took, used_s / count * 1e6


async def _ack_ms(hub: BenchHub, sales: int, seed: int) -> list[float]:
    """Milliseconds from a sale's publish to the hub's ack of it, at a steady pace."""
    made = await asyncio.to_thread(all_journals, hub.tills, sales, 1, seed)
    messages = _mixed(made.values(), seed)
    listener = Listener(hub.broker_port, "tillwire/v1/+/+/+/ack", "bench-acks")
    load = await asyncio.to_thread(Load, hub.broker_port, messages, window=hub.window, per_second=float(ACK_PER_SECOND))
    load.begin()
    wanted = {till.topic.removesuffix("journal") + "ack": journal[-1].last for till, journal in made.items()}
    acked = await asyncio.to_thread(_hear_acks, listener, wanted)
    said = await asyncio.to_thread(load.told)
    return [
        (acked[topic.removesuffix("journal") + "ack", last] - sent_s) * 1000
        for (topic, last), sent_s in said.sent_s.items()
    ]


def _hear_acks(listener: Listener, wanted: dict[str, int]) -> dict[tuple[str, int], float]:
    """When each sequence of each journal was acknowledged first."""
    heard: dict[tuple[str, int], float] = {}
    known = dict.fromkeys(wanted, 0)
    while any(known[topic] < last for topic, last in wanted.items()):
        for message, now_s in listener.heard():
            assert message.payload is not None
            ack = msgspec.json.decode(message.payload[_FRAME_HEAD:], type=Ack)
            for sequence in range(known[message.topic] + 1, ack.sequence + 1):
                heard[message.topic, sequence] = now_s
            known[message.topic] = max(known[message.topic], ack.sequence)
    listener.close()
    return heard


def _limits(extent: Extent) -> dict[str, Any]:
    binaries = postgres_binaries()
    assert binaries is not None, "the bench needs PostgreSQL: ./dev setup --system"
    with running_postgres(binaries, POSTGRES) as database, running_mosquitto() as broker:
        messages = _plain_messages(extent)
        raw = {
            "mosquitto": round(limits.broker_alone(broker.port, messages, 500)),
            "postgresql_copy": round(limits.copy_alone(database.new_database(), extent.sales)),
        }
        return {
            "raw": raw,
            "naive": round(limits.naive(broker.port, database.new_database(), messages[: extent.naive])),
        }


def _plain_messages(extent: Extent) -> list[Message]:
    tills = [Till(store, terminal, Key(bytes(32))) for store, terminal in places(extent.stores)]
    return _mixed(all_journals(tills, extent.sales, 1, extent.seed).values(), extent.seed)


def _mixed(journals: Iterable[list[Message]], seed: int) -> list[Message]:
    """All messages in an order in which each till's own stay in order, and tills take turns at random."""
    dice = Random(seed)  # noqa: S311 - an order, no secret
    every = list(journals)
    turns = [till for till, journal in enumerate(every) for _ in journal]
    dice.shuffle(turns)
    iterators = [iter(journal) for journal in every]
    return [next(iterators[till]) for till in turns]
