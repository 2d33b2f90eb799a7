"""How Square writes quantities, times and pages, and where a round through its lists stands. Pure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

Json = dict[str, Any]
_QUANTITY = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")

VERSION = "2025-08-20"
"""The version of Square's API that this speaks, and that its published description is of.

2026-07-15 retired `InventoryAdjustment.location_id` and TRANSFER; of inventory only PHYSICAL_COUNT is written here,
which did not change, so a later version will ask for nothing but this line and the test against its description.
"""


class Unreadable(ValueError):
    """Something of Square's that cannot be what it says it is."""


def thousandths(quantity: str) -> int:
    """Read a quantity, "1.5". Raises Unreadable, also for more than three decimals: we count in thousandths."""
    if _QUANTITY.fullmatch(str(quantity)):
        scaled = Decimal(quantity).scaleb(3)
        if scaled == scaled.to_integral_value():
            return int(scaled)
    raise Unreadable(f"quantity {quantity!r}: no number, or finer than a thousandth")


def quantity(of: int) -> str:
    """Write thousandths as Square does: "1.5", "3"."""
    text = f"{Decimal(of).scaleb(-3):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(text: object) -> datetime:
    """Read RFC 3339. Raises Unreadable."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Unreadable(f"time {text!r}: not RFC 3339")
    return found.astimezone(UTC)


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond (Square's own precision)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def raw(of: Json) -> bytes:
    """The bytes that are kept of something, the same for the same thing."""
    return json.dumps(of, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


class Round(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a round through several lists stands. It is the cursor that the framework keeps, as JSON.

    `since` is the moment from which on changes are asked for, `began` when this round began ("" between two rounds);
    `stage` is the list that is being read and `page` Square's own cursor in it. `deep` is when late ones were last
    looked for.
    """

    since: str
    began: str = ""
    stage: str = ""
    page: str = ""
    deep: str = ""

    def text(self) -> str:
        """As the framework keeps it."""
        return msgspec.json.encode(self).decode()


def round_of(cursor: str) -> Round:
    """Read a cursor of ours. Raises Unreadable."""
    try:
        return msgspec.json.decode(cursor, type=Round)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"cursor {cursor!r} is none of Square's rounds: {error}") from error
