"""The tills' own customers are persons, too: whatever becomes of their documents is taken in, behind the ingest.

Followed is the global feed's order of changes, so imports, edits at tills and deletions come alike, each once. What the
hub itself shows at tills (`at_tills.py`) says nothing new and is passed over, until somebody changes it there.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.customers.at_tills import digest_of, shown_digests
from hub.customers.normal import email_of, phone_of
from hub.customers.people import People
from hub.customers.register import Said
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.people_records import TILLS
from hub.storage.upserts import upsert
from protocol.documents import Customer
from protocol.ids import GLOBAL_FEED

CURSOR = "people_revision"
EVERY_S = 2.0
AT_ONCE = 200


class TillCustomers:
    """Takes in the tills' customers. Used from one thread; several hub processes do the same and find it done."""

    def __init__(self, database: Database, people: People, every_s: float = EVERY_S) -> None:
        self._database = database
        self._people = people
        self._every_s = every_s
        self._not_before_s = 0.0

    def advance(self, now: datetime, now_s: float) -> int:
        """Take in some of what is new if it is time to, else show some; returns how many. Raises StorageError."""
        if now_s < self._not_before_s:
            return 0
        done = take_some(self._database, self._people, now) or self._people.show_some(now)
        self._not_before_s = now_s if done == AT_ONCE else now_s + self._every_s
        return done


def take_some(database: Database, people: People, now: datetime) -> int:
    """Take in at most two hundred customers whose documents changed; returns how many."""
    state, document = schema.state.c, schema.document.c
    with database.read() as connection:
        cursor = int(connection.execute(sa.select(state.value).where(state.name == CURSOR)).scalar() or 0)
        query = (
            sa.select(document.key, document.revision, document.deleted, document.body)
            .where(document.feed == GLOBAL_FEED, document.revision > cursor, document.kind == "customer")
            .order_by(document.revision, document.key)
        )
        rows = connection.execute(query.limit(AT_ONCE)).all()
        if rows:
            # A revision may be shared by thousands (one import): the rest of it comes with the last row's.
            last = rows[-1].revision
            more = query.where(document.revision == last, document.key > rows[-1].key)
            rows = [*rows, *connection.execute(more)] if len(rows) == AT_ONCE else rows
    if not rows:
        return 0
    region = people.region
    with database.read() as connection:
        shown = shown_digests(connection, [row.key for row in rows])
    customers = []
    for row in rows:
        known = None if row.deleted else msgspec.json.decode(row.body, type=Customer)
        digest = shown.get(row.key)
        if known is None or digest is None or digest != digest_of(known):
            customers.append(_said(row.key, row.revision, known, region, ours=row.key if digest is not None else ""))
    people.take_all(TILLS, customers, now)
    # Two processes may do this at once; whoever writes the smaller number makes some be taken in again, to no effect.
    with database.write() as connection:
        upsert(connection, schema.state, [{"name": CURSOR, "value": str(rows[-1].revision)}], replace=["value"])
    return len(rows)


def _said(key: str, revision: int, known: Customer | None, region: str, *, ours: str) -> Said:
    """What a document says. One of a person's own id that a till has changed is of that person."""
    if known is None:
        return Said(channel=TILLS, key=key, version=str(revision), deleted=True)
    return Said(
        channel=TILLS, key=key, version=str(revision), name=known.name, email=email_of(known.email),
        phone=phone_of(known.phone, region), consent=known.consent, source="till", ours=ours,
    )  # fmt: skip
