"""What a till says about goods that move without a sale: receiving, counts, write-offs, transfers, web orders."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from protocol.scalars import Fact, Moment, Text, Thousandths, Word

PARTS_MAX = 50
"""How many SKUs one piece of a bundle may consume."""


class StockLine(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One SKU and how many of it; `lot` and `expires` where these goods' are known.

    Always what stands on a shelf: pieces and not their case, parts and not their bundle.
    """

    sku: Word
    quantity: Thousandths
    lot: Text = ""
    expires: date | None = None


StockLines = Annotated[tuple[StockLine, ...], msgspec.Meta(max_length=5_000)]
Moves = Annotated[tuple[StockLine, ...], msgspec.Meta(max_length=PARTS_MAX)]


class StockReceived(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods arrived at the store. `purchase` is the order that they belong to; `expected` is what it still wanted."""

    lines: StockLines
    by: Word
    document: Text = ""
    purchase: Text = ""
    expected: StockLines = ()
    note: Text = ""


class StockAdjusted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods were written off (negative) or found (positive), with a reason that an auditor can read."""

    lines: StockLines
    by: Word
    reason: Text


class CountedLot(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """So many of a counted line were of this lot."""

    quantity: Thousandths
    lot: Text = ""
    expires: date | None = None


class CountedLine(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """At `at`, this many were on the shelf. A count is a checkpoint in event time, not a difference.

    `quantity` is all of the SKU. `lots` says how it is spread over lots, where they were looked at; what they leave
    is of a lot that nobody read. () says nothing of lots.
    """

    sku: Word
    quantity: Thousandths
    at: Moment
    lots: Annotated[tuple[CountedLot, ...], msgspec.Meta(max_length=500)] = ()


class StockCounted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A count session was finished; each line has the time at which it was counted."""

    session: Word
    lines: Annotated[tuple[CountedLine, ...], msgspec.Meta(max_length=5_000)]
    by: Word


class TransferSent(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods left for another store; until they are received there they are in transit."""

    transfer: Word
    to_store: Word
    lines: StockLines
    by: Word
    note: Text = ""


class TransferReceived(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods came from another store. `sent` is what the papers said, for a store that knew it."""

    transfer: Word
    from_store: Text
    lines: StockLines
    by: Word
    sent: StockLines = ()
    note: Text = ""


class OrderPicked(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A web order was gathered from the shelves. `short` is what was not found; stock moves at the hand-over."""

    order: Word
    lines: StockLines
    by: Word
    short: StockLines = ()


class OrderHandedOver(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A web order left the store: with the customer, or with a carrier."""

    order: Word
    lines: StockLines
    by: Word
    to: Text = ""
