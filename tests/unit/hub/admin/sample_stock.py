"""The sample hub's orders, ledger, rules, accuracy and parked entries; all invented."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.admin.memory import MemoryQueries
from hub.admin.memory_stock import MemoryDesk
from hub.matters.orders import OrderedLine, PlacedOrder
from hub.matters.outcome import Told
from hub.stock.accuracy import Accuracy
from hub.stock.explain import LedgerEntry, steps_of
from hub.stock.lots import NO_LOT, Lot, LotLevel
from hub.stock.safety import Rule
from hub.storage.reading_stock import Coming, Explanation, Held, Moved, ParkedDetail
from protocol.events import OrderHandedOver, OrderPicked, StockLine

STORE = "st01"


def add_stock_facts(queries: MemoryQueries, desk: MemoryDesk, now: datetime) -> None:
    """One of each kind of thing that a page shows."""
    _orders(queries, desk, now)
    queries.explanations[STORE, "COLA-330"] = _explanation(now)
    queries.transit["COLA-330"] = {STORE: 24_000}
    desk.set_rules([Rule("", "", "", 1_000), Rule(STORE, "COLA-330", "", 3_000), Rule("", "", "Nước giải khát", 2_000)])
    queries.accuracy_rows += [
        Accuracy("st01", now.date(), 214, 213, 31_400_000_000, 31_388_000_000, 12_000_000),
        Accuracy("st02", now.date(), 96, 91, 8_150_000_000, 7_610_000_000, 540_000_000),
        Accuracy("st01", now.date() - timedelta(days=7), 180, 180, 22_000_000_000, 22_000_000_000, 0),
    ]
    raw = b'{"specversion":"1.0","type":"com.tillwire.sale.completed.v2","data":{"lines":[]}}'
    queries.parked_details[7] = ParkedDetail(
        7, STORE, "T2", 1, 204, "unknown_type", "com.tillwire.sale.completed.v2", now, None, "0199-…-204", raw
    )


def _orders(queries: MemoryQueries, desk: MemoryDesk, now: datetime) -> None:
    wanted = (
        ("web-10031", "Nguyễn Thị Lan", "pickup", "COLA-330", 2_000),
        ("web-10030", "Trần Văn Minh", "delivery", "G7-21", 1_000),
        ("web-10029", "Lê Hoa", "delivery", "MILO-180", 6_000),
        ("web-10028", "Phạm An", "pickup", "BANH-MI", 3_000),
        ("A/B 10027", "", "delivery", "A/B 7", 1_000),
    )
    for number, (order, customer, way, sku, quantity) in enumerate(wanted):
        placed = PlacedOrder(
            order=order, number=order.split("-")[-1], channel="shop", customer=customer, store=STORE,
            lines=(OrderedLine(sku=sku, quantity=quantity),), way="pickup" if way == "pickup" else "delivery",
        )  # fmt: skip
        desk.place(placed, now - timedelta(minutes=7 + 31 * number))
    line = (StockLine(sku="G7-21", quantity=1_000),)
    queries.order_facts["web-10030"].told.append(
        Told(OrderPicked(order="web-10030", lines=line, by="Hoa"), now, STORE, "T1")
    )
    short = (StockLine(sku="MILO-180", quantity=4_000),)
    queries.order_facts["web-10029"].told.append(
        Told(OrderPicked(order="web-10029", lines=short, by="Hoa"), now, STORE, "T1")
    )
    gone = (StockLine(sku="BANH-MI", quantity=3_000),)
    queries.order_facts["web-10028"].told.append(
        Told(OrderHandedOver(order="web-10028", lines=gone, by="Hoa"), now, STORE, "T1")
    )


def _explanation(now: datetime) -> Explanation:
    def entry(hours: float, kind: str, delta: int, number: int, **words: object) -> LedgerEntry:
        at = now - timedelta(hours=hours)
        received = now - timedelta(hours=float(str(words.pop("late", hours))))
        return LedgerEntry(at, kind, delta, "T1", 1, number, 0, received, **words)  # type: ignore[arg-type] # a sample

    count = entry(20, "count", 40_000, 4, by="Hoa", document="K-17")
    entries = [
        entry(
            70, "receive", 48_000, 1, by="Lan", document="PN-0117", lot="L2411", expires=now.date() + timedelta(days=90)
        ),
        entry(26, "sale", -2_000, 2, by="Lan", document="ST01-000311"),
        entry(24, "sale", -3_000, 3, by="Minh", document="ST01-000322", late=2),
        count,
        entry(9, "sale", -6_000, 5, by="Lan", document="ST01-000402"),
        entry(4, "refund", 1_000, 6, by="Lan", document="ST01-000416"),
        entry(1, "sale", -4_000, 7, by="Minh", document="ST01-000431"),
    ]
    lots = [LotLevel(Lot("L2411", now.date() + timedelta(days=90)), 24_000), LotLevel(NO_LOT, 7_000)]
    return Explanation(
        store=STORE, sku="COLA-330", name="Nước ngọt Cola 330 ml", unit="piece", on_hand=31_000, reserved=2_000,
        safety=3_000, buffer=4_000, available=22_000, rule=Rule(STORE, "COLA-330", "", 3_000), counted=count,
        since={"sale": Moved(2, -10_000), "refund": Moved(1, 1_000)}, late=Moved(1, -3_000),
        held=[Held("order", "web-10031", 2_000)], coming=[Coming("CK-88", "st02", 24_000)], lots=lots,
        steps=list(reversed(steps_of(entries, 0, count))), total=len(entries),
    )  # fmt: skip
