"""From a scan to the item, in memory and in SQLite alike."""

from __future__ import annotations

import pytest

from edge_agent.replica.lookup import find_item
from edge_agent.replica.port import Replica
from edge_agent.till.codes import ScanRules, check_digit, read_scan
from edge_agent.till.codes.embedded import readable_layouts
from protocol.documents import Item
from protocol.ids import GLOBAL_FEED
from tests.unit.edge_agent.replica.test_replica_contract import change, document

RULES = ScanRules(layouts=readable_layouts(["21IIIIIWW.WWWC", "nonsense"]))
ZEROED = "211111100000" + str(check_digit("211111100000"))


def thing(sku: str, *barcodes: str, plu: str = "") -> Item:
    """A thing to sell."""
    return Item(sku=sku, name=sku, barcodes=barcodes, plu=plu, price=1, currency="VND")


SHOP = (
    thing("MILK", "8934602100016"),
    thing("PORK", plu="42"),
    thing("BEEF", ZEROED),
    thing("SODA", "042100005264"),
    thing("42", "0000000000428"),
    thing("700"),
    thing("NAILS", plu="700"),
)


def label(item: str, grams: int) -> str:
    """A scale's label by RULES."""
    body = f"21{item}{grams:05d}"
    return body + str(check_digit(body))


@pytest.mark.parametrize(
    ("raw", "sku"),
    [
        ("8934602100016", "MILK"), ("]d2010893460210001610LOT1", "MILK"), ("MILK", "MILK"), ("3*MILK", "MILK"),
        (label("00042", 642), "PORK"), (label("11111", 642), "BEEF"), (label("99999", 642), None),
        ("04252614", "SODA"), ("042", "PORK"), ("42", "42"), ("700", "700"), ("0700", "NAILS"),
        ("000042", None), ("3*", None), ("4111111111111111", None), ("", None),
    ],
)  # fmt: skip
def test_items_by_example(replica: Replica, raw: str, sku: str | None) -> None:
    """By barcode, SKU, GS1 code, label (its PLU, or its code at 0), UPC-E, typed PLU; what is known as it is wins."""
    replica.apply(GLOBAL_FEED, change(*map(document, SHOP)))
    item = find_item(replica, read_scan(raw, RULES))
    assert (item.sku if item is not None else None) == sku


def test_a_whole_label_that_is_known_counts_first(replica: Replica) -> None:
    """A shop may have filed one label as a barcode of its own."""
    code = label("00042", 642)
    replica.apply(GLOBAL_FEED, change(*map(document, SHOP), document(thing("GIFT", code))))
    item = find_item(replica, read_scan(code, RULES))
    assert item is not None
    assert item.sku == "GIFT"
