"""Persons in the database: taking in what channels say of them, and what people decide about who is who.

`take` is the way in for channels, by poll, webhook or an order's customer. All of it is one transaction under one lock,
together with what other channels are to be told of it, and what tills are shown.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.channels.ports import ChannelCustomer
from hub.customers.at_tills import show, show_more, show_these
from hub.customers.normal import email_of, phone_of, region_of
from hub.customers.register import Merged, Register, Said
from hub.customers.telling import tell_channels
from hub.errors import DecisionRefused
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import to_us
from hub.storage.people import LOCK, LoadedPeople, add_history, history_entry, load, lock, note_consents, save
from hub.storage.people_records import HistoryEntry, Place
from hub.storage.schema_people import person_history
from protocol.documents import Settings

AT_ONCE = 200


@dataclass(frozen=True)
class Act:
    """Who does something by hand, when, and why."""

    by: str
    at: datetime
    note: str = ""


class People:
    """Persons. `region` is whose form phone numbers have without a country code; None: that of the stores' currency.

    `told` says which channels are told of persons, by the outbox, in the transaction that changes them.
    """

    def __init__(
        self,
        database: Database,
        region: str | None = None,
        told: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._database = database
        self._region = region
        self._told = told
        database.state(LOCK, "")

    @property
    def region(self) -> str:
        """The country whose form phone numbers have without a country code; "" where there is none."""
        if self._region is not None:
            return self._region
        store = schema.store.c
        with self._database.read() as connection:
            settings = connection.execute(sa.select(store.settings).order_by(store.id).limit(1)).scalar()
        return "" if settings is None else region_of(msgspec.json.decode(settings, type=Settings).currency)

    def take(self, channel: str, customer: ChannelCustomer, now: datetime) -> str:
        """Take in a customer as a channel tells her; returns the person's id, "" for nobody.

        Idempotent by (channel, key, version): the same again changes nothing. Raises StorageError.
        """
        return self.take_many(channel, [customer], now)[0]

    def take_many(self, channel: str, found: Sequence[ChannelCustomer], now: datetime) -> list[str]:
        """As `take`, for a page of a poll: see `hub.channels.taking.CustomerTaker`."""
        region = self.region
        return self.take_all(channel, [said_of(channel, one, region) for one in found], now)

    def take_all(self, channel: str, customers: Sequence[Said], now: datetime) -> list[str]:
        """As `take`, for many; at most two hundred in one transaction, in their order."""
        found: list[str] = []
        for start in range(0, len(customers), AT_ONCE):
            with self._database.write() as connection:
                found += self.take_in(connection, channel, customers[start : start + AT_ONCE], now)
        return found

    def take_in(self, connection: sa.Connection, channel: str, customers: Sequence[Said], now: datetime) -> list[str]:
        """As `take_all`, in a transaction of the caller's (with the cursor of the poll that brought them)."""
        places = [(channel, one.key) for one in customers]
        values = [value for one in customers for value in (one.email, one.phone)]
        with self._register(
            connection, now, places=places, values=values, persons=[one.ours for one in customers]
        ) as register:
            return [register.take(one, now) for one in customers]

    def merge(self, keep: str, other: str, act: Act) -> int:
        """Make two persons one; returns the number under which it can be taken back. Raises DecisionRefused."""
        with self._by_hand(act, keep, other) as (connection, register):
            if keep == other:
                raise DecisionRefused(f"person {keep}: cannot be merged with herself; name two")
            merged = register.merge(keep, other, act.at)
            return _note(connection, act, "merge", (keep, other), merged.moved, before=merged.before)

    def split(self, person: str, places: Collection[Place], act: Act) -> tuple[int, str]:
        """Make some of a person's identities another person; returns the number and her id. Raises DecisionRefused."""
        with self._by_hand(act, person) as (connection, register):
            hers = set(register.places_of(person))
            if not places or not set(places) < hers:
                raise DecisionRefused(
                    f"person {person}: give some of her identities, and not all; "
                    f"`tillwire-hub customer show {person}` lists them"
                )
            moved = tuple(sorted(places))
            number = _note(connection, act, "split", (person, ""), moved)
            new = str(uuid.uuid5(uuid.UUID(person), f"split {number}"))
            connection.execute(sa.update(person_history).where(person_history.c.position == number).values(other=new))
            register.split(person, moved, new, act.at)
            return number, new

    def keep_apart(self, one: str, other: str, act: Act) -> int:
        """Say that two are two, so that nobody proposes it again; returns the number. Raises DecisionRefused."""
        with self._by_hand(act, one, other) as (connection, register):
            before = register.keep_apart(one, other, act.at)
            return _note(connection, act, "apart", (one, other), before=before)

    def erase(self, person: str, act: Act) -> tuple[Place, ...]:
        """Forget name, address and number for good; returns her identities. Raises DecisionRefused."""
        with self._database.write() as connection, self._register(connection, act.at, persons=[person]) as register:
            known = register.persons.get(person)
            if known is None or known.state == "merged":
                raise DecisionRefused(_nobody(person))
            places = tuple(register.places_of(person))
            if known.state == "alive":
                register.erase(person, act.at)
                _note(connection, act, "erase", (person, ""))
            return places

    def undo(self, number: int, act: Act) -> None:
        """Take back a merge, a split or a word that two are two. Raises DecisionRefused."""
        with self._database.write() as connection:
            lock(connection)
            entry = _undoable(connection, number)
            with self._register(connection, act.at, persons=[entry.person, entry.other]) as register:
                _refuse_unless_fitting(register, entry)
                match entry.action:
                    case "merge":
                        merged = Merged(entry.moved, entry.before)
                        register.unmerge(entry.person, entry.other, merged, act.at)
                    case "split":
                        register.unsplit(entry.person, entry.other, entry.moved, act.at)
                    case _:
                        register.together_again(entry.person, entry.other, entry.before, act.at)
                _note(connection, act, "undo", (entry.person, entry.other), entry.moved, undoes=number)

    def show_some(self, now: datetime) -> int:
        """Show at tills some whom channels knew before that was done by itself; returns how many it looked at."""
        with self._database.write() as connection:
            found = show_more(connection)
            if found is None:
                return 0
            register, persons = found
            show_these(connection, register, persons, to_us(now))
            return len(persons)

    @contextmanager
    def _by_hand(self, act: Act, *persons: str) -> Iterator[tuple[sa.Connection, Register]]:
        with self._database.write() as connection, self._register(connection, act.at, persons=persons) as register:
            for one in persons:
                known = register.persons.get(one)
                if known is None or known.state != "alive":
                    raise DecisionRefused(_nobody(one))
            yield connection, register

    @contextmanager
    def _register(
        self,
        connection: sa.Connection,
        now: datetime,
        *,
        places: Collection[Place] = (),
        values: Collection[str] = (),
        persons: Collection[str] = (),
    ) -> Iterator[Register]:
        """What can be touched, under the lock; what was changed is written, and channels are told, when it is left."""
        lock(connection)
        before = load(connection, places=places, values=values, persons=persons)
        register = Register(
            dict(before.persons), dict(before.identities), dict(before.proposals), ignored=before.ignored
        )
        yield register
        save(connection, before, register.persons, register.identities, register.proposals)
        note_consents(connection, register.consents)
        channels = self._told()
        if channels:
            tell_channels(connection, channels, _changed(before, register), now)
        show(connection, before, register, to_us(now))


