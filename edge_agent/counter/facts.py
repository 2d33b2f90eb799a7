"""What the books say that a cashier's picture needs, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge_agent.counter.books import Books, Till, has_staff, remember_staff
from edge_agent.counter.cart_facts import CartFacts, read_cart_facts
from edge_agent.counter.desks.people import waiting_view
from edge_agent.counter.payment_facts import PaymentFacts, last_sale, read_payment_facts
from edge_agent.counter.shift_views import shift_view
from edge_agent.counter.work_views import work_view
from edge_agent.devices.printer import spool
from edge_agent.journal import damage, till_state
from edge_agent.till.health import DamageView
from edge_agent.till.rights import Person
from edge_agent.till.view import PrintQuestionView, SaleDoneView, ShiftView, WaitingView, WorkView
from protocol.documents import Settings
from protocol.ids import GLOBAL_FEED
from protocol.journal_sender import EpochLoss

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
    damage: DamageView | None
    twin: EpochLoss | Literal[""]
    last_time: datetime
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
    remember_staff(books.connection, till)
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
        damage=_damage(books),
        twin=books.journal.lost_before,
        last_time=books.journal.last_time,
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


def _damage(books: Books) -> DamageView | None:
    unread = damage.unread(books.connection)
    if unread is None:
        return None
    return DamageView(
        unread.at, unread.folder, unread.saved, unread.aside, unread.missing, unread.at_least, tuple(unread.lost)
    )


def _items(books: Books, known: ItemsKnown) -> ItemsKnown:
    state = books.replica.feed_state(GLOBAL_FEED)
    if (state.lineage, state.revision) == (known.lineage, known.revision):
        return known
    return ItemsKnown(state.lineage, state.revision, books.replica.item_count())
