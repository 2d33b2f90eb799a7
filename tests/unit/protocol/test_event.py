"""Events: sealed once, the same bytes for good, each bound to everything before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.event import (
    GENESIS,
    Digest,
    Event,
    Unreadable,
    chain_digest,
    declared_digest,
    read_data,
    read_event,
    reseal,
    seal,
)
from protocol.events import TYPE_NAMES, DrawerOpened, EventData
from tests.unit.protocol.strategies import AT, SOURCE, facts, sealed_chain, times

digests = st.binary(min_size=32, max_size=32).map(Digest)


def read(raw: bytes) -> tuple[Event, EventData]:
    """Read an event that must be readable."""
    event = read_event(raw)
    assert isinstance(event, Event)
    data = read_data(event)
    assert not isinstance(data, Unreadable)
    return event, data


@given(facts, times, digests, st.booleans())
def test_a_sealed_event_is_read_as_it_was_meant(
    data: EventData, at: datetime, previous: Digest, unchecked: bool
) -> None:
    """Attributes and data come back equal, and the bytes are one JSON object on one line."""
    sealed = seal(
        data, previous=previous, epoch=2, sequence=7, event_id="e-7", time=at, source=SOURCE, clock_unchecked=unchecked
    )
    event, found = read(sealed.raw)
    assert found == data
    assert (event.id, event.source, event.epoch, event.sequence) == ("e-7", SOURCE, 2, 7)
    assert (event.time, event.clockunchecked, event.type) == (at, unchecked, TYPE_NAMES[type(data)])
    assert b"\n" not in sealed.raw
    assert list(json.loads(sealed.raw))[-1] == "digest"


@given(st.lists(facts, min_size=1, max_size=5))
def test_the_chain_is_what_its_description_says(data: Sequence[EventData]) -> None:
    """Each digest is SHA-256 over the one before and the event without its digest, computed here by hand."""
    previous: bytes = GENESIS
    for sealed in sealed_chain(data):
        head, _, tail = sealed.raw.rpartition(b',"digest":"')
        previous = hashlib.sha256(previous + head + b"}").digest()
        assert tail == previous.hex().encode() + b'"}'
        assert sealed.digest == previous


@given(st.lists(facts, min_size=1, max_size=4), st.data())
def test_no_event_of_a_chain_can_be_changed(data: Sequence[EventData], draw: st.DataObject) -> None:
    """One byte changed in any event breaks the chain there."""
    chain = sealed_chain(data)
    index = draw.draw(st.integers(0, len(chain) - 1))
    raw = bytearray(chain[index].raw)
    raw[draw.draw(st.integers(0, len(raw) - 1))] ^= draw.draw(st.integers(1, 255))
    previous = chain[index - 1].digest if index else GENESIS
    assert chain_digest(chain[index].raw, previous) == chain[index].digest
    assert chain_digest(bytes(raw), previous) is None


@given(facts, digests, digests)
def test_an_event_fits_behind_its_own_past_only(data: EventData, previous: Digest, other: Digest) -> None:
    """After another history the same bytes are no link of the chain."""
    sealed = sealed_chain([data], previous=previous)[0]
    if other != previous:
        assert chain_digest(sealed.raw, other) is None
    assert declared_digest(sealed.raw) == sealed.digest


@given(facts, digests, st.integers(1, 10**6), st.booleans())
def test_moving_to_a_new_epoch_keeps_the_fact(
    data: EventData, previous: Digest, sequence: int, unchecked: bool
) -> None:
    """A resealed event has its id, time, data and doubts; only its place and its digest are new."""
    old = seal(
        data, previous=GENESIS, epoch=1, sequence=9, event_id="e-9", time=AT, source=SOURCE, clock_unchecked=unchecked
    )
    new = reseal(old.raw, previous=previous, epoch=2, sequence=sequence)
    was, _ = read(old.raw)
    event, found = read(new.raw)
    assert found == data
    assert (event.epoch, event.sequence) == (2, sequence)
    assert (event.id, event.time, event.source, event.type, event.clockunchecked) == (
        was.id, was.time, was.source, was.type, was.clockunchecked,
    )  # fmt: skip
    assert chain_digest(new.raw, previous) == new.digest


def test_an_event_of_an_unknown_type_moves_to_a_new_epoch_too() -> None:
    """A till that was put back to an older version can still move what the newer one wrote."""
    known = sealed_chain([DrawerOpened(by="lan", why="no_sale")])[0].raw
    future = known.replace(b"drawer.opened.v1", b"drawer.opened.v9").replace(b'"by"', b'"ghost"')
    event = read_event(reseal(future, previous=GENESIS, epoch=2, sequence=1).raw)
    assert isinstance(event, Event)
    assert event.type == "com.tillwire.drawer.opened.v9"
    assert b'"ghost":"lan"' in bytes(event.data)
    assert isinstance(read_data(event), Unreadable)


def test_bytes_that_are_no_event_cannot_be_moved() -> None:
    """What nobody can read belongs aside, not into a new chain."""
    with pytest.raises(msgspec.DecodeError):
        reseal(b'{"half":', previous=GENESIS, epoch=2, sequence=1)


@given(st.binary(max_size=400))
def test_reading_noise_never_raises(noise: bytes) -> None:
    """What cannot be read comes back with its reason."""
    assert chain_digest(noise, GENESIS) is None
    declared_digest(noise)
    assert isinstance(read_event(noise), Unreadable)


def test_data_that_does_not_fit_its_type_comes_back_with_a_reason() -> None:
    """A known type with impossible data is parked with words, not raised."""
    raw = sealed_chain([DrawerOpened(by="lan", why="no_sale")])[0].raw.replace(b'"no_sale"', b'"because"')
    event = read_event(raw)
    assert isinstance(event, Event)
    unreadable = read_data(event)
    assert isinstance(unreadable, Unreadable)
    assert "drawer.opened" in unreadable.reason
