"""The people desk: who stands at the till, what somebody allows on the spot, the language that the till speaks.

Everything works without a network: names and PINs are the hub's documents on this till. A typed PIN is never written
anywhere. Who has forgotten hers waits longer each time; nobody waits for another's mistakes until the till as a whole
has seen too many.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge_agent.counter.books import (
    SIGNED_IN,
    Books,
    Outcome,
    Till,
    open_cart,
    short,
    write_down,
)
from edge_agent.counter.desk import Desk, Fields, Guess, NoFields, OrderKind, QuestionKind
from edge_agent.counter.permission import forget_waiting, waiting_order
from edge_agent.counter.staff import person_name, worker, workers
from edge_agent.journal import people_state, till_state
from edge_agent.till import pins
from edge_agent.till.moments import at_store
from edge_agent.till.rights import Person, may
from edge_agent.till.view import PersonView, WaitingView
from protocol.documents import Staff
from protocol.events import StaffRefused, StaffSignedIn, StaffSignedOut

SignedOutWhy = Literal["self", "idle", "other", "command"]

NAMES_MAX = 200
"""Names to choose from; who comes after them types her number."""

_NAMELESS_TRIED_MAX = 32


class SetLanguage(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show the till in this language from now on."""

    language: Literal["vi", "en"]


