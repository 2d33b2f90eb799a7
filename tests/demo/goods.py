"""What the demo's shops sell: things that stand on any Vietnamese grocer's shelf, with valid EAN-13 codes."""

from __future__ import annotations

from dataclasses import dataclass

# name, price in dong, unit, VAT in basis points
_SHELF = (
    ("Sữa tươi Vinamilk không đường 1 L", 36_500, "hộp", 800),
    ("Mì Hảo Hảo tôm chua cay", 4_500, "gói", 800),
    ("Nước mắm Nam Ngư 750 ml", 43_000, "chai", 800),
    ("Cà phê G7 3in1 hộp 21 gói", 56_000, "hộp", 800),
    ("Gạo ST25 túi 5 kg", 189_000, "túi", 500),
    ("Dầu ăn Tường An 1 L", 52_000, "chai", 800),
    ("Trứng gà hộp 10 quả", 34_000, "hộp", 0),
    ("Bánh mì sandwich Kinh Đô", 26_000, "gói", 800),
    ("Nước suối La Vie 500 ml", 6_000, "chai", 800),
    ("Coca-Cola lon 330 ml", 10_500, "lon", 1000),
    ("Bia Hà Nội lon 330 ml", 12_500, "lon", 1000),
    ("Trà Thái Nguyên 100 g", 45_000, "gói", 800),
    ("Đường Biên Hoà 1 kg", 28_500, "gói", 500),
    ("Muối i-ốt 500 g", 5_500, "gói", 500),
    ("Tương ớt Chin-su 250 g", 15_500, "chai", 800),
    ("Phở bò Vifon", 8_500, "gói", 800),
    ("Miến dong Bắc Kạn 500 g", 48_000, "gói", 500),
    ("Bánh đa nem 400 g", 22_000, "gói", 500),
    ("Nấm hương khô 100 g", 65_000, "gói", 500),
    ("Chè sen Huế 300 g", 55_000, "hộp", 800),
    ("Kẹo dừa Bến Tre 400 g", 38_000, "hộp", 800),
    ("Bánh cốm Hàng Than", 7_000, "cái", 800),
    ("Ô mai sấu 200 g", 60_000, "hộp", 800),
    ("Sữa chua Vinamilk lốc 4", 27_500, "lốc", 800),
    ("Phô mai Con Bò Cười 8 miếng", 36_000, "hộp", 1000),
    ("Xúc xích Vissan 500 g", 59_000, "gói", 800),
    ("Giò lụa 500 g", 95_000, "cây", 800),
    ("Đậu phụ Mơ", 4_000, "bìa", 0),
    ("Giấy vệ sinh Pulppy 10 cuộn", 82_000, "bịch", 1000),
    ("Nước rửa bát Sunlight 750 g", 29_000, "chai", 1000),
    ("Bột giặt Omo 800 g", 41_000, "túi", 1000),
    ("Kem đánh răng P/S 230 g", 38_500, "hộp", 1000),
    ("Dầu gội Clear 630 g", 169_000, "chai", 1000),
    ("Khăn giấy Pupu 3 gói", 24_000, "lốc", 1000),
    ("Pin Con Thỏ AA 4 viên", 12_000, "vỉ", 1000),
    ("Bật lửa Thống Nhất", 5_000, "cái", 1000),
    ("Vở Hồng Hà 96 trang", 11_000, "quyển", 500),
    ("Bút bi Thiên Long TL-027", 4_500, "cây", 1000),
    ("Áo mưa tiện lợi", 9_000, "cái", 1000),
    ("Nến thơm hộp thiếc", 75_000, "hộp", 1000),
)


@dataclass(frozen=True)
class Good:
    """Something that can be sold: `price` in minor units, `code` as its barcode says it."""

    sku: str
    code: str
    name: str
    price: int
    unit: str
    tax_rate_bp: int
    currency: str = "VND"


def shelf() -> tuple[Good, ...]:
    """The forty goods of the built-in demo."""
    return tuple(
        Good(f"VN{number:04d}", ean13(893_000_000_000 + number * 7_919), name, price, unit, tax)
        for number, (name, price, unit, tax) in enumerate(_SHELF, 1)
    )


def ean13(twelve_digits: int) -> str:
    """Append the GS1 check digit: weights 1 and 3 from the left, up to the next ten."""
    digits = f"{twelve_digits:012d}"
    odd_even = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-odd_even % 10)
