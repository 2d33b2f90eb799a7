"""Golden examples of what came with the whole till: shifts, people, payments, store work, and their documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import msgspec

from protocol.documents import (
    Customer,
    Payment,
    Pick,
    Purchase,
    Staff,
    Transfer,
    Voucher,
)
from protocol.events import (
    AccountPaid,
    ApprovalGiven,
    CartVoided,
    CashierSum,
    CashMoved,
    CountedNote,
    CustomerSaved,
    EventData,
    LineVoided,
    OrderHandedOver,
    OrderPicked,
    PaymentResolved,
    PriceCut,
    SaleCompleted,
    SaleLine,
    ShiftClosed,
    ShiftOpened,
    ShiftSums,
    StaffRefused,
    StaffSignedIn,
    StaffSignedOut,
    StockLine,
    TaxSum,
    Tender,
    TenderSum,
    TrainingSwitched,
    TransferReceived,
    TransferSent,
    VoucherIssued,
)
from protocol.messages import Answer, Ask, Elsewhere, FoundReceipt, ReturnedLine, StoreStock

AT = datetime(2026, 11, 23, 3, 4, 5, 678901, tzinfo=UTC)
DAY = date(2026, 11, 23)
_NOODLES = SaleLine(
    sku="HAOHAO", name="Mì Hảo Hảo tôm chua cay", quantity=6000, unit_price=4_500, amount=22_500, tax_rate_bp=800,
    tax=1_667, barcode="8934563138165", unit="gói",
    cuts=(PriceCut(kind="promotion", amount=4_500, label="Mua 5 tặng 1", source="hh-5-1"),),
)  # fmt: skip
_PHONE = SaleLine(
    sku="DT-A15", name="Điện thoại A15", quantity=1000, unit_price=4_990_000, amount=4_790_000, tax_rate_bp=1000,
    tax=435_455, serials=("356938035643809",), lot="L7", expires=date(2028, 1, 31), original_line=2,
    cuts=(PriceCut(kind="line", amount=200_000, label="trầy", by="minh"),),
)  # fmt: skip
_GOODS = (StockLine(sku="HAOHAO", quantity=30_000), StockLine(sku="XOAI", quantity=1_250))
_PAID = (Tender(kind="vietqr", amount=300_000, reference="HN1T20000042"), Tender(kind="cash", amount=200_000))
_SUMS = ShiftSums(
    sales=51, sold=12_345_600, refunds=1, refunded=56_000, turnover=12_289_600, tax_total=910_340, rounding=-600,
    cuts=84_500, account_paid=500_000, cash_in=100_000, cash_out=2_000_000, voided_lines=3, voided_receipts=1,
    drawer_openings=2, reprints=1,
    tenders=(TenderSum(kind="cash", count=40, amount=8_000_000), TenderSum(kind="card", count=11, amount=4_289_000)),
    taxes=(TaxSum(rate_bp=800, taxed=12_289_600, tax=910_340),),
    cashiers=(CashierSum(cashier="lan", sales=51, amount=12_289_600),),
)  # fmt: skip

FACTS: tuple[EventData, ...] = (
    LineVoided(cart="0198c0de-7a11", by="lan", line=_NOODLES, currency="VND", reason="quét nhầm"),
    CartVoided(
        cart="0198c0de-7a11", by="lan", reason="khách đổi ý", lines=(_NOODLES, _PHONE), total=4_812_500,
        currency="VND",
    ),
    PaymentResolved(
        attempt="0198c0de-7a12", kind="vietqr", state="approved", amount=300_000, currency="VND", by="bank",
        reference="HN1T20000042", receipt_number="hanoi-1-T2-3-000042", note="late",
    ),
    AccountPaid(
        receipt_number="hanoi-1-T2-3-000044", business_day=DAY, customer="kh-1", currency="VND", cashier="lan",
        amount=500_000, tenders=_PAID, rounding=-100, shift="s-7", note="đặt cọc",
    ),
    VoucherIssued(
        code="PM-4711", amount=100_000, currency="VND", by="minh", receipt_number="hanoi-1-T2-3-000045",
        expires=date(2027, 11, 23), reason="trả hàng",
    ),
    CustomerSaved(
        customer="kh-1", by="lan", name="Trần Minh", phone="+84901234321", email="minh@example.vn", card="TV0042",
        consent=True, consent_at=AT,
    ),
    ShiftOpened(shift="s-7", number=7, business_day=DAY, by="lan", currency="VND", float_amount=1_000_000),
    CashMoved(by="lan", amount=-2_000_000, currency="VND", reason="nộp két", shift="s-7"),
    ShiftClosed(
        shift="s-7", number=7, business_day=DAY, by="minh", currency="VND", opened_at=AT, float_amount=1_000_000,
        sums=_SUMS, expected=7_100_000, counted=7_095_000, over=-5_000,
        notes=(CountedNote(value=500_000, count=14), CountedNote(value=5_000, count=19)), blind=True,
        first_receipt="hanoi-1-T2-3-000001", last_receipt="hanoi-1-T2-3-000052", remark="thiếu tiền lẻ",
    ),
    StaffSignedIn(staff="lan", role="cashier"),
    StaffSignedOut(staff="lan", why="idle"),
    StaffRefused(attempts=5, purpose="sign_in", locked_until=AT, staff="lan"),
    ApprovalGiven(right="cut", by="minh", asked_by="lan", detail="Điện thoại A15", amount=200_000),
    TrainingSwitched(on=True, by="minh"),
    TransferSent(transfer="t-9", to_store="hanoi-2", lines=_GOODS, by="lan", note="xe 29C"),
    TransferReceived(transfer="t-9", from_store="hanoi-1", lines=_GOODS[:1], by="hoa", sent=_GOODS, note="thiếu xoài"),
    OrderPicked(order="web-1001", lines=_GOODS[:1], by="lan", short=_GOODS[1:]),
    OrderHandedOver(order="web-1001", lines=_GOODS[:1], by="lan", to="khách"),
)  # fmt: skip

_SALE = SaleCompleted(
    receipt_number="hanoi-1-T2-3-000042", business_day=DAY, currency="VND", cashier="lan", lines=(_NOODLES, _PHONE),
    tenders=_PAID, total=4_812_500, tax_total=437_122, tax_included=False, rounding=-500, shift="s-7",
    customer="kh-1", note="giao sau", exchange="0198c0de-7a13",
)  # fmt: skip

MESSAGES: Mapping[str, msgspec.Struct] = {
    "ask": Ask(id="q-1", kind="receipt", key="hanoi-1-T2-3-000042"),
    "told": Answer(id="q-1", kind="receipt", key="hanoi-1-T2-3-000042", body=msgspec.Raw(b'{"sku":"X"}'), problem="x"),
    "found-receipt": FoundReceipt(
        sale=_SALE, store="hanoi-1", terminal="T2", at=AT, returned=(ReturnedLine(line=1, quantity=2_000),)
    ),
    "elsewhere": Elsewhere(
        sku="HAOHAO", stores=(StoreStock(store="hanoi-2", store_name="Tạp hoá Lan 2", available=14_000),)
    ),
}

DOCUMENTS: Mapping[str, msgspec.Struct] = {
    "staff": Staff(staff="lan", name="Nguyễn Thị Lan", role="supervisor", pin="scrypt$14$8$1$00ff$aa", active=False),
    "customer": Customer(
        customer="kh-1", name="Trần Minh", phone="+84901234321", email="minh@example.vn", card="TV0042", consent=True,
        price_list="vip", group="vip", points=1_240, currency="VND", owes=-20_000, credit_limit=1_000_000,
    ),
    "voucher": Voucher(code="PM-4711", amount=100_000, currency="VND", expires=date(2027, 11, 23)),
    "purchase": Purchase(purchase="po-1", supplier="Acecook", lines=_GOODS, due=DAY, note="sáng"),
    "transfer": Transfer(
        transfer="t-9", from_store="hanoi-1", to_store="hanoi-2", lines=_GOODS, state="wanted", sent_at=AT, note="gấp"
    ),
    "pick": Pick(
        order="web-1001", number="1001", channel="medusa", customer="Trần M.", lines=_GOODS, placed_at=AT, due_at=AT,
        state="picked", way="delivery", note="gọi trước",
    ),
    "payment": Payment(payment="ft-1", kind="vietqr", amount=300_000, currency="VND", memo="HN1T20000042", at=AT),
}  # fmt: skip
