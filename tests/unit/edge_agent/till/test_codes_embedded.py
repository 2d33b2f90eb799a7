"""Labels of the shop's own scales, UPC-E, and what tells goods from receipts, customers and vouchers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.codes import ScanKind, ScanReading, ScanRules, check_digit, is_gtin, read_scan
from edge_agent.till.codes.embedded import readable_layouts, value_check_digit
from edge_agent.till.codes.gtin import expand_upc_e
from protocol.barcodes import parse_layout
from protocol.errors import InvalidBarcodeLayout

DIGITS = "0123456789"
RULES = ScanRules(
    layouts=readable_layouts(
        ["2IIIIIPPPPPPC", "21IIIIIWW.WWWC", "22IIIIIQQQQQC", "28IIIIKPPPPPC*100", "no layout", "24IIIIKPP.PPC*10"]
    ),
    customer_prefix="KH",
    voucher_prefix="99",
)  # fmt: skip


def ean(body: str) -> str:
    """The EAN-13 with this body."""
    return body + str(check_digit(body))


@given(st.integers(0, 99_999), st.integers(1, 99_999))
def test_a_weight_is_read_to_the_gram(item: int, grams: int) -> None:
    """Five digits with a point before the last three are kilograms."""
    code = ean(f"21{item:05d}{grams:05d}")
    reading = read_scan(code, RULES)
    assert (reading.text, reading.plu, reading.weight) == (code, f"{item:05d}", grams)
    assert reading.alternatives == (ean(f"21{item:05d}00000"),)


@given(st.integers(0, 99_999), st.integers(1, 999_999))
def test_a_price_is_read_to_the_dong(item: int, price: int) -> None:
    """The longest prefix that fits decides; a short one takes the rest."""
    reading = read_scan(ean(f"2{item:05d}{price:06d}"), ScanRules(layouts=readable_layouts(["2IIIIIPPPPPPC"])))
    assert (reading.plu, reading.price, reading.weight) == (f"{item:05d}", price, None)


@given(st.integers(0, 9_999), st.integers(1, 99_999), st.integers(0, 9))
def test_a_value_whose_check_digit_is_wrong_is_not_sold(item: int, price: int, check: int) -> None:
    """The EAN's own digit is right; the label was printed wrong all the same."""
    value = f"{price:05d}"
    reading = read_scan(ean(f"28{item:04d}{check}{value}"), RULES)
    if check == value_check_digit(value):
        assert (reading.price, reading.suspicion) == (price * 100, "")
    else:
        assert (reading.price, reading.plu, reading.suspicion) == (None, "", "bad_check_digit")


@pytest.mark.parametrize(("value", "digit"), [("2875", 9), ("14685", 6)])
def test_value_check_digits_are_those_of_gs1(value: str, digit: int) -> None:
    """The examples of the General Specifications, 7.9.3 and 7.9.4."""
    assert value_check_digit(value) == digit


@given(st.sampled_from([4, 5]), st.data())
def test_one_misread_digit_of_a_value_is_found(length: int, data: st.DataObject) -> None:
    """Each weight's table has every digit once."""
    value = data.draw(st.text(DIGITS, min_size=length, max_size=length))
    place = data.draw(st.integers(0, length - 1))
    other = data.draw(st.sampled_from([digit for digit in DIGITS if digit != value[place]]))
    assert value_check_digit(value) != value_check_digit(value[:place] + other + value[place + 1 :])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write it as"), ("19IIIIIWW.WWWC", "write it as"), ("21IIIIIWW.WWPC", "write it as"),
        ("21IIIIIWWWWC", "12 positions"), ("21IIIIIWWWWWWC", "14 positions"), ("21IIIKWWWWWWC", "4 or 5 digits"),
        ("21IIIIIWWWWW", "write it as"), ("21iiiiiwwwwwc", "write it as"),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be_is_refused_with_words(text: str, why: str) -> None:
    """Who sets it up reads how to write it."""
    with pytest.raises(InvalidBarcodeLayout, match=why):
        parse_layout(text)


def test_a_layout_says_what_it_is() -> None:
    """Prefix, digits, unit and factor come from one word."""
    layout = parse_layout(" 28IIIIKPPPPPC*100 ")
    assert (layout.prefix, layout.item_digits, layout.value_digits, layout.kind) == ("28", 4, 5, "price")
    assert (layout.exponent, layout.has_value_check) == (2, True)
    assert parse_layout("21IIIIIWW.WWWC").exponent == -3


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (ean("221234500012"), ScanReading(ean("221234500012"), alternatives=(ean("221234500000"),), plu="12345",
                                          count=12_000)),
        (ean("211234500000"), ScanReading(ean("211234500000"), alternatives=(ean("211234500000"),), plu="12345")),
        ("3*" + ean("211234500642"), ScanReading(ean("211234500642"), 3000, alternatives=(ean("211234500000"),),
                                                 plu="12345", weight=642)),
        (ean("301234500642"), ScanReading(ean("301234500642"))),
        ("01234565", ScanReading("01234565", alternatives=("012345000065",))),
        ("04252614", ScanReading("04252614", alternatives=("042100005264",))),
        ("]E3893460210001605", ScanReading("8934602100016", symbology="ean")),
    ],
)  # fmt: skip
def test_labels_by_example(raw: str, expected: ScanReading) -> None:
    """A count; a label at 0, which says nothing; a multiplier before a weight; no layout; UPC-E; a magazine."""
    assert read_scan(raw, RULES) == expected


@given(st.text("01", min_size=1, max_size=1), st.text(DIGITS, min_size=7, max_size=7))
def test_a_upc_e_is_the_upc_a_that_it_stands_for(system: str, rest: str) -> None:
    """Right check digit, or not a UPC-E at all."""
    expanded = expand_upc_e(system + rest)
    assert expanded == "" or (is_gtin(expanded) and len(expanded) == 12 and expanded[-1] == rest[-1])


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("hn01-t1-3-000123", "receipt"), ("hn-01-quay-t1-12-1000123", "receipt"), ("]C0hn01-t1-3-000123", "receipt"),
        ("hn01-t1-3", "item"), ("ABC-000123", "item"), ("KH000123", "customer"), ("9912345678", "voucher"),
        ("8934602100016", "item"), ("3*", "multiplier"), ("", "nothing"), ("4111111111111111", "nothing"),
    ],
)  # fmt: skip
def test_what_kind_of_code_it_is(raw: str, kind: ScanKind) -> None:
    """As far as the code alone can say."""
    assert read_scan(raw, RULES).kind == kind


@given(st.text(), st.text(st.sampled_from("KH29IWP.C*0123456789"), max_size=16))
def test_no_scan_raises_whatever_the_store_has_settled(raw: str, layout: str) -> None:
    """Rules come from a person; a till reads what it can of them."""
    rules = ScanRules(layouts=readable_layouts([layout, "2IIIIIPPPPPPC"]), separator=raw[:1], currency=layout[:3])
    assert len(read_scan(raw, rules).text) <= 64
    assert read_scan(ean("212345600001"), rules).text
