"""What no hub can take: frames that are garbage or too large, events that it cannot read, or cannot count in.

All of it is refused or parked and told to people; the cursor goes on, and so does everybody else. What an older hub
did not know, and what a hub stumbled over, is counted in by `parked replay` once a sound hub runs.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from random import Random

import msgspec
import sqlalchemy as sa
import zstandard

from edge_agent.journal.sqlite import SqliteJournal, hash_of
from hub.ingest.mqtt_packets import PacketReader, Puback, connect, publish
from protocol.event import source_of
from protocol.frame import FRAME_BYTES_MAX, Key, pack
from protocol.topics import UpLeaf, terminal_topic
from tests.demo.processes import ProcessFailed, command, run_once
from tests.faults import odd_hub
from tests.faults.rig.campaign import Campaign, Strike, fault
from tests.faults.rig.hub import HubProcess
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.stand import Rig
from tests.faults.rig.till import TillProcess

TOLD_S_MAX = 60.0
SELL_S = (1.5, 4.0)
GARBAGE = 20
BOMB_BYTES = 64 * 1024 * 1024
_LEAVES: tuple[UpLeaf, ...] = ("journal", "status", "pull", "epoch", "answer", "ask")
_CONTROL_BYTES = 200_000
_POLL_S = 0.2


async def hub_says(rig: Rig, *words: str) -> str:
    """What one of the hub's commands says."""
    whole = command("tillwire-hub", "--config", str(rig.hub.places.file), *words)
    return await run_once(f"tillwire-hub {' '.join(words)}", whole)


async def until_told(rig: Rig, kind: str, place: Place | None = None) -> None:
    """Wait for an open alarm, and close it, so that the next one is another one. Raises ProcessFailed."""
    where = {"kind": kind, "store": place.store if place else "", "terminal": place.terminal if place else ""}
    try:
        async with asyncio.timeout(TOLD_S_MAX):
            while not await asyncio.to_thread(_change, rig, _CLOSE, where):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        told = await hub_says(rig, "alarm", "list")
        raise ProcessFailed(f"no alarm {kind} about {place or 'the hub'}, only: {told}") from None


_CLOSE = (
    "UPDATE alarm SET closed_us = last_us WHERE closed_us IS NULL AND kind = :kind AND store = :store"
    " AND terminal = :terminal"
)


def _change(rig: Rig, statement: str, values: dict[str, str]) -> int:
    engine = rig.hub.places.engine()
    try:
        with engine.begin() as connection:
            return connection.execute(sa.text(statement), values).rowcount
    finally:
        engine.dispose()


# --- frames


