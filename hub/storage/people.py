"""Persons out of the database and back: what a change can touch is read under one lock, and what it changed is written.

Read are whole persons: everybody who is named, who has one of the addresses or numbers, and with whom one of those is
proposed to be one. No decision about them needs more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.moments import from_us, maybe_from_us, maybe_us, to_us
from hub.storage.people_records import HistoryEntry, Identity, Pair, Person, Place, Proposal, SaidConsent
from hub.storage.schema_people import (
    person,
    person_consent,
    person_history,
    person_identity,
    person_ignored,
    person_proposal,
)
from hub.storage.upserts import upsert

LOCK = "people"
_PART = 500
_INTO_MAX = 1_000


@dataclass(frozen=True)
class LoadedPeople:
    """What was read."""

    persons: Mapping[str, Person] = field(default_factory=dict)
    identities: Mapping[Place, Identity] = field(default_factory=dict)
    proposals: Mapping[Pair, Proposal] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()


def lock(connection: sa.Connection) -> None:
    """Let one at a time change persons, until the transaction ends."""
    connection.execute(sa.select(schema.state.c.value).where(schema.state.c.name == LOCK).with_for_update())


def load(
    connection: sa.Connection,
    *,
    places: Collection[Place] = (),
    values: Collection[str] = (),
    persons: Collection[str] = (),
) -> LoadedPeople:
    """Everybody whom a change of these customers, addresses, numbers or persons can touch."""
    table = person_identity.c
    found: dict[Place, Identity] = {}
    by_channel: dict[str, list[str]] = {}
    for channel, key in places:
        by_channel.setdefault(channel, []).append(key)
    wheres: list[sa.ColumnElement[bool]] = [
        sa.and_(table.channel == channel, table.key.in_(part))
        for channel, keys in by_channel.items()
        for part in _parts(keys)
    ]
    for part in _parts(value for value in values if value):
        wheres += [sa.and_(table.email != "", table.email.in_(part)), sa.and_(table.phone != "", table.phone.in_(part))]
    for where in wheres:
        found |= _identities(connection, where)
    involved = {one.person for one in found.values()} | _followed(connection, persons)
    proposals = _proposals(connection, involved)
    involved |= {one for pair in proposals for one in pair}
    for part in _parts(involved):
        found |= _identities(connection, table.person.in_(part))
    ignored = frozenset(connection.execute(sa.select(person_ignored.c.value)).scalars())
    return LoadedPeople(_persons(connection, involved), found, proposals, ignored)


def save(
    connection: sa.Connection,
    before: LoadedPeople,
    persons: Mapping[str, Person],
    identities: Mapping[Place, Identity],
    proposals: Mapping[Pair, Proposal],
) -> int:
    """Write what is otherwise than `before`; returns how many identities and persons are. Needs `lock`."""
    new_persons = [one for one in persons.values() if before.persons.get(one.id) != one]
    new_identities = [one for place, one in identities.items() if before.identities.get(place) != one]
    new_proposals = [one for pair, one in proposals.items() if before.proposals.get(pair) != one]
    person_rows: list[Mapping[str, object]] = [
        {"id": one.id, "state": one.state, "into": one.into, "created_us": to_us(one.created_at)} for one in new_persons
    ]
    upsert(connection, person, person_rows, replace=["state", "into"])
    identity_rows = [_identity_row(one) for one in new_identities]
    names = [column.name for column in person_identity.columns if not column.primary_key]
    upsert(connection, person_identity, identity_rows, replace=names)
    proposal_rows = [
        {
            "one": one.pair[0], "other": one.pair[1], "why": one.why, "state": one.state, "since_us": to_us(one.since),
            "via": one.via,
        }
        for one in new_proposals
    ]  # fmt: skip
    upsert(connection, person_proposal, proposal_rows, replace=["why", "state", "since_us", "via"])
    return len(new_persons) + len(new_identities)


def note_consents(connection: sa.Connection, consents: Sequence[SaidConsent]) -> None:
    """Keep what was said of consent."""
    rows = [
        {"channel": one.channel, "key": one.key, "consent": one.consent, "at_us": to_us(one.at), "source": one.source}
        for one in consents
    ]
    if rows:
        connection.execute(sa.insert(person_consent), rows)


def add_history(connection: sa.Connection, entry: HistoryEntry) -> int:
    """Write down what somebody did; returns its number (that of `entry` is not used)."""
    row = {
        "at_us": to_us(entry.at), "by": entry.by, "action": entry.action, "person": entry.person,
        "other": entry.other, "moved": msgspec.json.encode(entry.moved).decode(), "before": entry.before,
        "note": entry.note, "undoes": entry.undoes,
    }  # fmt: skip
    number = connection.execute(sa.insert(person_history).values(row)).inserted_primary_key
    assert number is not None
    return int(number[0])


def history_entry(row: sa.Row[tuple[object, ...]]) -> HistoryEntry:
    """An entry of a row of the table."""
    moved = msgspec.json.decode(row.moved, type=tuple[tuple[str, str], ...])
    return HistoryEntry(
        position=row.position, at=from_us(row.at_us), by=row.by, action=row.action, person=row.person, other=row.other,
        moved=moved, before=row.before, note=row.note, undoes=row.undoes,
    )  # fmt: skip


def identity_of(row: sa.Row[tuple[object, ...]]) -> Identity:
    """An identity of a row of the table."""
    return Identity(
        channel=row.channel, key=row.key, person=row.person, version=row.version, name=row.name, email=row.email,
        phone=row.phone, consent=row.consent, consent_at=maybe_from_us(row.consent_us), deleted=row.deleted,
        erased=row.erased, heard_at=from_us(row.heard_us),
    )  # fmt: skip


def proposal_of(row: sa.Row[tuple[object, ...]]) -> Proposal:
    """A proposal of a row of the table."""
    return Proposal(pair=(row.one, row.other), why=row.why, state=row.state, since=from_us(row.since_us), via=row.via)


def person_of(row: sa.Row[tuple[object, ...]]) -> Person:
    """A person of a row of the table."""
    return Person(id=row.id, state=row.state, into=row.into, created_at=from_us(row.created_us))


def _identities(connection: sa.Connection, where: sa.ColumnElement[bool]) -> dict[Place, Identity]:
    rows = connection.execute(sa.select(person_identity).where(where))
    return {(row.channel, row.key): identity_of(row) for row in rows}


def _persons(connection: sa.Connection, ids: Collection[str]) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for part in _parts(ids):
        rows = connection.execute(sa.select(person).where(person.c.id.in_(part)))
        found |= {row.id: person_of(row) for row in rows}
    return found


def _followed(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """These persons, and those whom they were merged into."""
    found: set[str] = set()
    wanted = set(ids) - {""}
    for _ in range(_INTO_MAX):
        if not wanted:
            break
        found |= wanted
        wanted = {one.into for one in _persons(connection, wanted).values() if one.into} - found
    return found


def _proposals(connection: sa.Connection, ids: Collection[str]) -> dict[Pair, Proposal]:
    table = person_proposal.c
    found: dict[Pair, Proposal] = {}
    for part in _parts(ids):
        for column in (table.one, table.other):
            rows = connection.execute(sa.select(person_proposal).where(column.in_(part)))
            found |= {(row.one, row.other): proposal_of(row) for row in rows}
    return found


def _identity_row(one: Identity) -> dict[str, object]:
    return {
        "channel": one.channel, "key": one.key, "person": one.person, "version": one.version, "name": one.name,
        "email": one.email, "phone": one.phone, "consent": one.consent, "consent_us": maybe_us(one.consent_at),
        "deleted": one.deleted, "erased": one.erased, "heard_us": to_us(one.heard_at),
    }  # fmt: skip


def _parts(values: Iterable[str]) -> list[list[str]]:
    every = sorted(set(values))
    return [every[start : start + _PART] for start in range(0, len(every), _PART)]
