"""What an order works on: journal, replica and the till's own state in one transaction, and who asks.

The promise: everything that one order does is one transaction. There is no moment at which a crash could leave the
event without its print job, or the sale without the emptied cart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge_agent.counter.price_rules import RulesKept
from edge_agent.counter.quick_keys import QuickKeysKept
from edge_agent.devices.printer.spool import MAIN, Queue
from edge_agent.devices.scale.reading import ScaleReading
from edge_agent.journal import receipts_kept, shift_state, till_state
from edge_agent.journal.clock import Stamp, TillClock
from edge_agent.journal.record import record as record_event
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.documents import find_document, list_documents
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.till.cart import Cart
from edge_agent.till.rights import Person, Right
from edge_agent.till.view import NoticeCode
from protocol.documents import Settings, Staff
from protocol.event import SealedEvent
from protocol.events import EventData
from protocol.ids import FeedName, StoreId, TerminalId, store_feed

CURRENCY_UNTIL_TOLD = "VND"
SIGNED_IN = "staff"
"""The preference that holds the id of who is signed in."""
HAD_STAFF = "had_staff"
"""The preference that is "yes" from the day on which people first signed in at this till's store."""
TRAINING = "training"
"""The preference that is "on" while this till only plays."""

_DETAIL_MAX = 120


@dataclass(frozen=True)
class Till:
    """Who sells here. `new_id` makes unique, time-ordered ids.

    `cashier` is who sells at a store that has no staff documents. `kick` opens the drawer, in the printer's bytes;
    None: there is no printer, so nothing is queued for one. `pick_queue` is the printer of pick tickets. `weigh`
    says what the scale says now, None without a scale; it is asked in the database's thread and answers at once.
    `has_terminal`: a card terminal takes amounts. `enrolled_with_staff`: the store had staff when the hub made this
    terminal's credentials, so it is nobody's before they have come.
    """

    store: StoreId
    terminal: TerminalId
    cashier: str
    clock: TillClock
    new_id: Callable[[], str]
    kick: bytes | None
    pick_queue: Queue = MAIN
    weigh: Callable[[], ScaleReading | None] = lambda: None
    has_terminal: bool = False
    enrolled_with_staff: bool = False
    rules: RulesKept = field(default_factory=RulesKept, compare=False)
    quick_keys: QuickKeysKept = field(default_factory=QuickKeysKept, compare=False)

    @property
    def store_feed(self) -> FeedName:
        """The feed of this till's store."""
        return store_feed(self.store)


@dataclass(frozen=True)
class Shown:
    """What somebody was shown when she allowed an order: exactly this is allowed by her."""

    right: Right
    detail: str
    amount: int | None


@dataclass(frozen=True)
class Books:
    """Journal, replica and the till's own state, over one connection inside one transaction.

    `person` is who is signed in; None at a store with staff where nobody is. `approver` is who allowed this order on
    the spot, after it had waited, and had been `shown` this. `proof` is the stored PIN that the typed one was found
    to be; "" is none.
    """

    connection: sqlite3.Connection
    journal: SqliteJournal
    replica: SqliteReplica
    settings: Settings
    person: Person | None
    approver: Person | None = None
    shown: Shown | None = None
    proof: str = ""

    @staticmethod
    def of(connection: sqlite3.Connection, till: Till, approver: Person | None = None, *, proof: str = "") -> Books:
        """Open the books on a connection."""
        replica = SqliteReplica(connection, till.store, till.terminal)
        return Books(
            connection=connection,
            journal=SqliteJournal(connection),
            replica=replica,
            settings=replica.settings() or Settings(store_name=till.store),
            person=_person(connection, till),
            approver=approver,
            proof=proof,
        )

    def now(self, till: Till) -> Books:
        """These books after an order, which may have been about who is signed in."""
        return replace(self, person=_person(self.connection, till))

    @property
    def by(self) -> str:
        """Who does this, for events. Orders that anybody may give are nobody's: ask only where `person` is known."""
        return self.person.id if self.person is not None else ""


@dataclass(frozen=True)
class Outcome:
    """What to tell the cashier, and whom to wake: `sold` is (epoch, sequence) of a new sale.

    `journalled` wakes the link, `print_changed` the printer. `approver` allows the order that waits: it is given again
    in the same transaction, and what came of it is told instead of this. `panel` is the panel that helps now (see
    `NoticeView`).
    """

    notice: NoticeCode | None = None
    good: bool = False
    detail: str = ""
    sold: tuple[int, int] | None = None
    print_changed: bool = False
    journalled: bool = False
    approver: Person | None = None
    panel: str = ""


def write_down(books: Books, till: Till, fact: EventData, moment: Stamp | None = None) -> SealedEvent:
    """Append a fact to the journal, with what it moves in this till's own view of stock and in the shift's sums.

    Receipts are kept beside it, to be looked up.
    """
    stamp = moment or till.clock.stamp(books.journal.last_time)
    shift_state.add(books.connection, fact)
    receipts_kept.keep(books.connection, fact, stamp.time)
    return record_event(
        books.journal, books.replica, fact,
        event_id=till.new_id(), time=stamp.time, clock_unchecked=stamp.unchecked,
    )  # fmt: skip


def open_cart(books: Books, till: Till) -> Cart:
    """The cart; a new one if there is none."""
    return till_state.load_cart(books.connection) or start_cart(books, till)


def start_cart(books: Books, till: Till) -> Cart:
    """Begin the next receipt: an empty cart, kept. It only plays while the till is training."""
    cart = Cart(sale_id=till.new_id(), training=is_training(books))
    till_state.save_cart(books.connection, cart)
    return cart


def is_training(books: Books) -> bool:
    """Whether this till only plays: nothing that is done to its carts becomes a fact."""
    return till_state.preference(books.connection, TRAINING) == "on"


def has_staff(connection: sqlite3.Connection, till: Till) -> bool:
    """Whether people sign in at this store: nobody must be locked out by names without a PIN.

    A till that has once had staff, or was enrolled where people sign in, stays locked while it knows none of them, by
    mistake, by somebody's will or because it was set up anew: only the hub opens it, with the setting that says so.
    """
    if _works_somebody(connection, till):
        return True
    if not till.enrolled_with_staff and till_state.preference(connection, HAD_STAFF) is None:
        return False
    settings = find_document(connection, till.store_feed, "settings", "store", Settings)
    return settings is None or not settings.sells_without_staff


def remember_staff(connection: sqlite3.Connection, till: Till) -> None:
    """Write down that people sign in here, once, as soon as there are any: for `has_staff`, also after a restart."""
    if till_state.preference(connection, HAD_STAFF) is None and _works_somebody(connection, till):
        till_state.set_preference(connection, HAD_STAFF, "yes")


def find_person(connection: sqlite3.Connection, till: Till, staff: str) -> Person | None:
    """Somebody who works here now."""
    found = find_document(connection, till.store_feed, "staff", staff, Staff)
    return Person(found.staff, found.name, found.role) if found is not None and found.active else None


def short(text: str) -> str:
    """Text of any length as the detail of a notice."""
    return text if len(text) <= _DETAIL_MAX else text[: _DETAIL_MAX - 1] + "…"


def _works_somebody(connection: sqlite3.Connection, till: Till) -> bool:
    return any(each.active and each.pin for each in list_documents(connection, till.store_feed, "staff", Staff))


def _person(connection: sqlite3.Connection, till: Till) -> Person | None:
    if not has_staff(connection, till):
        return Person(till.cashier, till.cashier, "manager")
    signed_in = till_state.preference(connection, SIGNED_IN)
    return find_person(connection, till, signed_in) if signed_in else None
