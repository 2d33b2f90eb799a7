"""What the books say that a cashier's picture needs, read in one transaction, and the picture made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge_agent.counter.books import CURRENCY_UNTIL_TOLD, Books, Till, has_staff, open_cart
from edge_agent.counter.permission import Waiting, waiting_order
from edge_agent.devices.printer import spool
from edge_agent.journal import till_state
from edge_agent.till.cart import Cart
from edge_agent.till.rights import Person
from edge_agent.till.view import (
    CounterView,
    DeviceView,
    LineView,
    LinkView,
    NoticeView,
    PersonView,
    PrintQuestionView,
    PrintState,
    SaleDoneView,
    WaitingView,
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
    person: Person | None
    has_staff: bool
    waiting: Waiting | None


def read_facts(books: Books, till: Till, items: ItemsKnown) -> Facts:
    """Read the books; `items` is the last count, which is taken again only when the catalogue has changed."""
    cart = open_cart(books, till)
    settings = books.settings
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
        person=books.person,
        has_staff=has_staff(books.connection, till),
        waiting=waiting_order(books.connection),
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
        cashier=facts.person.name if facts.person is not None else "",
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
        person=_person(facts.person),
        has_staff=facts.has_staff,
        waiting=_waiting(facts.waiting),
        gross_total=cart.total,
        cash_total=cart.total,
        left=cart.total,
        cash_left=cart.total,
        requires_shift=facts.settings.require_shift,
        training=cart.training,
        note=cart.note,
        gift=cart.gift,
        coupons=cart.coupons,
        tenders=facts.settings.tenders,
    )  # fmt: skip


def _person(person: Person | None) -> PersonView | None:
    return PersonView(person.id, person.name, person.role) if person is not None else None


def _waiting(waiting: Waiting | None) -> WaitingView | None:
    if waiting is None:
        return None
    return WaitingView(waiting.right, waiting.detail, waiting.amount, waiting.asked_by)


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
