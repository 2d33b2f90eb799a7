"""What the shop of the day sells, to whom, by which rules: the papers that an office would bring to the hub.

Prices are written here by hand, in dong. The test reckons with them by itself; nothing of the till is asked what a
basket costs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.demo.goods import ean13, shelf
from tests.demo.plan import OPENING_BUILTIN, Plan, StorePlan
from tests.demo.stage import item_line

STORE, FIRST, SECOND = "HangBai", "T1", "T2"
STORE_NAME = "Cửa hàng Hàng Bài"
PINS = {"101": "1111", "102": "2222", "900": "7777"}
NAMES = {"101": "Nguyễn Thị Lan", "102": "Trần Mai", "900": "Phạm Hoa"}
ROLES = {"101": "cashier", "102": "cashier", "900": "supervisor"}
LAN, MAI, HOA = PINS
CUSTOMER = {"customer": "KH0001", "name": "Nguyễn Văn Minh", "phone": "+84901234567", "card": "KH0001",
            "consent": True, "credit_limit": 500_000}  # fmt: skip
CUSTOMER_PHONE = "0901234567"

CODES = {good.sku: good.code for good in shelf()}
PRICES = {good.sku: good.price for good in shelf()}
MILK, NOODLES, SAUCE, COFFEE, RICE, OIL, EGGS, BREAD, WATER, COLA = (f"VN{number:04d}" for number in range(1, 11))
TEA, SUGAR, SALT, LIGHTER, PEN = "VN0012", "VN0013", "VN0014", "VN0036", "VN0038"
BANANAS, PORK, LYCHEE, BEER, RADIO = "CHUOI", "THIT", "VAI", "BIA333", "DAI01"

_OWN: tuple[dict[str, Any], ...] = (
    {"sku": BANANAS, "name": "Chuối tiêu", "price": 30_000, "unit": "kg", "weighed": True, "plu": "00042",
     "tax_rate_bp": 0, "colour": "amber", "symbol": "🍌"},
    {"sku": PORK, "name": "Thịt ba chỉ", "price": 140_000, "unit": "kg", "weighed": True, "plu": "00077",
     "tax_rate_bp": 500},
    {"sku": LYCHEE, "name": "Vải thiều Lục Ngạn", "price": 60_000, "unit": "kg", "weighed": True, "plu": "00051",
     "tax_rate_bp": 0},
    {"sku": BEER, "name": "Bia 333 lon 330 ml", "price": 13_000, "unit": "lon", "tax_rate_bp": 1000, "min_age": 18,
     "barcodes": [ean13(893_500_000_333)]},
    {"sku": RADIO, "name": "Đài bán dẫn", "price": 250_000, "unit": "cái", "tax_rate_bp": 1000, "asks_serial": True,
     "barcodes": [ean13(893_500_000_777)]},
)  # fmt: skip
OWN_PRICES = {BANANAS: 30_000, PORK: 140_000, LYCHEE: 60_000, BEER: 13_000, RADIO: 250_000}
PRICES.update(OWN_PRICES)
CODES.update({item["sku"]: item["barcodes"][0] for item in _OWN if "barcodes" in item})

COUPON = "TET5"
_PROMOTIONS: tuple[dict[str, Any], ...] = (
    {"promotion": "MI3", "name": "Mì: mua 3 trả 2", "name_en": "Noodles: 3 for 2",
     "buy_pay": {"goods": {"skus": [NOODLES]}, "buy": 3, "pay": 2}},
    {"promotion": "TET", "name": "Phiếu Tết", "name_en": "New year's coupon", "coupons": [COUPON],
     "spend": {"goods": {"everything": True}, "from_amount": 50_000, "amount": 5_000}, "combining": "on_top"},
)  # fmt: skip

SETTINGS: dict[str, Any] = {
    "receipt_head": ["12 Hàng Bài, Hà Nội", "MST 0101234567"],
    "receipt_foot": ["Cảm ơn quý khách!"],
    "require_shift": True,
    "cash_step": 500,
    "barcode_layouts": ["21IIIIIWW.WWWC", "28IIIIIPPPPPC"],
    "cut_limits_bp": {"cashier": 500, "supervisor": 3_000, "manager": 10_000},
    "refund_limits": {"cashier": 100_000},
    "voucher_prefix": "PMH",
    "bank": {"bin": "970436", "account": "0011001234567", "name": "CUA HANG HANG BAI", "bank": "Vietcombank"},
    "quick_keys": [
        {"sku": BREAD, "label": "Bánh mì", "page": "Sáng", "colour": "amber"},
        {"sku": EGGS, "label": "Trứng", "page": "Sáng", "colour": "pink"},
        {"sku": WATER, "label": "Nước", "page": "Uống", "colour": "blue"},
    ],
}


def plan(language: str) -> Plan:
    """One store with two tills; the goods come with the other papers."""
    stores = (StorePlan(STORE, STORE_NAME, (FIRST, SECOND)),)
    return Plan(stores, (), OPENING_BUILTIN, "VND", language)


def weight_label(sku: str, grams: int) -> str:
    """The label that a scale of the shop prints: prefix 21, item, kilograms."""
    return ean13(int(f"21{_plu(sku)}{grams:05d}"))


def price_label(sku: str, amount: int) -> str:
    """The label with a price in it: prefix 28, item, dong."""
    return ean13(int(f"28{_plu(sku)}{amount:05d}"))


def write_papers(folder: Path) -> dict[str, Path]:
    """Write what the hub's commands read: items, promotions, customers, settings, opening stock, a PIN a person."""
    files = {
        "items": folder / "items.jsonl", "promotions": folder / "promotions.jsonl",
        "customers": folder / "customers.jsonl", "settings": folder / "settings.json",
        "stock": folder / "stock.csv",
    }  # fmt: skip
    plain = "".join(item_line(good) for good in shelf())
    files["items"].write_text(plain + _lines({"currency": "VND", **item} for item in _OWN), "utf-8")
    files["promotions"].write_text(_lines(_PROMOTIONS), "utf-8")
    files["customers"].write_text(_lines([CUSTOMER]), "utf-8")
    files["settings"].write_text(json.dumps(SETTINGS, ensure_ascii=False), "utf-8")
    stock = "".join(f"{sku},{OPENING_BUILTIN // 1000}\n" for sku in PRICES)
    files["stock"].write_text(f"sku,quantity\n{stock}", "utf-8")
    for person, pin in PINS.items():
        files[person] = folder / f"pin-{person}"
        files[person].write_text(f"{pin}\n", "utf-8")
    return files


def _plu(sku: str) -> str:
    plu: str = next(item["plu"] for item in _OWN if item["sku"] == sku)
    return plu


def _lines(objects: Any) -> str:  # noqa: ANN401 - JSON
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects)
