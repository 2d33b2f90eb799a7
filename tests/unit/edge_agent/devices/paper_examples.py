"""Every kind of paper that the till prints, as data: for the golden files, and for eyes.

Run as a program it writes the pictures into a folder: `python -m tests.unit.edge_agent.devices.paper_examples FOLDER`.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from edge_agent.devices.printer import receipt, slip
from edge_agent.devices.printer.layout import rows_of
from edge_agent.devices.printer.picture import draw
from edge_agent.devices.printer.receipt import Language, PayCode, Receipt
from edge_agent.devices.printer.rows import Banner, Bars, Row, Rule, Squares, TextRow
from edge_agent.devices.printer.settings import Mode
from edge_agent.devices.printer.shift_slips import HeldLine, Occasion, cash_slip, held_slip, x_report, z_report
from edge_agent.devices.printer.slip import Slip
from edge_agent.devices.printer.slip_layout import slip_rows
from edge_agent.devices.printer.stock_slips import (
    GoodsLine,
    OrderToPick,
    pick_ticket,
    receiving_slip,
    transfer_slip,
)
from protocol.documents import Settings
from protocol.events import (
    AccountPaid,
    CashierSum,
    CashMoved,
    CountedNote,
    PriceCut,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    ShiftClosed,
    ShiftSums,
    TaxSum,
    Tender,
    TenderSum,
)

WIDTHS = (576, 384)
AT = datetime(2026, 11, 22, 11, 30, tzinfo=UTC)
DAY = date(2026, 11, 22)
STORE = Settings(
    store_name="Tạp hóa Hồ Gươm",
    receipt_head=("36 Hàng Khay, Hoàn Kiếm, Hà Nội", "ĐT 024 3826 0000", "MST 0101234567"),
    receipt_foot=("Cảm ơn quý khách. Hẹn gặp lại!", "Đổi trả trong 7 ngày, kèm hóa đơn"),
)
STORES: dict[Language, Settings] = {
    "vi": STORE,
    "en": Settings(
        store_name="Hoan Kiem Grocers",
        receipt_head=("36 Hang Khay, Hoan Kiem, Hanoi", "Tel. +84 24 3826 0000", "Tax code 0101234567"),
        receipt_foot=("Thank you. See you again!", "Exchange within 7 days with this receipt"),
    ),
}
QR = (
    "00020101021238570010A00000072701270006970436011300110012345670208QRIBFTTA530370454061892005802VN"
    "62210817HN0110000123ABCDE63044F2A"
)
LONG = "Bánh đa kế Thổ Hà nướng than hoa, loại đặc biệt thượng hạng, gói lớn gia đình 1,2 kg (hàng thủ công)"


def line(
    name: str,
    price: int,
    quantity: int = 1000,
    rate: int = 800,
    cuts: tuple[PriceCut, ...] = (),
    **more: object,
) -> SaleLine:
    """A line, taxed inside its amount."""
    amount = (price * quantity + 500) // 1000 - sum(cut.amount for cut in cuts)
    tax = round(amount * rate / (10_000 + rate))
    return SaleLine(sku="S", name=name, quantity=quantity, unit_price=price, amount=amount, tax_rate_bp=rate, tax=tax,
                    cuts=cuts, **more)  # type: ignore[arg-type]  # fmt: skip


GOODS = (
    line("Cà phê sữa đá Trung Nguyên", 29_000, 2000),
    line("Gạo ST25 túi 5 kg", 185_000, 1000, 500),
    line("Nước mắm Phú Quốc 40 độ đạm 750 ml", 98_500),
    line("Báo Nhân Dân", 5_000, 1000, 0),
)


def sale(language: Language = "vi", *lines: SaleLine, tenders: tuple[Tender, ...] = (), **more: object) -> Receipt:
    """The receipt of a sale, in cash unless said otherwise."""
    goods = lines or GOODS
    total = sum(each.amount for each in goods)
    known = {key: more.pop(key) for key in list(more) if key in {"customer", "customer_lines", "pay_code", "rests",
                                                                "training", "reprint_number"}}  # fmt: skip
    note = -(-total // 50_000) * 50_000
    fact = SaleCompleted(
        receipt_number="HN01-1-000123", business_day=DAY, currency="VND", cashier="Lan", lines=goods, total=total,
        tenders=tenders or (Tender(kind="cash", amount=total, given=note, change=note - total),),
        tax_total=sum(each.tax for each in goods), **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return receipt.receipt_of_sale(fact, STORES[language], AT, language, **known)  # type: ignore[arg-type]


def long_names(language: Language) -> Receipt:
    """Names that take several lines, one of them without a space, and an amount of many digits."""
    return sale(language, line(LONG, 128_000, 3000), line("Siêudàikhôngcódấucách" * 4, 1_250_000_000, 12_000))


def nfd(language: Language) -> Receipt:
    """Decomposed text, as macOS and some imports write it; it must look like the composed one."""
    goods = tuple(
        line(unicodedata.normalize("NFD", name), 12_500)
        for name in ("Nước mắm Phú Quốc ẳ ễ ợ", "ĐẶC SẢN ĐÀ LẠT Ẩ Ỡ Ự", "Bún bò Huế")
    )
    return sale(language, *goods)


def sixty_lines(language: Language) -> Receipt:
    """A cart as large as a wedding."""
    return sale(language, *(line(f"Hàng hóa số {number:02d}", 10_000 + 500 * number) for number in range(1, 61)))


def cuts(language: Language) -> Receipt:
    """Promotions, a discount by hand, one on the whole receipt, points."""
    vi = language == "vi"
    buy = PriceCut(kind="promotion", amount=29_000, label="Mua 2 tặng 1" if vi else "3 for 2", source="P1")
    hand = PriceCut(kind="line", amount=9_850, label="Bao bì móp" if vi else "Dented box", by="Hoa")
    share = "Giảm 5 % khách quen" if vi else "5 % for regulars"
    return sale(
        language,
        line("Cà phê sữa đá Trung Nguyên", 29_000, 3000, 800,
             (buy, PriceCut(kind="receipt", amount=2_900, label=share))),
        line("Nước mắm Phú Quốc 40 độ đạm 750 ml", 98_500, 1000, 800,
             (hand, PriceCut(kind="receipt", amount=4_433, label=share))),
        line("Rau muống hữu cơ", 32_000, 642, 500, (PriceCut(kind="receipt", amount=1_027, label=share),), unit="kg"),
        customer="Nguyễn Thị Minh Khai",
        customer_lines=(("Điểm tích lũy", "1.280"),) if vi else (("Points", "1,280"),),
        rounding=-334,
        tenders=(Tender(kind="cash", amount=158_500, given=200_000, change=41_500),),
    )  # fmt: skip


def everything_on_a_line(language: Language) -> Receipt:
    """Serial numbers, lot and expiry, a note, weighed goods, gift wrapping."""
    return sale(
        language,
        line("Điện thoại Sao Mai S3", 6_490_000, 2000, 1000, serials=("356938035643809", "356938035643817")),
        line("Sữa tươi thanh trùng 1 l", 38_000, 1000, 500, lot="L2611A", expires=date(2026, 12, 2)),
        line("Thịt ba chỉ", 148_000, 642, 500, unit="kg"),
        line("Bánh sinh nhật", 350_000, note="Chúc mừng sinh nhật bé Na" if language == "vi" else "Happy birthday, Na"),
        note="Giao lúc 17 giờ" if language == "vi" else "Deliver at 5 pm",
    )


def tenders(language: Language) -> Receipt:
    """Card, voucher with a rest, account, cash with rounding, prices without tax."""
    goods = tuple(replace_tax(each) for each in GOODS)
    net = sum(each.amount for each in goods)
    tax = sum(each.tax for each in goods)
    total = net + tax
    paid = (
        Tender(kind="card", amount=150_000, reference="A1B2C3"),
        Tender(kind="voucher", amount=50_000, reference="V-7K2M-99"),
        Tender(kind="account", amount=60_000),
        Tender(kind="vietqr", amount=40_000, reference="HN0110000123"),
    )
    cash = total - 300_000
    rounded = cash // 1000 * 1000
    fact = SaleCompleted(
        receipt_number="HN01-1-000124", business_day=DAY, currency="VND", cashier="Lan", lines=goods, total=total,
        tax_total=tax, tax_included=False, rounding=rounded - cash,
        tenders=(*paid, Tender(kind="cash", amount=rounded, given=100_000, change=100_000 - rounded)),
    )  # fmt: skip
    return receipt.receipt_of_sale(fact, STORES[language], AT, language, rests={"V-7K2M-99": 150_000})


def replace_tax(goods: SaleLine) -> SaleLine:
    """The same line with tax on top of its amount."""
    return SaleLine(sku=goods.sku, name=goods.name, quantity=goods.quantity, unit_price=goods.unit_price,
                    amount=goods.amount, tax_rate_bp=goods.tax_rate_bp,
                    tax=round(goods.amount * goods.tax_rate_bp / 10_000))  # fmt: skip


def refund(language: Language) -> Receipt:
    """Goods that came back."""
    goods = (GOODS[0],)
    total = sum(each.amount for each in goods)
    fact = SaleRefunded(
        receipt_number="HN01-1-000125", business_day=DAY, currency="VND", cashier="Lan", lines=goods, total=total,
        tenders=(Tender(kind="cash", amount=total),), tax_total=sum(each.tax for each in goods),
        original_receipt="HN01-1-000123", reason="Hỏng bao bì" if language == "vi" else "Package damaged",
    )  # fmt: skip
    return receipt.receipt_of_sale(fact, STORES[language], AT, language)


def vietqr(language: Language) -> Receipt:
    """A code to pay by, with bank and account under it."""
    lines = ("Vietcombank", "0011001234567", "HO GUOM GROCERS", "HN0110000123")
    total = sum(each.amount for each in GOODS)
    return sale(language, tenders=(Tender(kind="vietqr", amount=total, reference="HN0110000123"),),
                pay_code=PayCode(payload=QR, lines=lines))  # fmt: skip


def account_payment(language: Language) -> Receipt:
    """Money on a customer's account."""
    fact = AccountPaid(receipt_number="HN01-1-000126", business_day=DAY, customer="c1", currency="VND", cashier="Lan",
                       amount=500_000, tenders=(Tender(kind="cash", amount=500_000),))  # fmt: skip
    label = ("Còn nợ", "1.250.000 ₫") if language == "vi" else ("Still owed", "1,250,000 ₫")
    return receipt.receipt_of_account_payment(fact, STORES[language], AT, language, customer="Trần Văn Bình",
                                              customer_lines=(label,))  # fmt: skip


