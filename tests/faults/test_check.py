"""The rig's check can tell: what is lost, what is doubled, and that nothing is. Without processes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from protocol.ids import StoreId, TerminalId
from tests.faults.rig.cashier import Confirmed
from tests.faults.rig.check import Verdict, compare
from tests.faults.rig.hub_books import HubBooks
from tests.faults.rig.plan import OPENING, Place
from tests.faults.rig.till import Sold, TillBooks

PLACE = Place(StoreId("s1"), TerminalId("t1"))
GOODS = (("SKU000", 2_000),)
SEEN = (Confirmed(PLACE, "r1", GOODS), Confirmed(PLACE, "r2", GOODS))
LEVEL = OPENING - 4_000
TILL = TillBooks(
    (Sold("e1", "r1", GOODS), Sold("e2", "r2", GOODS)), stock={"SKU000": LEVEL}, documents={"SKU000": LEVEL}
)
HUB = HubBooks(
    events=Counter(("e1", "e2")), sales=Counter(("r1", "r2")), moved={"e1": GOODS, "e2": GOODS},
    levels={("s1", "SKU000"): LEVEL}, ledger={("s1", "SKU000"): LEVEL}, open_aside=frozenset(),
)  # fmt: skip


def verdict(*, till: TillBooks = TILL, hub: HubBooks = HUB, seen: tuple[Confirmed, ...] = SEEN) -> Verdict:
    """The check of one till and one hub."""
    return compare(seen, {PLACE: till}, hub)


def test_books_that_agree_are_right() -> None:
    """Nothing lost, nothing doubled, no sentence."""
    assert verdict() == Verdict()


@pytest.mark.parametrize(
    ("till", "hub", "words"),
    [
        (replace(TILL, sold=TILL.sold[:1]), HUB, "r2 was on the screen and is not in the journal"),
        (replace(TILL, sold=(TILL.sold[0], Sold("e2", "r2", (("SKU000", 1_000),)))), HUB, "on the screen and is"),
        (replace(TILL, broken=("the chain is broken at 7",)), HUB, "the chain is broken at 7"),
        (TILL, replace(HUB, events=Counter(("e1",))), "r2 is in the journal and not in the hub's log"),
        (TILL, replace(HUB, sales=Counter(("r1",))), "r2 is in the hub's log and not in its sales"),
        (TILL, replace(HUB, moved={"e1": GOODS}), "the ledger has None"),
        (TILL, replace(HUB, moved={**HUB.moved, "e2": (("SKU000", 9_000),)}), "the ledger has (('SKU000', 9000),)"),
        (TILL, replace(HUB, ledger={("s1", "SKU000"): LEVEL + 1}), "its movements add up to"),
        (TILL, replace(HUB, levels={("s1", "SKU000"): LEVEL + 1}), "the sales leave"),
        (replace(TILL, stock={"SKU000": LEVEL - 1}), HUB, "on its screen"),
        (replace(TILL, documents={"SKU000": LEVEL - 1}), HUB, "in the till's document"),
    ],
)  # fmt: skip
def test_what_is_lost_or_wrong_is_told(till: TillBooks, hub: HubBooks, words: str) -> None:
    """Each party that forgets or falsifies a sale is found."""
    found = verdict(till=till, hub=hub)
    assert any(words in sentence for sentence in found.lost), found


@pytest.mark.parametrize(
    ("till", "hub", "seen", "words"),
    [
        (replace(TILL, sold=(*TILL.sold, Sold("e3", "r1", GOODS))), HUB, SEEN, "r1 is in the journal 2 times"),
        (TILL, replace(HUB, events=Counter(("e1", "e2", "e2"))), SEEN, "e2 is in the hub's log 2 times"),
        (TILL, replace(HUB, sales=Counter(("r1", "r2", "r2"))), SEEN, "r2 is in the hub's sales 2 times"),
        (TILL, replace(HUB, events=Counter(("e1", "e2", "e9"))), SEEN, "e9 of the hub's log is in no journal"),
        (TILL, replace(HUB, moved={**HUB.moved, "e9": GOODS}), SEEN, "the ledger has movements of e9"),
        (TILL, HUB, (*SEEN, SEEN[0]), "r1 was given to two customers"),
    ],
)  # fmt: skip
def test_what_is_doubled_is_told(till: TillBooks, hub: HubBooks, seen: tuple[Confirmed, ...], words: str) -> None:
    """Each party that has a sale twice, or one that nobody made, is found."""
    found = verdict(till=till, hub=hub, seen=seen)
    assert any(words in sentence for sentence in found.doubled), found


def test_what_the_hub_has_set_aside_for_people_to_see_is_not_lost() -> None:
    """Parked and forked events are counted in when somebody mends them; until then the levels go without."""
    level = OPENING - 2_000
    hub = replace(
        HUB, events=Counter(("e1",)), moved={"e1": GOODS}, sales=Counter(("r1",)), open_aside=frozenset({"e2"}),
        levels={("s1", "SKU000"): level}, ledger={("s1", "SKU000"): level},
    )  # fmt: skip
    till = replace(TILL, stock={"SKU000": level}, documents={"SKU000": level})
    assert verdict(till=till, hub=hub) == Verdict()
