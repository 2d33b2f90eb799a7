"""What people read of persons: who may be one, who somebody is, what was done by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from hub.storage.database import Database
from hub.storage.moments import from_us
from hub.storage.people import history_entry, identity_of, person_of, proposal_of
from hub.storage.people_records import HistoryEntry, Identity, Person, Proposal, SaidConsent
from hub.storage.schema_people import (
    person,
    person_consent,
    person_history,
    person_identity,
    person_ignored,
    person_proposal,
)
from hub.storage.upserts import upsert

IDENTITIES_MAX = 500
CONSENTS_MAX = 200


@dataclass(frozen=True)
class PersonView:
    """A person with her identities, what was done by hand about her, and what she said of consent, newest first."""

    person: Person
    identities: Sequence[Identity]
    history: Sequence[HistoryEntry] = ()
    consents: Sequence[SaidConsent] = ()
    proposals: Sequence[Proposal] = ()

    @property
    def name(self) -> str:
        """What she is called: as the channel that was heard last has it; "" where nobody knows."""
        named = [one for one in self.identities if one.name]
        return max(named, key=lambda one: one.heard_at).name if named else ""

    @property
    def values(self) -> Sequence[str]:
        """Her addresses and numbers, each once."""
        said = [value for one in self.identities for value in (one.email, one.phone) if value]
        return list(dict.fromkeys(said))

    @property
    def channels(self) -> Sequence[str]:
        """The channels that know her, each once."""
        return list(dict.fromkeys(one.channel for one in self.identities))


@dataclass(frozen=True)
class ProposedPair:
    """Two persons who may be one."""

    proposal: Proposal
    one: PersonView
    other: PersonView
    shared: Sequence[str] = field(default=())


class PeopleQueries:
    """The read side of persons. All methods may block. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def proposals(self, limit: int, offset: int = 0) -> tuple[Sequence[ProposedPair], int]:
        """Open proposals, the oldest first, and how many there are."""
        table = person_proposal.c
        is_open = table.state == sa.text("'open'")
        query = sa.select(person_proposal).where(is_open).order_by(table.since_us, table.one, table.other)
        with self._database.read() as connection:
            total = connection.execute(
                sa.select(sa.func.count()).select_from(person_proposal).where(is_open)
            ).scalar_one()
            found = [proposal_of(row) for row in connection.execute(query.limit(limit).offset(offset))]
            views = _views(connection, sorted({one for proposal in found for one in proposal.pair}))
        return [_proposed(one, views) for one in found], total

    def person(self, name: str) -> PersonView | None:
        """A person by her id, also by that of one who was merged into her (then it is she who is shown)."""
        with self._database.read() as connection:
            for _ in range(100):
                row = connection.execute(sa.select(person).where(person.c.id == name)).first()
                if row is None:
                    return None
                if not row.into:
                    break
                name = row.into
            view = _views(connection, [name])[name]
            table = person_history.c
            mine = sa.or_(table.person == name, table.other == name)
            history = sa.select(person_history).where(mine).order_by(table.position.desc()).limit(100)
            proposal = person_proposal.c
            open_ = sa.select(person_proposal).where(
                sa.or_(proposal.one == name, proposal.other == name), proposal.state == sa.text("'open'")
            )
            return PersonView(
                view.person, view.identities, [history_entry(row) for row in connection.execute(history)],
                _consents(connection, view.identities), [proposal_of(row) for row in connection.execute(open_)],
            )  # fmt: skip

    def find(self, text: str, limit: int) -> Sequence[PersonView]:
        """Persons with exactly this id, address, number or customer id, or whose name begins with it."""
        table = person_identity.c
        text = text.strip()
        exact = [table.email == text.lower(), table.phone == text, table.key == text, table.person == text]
        exact = [sa.and_(table.email != "", exact[0]), sa.and_(table.phone != "", exact[1]), *exact[2:]]
        named = table.name.ilike(_escaped(text) + "%", escape="\\")
        with self._database.read() as connection:
            found: list[str] = []
            for where in (*exact, named):
                query = sa.select(table.person).distinct().where(where).order_by(table.person).limit(limit)
                found += [one for one in connection.execute(query).scalars() if one not in found]
                if len(found) >= limit:
                    break
            views = _views(connection, found[:limit])
        return [views[one] for one in found[:limit]]

    def history(self, limit: int, *, before: int | None = None) -> Sequence[HistoryEntry]:
        """What was done by hand, newest first."""
        table = person_history.c
        query = sa.select(person_history).order_by(table.position.desc()).limit(limit)
        if before is not None:
            query = query.where(table.position < before)
        with self._database.read() as connection:
            return [history_entry(row) for row in connection.execute(query)]

    def ignored(self) -> Sequence[str]:
        """Addresses and numbers that name nobody."""
        with self._database.read() as connection:
            return list(
                connection.execute(sa.select(person_ignored.c.value).order_by(person_ignored.c.value)).scalars()
            )

    def ignore(self, value: str, by: str, now_us: int) -> None:
        """Say that an address or a number names nobody, from now on."""
        with self._database.write() as connection:
            upsert(connection, person_ignored, [{"value": value, "at_us": now_us, "by": by}], replace=["by"])

    def heed(self, value: str) -> bool:
        """Take that back; False if it was not so."""
        with self._database.write() as connection:
            return connection.execute(sa.delete(person_ignored).where(person_ignored.c.value == value)).rowcount > 0


def _views(connection: sa.Connection, ids: Sequence[str]) -> dict[str, PersonView]:
    table = person_identity.c
    persons = {row.id: person_of(row) for row in connection.execute(sa.select(person).where(person.c.id.in_(ids)))}
    identities: dict[str, list[Identity]] = {one: [] for one in persons}
    for one in persons:
        query = sa.select(person_identity).where(table.person == one).order_by(table.channel, table.key)
        identities[one] = [identity_of(row) for row in connection.execute(query.limit(IDENTITIES_MAX))]
    return {one: PersonView(known, identities[one]) for one, known in persons.items()}


def _consents(connection: sa.Connection, identities: Sequence[Identity]) -> list[SaidConsent]:
    table = person_consent.c
    found: list[tuple[int, SaidConsent]] = []
    for one in identities:
        mine = sa.and_(table.channel == one.channel, table.key == one.key)
        query = sa.select(person_consent).where(mine).order_by(table.position.desc()).limit(CONSENTS_MAX)
        found += [
            (row.position, SaidConsent(row.channel, row.key, row.consent, from_us(row.at_us), row.source))
            for row in connection.execute(query)
        ]
    return [said for _, said in sorted(found, key=lambda pair: pair[0], reverse=True)][:CONSENTS_MAX]


def _proposed(proposal: Proposal, views: dict[str, PersonView]) -> ProposedPair:
    one, other = (views[person] for person in proposal.pair)
    values = [
        {value for known in view.identities for value in (known.email, known.phone) if value} for view in (one, other)
    ]
    return ProposedPair(proposal, one, other, sorted(values[0] & values[1]))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
