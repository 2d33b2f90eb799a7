"""What an older version has written is read today, to the same values. Golden files are added, never edited."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from protocol import frame
from protocol.documents import DOCUMENT_BODIES
from protocol.event import Event, chain_digest, read_data, read_event, reseal
from protocol.events import EVENT_TYPES
from protocol.schemas.json_schema import MESSAGES as MESSAGE_TYPES
from tests.golden.examples import (
    AT,
    DOCUMENTS,
    EPOCH,
    EVENT_ID,
    EVENTS,
    FOLDER,
    GROWN_EVENTS,
    KEY,
    MESSAGES,
    PREVIOUS,
    SEQUENCE,
    SOURCE,
    TOPIC,
    wanted,
)

ALL_EVENTS = {**EVENTS, **GROWN_EVENTS}
SUMS = FOLDER / "SHA256SUMS"
REMEDY = "add a value to tests/golden/examples.py, run python -m tests.golden.examples, add the sum to SHA256SUMS"


def golden(folder: str, name: str) -> bytes:
    """A file's content."""
    return (FOLDER / folder / name).read_bytes().rstrip(b"\n")


def test_every_type_has_its_golden_file() -> None:
    """One per event type and version, per message, per document: a new one without a file fails here."""
    assert set(EVENTS) == set(EVENT_TYPES), REMEDY
    assert set(MESSAGES) == set(MESSAGE_TYPES), REMEDY
    assert set(DOCUMENTS) >= set(DOCUMENT_BODIES), REMEDY
    there = {path for path in FOLDER.glob("*/*") if path.suffix in {".json", ".hex"}}
    assert there == set(wanted()), REMEDY


def test_no_golden_file_was_edited() -> None:
    """Their sums are on record; a changed file is not what the released version wrote."""
    recorded = {name: digest for digest, name in (line.split("  ", 1) for line in SUMS.read_text().splitlines())}
    found = {path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in wanted()}
    assert recorded == found, REMEDY


@pytest.mark.parametrize("name", ALL_EVENTS)
def test_an_old_event_is_read(name: str) -> None:
    """Attributes, data and chain: as they were meant on the day."""
    raw = golden("events", f"{name}.json")
    event = read_event(raw)
    assert isinstance(event, Event)
    assert (event.type, event.id, event.source, event.time) == (name.partition("+")[0], EVENT_ID, SOURCE, AT)
    assert (event.epoch, event.sequence, event.clockunchecked) == (EPOCH, SEQUENCE, True)
    assert read_data(event) == ALL_EVENTS[name]
    assert chain_digest(raw, PREVIOUS) is not None


@pytest.mark.parametrize("name", ALL_EVENTS)
def test_an_old_event_can_move_to_a_new_epoch(name: str) -> None:
    """A till that was upgraded with a backlog can still re-enrol."""
    event = read_event(reseal(golden("events", f"{name}.json"), previous=PREVIOUS, epoch=EPOCH + 1, sequence=1).raw)
    assert isinstance(event, Event)
    assert (event.id, read_data(event)) == (EVENT_ID, ALL_EVENTS[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_an_old_message_is_read(name: str) -> None:
    """An older peer's message has the value that it meant."""
    assert msgspec.json.decode(golden("messages", f"{name}.json"), type=MESSAGE_TYPES[name]) == MESSAGES[name]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_an_old_document_is_read(kind: str) -> None:
    """A till's replica outlives its program."""
    assert (
        msgspec.json.decode(golden("documents", f"{kind}.json"), type=DOCUMENT_BODIES[kind.partition("+")[0]])
        == DOCUMENTS[kind]
    )


@pytest.mark.parametrize(("name", "count"), [("plain", 1), ("zstd", 7)])
def test_an_old_frame_is_unpacked(name: str, count: int) -> None:
    """Magic, flag, HMAC, compression and batch layout are what they were."""
    packed = bytes.fromhex(golden("frames", f"{name}.hex").decode())
    assert packed[3:4] == (b"\x01" if name == "zstd" else b"\x00")
    batch = frame.decode_batch(packed, topic=TOPIC, key=KEY)
    assert (batch.epoch, batch.first, batch.sent_at, len(batch.events)) == (EPOCH, SEQUENCE, AT, count)
    assert batch.events == tuple(golden("events", f"{event}.json") for event in list(EVENTS)[:count])
