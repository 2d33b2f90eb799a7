"""The tables of money: what tills took, what providers told, how the two were reconciled, and what people decided.

They stand in the same metadata as all others. All of it but payments, fee rules and decisions is derived and can be
made anew: tenders from the event log, lines and days from tenders, payments and links.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ColumnElement, Index, Table, Text, text

from hub.storage.columns import POSITION
from hub.storage.columns import number_column as _number
from hub.storage.columns import text_column as _text
from hub.storage.metadata import metadata

_ZERO = text("0")

money_tender = Table(
    "money_tender",
    metadata,
    _text("store", key=True),
    _text("business_day", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence", key=True),
    _number("number", key=True),
    _text("state"),
    _text("kind"),
    _number("at_us"),
    _number("amount"),
    _text("currency"),
    _text("receipt"),
    _text("original"),
    _text("reference"),
    _text("attempt"),
    sqlite_with_rowid=False,
)
"""What tills took and gave back by ways that a provider decides, filled behind the ingest. `number` is the tender's in
its receipt, from 0. `state` is "taken", or what became of a try: approved, declined, cancelled, unknown."""

money_journal = Table(
    "money_journal",
    metadata,
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence"),
)
"""How far each journal has been read for tenders."""

money_again = Table(
    "money_again",
    metadata,
    _text("store", key=True),
    _text("terminal", key=True),
    _number("epoch", key=True),
    _number("sequence", key=True),
)
"""Events that were parked when they were to be read for tenders, and count now."""

money_payment = Table(
    "money_payment",
    metadata,
    _text("channel", key=True),
    _text("key", key=True),
    _text("version"),
    _number("at_us"),
    _text("location"),
    _text("kind"),
    _text("state"),
    _number("amount"),
    _text("currency"),
    _number("fee", null=True),
    _text("refund_of"),
    _text("order_id"),
    _text("reference"),
    _number("first_us"),
    _number("heard_us"),
)
"""What providers told, as last heard. `fee` is null while nobody knows it."""
Index("money_payment_at", money_payment.c.channel, money_payment.c.location, money_payment.c.at_us)

money_fee_rule = Table(
    "money_fee_rule",
    metadata,
    _text("channel", key=True),
    _text("kind", key=True),
    _text("currency", key=True),
    _text("since", key=True),
    _number("rate_ppm"),
    _number("fixed"),
    _text("refunds"),
)
"""What a provider may take: millionths of the amount, and minor units on top, from a day on; kind "" is any."""

money_line = Table(
    "money_line",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _text("store"),
    _text("day"),
    _text("channel"),
    _text("outcome"),
    _text("found_by"),
    _text("note"),
    _text("currency"),
    Column("tender", Text),
    Column("payment", Text),
    _number("at_us"),
    _text("kind"),
    _number("tendered"),
    _number("paid"),
    _number("fee", null=True),
    _number("fee_expected", null=True),
    _number("apart_ms", null=True),
    _text("terminal"),
    _text("receipt"),
    _text("reference"),
    _text("about"),
    Column("differs", BigInteger, nullable=False, server_default=_ZERO),
    Column("decision", BigInteger, nullable=True),
    sqlite_autoincrement=True,
)
"""What became of each tender and each payment: each is in exactly one line. A position is never given twice, so that
nobody decides about another line than she saw. `differs` 1: somebody has to look, unless
there is a `decision` (the one that stands). `about` is the receipt that a refund is of."""
Index("money_line_by_day", money_line.c.day, money_line.c.store, money_line.c.position)
Index("money_line_tender", money_line.c.tender, unique=True)
Index("money_line_payment", money_line.c.channel, money_line.c.payment, unique=True)
_differs: ColumnElement[bool] = money_line.c.differs == text("1")
Index(
    "money_line_differs", money_line.c.day, money_line.c.store, money_line.c.position,
    sqlite_where=_differs, postgresql_where=_differs,
)  # fmt: skip

money_day = Table(
    "money_day",
    metadata,
    _text("day", key=True),
    _text("store", key=True),
    _text("channel", key=True),
    _text("currency", key=True),
    _number("lines"),
    _number("differences"),
    _number("undecided"),
    _number("tendered"),
    _number("paid"),
    _number("fees"),
    _number("fees_unknown"),
    _text("outcomes"),
    _number("reconciled_us"),
)
"""A store's day at a provider, added up from its lines; `outcomes` is JSON, how many lines of each."""

money_stale = Table(
    "money_stale",
    metadata,
    _text("store", key=True),
    _text("day", key=True),
    _number("mark"),
)
"""Days that something new has come for since they were reconciled; `mark` counts, so that nothing is missed.

What came for a location that belongs to no store stands under store ""."""

money_decision = Table(
    "money_decision",
    metadata,
    Column("position", POSITION, primary_key=True, autoincrement=True),
    _number("at_us"),
    _text("by"),
    _text("channel"),
    Column("tender", Text),
    Column("payment", Text),
    _text("action"),
    _text("note"),
    _text("outcome"),
    Column("undoes", BigInteger, nullable=True),
)
"""What people decided about differences. Rows are only added; one that `undoes` another takes it back."""
Index("money_decision_tender", money_decision.c.tender, money_decision.c.position)
Index("money_decision_payment", money_decision.c.channel, money_decision.c.payment, money_decision.c.position)