def occasion(language: Language) -> Occasion:
    """Now, here, by Lan."""
    settings = STORES[language]
    return Occasion(store_name=settings.store_name, at=receipt.store_time(AT, settings), language=language,
                    till="HN01/T1", by="Lan")  # fmt: skip


SUMS = ShiftSums(
    sales=214, sold=38_745_500, refunds=3, refunded=412_000, turnover=38_333_500, tax_total=2_731_204, rounding=-1_500,
    cuts=1_204_000, account_paid=500_000, cash_in=1_000_000, cash_out=5_000_000, voided_lines=7, voided_receipts=1,
    drawer_openings=121, reprints=2,
    tenders=(TenderSum(kind="cash", count=118, amount=17_204_000), TenderSum(kind="card", count=41, amount=9_871_500),
             TenderSum(kind="vietqr", count=54, amount=11_008_000), TenderSum(kind="voucher", count=4, amount=250_000)),
    taxes=(TaxSum(rate_bp=500, taxed=9_450_000, tax=450_000), TaxSum(rate_bp=800, taxed=27_903_500, tax=2_066_926),
           TaxSum(rate_bp=1000, taxed=980_000, tax=89_091)),
    cashiers=(CashierSum(cashier="Lan", sales=120, amount=21_400_500),
              CashierSum(cashier="Nguyễn Thị Hồng Nhung", sales=94, amount=16_933_000)),
)  # fmt: skip


