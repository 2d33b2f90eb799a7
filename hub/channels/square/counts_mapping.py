"""Square's history of inventory: which of its entries people made, and what they are to the hub. Pure.

Three kinds of entries are none of people's, and taking them would count goods twice. Our own counts carry our name.
What follows from an order, a payment or a refund moves between states of selling, or names what it follows from; those
come as orders. And what a program wrote is another system's view, unless the shop says that people count with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hub.channels.links import Links
from hub.channels.ports import StockFact
from hub.channels.square.words import Json, Unreadable, moment, raw, thousandths

MARK = "tillwire:"
"""What the `reference_id` of our own counts begins with."""

COUNT, ADJUSTMENT = "PHYSICAL_COUNT", "ADJUSTMENT"
_SHELF = "IN_STOCK"
_OF_ORDERS = {"SOLD", "SOLD_ONLINE", "RESERVED_FOR_SALE", "RETURNED_BY_CUSTOMER"}
_FOLLOWS_FROM = ("transaction_id", "refund_id", "physical_count_id")
_ARRIVES_FROM = {"NONE", "UNLINKED_RETURN", "ORDERED_FROM_VENDOR", "RECEIVED_FROM_VENDOR"}
_ELSEWHERE = {"NONE", "WASTE", "IN_TRANSIT", "IN_TRANSIT_TO", "ORDERED_FROM_VENDOR", "RECEIVED_FROM_VENDOR"}


@dataclass(frozen=True)
class Reading:
    """What entries are read with: `apps` are ids of programs with which people count, `places` the shop's locations."""

    links: Links
    places: Collection[str]
    apps: Collection[str] = ()


def entry_of(change: Json) -> Json:
    """What a change is about: its count or its adjustment; empty for a kind that is not read."""
    found: Json = change.get("physical_count" if change.get("type") == COUNT else "adjustment") or {}
    return found


def key_of(change: Json) -> str:
    """The id of a change, with its kind, since Square asks for each kind elsewhere."""
    return f"{change.get('type')}/{entry_of(change).get('id') or ''}"


def fact_of(change: Json, reading: Reading) -> StockFact | None:
    """What people did, None for what they did not do. Raises Unreadable, UnmappedWord: nobody can tell."""
    entry = entry_of(change)
    if not _by_people(entry, reading) or not _of_a_shelf(entry) or entry.get("location_id") not in reading.places:
        return None
    quantity = thousandths(entry.get("quantity") or "")
    if change.get("type") == COUNT:
        return _fact("counted", change, quantity, reading)
    from_state, to_state = entry.get("from_state") or "", entry.get("to_state") or ""
    if from_state in _ARRIVES_FROM:
        return _fact("received", change, quantity, reading)
    if from_state in _ELSEWHERE:
        return _fact("adjusted", change, quantity, reading)
    if to_state in _ELSEWHERE:
        return _fact("adjusted", change, -quantity, reading)
    raise Unreadable(f"from {from_state or 'nowhere'} to {to_state or 'nowhere'}: not decided what that is to stock")


def _by_people(entry: Json, reading: Reading) -> bool:
    if str(entry.get("reference_id") or "").startswith(MARK):
        return False
    source = entry.get("source") or {}
    return source.get("product") != "EXTERNAL_API" or str(source.get("application_id") or "") in reading.apps


def _of_a_shelf(entry: Json) -> bool:
    """Whether it counts what is in stock, or moves goods into stock or out of it, and follows from no order."""
    if "state" in entry:
        return str(entry["state"]) == _SHELF
    return (entry.get("from_state") == _SHELF) != (entry.get("to_state") == _SHELF) and not _follows_from(entry)


def _follows_from(entry: Json) -> bool:
    group = entry.get("adjustment_group") or {}
    states = {part.get(name) for part in (entry, group) for name in ("from_state", "to_state")}
    return any(entry.get(name) for name in _FOLLOWS_FROM) or not states.isdisjoint(_OF_ORDERS)


def _fact(kind: str, change: Json, quantity: int, reading: Reading) -> StockFact:
    entry = entry_of(change)
    states = f"{entry['from_state']} to {entry['to_state']}" if change["type"] == ADJUSTMENT else ""
    notes = (states, (entry.get("source") or {}).get("name") or "")
    return StockFact(
        key=key_of(change),
        kind=kind,  # type: ignore[arg-type]  # callers' words
        sku=reading.links.to_ours("item", entry.get("catalog_object_id") or "").ours,
        location=entry["location_id"],
        quantity=quantity,
        at=moment(entry.get("occurred_at")),
        note=", ".join(filter(None, notes))[:200],
        raw=raw(change),
    )
