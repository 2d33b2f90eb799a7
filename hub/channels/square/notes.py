"""What we note at Square of parcels that left: JSON in a fulfilment's metadata. Pure.

So a repeated hand-over is known, and goods that a till handed over are told from those that Square's own staff did.
Square keeps ten entries of 255 signs: a parcel of all that is in a fulfilment says just that, others may take several.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.channels.ports import HandedOver
from hub.channels.square.words import Json, Unreadable, thousandths

MARK = "tillwire_"
_KEY_CHARS = 24
_ENTRY_MAX, _ENTRIES_MAX = 255, 10


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of metadata; `goods` empty: all that is in the fulfilment."""

    parcel: str
    store: str
    at: datetime
    goods: dict[str, int] = {}  # msgspec copies the empty default


@dataclass(frozen=True)
class Note:
    """A part of a parcel that we noted; `key` is its name at Square."""

    key: str
    parcel: str
    store: str
    at: datetime
    goods: dict[str, int]


def told_key(parcel: str) -> str:
    """The name of a parcel in metadata: at most 60 signs, always the same."""
    return MARK + hashlib.sha256(parcel.encode()).hexdigest()[:_KEY_CHARS]


def noted(key: str, parcel: HandedOver, *, whole: bool) -> dict[str, str]:
    """The entries for a parcel. Raises Unreadable where ten are not enough."""
    found: dict[str, str] = {}
    rest = [] if whole else sorted(parcel.goods.items())
    while not found or rest:
        name = key if not found else f"{key}_{len(found)}"
        count = len(rest)
        while len(text := _text(parcel, dict(rest[:count]))) > _ENTRY_MAX and count > 1:
            count -= 1
        if len(text) > _ENTRY_MAX or len(found) == _ENTRIES_MAX:
            raise Unreadable(f"parcel {parcel.key}: Square has no room to note it: complete the order there")
        found[name], rest = text, rest[count:]
    return found


def notes_of(order: Json, fulfilment: Json, skus: Mapping[str, str]) -> list[Note]:
    """What we noted of a fulfilment; what cannot be read is not ours."""
    found = []
    for key, text in sorted((fulfilment.get("metadata") or {}).items()):
        if not key.startswith(MARK):
            continue
        with contextlib.suppress(msgspec.MsgspecError):
            entry = msgspec.json.decode(text, type=_Entry)
            goods = entry.goods or goods_of(order, fulfilment, skus)
            found.append(Note(key, entry.parcel, entry.store, entry.at, goods))
    return found


def goods_of(order: Json, fulfilment: Json, skus: Mapping[str, str]) -> dict[str, int]:
    """What a fulfilment has, in thousandths by SKU."""
    found: Counter[str] = Counter()
    for uid, quantity in by_line(order, fulfilment).items():
        if uid in skus:
            found[skus[uid]] += quantity
    return dict(sorted(found.items()))


def by_line(order: Json, fulfilment: Json) -> dict[str, int]:
    """What a fulfilment has of each line, in thousandths: all of the order, unless it lists entries."""
    if fulfilment.get("entries"):
        entries: Counter[str] = Counter()
        for entry in fulfilment["entries"]:
            entries[entry["line_item_uid"]] += thousandths(entry["quantity"])
        return dict(entries)
    lines = order.get("line_items") or ()
    return {line["uid"]: thousandths(line["quantity"]) for line in lines if line.get("catalog_object_id")}


def _text(parcel: HandedOver, goods: dict[str, int]) -> str:
    entry = _Entry(parcel=parcel.key, store=parcel.store, at=parcel.at, goods=goods)
    return msgspec.json.encode(entry).decode()
