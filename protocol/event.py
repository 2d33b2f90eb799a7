"""One journal event: a CloudEvents 1.0 object, sealed into its terminal's digest chain.

`seal` makes the bytes that are stored, sent and kept for good; nobody encodes an event again, so a hub that does
not know a field still has it. The digest is SHA-256 over the previous digest and the event's bytes without their
`digest` attribute, which therefore stands last. Two PCs with one identity, or a PC restored from a backup, break
the chain and are found.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NewType

import msgspec

from protocol.events import EVENT_TYPES, TYPE_NAMES, EventData, Moment
from protocol.ids import StoreId, TerminalId

Digest = NewType("Digest", bytes)

GENESIS = Digest(bytes(32))
"""What stands before the first event of every epoch."""

_SUFFIX_START = b',"digest":"'
_SUFFIX_LENGTH = len(_SUFFIX_START) + 64 + len(b'"}')


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The attributes of a journal event; `data` is kept as raw JSON until its type is known."""

    specversion: str = msgspec.field(default="1.0")
    id: str
    source: str
    type: str
    time: Moment
    epoch: int
    sequence: int
    datacontenttype: str = "application/json"
    dataschema: str = ""
    clockunchecked: bool = False
    data: msgspec.Raw


class SealedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event's position, its place in the chain, and its bytes as they are stored and sent."""

    sequence: int
    digest: Digest
    raw: bytes


class Unreadable(msgspec.Struct, frozen=True):
    """Why an event could not be read; it is parked with these words."""

    reason: str


_encoder = msgspec.json.Encoder()
_event_decoder = msgspec.json.Decoder(Event)
_data_decoders = {name: msgspec.json.Decoder(data) for name, data in EVENT_TYPES.items()}


def source_of(store: StoreId, terminal: TerminalId) -> str:
    """Name a terminal as a CloudEvents source."""
    return f"/stores/{store}/terminals/{terminal}"


def schema_of(type_name: str) -> str:
    """Name the published JSON Schema of an event type (a URI reference, resolved by whoever publishes them)."""
    return f"/schemas/{type_name}.json"


def seal(  # noqa: PLR0913 - an event has this many attributes; a parameter object would only rename them
    data: EventData,
    *,
    previous: Digest,
    epoch: int,
    sequence: int,
    event_id: str,
    time: datetime,
    source: str,
    clock_unchecked: bool = False,
) -> SealedEvent:
    """Make the event's bytes and chain them to `previous`. `time` is aware; it is written in UTC."""
    body = _attributes(
        type_name=TYPE_NAMES[type(data)],
        data=data,
        epoch=epoch,
        sequence=sequence,
        event_id=event_id,
        time=time,
        source=source,
        clock_unchecked=clock_unchecked,
    )
    return _chain(body, previous, sequence)


def reseal(raw: bytes, *, previous: Digest, epoch: int, sequence: int) -> SealedEvent:
    """Move an unsent event into a new epoch: same id, time and data, another place in another chain.

    Raises msgspec.DecodeError for bytes that are no event (they belong aside, not into a new chain).
    """
    event = _event_decoder.decode(raw)
    body = _attributes(
        type_name=event.type,
        data=event.data,
        epoch=epoch,
        sequence=sequence,
        event_id=event.id,
        time=event.time,
        source=event.source,
        clock_unchecked=event.clockunchecked,
    )
    return _chain(body, previous, sequence)


def chain_digest(raw: bytes, previous: Digest) -> Digest | None:
    """The digest that `raw` must carry after `previous`; None if it carries another one or none at all."""
    cut = len(raw) - _SUFFIX_LENGTH
    if cut <= 0 or not raw.startswith(_SUFFIX_START, cut) or not raw.endswith(b'"}'):
        return None
    digest = hashlib.sha256(b"".join((previous, raw[:cut], b"}"))).digest()
    return Digest(digest) if raw.startswith(digest.hex().encode(), cut + len(_SUFFIX_START)) else None


def declared_digest(raw: bytes) -> Digest | None:
    """The digest written at the end of an event's bytes, unchecked; None if there is none."""
    cut = len(raw) - _SUFFIX_LENGTH
    if cut <= 0 or raw[cut : cut + len(_SUFFIX_START)] != _SUFFIX_START:
        return None
    try:
        return Digest(bytes.fromhex(raw[cut + len(_SUFFIX_START) : -2].decode("ascii")))
    except ValueError:
        return None


def read_event(raw: bytes) -> Event | Unreadable:
    """Read the attributes. Never raises: what cannot be read comes back with its reason."""
    try:
        return _event_decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # nested a thousand levels deep
        return Unreadable(f"not a journal event: {error}")


def read_data(event: Event) -> EventData | Unreadable:
    """Read an event's data by its type. Never raises: an unknown type or odd data comes back with its reason."""
    decoder = _data_decoders.get(event.type)
    if decoder is None:
        return Unreadable(f"unknown event type {event.type}: this hub is older than the till, upgrade it and replay")
    try:
        return decoder.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unreadable(f"{event.type}: {error}")


def _attributes(  # noqa: PLR0913 - see seal
    *,
    type_name: str,
    data: EventData | msgspec.Raw,
    epoch: int,
    sequence: int,
    event_id: str,
    time: datetime,
    source: str,
    clock_unchecked: bool,
) -> bytes:
    attributes: dict[str, object] = {
        "specversion": "1.0", "id": event_id, "source": source, "type": type_name, "time": time.astimezone(UTC),
        "epoch": epoch, "sequence": sequence, "datacontenttype": "application/json", "dataschema": schema_of(type_name),
    }  # fmt: skip
    if clock_unchecked:
        attributes["clockunchecked"] = True
    return _encoder.encode({**attributes, "data": data})


def _chain(body: bytes, previous: Digest, sequence: int) -> SealedEvent:
    digest = Digest(hashlib.sha256(previous + body).digest())
    return SealedEvent(sequence, digest, body[:-1] + _SUFFIX_START + digest.hex().encode() + b'"}')
