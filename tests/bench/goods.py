"""A grocer's catalogue of any size: real words, many alike, valid EAN-13 codes, the same for the same number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from protocol.documents import Item

_KINDS = (
    "Sữa tươi", "Sữa chua", "Mì gói", "Phở bò", "Cháo thịt", "Nước mắm", "Nước tương", "Dầu ăn", "Đường trắng",
    "Muối i-ốt", "Cà phê hòa tan", "Trà xanh", "Nước khoáng", "Nước cam", "Bia lon", "Bánh quy", "Bánh gạo", "Kẹo dừa",
    "Sô-cô-la", "Gạo thơm", "Bún khô", "Miến dong", "Cá hộp", "Thịt hộp", "Xúc xích", "Tương ớt", "Dầu gội",
    "Sữa tắm", "Kem đánh răng", "Bột giặt", "Nước xả", "Nước rửa bát", "Giấy vệ sinh", "Khăn giấy", "Tã quần",
    "Sữa bột", "Ngũ cốc", "Hạt nêm", "Phô mai", "Bơ lạt", "Kem que", "Trứng gà", "Đậu phụ", "Rau muống", "Thức ăn mèo",
)  # fmt: skip
_BRANDS = (
    "Vinamilk", "TH True Milk", "Hảo Hảo", "Acecook", "Nam Ngư", "Chin-su", "Tường An", "Biên Hòa", "Nescafé",
    "Trung Nguyên", "Lipton", "La Vie", "Aquafina", "Kinh Đô", "Orion", "Bến Tre", "Vifon", "Vissan", "Hạ Long",
    "Clear", "Lifebuoy", "P/S", "Omo", "Comfort", "Sunlight", "Pulppy", "Bobby", "Ensure", "Nestlé", "Knorr",
)  # fmt: skip
_TASTES = (
    "không đường", "ít đường", "có đường", "tôm chua cay", "bò", "gà", "chay", "dâu", "cam", "nho", "xoài", "dừa",
    "sô-cô-la", "vani", "đậm đặc", "nguyên chất", "hương chanh", "bạc hà", "lô hội", "truyền thống",
)  # fmt: skip
_SIZES = ("100 g", "180 ml", "250 g", "330 ml", "500 ml", "750 g", "1 L", "1 kg", "lốc 4", "thùng 24")
_CATEGORIES = ("thực phẩm", "đồ uống", "hóa mỹ phẩm", "gia dụng")
_RATES = (0, 500, 800, 1_000)


@dataclass(frozen=True)
class Good:
    """One item and its code."""

    item: Item
    code: str


def goods(count: int) -> Iterator[Good]:
    """The first `count` goods."""
    parts = product(_TASTES, _SIZES, _BRANDS, _KINDS)
    for number in range(count):
        taste, size, brand, kind = next(parts, ("loại", f"số {number}", "khác", "Hàng"))
        code = ean13(893_000_000_000 + number)
        yield Good(
            Item(
                sku=f"SKU-{number:06d}", name=f"{kind} {brand} {taste} {size}", barcodes=(code,),
                price=1_000 + number * 37 % 400 * 500, currency="VND", tax_rate_bp=_RATES[number % 4],
                category=_CATEGORIES[number % 4],
            ),
            code,
        )  # fmt: skip


def ean13(body: int) -> str:
    """Twelve digits and their check digit."""
    digits = f"{body:012d}"
    weighted = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"
