"""The index of customers says what their documents say, through changes, deletions and whole new states."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils.db import Database

from edge_agent.journal.migrations import till_migrations
from edge_agent.replica import customers
from edge_agent.replica.sqlite import SqliteReplica
from protocol.documents import Customer, Document
from protocol.feed_receiver import Apply, Stage
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
Update = list[tuple[str, tuple[str, str] | None]]


@contextmanager
def opened() -> Iterator[tuple[sqlite3.Connection, SqliteReplica]]:
    """A till's tables, and the replica on them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        till_migrations("").apply(Database(connection, execute_plugins=False))
        yield connection, SqliteReplica(connection, STORE, TERMINAL)


def document(key: str, customer: Customer | None, revision: int = 1) -> Document:
    """A customer's document, or her tombstone."""
    body = msgspec.Raw(msgspec.json.encode(customer)) if customer is not None else msgspec.Raw(b"{}")
    return Document(kind="customer", key=key, revision=revision, body=body, deleted=customer is None)


def somebody(key: str, name: str, phone: str) -> Customer:
    """A customer."""
    return Customer(customer=key, name=name, phone=phone, email=f"{key}@example.com", card=f"C{key}")


def test_a_whole_new_state_replaces_the_old_one_and_leaves_nothing() -> None:
    """Nobody of the old state is found, parts of the new one not before it counts, and tidying empties the rest."""
    old = tuple(document(key, somebody(key, "Lan Cũ", f"+8490000000{key}")) for key in "123")
    new = tuple(document(key, somebody(key, "Lan Mới", f"+8491111111{key}")) for key in "345")
    with opened() as (connection, replica):
        replica.apply(GLOBAL_FEED, Apply(old, (), "a", 1))
        replica.stage(GLOBAL_FEED, Stage("r", new, replace=True))
        assert sorted(customers.by_name(connection, "lan")) == ["1", "2", "3"]
        assert customers.by_name(connection, "moi") == ()
        replica.apply(GLOBAL_FEED, Apply((), (), "b", 1, request="r", replace=True))
        assert sorted(customers.by_name(connection, "lan moi")) == ["3", "4", "5"]
        assert customers.by_name(connection, "cu") == ()
        assert customers.by_last_digits(connection, "1115") == ("5",)
        assert customers.by_phone(connection, "+84900000001") == ()
        while replica.tidy(2):
            pass
        assert connection.execute("SELECT count(*) FROM customer_item").fetchone() == (3,)
        assert connection.execute("SELECT count(*) FROM customer_key").fetchone() == (9,)
        connection.execute("INSERT INTO customer_name (customer_name) VALUES ('integrity-check')")


names = st.sampled_from(["Nguyễn Lan", "Trần Lan", "Lê Ân", "Bà Tư", ""])
phones = st.integers(0, 99).map(lambda end: f"+849123456{end:02d}")
updates = st.lists(st.tuples(st.sampled_from("abcde"), st.none() | st.tuples(names, phones)), max_size=12)


@given(st.lists(st.tuples(updates, st.booleans()), max_size=5))
def test_the_index_is_what_the_documents_say(feed: list[tuple[Update, bool]]) -> None:
    """After any updates, at once or by parts, the same are found as by reading all documents."""
    known: dict[str, Customer] = {}
    with opened() as (connection, replica):
        for revision, (update, in_parts) in enumerate(feed, 1):
            people = [(key, somebody(key, *told) if told is not None else None) for key, told in update]
            for key, customer in people:
                known.pop(key, None)
                if customer is not None:
                    known[key] = customer
            documents = tuple(document(key, customer, revision) for key, customer in people)
            if in_parts:
                replica.stage(GLOBAL_FEED, Stage(f"r{revision}", documents))
                replica.apply(GLOBAL_FEED, Apply((), (), "a", revision, request=f"r{revision}"))
            else:
                replica.apply(GLOBAL_FEED, Apply(documents, (), "a", revision))
        for start, word in (("ng", "Nguyễn"), ("lan", "Lan"), ("an", "Ân"), ("tu", "Tư")):
            wanted = {key for key, each in known.items() if word in each.name}
            assert set(customers.by_name(connection, start)) == wanted
        for customer in known.values():
            same = {key for key, each in known.items() if each.phone == customer.phone}
            assert set(customers.by_phone(connection, customer.phone)) == same
            assert set(customers.by_last_digits(connection, customer.phone[-6:])) == same
            assert customers.by_email(connection, customer.email.upper()) == (customer.customer,)
            assert customers.by_card(connection, customer.card) == (customer.customer,)