def z_slip(language: Language) -> Slip:
    """A day's end with something missing."""
    closed = ShiftClosed(
        shift="s", number=87, business_day=DAY, by="Lan", currency="VND", opened_at=AT - timedelta(hours=8),
        float_amount=1_000_000, sums=SUMS, expected=14_204_000, counted=14_200_000, over=-4_000, blind=True,
        notes=(CountedNote(value=500_000, count=24), CountedNote(value=100_000, count=20),
               CountedNote(value=50_000, count=4), CountedNote(value=1_000, count=0)),
        first_receipt="HN01-1-000101", last_receipt="HN01-1-000317",
        remark="Khách quên lấy tiền thối" if language == "vi" else "A customer forgot her change",
    )  # fmt: skip
    return z_report(closed, occasion(language), receipt.store_time(closed.opened_at, STORE))


def x_slip(language: Language) -> Slip:
    """A shift that is still open."""
    opened = receipt.store_time(AT - timedelta(hours=8), STORE)
    return x_report(SUMS, occasion(language), number=87, currency="VND", opened_at=opened, float_amount=1_000_000,
                    expected=14_204_000)  # fmt: skip


def pick_slip(language: Language) -> Slip:
    """A web order with goods on shelves."""
    order = OrderToPick(
        number="W-10482", code="W10482", customer="T. V. Bình", channel="WooCommerce", way="pickup",
        due_at=receipt.store_time(AT + timedelta(hours=2), STORE),
        note="Gọi trước khi giao" if language == "vi" else "Call before handing over",
        lines=(
            GoodsLine(name="Nước mắm Phú Quốc 40 độ đạm 750 ml", quantity=2000, barcode="8934602100016", shelf="C-03-2",
                      stock=14_000),
            GoodsLine(name="Cà phê sữa đá Trung Nguyên", quantity=6000, barcode="8935024112011", shelf="A-01-4"),
            GoodsLine(name=LONG, quantity=1000, barcode="8936036020121"),
            GoodsLine(name="Thịt ba chỉ", quantity=1_500, unit="kg", shelf="F-02", stock=3_250),
        ),
    )  # fmt: skip
    return pick_ticket(order, occasion(language))


