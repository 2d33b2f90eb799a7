"""What channels ask of the database all day long finds its rows by an index, however long the log and the lists are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from hub.storage.channel_outbox import Claim
from hub.storage.database import Database
from tests.channel_chain import HANOI, TEA, Chain
from tests.channel_stage import START
from tests.unit.hub.journals import sale

KINDS = ["refund", "sale"]
LOOKS: dict[str, tuple[Callable[[Chain], object], str]] = {
    "the log": (
        lambda chain: chain.journals.news("web", ["x"], 10),
        "event USING INDEX sqlite_autoindex_event_1 (store=? AND terminal=? AND epoch=? AND sequence>?",
    ),
    "orders that were handed over": (
        lambda chain: chain.journals.their_orders("web", ["web:o1"]),
        "channel_order USING INDEX channel_order_by_order (order_id=?)",
    ),
    "sales that came before": (
        lambda chain: chain.journals.passed_receipts("web", ["R1"]),
        "sale USING INDEX sale_by_receipt (receipt_number=?)",
    ),
    "open orders of a SKU": (
        lambda chain: chain.stock.wanted("web", [TEA]),
        "channel_line USING INDEX channel_line_open (channel=? AND sku=?)",
    ),
    "levels to be told again": (
        lambda chain: chain.stock.due("web", START, 10),
        "channel_offer USING INDEX channel_offer_due (channel=? AND state=? AND due_us<?)",
    ),
    "SKUs that changed": (
        lambda chain: chain.stock.changed("web", 0, 10),
        "availability USING INDEX availability_by_revision (revision>?)",
    ),
    "what may be sent": (
        lambda chain: chain.outbox.next_due("web", KINDS, START),
        "outbox USING INDEX outbox_due (channel=? AND state=? AND due_us<?)",
    ),
    "whose turn it is in a lane": (
        lambda chain: chain.outbox.claim("web", KINDS, Claim("a", START, START), 10),
        "other USING INDEX outbox_open (channel=? AND lane=?)",
    ),
}  # fmt: skip


@pytest.fixture
def chain(database: Database) -> Chain:
    """A chain with something new in the log."""
    found = Chain(database)
    found.tell(HANOI, sale(1, (TEA, 1_000)))
    return found


@pytest.mark.parametrize("what", LOOKS)
def test_a_look_finds_its_rows_by_an_index(chain: Chain, what: str) -> None:
    """None goes through a table that grows with every sale."""
    look, index = LOOKS[what]
    asked: list[tuple[str, object]] = []
    for engine in (chain.database.reading, chain.database.writing):
        sa.event.listen(engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    look(chain)
    plans = []
    for statement, values in [one for one in asked if one[0].startswith("SELECT")]:
        with chain.database.reading.connect() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]
            plans += [str(row[-1]) for row in rows]
    assert any(index in plan for plan in plans), plans
    assert not [plan for plan in plans if plan in ("SCAN event", "SCAN outbox", "SCAN channel_line", "SCAN sale")]
