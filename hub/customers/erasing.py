"""Forgetting a person who asks for it: at the hub, at the tills, and by word to every channel that has her.

What she bought stays, under ids only. Journals are sealed: events in which a till wrote her name remain in the event
log as they came, readable by nobody but who has the database.
"""

from __future__ import annotations

import msgspec

from hub.customers.people import Act, People
from hub.errors import DecisionRefused
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.people_records import TILLS
from hub.storage.queries_people import PeopleQueries
from protocol.documents import Customer
from protocol.ids import GLOBAL_FEED


def erase_person(people: People, queries: PeopleQueries, documents: SqlDocumentStore, person: str, act: Act) -> None:
    """Erase a person; calling it again finishes what was broken off. Raises DecisionRefused while money is owed."""
    view = queries.person(person)
    keys = [one.key for one in view.identities if one.channel == TILLS] if view is not None else []
    keys = sorted({*keys, person})  # tills may know her by her own id, because a channel does
    for key in keys:
        for kept in documents.documents(GLOBAL_FEED, "customer", key=key):
            known = msgspec.json.decode(kept.body, type=Customer)
            if known.owes:
                raise DecisionRefused(
                    f"person {person}: the account of {key} is not even ({known.owes} {known.currency}); "
                    "settle it at a till, then erase her"
                )
    people.erase(person, act)
    documents.delete(GLOBAL_FEED, "customer", keys, act.at)
