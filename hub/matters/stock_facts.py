"""What people did with stock at a channel, and what that is to the hub's ledger. Pure.

A fact is of a shelf at a moment and has nothing to do with what the channel believes to have: a count is a checkpoint
in event time, all else a difference. So they may come late, twice and in any order, before or after the sales around
them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from protocol.documents import Part
from protocol.errors import InexactQuantity
from protocol.goods import taken
from protocol.movements import MovementKind
from protocol.quantity import QUANTITY_MAX, SCALE

EARLIEST_YEAR = 2000
AHEAD_MAX = timedelta(minutes=10)
"""Clocks differ. What is further ahead waits: a count of tomorrow would swallow all that is sold until then."""

_KINDS: Mapping[str, MovementKind] = {"counted": "count", "received": "receive", "adjusted": "adjust"}


@dataclass(frozen=True)
class SaidFact:
    """A fact as a channel tells it, in thousandths, with the store behind the channel's `location`."""

    key: str
    kind: Literal["counted", "received", "adjusted"]
    sku: str
    store: str
    location: str
    quantity: int
    at: datetime
    note: str = ""
    raw: bytes = b""


class FactLine(NamedTuple):
    """What the ledger is told of one SKU; for kind "count", `delta` is what was there."""

    sku: str
    delta: int
    kind: MovementKind


def refusal_of(fact: SaidFact, stores: Collection[str], parts: Sequence[Part], now: datetime) -> str:
    """Why a fact cannot be taken in as it is; "" if it can. `parts` are what a pack or a bundle consists of."""
    if fact.store not in stores:
        return f"store {fact.store}: there is none of this name; map location {fact.location} to one that is there"
    if fact.at > now + AHEAD_MAX:
        return f"{fact.sku}: it says that it happened at {fact.at.isoformat()}, which is yet to come"
    if fact.at.year < EARLIEST_YEAR or abs(fact.quantity) > QUANTITY_MAX:
        return f"{fact.sku}: {fact.quantity / SCALE} at {fact.at.isoformat()} is past all reason"
    if parts and fact.kind == "counted":
        names = ", ".join(part.sku for part in parts)
        return f"{fact.sku} is a pack or a bundle and stands on no shelf by itself: count {names} instead"
    try:
        lines_of(fact, parts)
    except InexactQuantity as error:
        return str(error)
    return ""


def lines_of(fact: SaidFact, parts: Sequence[Part]) -> list[FactLine]:
    """What the ledger is told of it, pieces for packs and bundles. Raises InexactQuantity."""
    kind = _KINDS[fact.kind]
    if not parts:
        return [FactLine(fact.sku, fact.quantity, kind)]
    return [FactLine(line.sku, line.quantity, kind) for line in taken(parts, fact.quantity)]
