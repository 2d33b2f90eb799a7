"""What a till says about goods that move without a sale: receiving, counts, write-offs, transfers, web orders."""

from __future__ import annotations

from typing import Annotated

import msgspec

from protocol.scalars import Fact, Moment, Text, Thousandths, Word


class StockLine(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One SKU and how many of it."""

    sku: Word
    quantity: Thousandths


StockLines = Annotated[tuple[StockLine, ...], msgspec.Meta(max_length=5_000)]


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


class CountedLine(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """At `at`, this many were on the shelf. A count is a checkpoint in event time, not a difference."""

    sku: Word
    quantity: Thousandths
    at: Moment


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