async def _say(port: int, messages: list[tuple[str, bytes]]) -> None:
    """Publish as a stranger on the broker, and wait until it has taken all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(connect("stranger", keep_alive_s=60, clean_session=True))
        packets, acked = PacketReader(1 << 20), 0
        for number, (topic, payload) in enumerate(messages, 1):
            writer.write(publish(topic, payload, packet_id=number))
            await writer.drain()
        async with asyncio.timeout(TOLD_S_MAX):
            while acked < len(messages):
                acked += sum(isinstance(packet, Puback) for packet in packets.feed(await reader.read(65_536)))
    finally:
        writer.close()


def _key(till: TillProcess) -> Key:
    given = json.loads((till.folder / "data" / "credentials.json").read_bytes())
    return Key(bytes.fromhex(given["terminal_key"]))


def _garbage(till: TillProcess, rng: Random) -> tuple[str, bytes]:
    leaf = rng.choice(_LEAVES)
    topic = terminal_topic(till.place.store, till.place.terminal, leaf)
    key, junk = _key(till), rng.randbytes(rng.choice((0, 1, 35, 36, 300, 20_000)))
    choices: tuple[Callable[[], bytes], ...] = (
        lambda: junk,
        lambda: b"TW1" + junk,
        lambda: pack(b'{"epoch":1}', topic=topic, key=Key(rng.randbytes(32))),  # another's key
        lambda: pack(b'{"epoch":1}', topic=topic + "/x", key=key),  # another's topic
        lambda: pack(junk, topic=topic, key=key)[: rng.randint(0, 60)],
        lambda: pack(junk or b"?", topic=topic, key=key),  # signed, and no message
        lambda: pack(b'{"epoch":1,"first":1,"count":2,"previous":"' + b"0" * 64 + b'"}\n{}', topic=topic, key=key),
        lambda: _bomb(topic, key),
    )
    return topic, rng.choice(choices)()


def _bomb(topic: str, key: Key) -> bytes:
    """Properly signed, small, and 64 MB when unpacked."""
    flag, packed = b"\x01", zstandard.ZstdCompressor().compress(bytes(BOMB_BYTES))
    return b"TW1" + flag + hmac.digest(key, b"".join((topic.encode(), b"\x00", flag, packed)), "sha256") + packed


async def garbage_frames(rig: Rig, rng: Random) -> None:
    """Strangers on the broker send what no hub can use."""
    messages = [_garbage(rng.choice(rig.tills), rng) for _ in range(GARBAGE)]
    messages += [(f"tillwire/v1/b00/nobody/t{number}/journal", rng.randbytes(50)) for number in range(2)]
    await _say(_broker_port(rig), messages)
    await until_told(rig, "bad_frames")


async def _oversized(rig: Rig, rng: Random) -> None:
    place = rng.choice(rig.tills).place
    up = {leaf: terminal_topic(place.store, place.terminal, leaf) for leaf in _LEAVES}
    messages = [(up["journal"], bytes(FRAME_BYTES_MAX + rng.randint(1, 500_000)))]
    messages += [(up[leaf], rng.randbytes(_CONTROL_BYTES)) for leaf in ("status", "pull", "ask")]
    await _say(_broker_port(rig), messages)
    await until_told(rig, "bad_frames")


def _broker_port(rig: Rig) -> int:
    return rig.hub.places.broker_port


# --- events


def _sealed(till: TillProcess, journal: SqliteJournal, rng: Random, **odd: object) -> bytes:
    """An event as a till of another time might have sealed it; its chain is whole."""
    sequence = journal.tail + 1
    event = {
        "specversion": "1.0", "id": f"odd-{rng.randrange(10**12)}",
        "source": source_of(till.place.store, till.place.terminal), "type": "com.tillwire.till.sang.v1",
        "time": "2026-11-22T08:00:00Z", "epoch": journal.epoch, "sequence": sequence,
        "datacontenttype": "application/json", "data": {"song": "x"}, **odd,
    }  # fmt: skip
    body = odd["raw"] if "raw" in odd else msgspec.json.encode(event)
    assert isinstance(body, bytes)
    digest = hashlib.sha256(journal.previous_digest(sequence) + body).hexdigest()
    return body[:-1] + b',"digest":"' + digest.encode() + b'"}'


_ADJUSTED = "com.tillwire.stock.adjusted.v1"
ODD: tuple[tuple[str, dict[str, object]], ...] = (
    ("unknown_type", {}),
    ("unreadable", {"type": odd_hub.SALE, "data": {"receipt_number": 5}}),
    ("unreadable", {"id": "a zero \x00 character"}),
    ("unreadable", {"time": "1900-01-01T00:00:00Z"}),
    ("misplaced", {"source": "/stores/elsewhere/terminals/t9"}),
    ("unreadable", {"type": odd_hub.SALE, "data": msgspec.Raw(b"[" * 5_000 + b"]" * 5_000)}),
    ("unreadable", {"raw": b"\xff\xfe no text at all}"}),
)
"""Why it is parked, and what is odd about it."""


async def poison_events(rig: Rig, rng: Random) -> None:
    """A till's journal has one to three events that no hub can read."""
    till = rng.choice(rig.tills)
    await till.kill()
    odd = rng.sample(ODD, rng.randint(1, 3))
    await asyncio.to_thread(_write, till, odd, rng)
    await till.restart()
    await until_told(rig, "parked", till.place)
    rows = [line.split("\t") for line in (await hub_says(rig, "parked", "list")).splitlines()]
    parked = [row[4] for row in rows if row[2] == str(till.place)]
    if missing := [why for why, _ in odd if why not in parked]:
        raise ProcessFailed(f"{till.place}: {missing} are not in the hub's list of parked events: {parked}")


def _write(till: TillProcess, odd: list[tuple[str, dict[str, object]]], rng: Random) -> None:
    with closing(sqlite3.connect(till.folder / "data" / "till.db")) as connection:
        journal = SqliteJournal(connection)
        for _, what in odd:
            raw = _sealed(till, journal, rng, **what)
            digest = bytes.fromhex(raw[-66:-2].decode())
            connection.execute(
                "INSERT INTO event (epoch, sequence, digest, at_us, raw, hash) VALUES (?, ?, ?, ?, ?, ?)",
                (journal.epoch, journal.tail + 1, digest, 0, raw, hash_of(raw)),
            )
        connection.commit()


def _hub_like(kind: str) -> Strike:
    """For a while another hub runs; then the sound one again, which is told to take what was parked."""

    async def strike(rig: Rig, rng: Random) -> None:
        sound = rig.hub
        await sound.stop()
        odd = rig.hubs[0] = HubProcess(sound.places, name=f"{kind}-hub", program=odd_hub.program(kind))
        try:
            await odd.restart()
            await until_told(rig, "parked", rig.tills[0].place)
            await asyncio.sleep(rng.uniform(*SELL_S))
        finally:
            await odd.stop()
            rig.hubs[0] = sound
            sound.places.write()
        await sound.restart()
        said = await hub_says(rig, "parked", "replay")
        if not said.endswith("0 are still parked.\n"):
            raise ProcessFailed(f"after the hub was mended: {said}")

    return strike


SCENARIOS = (
    fault(Campaign("garbage-frames", garbage_frames), "strangers send garbage, forgeries, bombs on all topics", 30),
    fault(Campaign("oversized-frames", _oversized), "messages past every bound, on the journal's and other topics", 20),
    fault(Campaign("poison-events", poison_events), "a journal has events that no hub can read", 20),
    fault(
        Campaign("old-hub", _hub_like("old"), Plan(pause_s=0.2), every=2),
        "the hub does not know sales yet; then it is updated", 8,
    ),
    fault(
        Campaign("stumbling-hub", _hub_like("stumbling"), Plan(pause_s=0.2), every=2),
        "the hub fails on each event of one of the goods; then it is mended", 8,
    ),
)  # fmt: skip
