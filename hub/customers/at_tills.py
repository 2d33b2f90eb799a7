"""People whom only channels know, shown at tills: one customer's document for each, under her person's id.

A person whom a till or the office has ever written a document of is left to them: their documents stay as they are. So
is a document of ours that they have changed since, or that an account stands on. Everything is written in the
transaction that changes the person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from hub.customers.register import Register, consent_for
from hub.storage import schema
from hub.storage.document_rows import DocumentRow, LockedFeeds
from hub.storage.documents_by_hand import put_on, take_off
from hub.storage.people import LoadedPeople, load, lock
from hub.storage.people_records import TILLS, Identity, Person
from hub.storage.records import DocumentPut
from hub.storage.schema_people import person, person_shown
from hub.storage.upserts import upsert
from protocol.documents import Customer
from protocol.ids import GLOBAL_FEED

KIND = "customer"
TEXT_MAX = 512
AT_ONCE = 200
CURSOR = "people_at_tills"
"""Up to which person all that were known before this was built have been looked at."""
_PART = 500
_PLACE = (GLOBAL_FEED, KIND)


def shown_as(known: Person, identities: Sequence[Identity]) -> Customer | None:
    """What tills are to know of a person because channels do; None for one who is none of these. Pure.

    Each word is from the channel that said it last. Consent is what she said at a till, so it is no.
    """
    if known.state != "alive" or any(one.channel == TILLS for one in identities):
        return None
    newest = sorted(
        (one for one in identities if not one.deleted), key=lambda one: (one.heard_at, one.place), reverse=True
    )
    name, email, phone = (
        next((word for one in newest if (word := getattr(one, field))), "") for field in ("name", "email", "phone")
    )
    if not (name or email or phone):
        return None
    email, phone = (word if len(word) <= TEXT_MAX else "" for word in (email, phone))
    return Customer(
        customer=known.id, name=(name or email or phone)[:TEXT_MAX], phone=phone, email=email,
        consent=consent_for(identities, TILLS) is True,
    )  # fmt: skip


def digest_of(customer: Customer) -> str:
    """Of all that somebody may have written; what she owes follows from her sales."""
    said = msgspec.json.encode(msgspec.structs.replace(customer, owes=0))
    return hashlib.blake2b(said, digest_size=16).hexdigest()


def shown_digests(connection: sa.Connection, persons: Collection[str]) -> dict[str, str]:
    """What the hub last wrote of these persons, where it did."""
    wanted = sorted(persons)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _PART):
        query = sa.select(person_shown).where(person_shown.c.person.in_(wanted[start : start + _PART]))
        found |= {row.person: row.digest for row in connection.execute(query)}
    return found


def show(connection: sa.Connection, before: LoadedPeople, register: Register, now_us: int) -> int:
    """Bring the tills' documents up to date with everybody who was changed; returns how many changed."""
    changed = {one for one, known in register.persons.items() if before.persons.get(one) != known}
    for place, identity in register.identities.items():
        former = before.identities.get(place)
        if former != identity:
            changed |= {identity.person} if former is None else {identity.person, former.person}
    return show_these(connection, register, changed, now_us)


def show_these(connection: sa.Connection, register: Register, persons: Collection[str], now_us: int) -> int:
    """As `show`, of these persons."""
    wanted = {one: shown_as(register.persons[one], _identities(register, one)) for one in persons}
    digests = shown_digests(connection, wanted)
    concerned = sorted(one for one, customer in wanted.items() if customer is not None or one in digests)
    if not concerned:
        return 0
    feeds = LockedFeeds(connection, [GLOBAL_FEED])
    if not feeds.has(GLOBAL_FEED):
        return 0
    rows = {row.key: row for row in feeds.rows(KIND, concerned)}
    puts: list[DocumentPut] = []
    gone: list[DocumentRow] = []
    for one in concerned:
        row, customer = rows.get(one), wanted[one]
        there = None if row is None or row.deleted else msgspec.json.decode(row.body, type=Customer)
        if there is not None and digest_of(there) != digests.get(one):
            continue  # theirs
        if customer is not None:
            if there is None or digest_of(customer) != digests[one]:
                puts.append(DocumentPut(one, customer, sets_rest=False))
        elif row is not None and there is not None and not there.owes and not _has_own(register, one):
            gone.append(row)
    _write(connection, feeds, puts, gone, now_us)
    return len(puts) + len(gone)


def show_more(connection: sa.Connection) -> tuple[Register, Sequence[str]] | None:
    """The next persons whom nobody has looked at since this was built, and all about them; None when all have been."""
    state = schema.state.c
    cursor = connection.execute(sa.select(state.value).where(state.name == CURSOR)).scalar() or ""
    if cursor == "~":  # behind every UUID
        return None
    lock(connection)
    query = sa.select(person.c.id).where(person.c.id > cursor).order_by(person.c.id).limit(AT_ONCE)
    ids = list(connection.execute(query).scalars())
    following = ids[-1] if len(ids) == AT_ONCE else "~"
    upsert(connection, schema.state, [{"name": CURSOR, "value": following}], replace=["value"])
    found = load(connection, persons=ids)
    return Register(dict(found.persons), dict(found.identities)), ids


def _write(
    connection: sa.Connection, feeds: LockedFeeds, puts: Sequence[DocumentPut], gone: Sequence[DocumentRow], now_us: int
) -> None:
    put_on(connection, feeds, _PLACE, puts, now_us)
    take_off(feeds, gone, now_us)
    feeds.finish()
    digests: Mapping[str, Customer] = {put.key: put.body for put in puts if isinstance(put.body, Customer)}
    rows = [{"person": key, "digest": digest_of(body)} for key, body in digests.items()]
    upsert(connection, person_shown, rows, replace=["digest"])
    keys = [row.key for row in gone]
    if keys:
        connection.execute(sa.delete(person_shown).where(person_shown.c.person.in_(keys)))


def _identities(register: Register, one: str) -> list[Identity]:
    return [register.identities[place] for place in register.places_of(one)]


def _has_own(register: Register, one: str) -> bool:
    """Whether the document of her id is a till's or the office's by now, and she is not erased."""
    identity = register.identities.get((TILLS, one))
    return identity is not None and not identity.erased