def cash_out_slip(language: Language) -> Slip:
    """Cash to the bank."""
    reason = "Nộp ngân hàng" if language == "vi" else "To the bank"
    return cash_slip(CashMoved(by="Lan", amount=-5_000_000, currency="VND", reason=reason), occasion(language))


def held_receipt(language: Language) -> Slip:
    """A cart that waits."""
    lines = [HeldLine(name=each.name, quantity=each.quantity, amount=each.amount) for each in GOODS]
    return held_slip(lines, occasion(language), name="Bàn 4" if language == "vi" else "Table 4", code="H-0042",
                     total=sum(line.amount for line in lines), currency="VND")  # fmt: skip


def transfer(language: Language) -> Slip:
    """Goods for another store."""
    lines = [GoodsLine(name=each.name, quantity=each.quantity * 6) for each in GOODS]
    return transfer_slip(lines, occasion(language), transfer="TR-2026-0007", other_store="hn02", direction="out")


def received(language: Language) -> Slip:
    """A delivery of which something lacks."""
    lines = [
        GoodsLine(name="Gạo ST25 túi 5 kg", quantity=38_000, awaited=40_000),
        GoodsLine(name="Nước mắm Phú Quốc 40 độ đạm 750 ml", quantity=24_000, awaited=24_000),
        GoodsLine(name="Rau muống hữu cơ", quantity=12_500, awaited=10_000, unit="kg"),
    ]
    return receiving_slip(
        lines, occasion(language), number="PO-118", supplier="Công ty Nông sản Sạch", document="HD 77"
    )


EXAMPLES: dict[str, Callable[[Language], Receipt | Slip]] = {
    "plain": sale,
    "long_names": long_names,
    "nfd": nfd,
    "sixty_lines": sixty_lines,
    "cuts": cuts,
    "everything_on_a_line": everything_on_a_line,
    "tenders": tenders,
    "refund": refund,
    "reprint": lambda language: replace(sale(language), reprint_number=2),
    "vietqr": vietqr,
    "training": lambda language: sale(language, training=True),
    "gift": lambda language: receipt.gift_of(everything_on_a_line(language)),
    "account": account_payment,
    "x_report": x_slip,
    "z_report": z_slip,
    "pick_ticket": pick_slip,
    "cash_out": cash_out_slip,
    "held": held_receipt,
    "transfer": transfer,
    "receiving": received,
}


def example_rows(name: str, language: Language, width_dots: int, mode: Mode = "raster") -> list[Row]:
    """The rows of one example, after it went through the spool."""
    made = EXAMPLES[name](language)
    if isinstance(made, Slip):
        return list(slip_rows(slip.decode(slip.encode(made)), width_dots, mode))
    kept = receipt.decode(receipt.encode(made), reprint_number=made.reprint_number)
    return list(rows_of(kept, width_dots, mode))


def text_of(rows: list[Row]) -> str:
    """The rows as text: columns parted by " | ", banners and codes in brackets."""
    lines = []
    for row in rows:
        match row:
            case TextRow():
                box = "[ ] " if row.box else ""
                lines.append(box + " | ".join(filter(None, (row.left.rstrip(), row.centre, row.right))))
            case Banner():
                lines.append(f"[[{row.text}]]")
            case Rule():
                lines.append("=" * 32 if row.height_dots > 1 else "-" * 32)
            case Bars():
                lines.append(f"[{row.symbology} {row.text}]")
            case Squares():
                lines.append(f"[qr {row.text}]")
            case _:
                pass
    return "\n".join(lines) + "\n"


def all_examples() -> list[tuple[str, Language, int]]:
    """Name, language and width of every golden file."""
    languages: tuple[Language, ...] = ("vi", "en")
    return [(name, language, width) for name in EXAMPLES for language in languages for width in WIDTHS]


def main(folder: str) -> None:
    """Write all pictures and texts."""
    for name, language, width in all_examples():
        rows = example_rows(name, language, width)
        stem = Path(folder) / f"{name}-{language}-{width}"
        draw(rows, width).save(stem.with_suffix(".png"), optimize=True)
        stem.with_suffix(".txt").write_text(text_of(rows), "utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1])
