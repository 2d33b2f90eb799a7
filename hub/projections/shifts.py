"""Shifts for people: opened, closed, over or short, and whether the hub adds up to what the Z report says.

A journal keeps its order, so all receipts of a shift stand between its opening and its closing in that till's log.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from hub.matters.sums import ReceiptSums
from hub.storage import schema
from hub.storage.matters import data_of
from hub.storage.moments import to_us
from hub.storage.records import Alarm
from hub.storage.settling import Settled
from hub.storage.upserts import upsert
from protocol.events import EventData, ShiftClosed, ShiftOpened

EVENTS_MAX = 50_000
"""Of one shift; more were never in one drawer, and a lost opening must not make us read a year."""


@dataclass(frozen=True)
class _Logged:
    """An event of a shift and where it stands in its till's log."""

    data: EventData
    epoch: int
    sequence: int
    at_us: int


def settle_shift(connection: sa.Connection, key: str) -> Settled:
    """Write the shift's row; the alarm says where the till's sums differ from ours."""
    store, terminal, shift = key.split("/", 2)
    events = _of_shift(connection, key)
    opened = next((event for event in events if isinstance(event.data, ShiftOpened)), None)
    closed = next((event for event in events if isinstance(event.data, ShiftClosed)), None)
    differs = ""
    if closed is not None and isinstance(closed.data, ShiftClosed):
        differs = _differences(connection, store, terminal, opened, closed)
    row = _row(opened, closed)
    if row is None:
        return Settled()
    row |= {"store": store, "terminal": terminal, "shift": shift, "differs": differs}
    upsert(
        connection, schema.shift, [row], replace=[name for name in row if name not in ("store", "terminal", "shift")]
    )
    alarm = Alarm("shift_differs", store, terminal, differs, subject=key) if differs else None
    return Settled(alarms={"shift_differs": alarm})


def _row(opened: _Logged | None, closed: _Logged | None) -> dict[str, object] | None:
    row: dict[str, object] = {
        "opened_by": "", "closed_by": "", "closed_us": None, "expected": 0, "counted": 0, "over": 0, "sums": "{}",
    }  # fmt: skip
    if closed is not None and isinstance(closed.data, ShiftClosed):
        said = closed.data
        row |= {
            "number": said.number, "business_day": said.business_day.isoformat(), "currency": said.currency,
            "opened_us": to_us(said.opened_at), "float_amount": said.float_amount, "closed_by": said.by,
            "closed_us": closed.at_us, "expected": said.expected, "counted": said.counted, "over": said.over,
            "sums": msgspec.json.encode(said.sums).decode(),
        }  # fmt: skip
    if opened is not None and isinstance(opened.data, ShiftOpened):
        begun = opened.data
        row |= {
            "number": begun.number, "business_day": begun.business_day.isoformat(), "currency": begun.currency,
            "opened_by": begun.by, "opened_us": opened.at_us, "float_amount": begun.float_amount,
        }  # fmt: skip
    return row if "number" in row else None


def _of_shift(connection: sa.Connection, key: str) -> list[_Logged]:
    matter, event = schema.matter.c, schema.event.c
    place = ("store", "terminal", "epoch", "sequence")
    joined = schema.matter.join(schema.event, sa.and_(*(matter[name] == event[name] for name in place)))
    query = (
        sa.select(event.raw, event.epoch, event.sequence, matter.at_us)
        .select_from(joined)
        .where(matter.kind == "shift", matter.key == key)
        .order_by(event.epoch, event.sequence)
    )
    return [
        _Logged(data, row.epoch, row.sequence, row.at_us)
        for row in connection.execute(query)
        if (data := data_of(bytes(row.raw))) is not None
    ]


def _differences(connection: sa.Connection, store: str, terminal: str, opened: _Logged | None, closed: _Logged) -> str:
    assert isinstance(closed.data, ShiftClosed)
    if opened is None:
        return ""  # it was opened before this hub knew the till: there is nothing to hold against it
    event = schema.event.c
    place = sa.tuple_(event.epoch, event.sequence)
    query = (
        sa.select(event.raw)
        .where(
            event.store == store, event.terminal == terminal, event.duplicate_of.is_(None),
            place > sa.tuple_(opened.epoch, opened.sequence), place < sa.tuple_(closed.epoch, closed.sequence),
        )
        .limit(EVENTS_MAX)
    )  # fmt: skip
    sums = ReceiptSums(closed.data.currency)
    for row in connection.execute(query):
        data = data_of(bytes(row.raw))
        if data is not None:
            sums.add(data)
    found = sums.differences(closed.data.sums)
    listed = "; ".join(f"{name} {theirs} / {ours}" for name, (theirs, ours) in found.items())
    return f"{closed.data.currency}: {listed}" if listed else ""