class SignIn(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take over this till. `staff` is the number or word by which the hub knows her."""

    staff: str
    pin: str


class Approve(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Allow what waits. Without `staff` the PIN is that of anybody who may. `waiting` is the id of what she saw."""

    pin: str
    staff: str = ""
    waiting: str = ""


class AskSignIn(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may sign in; `staff` has been chosen."""

    staff: str = ""


@dataclass(frozen=True)
class SignInView:
    """Who may sign in, by name; `chosen` is who types her PIN; `waits_until` is the store's clock, None for now."""

    people: tuple[PersonView, ...]
    chosen: PersonView | None
    more: int
    waits_until: datetime | None


@dataclass(frozen=True)
class ApproveView:
    """Who could allow what waits."""

    people: tuple[PersonView, ...]
    chosen: PersonView | None
    waits_until: datetime | None


def choose_language(books: Books, _till: Till, order: SetLanguage) -> Outcome:
    """Remember in which language this till speaks."""
    till_state.set_preference(books.connection, "language", order.language)
    return Outcome()


def sign_in(books: Books, till: Till, order: SignIn) -> Outcome:
    """Let somebody take over the till; the cart stays. Who was there before is signed out."""
    staff = worker(books.connection, till, order.staff)
    refused = _refuse(books, till, order.staff.strip(), staff, purpose="sign_in")
    if refused is not None or staff is None:
        return refused or Outcome("wrong_pin")
    name = short(staff.name)
    if books.person is not None and books.person.id == staff.staff:
        return Outcome("signed_in", good=True, detail=name)
    _leave(books, till, "other")
    till_state.set_preference(books.connection, SIGNED_IN, staff.staff)
    write_down(books, till, StaffSignedIn(staff=staff.staff, role=staff.role))
    return Outcome("signed_in", good=True, detail=name, journalled=True)


def sign_out(books: Books, till: Till, _order: NoFields) -> Outcome:
    """Lock the till; the cart stays."""
    return leave(books, till, "self")


def leave(books: Books, till: Till, why: SignedOutWhy) -> Outcome:
    """Sign out whoever is there, and drop what she asked somebody to allow."""
    if not _leave(books, till, why):
        return Outcome()
    return Outcome("signed_out", good=True, journalled=True)


def approve(books: Books, till: Till, order: Approve) -> Outcome:
    """Let somebody allow what waits; the counter then gives that order again, in the same transaction."""
    waiting = waiting_order(books.connection)
    if waiting is None or (order.waiting and order.waiting != waiting.id):
        return Outcome("stale_page")
    who = order.staff.strip()
    candidates = (worker(books.connection, till, who),) if who else _allowers(books.connection, till)
    staff = next((each for each in candidates if each is not None and each.pin == books.proof), None)
    refused = _refuse(books, till, who, staff, purpose=waiting.right)
    if refused is not None or staff is None:
        return refused or Outcome("wrong_pin")
    person = Person(staff.staff, staff.name, staff.role)
    if not may(person.role, waiting.right):
        return Outcome("may_not", detail=short(person.name))
    return Outcome(approver=person)


def drop_approval(books: Books, _till: Till, _order: NoFields) -> Outcome:
    """Nobody allows it; what waits is forgotten."""
    forget_waiting(books.connection)
    return Outcome("approval_dropped", good=True)


def ask_sign_in(books: Books, till: Till, question: AskSignIn) -> SignInView:
    """The names to choose from, and whether the PIN pad waits."""
    everybody = sorted(workers(books.connection, till), key=lambda staff: (staff.name.casefold(), staff.staff))
    return SignInView(
        people=tuple(_shown(staff) for staff in everybody[:NAMES_MAX]),
        chosen=next((_shown(staff) for staff in everybody if staff.staff == question.staff), None),
        more=max(0, len(everybody) - NAMES_MAX),
        waits_until=_waits_until(books, till, question.staff),
    )


def ask_approve(books: Books, till: Till, question: AskSignIn) -> ApproveView:
    """Who has the right that is missing."""
    people = tuple(_shown(staff) for staff in _allowers(books.connection, till))
    return ApproveView(
        people=people,
        chosen=next((person for person in people if person.id == question.staff), None),
        waits_until=_waits_until(books, till, question.staff or people_state.NAMELESS),
    )


def guess_sign_in(books: Books, till: Till, order: SignIn) -> Guess | None:
    """Which stored PIN to compare with; none while the pad waits."""
    staff = worker(books.connection, till, order.staff)
    if staff is None or _waits_until(books, till, staff.staff) is not None:
        return None
    return Guess(order.pin.strip(), (staff.pin,))


def guess_approval(books: Books, till: Till, order: Approve) -> Guess | None:
    """Which stored PINs to compare with: one person's, or those of everybody who may allow what waits."""
    who = order.staff.strip()
    if _waits_until(books, till, who or people_state.NAMELESS) is not None:
        return None
    named = worker(books.connection, till, who) if who else None
    candidates = _allowers(books.connection, till) if not who else () if named is None else (named,)
    return Guess(order.pin.strip(), tuple(staff.pin for staff in candidates))


def waiting_view(books: Books, till: Till) -> WaitingView | None:
    """The order that waits; one that meant another receipt than the one on the screen is not worth a PIN any more."""
    waiting = waiting_order(books.connection)
    if waiting is None:
        return None
    sale = waiting.fields.get("sale_id")
    if sale and sale != open_cart(books, till).sale_id:
        return None
    asked_by = person_name(books, till, waiting.asked_by)
    return WaitingView(waiting.right, waiting.detail, waiting.amount, asked_by, waiting.id)


DESK = Desk(
    "people",
    orders=(
        OrderKind("set_language", SetLanguage, choose_language, by_anybody=True),
        OrderKind("sign_in", SignIn, sign_in, by_anybody=True, guess=guess_sign_in),
        OrderKind("sign_out", NoFields, sign_out, by_anybody=True),
        OrderKind("approve", Approve, approve, guess=guess_approval),
        OrderKind("drop_approval", NoFields, drop_approval),
    ),
    questions=(
        QuestionKind("sign_in", AskSignIn, ask_sign_in, by_anybody=True),
        QuestionKind("approve", AskSignIn, ask_approve),
    ),
)


def _refuse(books: Books, till: Till, typed: str, staff: Staff | None, *, purpose: str) -> Outcome | None:
    """None for the right PIN, which ends all earlier wrong ones; else the refusal, counted and, if it locks, told."""
    now = till.clock.now()
    # Names that nobody has share one count, or whoever types many of them fills the disk.
    key = typed if worker(books.connection, till, typed) is not None else people_state.NAMELESS
    until = _waits_until(books, till, key, keep=True)
    if until is not None:
        return Outcome("pin_locked", detail=f"{at_store(until, books.settings.time_zone):%H:%M:%S}")
    keys = ((key, pins.PERSON_TRIES), (people_state.TILL, pins.TILL_TRIES))
    if staff is not None and books.proof and staff.pin == books.proof:
        for who, _tries in keys:
            people_state.forget_failures(books.connection, who)
        return None
    return _count_wrong(books, till, keys, now, purpose=purpose, staff=typed)


def _count_wrong(  # noqa: PLR0913 - what is counted, and what is told about it
    books: Books, till: Till, keys: tuple[tuple[str, int], ...], now: datetime, *, purpose: str, staff: str
) -> Outcome:
    untils: list[datetime] = []
    counts: list[int] = []
    for who, tries in keys:
        steady = till.clock.steady()
        after = pins.after_wrong(people_state.failures_of(books.connection, who), steady, tries)
        people_state.keep_failures(books.connection, who, after, steady)
        counts.append(after.count)
        until = pins.locked_until(after, steady)
        if until is not None:
            untils.append(now + (until - steady))
    if not untils:
        return Outcome("wrong_pin", detail=f"({counts[0]}/{pins.PERSON_TRIES})")
    until = max(untils)
    # A word that is nobody's id may be a PIN in the wrong field: it is written nowhere.
    known = staff if worker(books.connection, till, staff) is not None else ""
    write_down(books, till, StaffRefused(attempts=counts[0], purpose=purpose, locked_until=until, staff=known))
    clock = at_store(until, books.settings.time_zone)
    return Outcome("pin_locked", detail=f"{clock:%H:%M:%S}", journalled=True)


def _waits_until(books: Books, till: Till, who: str, *, keep: bool = False) -> datetime | None:
    """Until when no PIN is taken from `who`. `keep`: put a moment that lies in the future to now, on disk."""
    # Not the time of day: whoever may set that must not be able to end the wait.
    steady = till.clock.steady()
    untils = []
    for key in {who, people_state.TILL}:
        failures = people_state.failures_of(books.connection, key)
        seen = pins.as_seen(failures, steady, till.clock.begun)
        if keep and seen != failures:
            people_state.keep_failures(books.connection, key, seen, steady)
        until = pins.locked_until(seen, steady)
        if until is not None:
            untils.append(till.clock.now() + (until - steady))
    return max(untils, default=None)


def _leave(books: Books, till: Till, why: SignedOutWhy) -> bool:
    signed_in = till_state.preference(books.connection, SIGNED_IN)
    if not signed_in:
        return False
    till_state.set_preference(books.connection, SIGNED_IN, "")
    forget_waiting(books.connection)
    write_down(books, till, StaffSignedOut(staff=signed_in, why=why))
    return True


def _allowers(connection: sqlite3.Connection, till: Till) -> tuple[Staff, ...]:
    waiting = waiting_order(connection)
    if waiting is None:
        return ()
    able = [staff for staff in workers(connection, till) if may(staff.role, waiting.right)]
    return tuple(able[:_NAMELESS_TRIED_MAX])


def _shown(staff: Staff) -> PersonView:
    return PersonView(staff.staff, staff.name, staff.role)
