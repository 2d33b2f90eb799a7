"""What the books say that a cashier's picture needs, read in one transaction, and the picture made from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge_agent.counter.books import Books, Till, has_staff
from edge_agent.counter.cart_facts import CartFacts, read_cart_facts
from edge_agent.counter.desks.people import waiting_view
from edge_agent.counter.payment_facts import PaymentFacts, last_sale, read_payment_facts
from edge_agent.counter.shift_views import shift_view
from edge_agent.counter.work_views import work_view
from edge_agent.devices.printer import spool
from edge_agent.journal import till_state
from edge_agent.till.rights import Person
from edge_agent.till.view import (
    CounterView,
    DeviceView,
    LinkView,
    NoticeView,
    PersonView,
    PrintQuestionView,
    SaleDoneView,
    ShiftView,
    WaitingView,
    WorkView,
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

    cart: CartFacts
    payment: PaymentFacts
    settings: Settings
    language: Language
    backlog: int
    oldest_unsent_at: datetime | None
    epoch_problem: str
    set_aside: int
    items: ItemsKnown
    last_sale: SaleDoneView | None
    questions: tuple[PrintQuestionView, ...]
    person: Person | None
    has_staff: bool
    waiting: WaitingView | None
    shift: ShiftView | None
    work: WorkView | None


def read_facts(books: Books, till: Till, items: ItemsKnown) -> Facts:
    """Read the books; `items` is the last count, which is taken again only when the catalogue has changed."""
    settings = books.settings
    lost = books.journal.lost_epoch
    chosen = till_state.preference(books.connection, "language")
    language: Language = "en" if (chosen or settings.language) == "en" else "vi"
    cart = read_cart_facts(books, till, language)
    return Facts(
        cart=cart,
        payment=read_payment_facts(books, cart.cart, cart.sums),
        settings=settings,
        language=language,
        backlog=books.journal.tail - books.journal.acked,
        oldest_unsent_at=books.journal.oldest_unsent_at(),
        epoch_problem=lost.reason if lost is not None else "",
        set_aside=books.journal.set_aside_count,
        items=_items(books, items),
        last_sale=last_sale(books),
        questions=tuple(
            PrintQuestionView(job.job_id, job.receipt_number, "unknown" if job.state == "unknown" else "unprinted")
            for job in spool.open_questions(books.connection)
        ),
        person=books.person,
        has_staff=has_staff(books.connection, till),
        waiting=waiting_view(books, till),
        shift=shift_view(books),
        work=work_view(books),
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
    cart, sums = facts.cart.cart, facts.cart.sums
    return CounterView(
        revision=revision,
        store=till.store,
        store_name=facts.settings.store_name,
        terminal=till.terminal,
        cashier=facts.person.name if facts.person is not None else "",
        language=facts.language,
        currency=facts.cart.currency,
        sale_id=cart.sale_id,
        lines=facts.cart.lines,
        item_count=cart.item_count,
        total=sums.total,
        tax_total=sums.tax_total,
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
        waiting=facts.waiting,
        shift=facts.shift,
        work=facts.work,
        gross_total=sums.gross_total, cuts=facts.cart.cuts, taxes=facts.cart.taxes,
        tax_included=facts.cart.tax_included, hints=facts.cart.hints, customer=facts.cart.customer,
        asking=facts.cart.asking, weight=facts.cart.weight, held_count=facts.cart.held_count,
        quick_keys=facts.cart.quick_keys, cash_total=sums.cash_total, left=facts.payment.due.left,
        cash_left=facts.payment.due.cash, payments=facts.payment.payments, attempt=facts.payment.attempt,
        take=facts.payment.take, late_payments=facts.payment.late, requires_shift=facts.settings.require_shift,
        has_terminal=till.has_terminal, training=cart.training, note=cart.note, gift=cart.gift, coupons=cart.coupons,
        tenders=facts.settings.tenders,
    )  # fmt: skip


def _person(person: Person | None) -> PersonView | None:
    return PersonView(person.id, person.name, person.role) if person is not None else None


def _items(books: Books, known: ItemsKnown) -> ItemsKnown:
    state = books.replica.feed_state(GLOBAL_FEED)
    if (state.lineage, state.revision) == (known.lineage, known.revision):
        return known
    return ItemsKnown(state.lineage, state.revision, books.replica.item_count())

