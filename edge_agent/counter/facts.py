"""What the books say that a cashier's picture needs, read in one transaction, and the picture made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge_agent.counter.orders import CURRENCY_UNTIL_TOLD, Books, Till, open_cart, settings_of
from edge_agent.devices.printer import spool
from edge_agent.journal import till_state
from edge_agent.till.cart import Cart
from edge_agent.till.view import (
    CounterView,
    DeviceView,
    LineView,
    LinkView,
    NoticeView,
    PrintQuestionView,
    PrintState,
    SaleDoneView,
)
from protocol.documents import Settings
from protocol.ids import GLOBAL_FEED

Language = Literal["vi", "en"]


@dataclass(frozen=True)
class ItemsKnown:
    """How many items there are, and at which revision that was counted."""

    lineage: str = ""
    revision: int = -1
    count: int = 0


@dataclass(frozen=True)
class Facts:
    """One consistent reading of the books."""

    cart: Cart
    settings: Settings
    language: Language
    stock_left: tuple[int | None, ...]
    backlog: int
    oldest_unsent_at: datetime | None
    epoch_problem: str
    set_aside: int
    items: ItemsKnown
    last_sale: SaleDoneView | None
    questions: tuple[PrintQuestionView, ...]


def read_facts(books: Books, till: Till, items: ItemsKnown) -> Facts:
    """Read the books; `items` is the last count, which is taken again only when the catalogue has changed."""
    cart = open_cart(books, till)
    settings = settings_of(books, till)
    lost = books.journal.lost_epoch
    chosen = till_state.preference(books.connection, "language")
    return Facts(
        cart=cart,
        settings=settings,
        language="en" if (chosen or settings.language) == "en" else "vi",
        stock_left=tuple(_left(books, cart, line.sku) for line in cart.lines),
        backlog=books.journal.tail - books.journal.acked,
        oldest_unsent_at=books.journal.oldest_unsent_at(),
        epoch_problem=lost.reason if lost is not None else "",
        set_aside=books.journal.set_aside_count,
        items=_items(books, items),
        last_sale=_last_sale(books),
        questions=tuple(
            PrintQuestionView(job.job_id, job.receipt_number, "unknown" if job.state == "unknown" else "unprinted")
            for job in spool.open_questions(books.connection)
        ),
    )


def make_view(  # noqa: PLR0913 - a picture is put together from these parts
    facts: Facts,
    till: Till,
    *,
    revision: int,
    online: bool,
    online_since: datetime | None,
    devices: tuple[DeviceView, ...],
    notice: NoticeView | None,
) -> CounterView:
    """Make the picture."""
    cart = facts.cart
    return CounterView(
        revision=revision,
        store=till.store,
        store_name=facts.settings.store_name,
        terminal=till.terminal,
        cashier=till.cashier,
        language=facts.language,
        currency=cart.currency or facts.settings.currency or CURRENCY_UNTIL_TOLD,
        sale_id=cart.sale_id,
        lines=tuple(
            LineView(
                number=line.number, sku=line.sku, name=line.name, barcode=line.barcode, unit=line.unit,
                quantity=line.quantity, unit_price=line.unit_price, amount=line.amount, stock_left=left,
            )
            for line, left in zip(cart.lines, facts.stock_left, strict=True)
        ),
        item_count=cart.item_count,
        total=cart.total,
        tax_total=cart.tax_total,
        link=LinkView(
            online=online, backlog=facts.backlog, since=online_since, oldest_unsent_at=facts.oldest_unsent_at,
            epoch_problem=facts.epoch_problem,
        ),
        devices=devices,
        items_known=facts.items.count,
        notice=notice,
        last_sale=facts.last_sale,
        questions=facts.questions,
        pending_quantity=cart.multiplier,
    )  # fmt: skip


def _left(books: Books, cart: Cart, sku: str) -> int | None:
    stock = books.replica.stock_view(sku)
    return None if stock is None else stock - cart.quantity_of(sku)


def _items(books: Books, known: ItemsKnown) -> ItemsKnown:
    state = books.replica.feed_state(GLOBAL_FEED)
    if (state.lineage, state.revision) == (known.lineage, known.revision):
        return known
    return ItemsKnown(state.lineage, state.revision, books.replica.item_count())


def _last_sale(books: Books) -> SaleDoneView | None:
    sale = till_state.shown_sale(books.connection)
    if sale is None:
        return None
    job = spool.latest_of(books.connection, sale.receipt_number)
    state: PrintState = job.state if job is not None else "cancelled"
    return SaleDoneView(sale.receipt_number, sale.total, sale.given, sale.change, state)
