"""What every database promises about parcels that leave twice, and about picks that the office puts by hand."""

from __future__ import annotations

import msgspec
import pytest

from hub.errors import OrderConflict
from hub.ingest.session import ingest
from hub.projections.rebuild import differences
from hub.storage.database import Database
from hub.storage.records import DocumentPut
from hub.storage.recounts import settle_recounts
from protocol.documents import Pick
from protocol.events import OrderHandedOver
from protocol.frame import Key
from protocol.ids import TerminalId, store_feed
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA, Shop, over, picked
from tests.unit.hub.journals import Journal, at, count
from tests.unit.hub.matter_facts import goods


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop on each database."""
    return Shop(database)


def test_a_second_hand_over_is_found_whichever_till_is_heard_first(shop: Shop) -> None:
    """Both tills, people and goods are named, the goods are to be counted, and the ledger has what was said."""
    shop.stores.fleet.add_terminal(HANOI, TerminalId("till2"), "", Key(b"2" * 32), at(0))
    other = Journal(HANOI, TerminalId("till2"))
    shop.place("o1", (TEA, 2_000))
    shop.tell(HANOI, 200, picked("o1", (TEA, 2_000)))
    shop.tell(HANOI, 400, over("o1", (TEA, 2_000)))
    shop.settle()
    assert (shop.told("handed_over_twice"), shop.recounts(HANOI)) == ([], {})
    other.append(OrderHandedOver(order="o1", lines=goods((TEA, 2_000)), by="lan"), at(300))
    ingest(shop.stores.ledger, [other.batch(1, 1)], at(5_000))
    shop.settle()
    text = "hanoi/till2 2026-11-22 08:05+00:00 (lan): tea 2; hanoi/till1 2026-11-22 08:06+00:00 (an): tea 2"
    assert shop.told("handed_over_twice") == [("o1", text)]
    assert shop.recounts(HANOI) == {TEA: "handed_over_twice"}
    assert shop.on_hand(HANOI) == 1_000
    assert shop.reserved() == shop.promised() == {}
    shop.tell(HANOI, 500, count("tea", 3_000, at(500)))
    settle_recounts(shop.database, at(3_000))
    shop.settle()
    assert (shop.on_hand(HANOI), shop.recounts(HANOI)) == (3_000, {})


def test_a_pick_that_is_put_by_hand_reserves_like_an_order(shop: Shop) -> None:
    """From then on to the hand-over, which frees it in its own transaction; changed and taken away, as much less."""
    put, feed = shop.stores.documents.put, store_feed(HANOI)
    put(feed, "pick", [DocumentPut("W1", Pick(order="W1", lines=goods((TEA, 2_000), (PHO, 1_000))))], at(1))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HANOI, PHO): 1_000}
    put(feed, "pick", [DocumentPut("W1", Pick(order="W1", lines=goods((TEA, 3_000))))], at(2))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 3_000}
    shop.tell(HANOI, 10, picked("W1", (TEA, 2_000), short=((TEA, 1_000),)))
    shop.settle()
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000}
    shop.tell(HANOI, 20, over("W1", (TEA, 2_000)))
    assert shop.reserved() == shop.promised() == {}
    shop.settle()
    assert shop.reserved() == shop.promised() == {}
    put(feed, "pick", [DocumentPut("W2", Pick(order="W2", lines=goods((TEA, 1_000))))], at(30))
    put(store_feed(HUE), "pick", [DocumentPut("W2", Pick(order="W2", lines=goods((TEA, 1_000))))], at(31))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 1_000, (HUE, TEA): 1_000}
    shop.stores.documents.delete(feed, "pick", ["W2"], at(32))
    assert shop.reserved() == shop.promised() == {(HUE, TEA): 1_000}
    assert not differences(shop.stores.ledger, shop.database, HANOI)


def test_one_id_is_an_order_or_a_pick_put_by_hand_and_not_both(shop: Shop) -> None:
    """Else either would reserve for the other; the words say what stands in the way, and how to go on."""
    shop.place("o1")
    pick = DocumentPut("o1", Pick(order="o1", lines=goods((TEA, 1_000))))
    with pytest.raises(OrderConflict, match=r"order o1 was placed here.*order cancel o1"):
        shop.stores.documents.put(store_feed(HUE), "pick", [pick], at(1))
    shop.stores.documents.put(store_feed(HUE), "pick", [DocumentPut("o2", msgspec.structs.replace(pick.body))], at(1))
    with pytest.raises(
        OrderConflict, match=r"order o2: a pick of this id was put by hand.*document delete hue pick o2"
    ):
        shop.place("o2")
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HUE, TEA): 1_000}
    shop.stores.documents.delete(store_feed(HANOI), "pick", ["o1"], at(2))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HUE, TEA): 1_000}


def test_parcels_of_two_stores_are_two_hand_overs(shop: Shop) -> None:
    """Each store gives its own part away once: nothing is wrong."""
    shop.place("o1", (TEA, 7_000))
    for store in (HANOI, HUE):
        shop.tell(store, 300, over("o1", (TEA, 2_000)))
    shop.settle()
    assert (shop.told("handed_over_twice"), shop.recounts(HANOI), shop.recounts(HUE)) == ([], {}, {})