def said_of(channel: str, customer: ChannelCustomer, region: str) -> Said:
    """What a channel says, address and number in the one form."""
    return Said(
        channel=channel, key=customer.key, version=customer.version, name=customer.name.strip(),
        email=email_of(customer.email), phone=phone_of(customer.phone, region), consent=customer.consent,
        deleted=customer.deleted, ours=customer.ours,
    )  # fmt: skip


def _changed(before: LoadedPeople, register: Register) -> Register:
    """The whole persons of whom an identity changed, for those who are to be told."""
    persons = {one.person for place, one in register.identities.items() if before.identities.get(place) != one}
    identities = {place: one for place, one in register.identities.items() if one.person in persons}
    return Register({one: register.persons[one] for one in persons}, identities)


def _note(  # noqa: PLR0913 - the columns of an entry
    connection: sa.Connection, act: Act, action: str, pair: tuple[str, str], moved: tuple[Place, ...] = (), *,
    before: str = "", undoes: int | None = None,
) -> int:  # fmt: skip
    entry = HistoryEntry(
        position=0, at=act.at, by=act.by, action=action, person=pair[0], other=pair[1], moved=moved,  # type: ignore[arg-type]  # callers' words
        before=before, note=act.note, undoes=undoes,
    )  # fmt: skip
    return add_history(connection, entry)


def _undoable(connection: sa.Connection, number: int) -> HistoryEntry:
    table = person_history.c
    row = connection.execute(sa.select(person_history).where(table.position == number)).first()
    again = connection.execute(sa.select(table.position).where(table.undoes == number)).first()
    if row is None or row.action not in ("merge", "split", "apart") or again is not None:
        raise DecisionRefused(
            f"entry {number}: nothing that could be taken back; `tillwire-hub customer history` lists what was done"
        )
    return history_entry(row)


def _refuse_unless_fitting(register: Register, entry: HistoryEntry) -> None:
    person, other = register.persons[entry.person], register.persons[entry.other]
    fits = person.state == "alive" and (
        other.state == "merged" and other.into == entry.person if entry.action == "merge" else other.state == "alive"
    )
    if not fits:
        raise DecisionRefused(
            f"entry {entry.position}: one of the two was merged or erased since; take that back first "
            "(`tillwire-hub customer history`)"
        )


def _nobody(person: str) -> str:
    return f"person {person}: there is none of this id, or she was merged or erased; `tillwire-hub customer find`"
