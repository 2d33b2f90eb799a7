"""What the golden files say, as values; and the one way to make a file for a new type or version.

    python -m tests.golden.examples

writes the files that are missing and never touches one that is there: a golden file is what a released version wrote,
and it is read for good. A value here belongs to its file; for a change of a type add a new version and a new value.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path

import msgspec

from protocol import frame
from protocol.documents import Document, Item, Settings, Stock
from protocol.event import GENESIS, Digest, SealedEvent, seal
from protocol.events import (
    TYPE_NAMES,
    CountedLine,
    DrawerOpened,
    EventData,
    ReceiptReprinted,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    Tender,
)
from protocol.frame import Key
from protocol.messages import (
    Ack,
    BatchHeader,
    Command,
    CommandAnswer,
    Cursor,
    EpochGrant,
    EpochRequest,
    FeedUpdate,
    Pull,
    Status,
)
from protocol.promotions import Bundle, BundlePart, Hours, Promotion, Selection
from tests.golden import counter_examples, goods_examples, till_examples

FOLDER = Path(__file__).parent
AT = datetime(2026, 11, 22, 11, 4, 5, 678901, tzinfo=UTC)
PREVIOUS = Digest(bytes(range(32)))
SOURCE = "/stores/hanoi-1/terminals/T2"
EVENT_ID = "0198c0de-7a11-7000-8000-00000000002a"
EPOCH, SEQUENCE = 3, 42
TOPIC = "tillwire/v1/b03/hanoi-1/T2/journal"
KEY = Key(bytes(range(100, 132)))

_COFFEE = SaleLine(
    sku="G7-21", name="Cà phê G7 hoà tan 3in1", quantity=2000, unit_price=56_000, amount=112_000, tax_rate_bp=800,
    tax=8_296, barcode="8935024120019", note="hộp móp",
)  # fmt: skip
_MANGO = SaleLine(sku="XOAI", name="Xoài cát", quantity=642, unit_price=85_000, amount=54_570)
_STOCK = (StockLine(sku="G7-21", quantity=24_000), StockLine(sku="XOAI", quantity=-1_250))

_FACTS: tuple[EventData, ...] = (
    SaleCompleted(
        receipt_number="hanoi-1-T2-3-000042", business_day=date(2026, 11, 22), currency="VND", cashier="lan",
        lines=(_COFFEE, _MANGO), tenders=(Tender(kind="cash", amount=166_570, given=200_000, change=33_430),),
        total=166_570, tax_total=8_296,
    ),
    SaleRefunded(
        receipt_number="hanoi-1-T2-3-000043", business_day=date(2026, 11, 22), currency="VND", cashier="lan",
        lines=(_COFFEE,), tenders=(Tender(kind="card", amount=112_000),), total=112_000, tax_total=8_296,
        original_receipt="hanoi-1-T2-3-000042", restock=False, reason="hộp móp",
    ),
    StockReceived(lines=_STOCK, by="minh", document="PN-2026/118"),
    StockAdjusted(lines=_STOCK, by="minh", reason="vỡ khi xếp hàng"),
    StockCounted(
        session="kiem-ke-11", by="minh",
        lines=(CountedLine(sku="G7-21", quantity=23_000, at=AT), CountedLine(sku="XOAI", quantity=0, at=AT)),
    ),
    DrawerOpened(by="lan", why="cash_moved", receipt_number="hanoi-1-T2-3-000042"),
    ReceiptReprinted(receipt_number="hanoi-1-T2-3-000042", by="lan", copy_number=2),
)  # fmt: skip
EVENTS: Mapping[str, EventData] = {TYPE_NAMES[type(fact)]: fact for fact in (*_FACTS, *till_examples.FACTS)}
GROWN_EVENTS: Mapping[str, EventData] = {
    f"{TYPE_NAMES[type(fact)]}+{by}": fact
    for by, facts in (("counter", counter_examples.FACTS), ("goods", goods_examples.FACTS))
    for fact in facts
}
"""Later examples of types that grew: by type, "+" and what they grew by."""

MESSAGES: Mapping[str, msgspec.Struct] = {
    "batch-header": BatchHeader(epoch=3, first=42, count=2, previous=PREVIOUS.hex(), sent_at=AT),
    "ack": Ack(epoch=3, sequence=43, digest=PREVIOUS.hex(), hub_time=AT, status="gap"),
    "epoch-request": EpochRequest(epoch=3, reason="restored", nonce="0123456789abcdef-3"),
    "epoch-grant": EpochGrant(epoch=4, nonce="0123456789abcdef-3"),
    "feed-update": FeedUpdate(
        feed="store-hanoi-1", lineage="7f3a", from_rev=17, to_rev=19, request="r-1", part=1, last=False,
        documents=(
            Document(kind="stock", key="G7-21", revision=18, body=msgspec.Raw(b'{"sku":"G7-21","on_hand":21000}')),
            Document(kind="item", key="cũ", revision=19, deleted=True),
        ),
        cursors=(Cursor(terminal="T2", epoch=3, sequence=43),),
    ),
    "pull": Pull(feed="store-hanoi-1", lineage="7f3a", revision=17, request="0123456789abcdef-1"),
    "status": Status(
        online=True, version="0.1.0", epoch=3, tail=43, backlog=2, oldest_unsent_at=AT,
        devices={"printer": "fault", "scanner": "ready"}, disk_free_bytes=10**11, clock_offset_ms=-340,
        problem="epoch_fork", at=AT,
    ),
    "command": Command(id="c-1", verb="reprint", expires_at=AT, arguments={"receipt_number": "hanoi-1-T2-3-000042"}),
    "command-answer": CommandAnswer(id="c-1", ok=False, text="hết giấy"),
    **till_examples.MESSAGES,
}  # fmt: skip

DOCUMENTS: Mapping[str, msgspec.Struct] = {
    "item": Item(
        sku="G7-21", name="Cà phê G7 hoà tan 3in1", barcodes=("8935024120019", "8935024120026"), price=56_000,
        currency="VND", unit="hộp", tax_rate_bp=800,
    ),
    "stock": Stock(sku="G7-21", on_hand=-2_000, reserved=1_000, counted_at=AT),
    "settings": Settings(
        store_name="Tạp hoá Lan", currency="VND", time_zone="Asia/Ho_Chi_Minh", language="en",
        receipt_head=("Tạp hoá Lan", "12 Hàng Gai"), receipt_foot=("Cảm ơn quý khách",),
    ),
    "promotion": Promotion(
        promotion="KM-2026-118", name="Mua cà phê tặng ly", name_en="A cup with your coffee",
        bundle=Bundle(
            parts=(
                BundlePart(goods=Selection(categories=("do-uong/ca-phe",), except_skus=("G7-3",)), count=2),
                BundlePart(goods=Selection(skus=("LY-01", "LY-02")), off_bp=10_000),
            ),
        ),
        first_day=date(2026, 11, 1), last_day=date(2027, 1, 31), weekdays=(5, 6, 7),
        hours=(Hours(start=time(7), end=time(9, 30)), Hours(start=time(22), end=time(2))), coupons=("LY2026",),
        price_lists=("si",), customer_groups=("VIP",), priority=10, combining="on_top", max_uses=3,
    ),
    **till_examples.DOCUMENTS,
    **goods_examples.DOCUMENTS,
    **counter_examples.DOCUMENTS,
}  # fmt: skip


def sealed(data: EventData) -> SealedEvent:
    """An event as a till writes it."""
    return seal(
        data, previous=PREVIOUS, epoch=EPOCH, sequence=SEQUENCE, event_id=EVENT_ID, time=AT, source=SOURCE,
        clock_unchecked=True,
    )  # fmt: skip


def batch(count: int) -> bytes:
    """A framed journal batch; from three events on it is compressed."""
    events = [sealed(fact).raw for fact in _FACTS[:count]]
    return frame.encode_batch(events, epoch=EPOCH, first=SEQUENCE, previous=GENESIS, sent_at=AT, topic=TOPIC, key=KEY)


def wanted() -> Mapping[Path, bytes]:
    """Every golden file that there must be, with what today's code would write into it."""
    files = {FOLDER / "events" / f"{name}.json": sealed(data).raw for name, data in {**EVENTS, **GROWN_EVENTS}.items()}
    files |= {FOLDER / "messages" / f"{name}.json": msgspec.json.encode(value) for name, value in MESSAGES.items()}
    files |= {FOLDER / "documents" / f"{kind}.json": msgspec.json.encode(body) for kind, body in DOCUMENTS.items()}
    files |= {
        FOLDER / "frames" / f"{name}.hex": batch(count).hex().encode() for name, count in (("plain", 1), ("zstd", 7))
    }
    return files


def write_missing() -> list[Path]:
    """Write what is missing; returns what was."""
    missing = [path for path in wanted() if not path.exists()]
    for path in missing:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wanted()[path] + b"\n")
    return missing


if __name__ == "__main__":
    for written in write_missing():
        sys.stdout.write(f"written: {written.relative_to(FOLDER)}\n")
