"""The demo's judge must be able to say no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.demo.checks import PaidSale, Statements, compare
from tests.demo.completejourney import assemble
from tests.demo.goods import ean13, shelf

SALE = PaidSale("S1", "T1", "S1-T1-1-000001", (("A", 2000),))
AGREED = Statements(
    opening={("S1", "A"): 10_000},
    paid=(SALE,),
    hub_receipts=(SALE.receipt_number,),
    hub_levels={("S1", "A"): 8_000},
    till_stock={("S1", "T1"): {"A": 8_000}},
    web={("S1", "A"): 8_000},
    printed={("S1", "T1"): 1},
)


def test_agreement_is_found() -> None:
    """When everybody says the same, nothing is wrong."""
    assert compare(AGREED).ok


@pytest.mark.parametrize(
    ("lie", "where"),
    [
        (replace(AGREED, hub_receipts=()), "lost"),
        (replace(AGREED, hub_receipts=(SALE.receipt_number,) * 2), "doubled"),
        (replace(AGREED, hub_receipts=(SALE.receipt_number, "S1-T1-1-000002")), "unexpected"),
        (replace(AGREED, hub_levels={("S1", "A"): 6_000}), "levels_wrong"),
        (replace(AGREED, hub_levels={}), "levels_wrong"),
        (replace(AGREED, till_stock={("S1", "T1"): {"A": 10_000}}), "tills_wrong"),
        (replace(AGREED, till_stock={("S1", "T1"): {}}), "tills_wrong"),
        (replace(AGREED, web={("S1", "A"): 10_000}), "web_wrong"),
        (replace(AGREED, printed={("S1", "T1"): 2}), "receipts_wrong"),
        (replace(AGREED, printed={}), "receipts_wrong"),
        (replace(AGREED, torn=1), "receipts_wrong"),
        (replace(AGREED, parked=1), "other"),
    ],
)
def test_each_lie_is_found(lie: Statements, where: str) -> None:
    """A lost or doubled sale, a wrong level, a missing or second receipt: each has its own finding."""
    findings = compare(lie)
    assert not findings.ok
    assert getattr(findings, where)


def test_the_shelf_has_valid_and_distinct_codes() -> None:
    """The demo's barcodes pass the check that a till makes."""
    codes = [good.code for good in shelf()]
    assert len(set(codes)) == len(codes) == 40
    assert ean13(400638133393) == "4006381333931"
    assert all(ean13(int(code[:12])) == code for code in codes)


def row(**changes: object) -> dict[str, object]:
    """A row of the real data set's shape."""
    plain = {"store_id": 367, "basket_id": 1, "product_id": 819308, "quantity": 1, "sales_value": 3.69,
             "coupon_disc": 0.0, "coupon_match_disc": 0.0, "name": "CHOICE BEEF"}  # fmt: skip
    return {**plain, **changes}


def test_odd_rows_of_the_real_data_are_told_not_lost() -> None:
    """Each row is either sold or counted as odd, with its value."""
    journey = assemble(
        [
            row(),
            row(quantity=0, sales_value=0.0),
            row(quantity=0, coupon_disc=2.0),
            row(quantity=10_087, sales_value=25.01),
        ]
    )
    assert journey.odd.as_report() == {
        "refund_by_value": {"rows": 1, "value": 2.0},
        "very_large_quantity": {"rows": 1, "value": 25.01},
        "zero_quantity": {"rows": 1, "value": 0.0},
    }
    (basket,) = journey.baskets
    assert [pick.quantity for pick in basket.picks] == [1000, 10_087]
    assert journey.rows_read == 4
