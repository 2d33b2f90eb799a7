"""What the dashboard's pages about money and about persons work with."""

from __future__ import annotations

from dataclasses import dataclass

from hub.customers.people import People
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.money_decisions import MoneyDecisions
from hub.storage.queries_money import MoneyQueries
from hub.storage.queries_people import PeopleQueries


@dataclass(frozen=True)
class MoneyOffice:
    """Days and lines to read, decisions to make."""

    queries: MoneyQueries
    decisions: MoneyDecisions


@dataclass(frozen=True)
class PeopleOffice:
    """Persons to read, and what may be done about them."""

    queries: PeopleQueries
    people: People
    documents: SqlDocumentStore
