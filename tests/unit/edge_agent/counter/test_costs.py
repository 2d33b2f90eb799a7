"""What a till pays for each scan must not grow with its past: no statement walks through a table that grows."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from edge_agent.counter.desks import QUESTIONS
from protocol.documents import Item, Settings, Stock
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
GROWING = frozenset(
    {
        "event", "document", "barcode", "own_movement", "print_job", "sale", "receipt_kept", "line_returned",
        "payment_attempt", "payment_seen", "own_value", "work_line", "shift_closed", "customer_item", "customer_key",
        "search_item", "item_name", "line_returned_elsewhere",
    }
)  # fmt: skip
"""Tables that hold a catalogue or a past; the others have one row, or as many as a person makes in a day."""


@pytest.fixture
def anyio_backend() -> str:
    """The counter runs on asyncio."""
    return "asyncio"


async def a_days_work(shop: Shop) -> None:
    """Something of everything that is done every few seconds."""
    for code in (WATER, f"3*{WATER}", "HOUSE-7", "nothing", "036000291452"):
        await shop.scan(code)
    for name in sorted(QUESTIONS):
        await shop.counter.ask(name, {})
    await shop.do("set_quantity", number="1", quantity="2")
    await shop.do("void_line", number="2")
    await shop.do("pay_cash", given="500000")
    await shop.scan(WATER)
    await shop.counter.order("work_start", {"kind": "count"})
    for code in (WATER, WATER, "HOUSE-7"):
        await shop.scan(code)
    work = shop.counter.view().work
    assert work is not None
    await shop.counter.order("work_quantity", {"work_id": work.id, "number": "1", "quantity": "7"})
    await shop.counter.order("work_finish", {"work_id": work.id})


def walks(statement: str, connection: sqlite3.Connection) -> list[str]:
    """The steps of a statement's plan that read a whole table that grows."""
    steps = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    if " LIMIT " in statement and not any("TEMP B-TREE" in step for step in steps):
        return []  # it begins at an end and stops early
    return [step for step in steps if step.startswith("SCAN ") and step.split()[1] in GROWING and "USING" not in step]


async def test_no_statement_of_a_day_walks_through_what_grows(tmp_path: Path) -> None:
    """Every statement of scanning, paying, looking and counting finds its rows by an index."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "stock", {"NUOC": Stock(sku="NUOC", on_hand=100_000)})
        await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ")})
        said: set[str] = set()
        await shop.database.run(lambda c: c.set_trace_callback(said.add))
        await shop.database.look(lambda c: c.set_trace_callback(said.add))
        await a_days_work(shop)
        await shop.database.run(lambda c: c.set_trace_callback(None))
        await shop.database.look(lambda c: c.set_trace_callback(None))
        read = [each for each in said if each.split()[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}]
        assert len(read) > 60  # the day was played and heard
        found = [step for each in read for step in await shop.database.run(partial(walks, each))]
        assert not found


async def test_entering_a_customer_reads_no_catalogue(tmp_path: Path) -> None:
    """A new customer is looked up among the hub's by key: 300,000 documents stand beside hers."""
    async with shop_in(tmp_path) as shop:
        said: list[str] = []
        await shop.database.run(lambda c: c.set_trace_callback(said.append))
        assert await shop.do("save_customer", name="Lan", phone="0901234567") == "customer_saved"
        await shop.database.run(lambda c: c.set_trace_callback(None))
        (forgets,) = [each for each in said if each.startswith("SELECT customer_new.customer")]
        plan = await shop.database.run(lambda c: c.execute(f"EXPLAIN QUERY PLAN {forgets}").fetchall())
        (of_documents,) = [step for *_, step in plan if " document " in f"{step} "]
        assert of_documents.endswith("(feed=? AND generation=? AND kind=? AND key=?)")


async def test_a_customer_who_was_entered_in_training_is_nobody(tmp_path: Path) -> None:
    """The hub never hears of her; so no sale of tomorrow may name her."""
    async with shop_in(tmp_path) as shop:
        await shop.counter.order("switch_training", {"on": "yes"})
        assert await shop.do("save_customer", name="Lan", phone="0901234567") == "training_on"
        assert await shop.one("SELECT count(*) FROM customer_new") == 0


async def statements_of_a_scan(shop: Shop, code: str) -> int:
    """How many statements the till's database runs for one scan and its picture."""
    said: list[str] = []
    await shop.database.run(lambda c: c.set_trace_callback(said.append))
    await shop.database.look(lambda c: c.set_trace_callback(said.append))
    assert await shop.scan(code) in {"line_added", "stock_negative"}
    await shop.database.run(lambda c: c.set_trace_callback(None))
    await shop.database.look(lambda c: c.set_trace_callback(None))
    return len(said)


async def test_a_scan_of_a_case_looks_no_more_up_on_a_full_receipt(tmp_path: Path) -> None:
    """Forty lines that take from one shelf cost that shelf one look; names of parts are kept with their lines."""
    can = Item(sku="BIA", name="Bia", barcodes=("CAN",), price=1, currency="VND")
    cases = tuple(
        Item(
            sku=f"BIA-{size}", name="Thùng", barcodes=(f"CASE-{size}",), price=size, currency="VND", pack_of="BIA",
            pack_size=size * 1_000,
        )
        for size in range(2, 42)
    )  # fmt: skip
    async with shop_in(tmp_path, items=(can, *cases)) as shop:
        await load(shop.database, store_feed(STORE), "stock", {"BIA": Stock(sku="BIA", on_hand=10**8)})
        await shop.scan("CASE-2")
        first = await statements_of_a_scan(shop, "CASE-3")
        for size in range(4, 41):
            await shop.scan(f"CASE-{size}")
        assert await statements_of_a_scan(shop, "CASE-41") == first
        assert len(shop.counter.view().lines) == 40
