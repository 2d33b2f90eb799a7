"""Packs, bundles and lots add up: whatever is done with them, the ledger has the pieces that a person would count."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.cart import Cart, add_item
from edge_agent.till.pricing import PricedLine
from edge_agent.till.returns import add_return, returnables
from edge_agent.till.sale import sale_line
from edge_agent.till.work import (
    Closing,
    Work,
    WorkKind,
    WorkLine,
    chosen,
    differences,
    fact_of,
    missing_in,
    spread,
    with_more,
)  # fmt: skip
from hub.stock.level import level_of
from protocol.documents import Item, Part
from protocol.events import EventData, OrderPicked, SaleCompleted, SaleLine, SaleRefunded, StockCounted
from protocol.goods import makeable, parts_of, taken
from protocol.movements import Movement, movements_of

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
GOODS = {
    item.sku: item
    for item in (
        Item(sku="can", name="Can", price=15, currency="VND"),
        Item(sku="six", name="Six", price=80, currency="VND", pack_of="can", pack_size=6_000),
        Item(sku="case", name="Case", price=300, currency="VND", pack_of="can", pack_size=24_000),
        Item(sku="tea", name="Tea", price=90, currency="VND"),
        Item(
            sku="gift", name="Gift", price=150, currency="VND",
            parts=(Part(sku="tea", quantity=1_000), Part(sku="can", quantity=2_000)),
        ),
    )
}  # fmt: skip
SHELVES = ("can", "tea")
sold_things = st.lists(st.tuples(st.sampled_from(sorted(GOODS)), st.integers(1, 9)), min_size=1, max_size=6)


def pieces(sku: str, count: int) -> Counter[str]:
    """What a person sees go: cans and tea, in thousandths."""
    inside = {"six": {"can": 6}, "case": {"can": 24}, "gift": {"tea": 1, "can": 2}}.get(sku, {sku: 1})
    return Counter({part: each * count * 1_000 for part, each in inside.items()})


def filled(things: list[tuple[str, int]]) -> Cart:
    """A cart after these scans."""
    cart = Cart(sale_id="s")
    for sku, count in things:
        after = add_item(cart, GOODS[sku], count * 1_000, sku, "VND")
        assert isinstance(after, Cart)
        cart = after
    return cart


def lines_of(cart: Cart) -> tuple[SaleLine, ...]:
    """The cart's lines as an event has them, for nothing."""
    return tuple(sale_line(line, PricedLine(line.number, 0, (), 0, 0), "en") for line in cart.lines)


def sale_of(things: list[tuple[str, int]]) -> SaleCompleted:
    """The sale of these scans."""
    return SaleCompleted(
        receipt_number="R", business_day=AT.date(), currency="VND", cashier="lan", lines=lines_of(filled(things)),
        tenders=(), total=0,
    )  # fmt: skip


def moved(*facts: EventData) -> Counter[str]:
    """What these facts did to the shelves; what adds up to nothing is left out."""
    found: Counter[str] = Counter()
    for fact in facts:
        for movement in movements_of(fact, AT):
            found[movement.sku] += movement.delta
    return Counter({sku: delta for sku, delta in found.items() if delta})


def listed(work: Work, scans: list[tuple[str, int, str]], lines: tuple[WorkLine, ...] = ()) -> list[WorkLine]:
    """The list of a work after these scans of packs and pieces, each with the lot on its label."""
    found = list(lines)
    for minute, (sku, count, lot) in enumerate(scans):
        base = GOODS[sku].pack_of or sku
        (goods,) = taken(parts_of(GOODS[sku]), count * 1_000) or (None,)
        quantity = goods.quantity if goods is not None else count * 1_000
        of_sku = [line for line in found if line.sku == base]
        line = chosen(of_sku, work.kind, lot, None, asks=False) or WorkLine(len(found) + 1, base, base, "", 0, AT)
        after = with_more(of_lot(line, lot or line.lot), quantity, AT + timedelta(minutes=minute))
        assert after is not None
        found = [*(other for other in found if other.number != line.number), after]
    return found


def of_lot(line: WorkLine, lot: str) -> WorkLine:
    """The line with this lot."""
    return replace(line, lot=lot)


@given(sold_things)
def test_what_is_sold_leaves_the_shelf_as_pieces(things: list[tuple[str, int]]) -> None:
    """Any mix of cans, packs, cases, tea and gifts; nothing is ever moved of a pack or bundle itself."""
    assert moved(sale_of(things)) == Counter({
        sku: -quantity for sku, quantity in sum((pieces(*thing) for thing in things), Counter()).items()
    })  # fmt: skip


@given(sold_things, st.data())
def test_what_comes_back_bit_by_bit_is_what_went(things: list[tuple[str, int]], data: st.DataObject) -> None:
    """Every line of the receipt given back in any two portions: the shelves are as they were."""
    sale = sale_of(things)
    facts: list[EventData] = [sale]
    for line in sale.lines:
        first = data.draw(st.integers(0, line.quantity // 1_000)) * 1_000
        for before, quantity in ((0, first), (first, line.quantity - first)):
            number = sale.lines.index(line) + 1
            found = returnables(sale, {number: before})[number - 1]
            if quantity:
                cart = add_return(Cart(sale_id="b"), sale, found, quantity, restock=True, reason="", tax_included=True)
                assert isinstance(cart, Cart)
                facts.append(
                    SaleRefunded(
                        receipt_number="B", business_day=AT.date(), currency="VND", cashier="lan",
                        lines=lines_of(cart), tenders=(), total=0,
                    )
                )  # fmt: skip
    assert moved(*facts) == Counter()


@given(
    st.lists(
        st.tuples(st.sampled_from(["can", "six", "case", "tea"]), st.integers(1, 9), st.sampled_from(["", "A", "B"]))
    ),
    st.sampled_from(["receive", "send", "write_off", "take_in", "count"]),
)
def test_store_work_moves_the_pieces_of_what_was_scanned(scans: list[tuple[str, int, str]], kind: WorkKind) -> None:
    """Whatever was a case and whatever lot it had: per SKU the pieces, and per lot what its labels said."""
    work = Work("w", kind, "lan", AT, partner="b")
    lines = listed(work, scans)
    wanted = sum((pieces(sku, count) for sku, count, _ in scans), Counter())
    if missing_in(work, lines, Closing(reason="x")) is not None:
        assert not wanted
        return
    fact = fact_of(work, lines, Closing(reason="x"), "lan", AT + timedelta(days=1))
    if isinstance(fact, StockCounted):
        assert {line.sku: line.quantity for line in fact.lines} == dict(wanted)
    else:
        assert {sku: abs(delta) for sku, delta in moved(fact).items()} == dict(wanted)
    by_lot: Counter[tuple[str, str]] = Counter()
    for movement in movements_of(fact, AT):
        if movement.lot:
            by_lot[movement.sku, movement.lot] += abs(movement.delta)
    labelled = Counter[tuple[str, str]]()
    for sku, count, lot in scans:
        if lot:
            ((base, quantity),) = pieces(sku, count).items()
            labelled[base, lot] += quantity
    # A label may name the lot of loose pieces that stood on the list before it, never less than it said itself.
    assert all(by_lot[place] >= quantity for place, quantity in labelled.items())


deliveries = st.lists(st.tuples(st.sampled_from(["can", "six", "case"]), st.integers(1, 9)), min_size=1, max_size=3)
counts = st.lists(st.tuples(st.sampled_from(["can", "six", "case"]), st.integers(0, 9)), min_size=1, max_size=3)
acts = st.one_of(
    st.tuples(st.just("sold"), sold_things),
    st.tuples(st.just("came"), deliveries),
    st.tuples(st.just("counted"), counts),
)


@given(st.lists(acts, max_size=8), st.randoms(use_true_random=False))
def test_a_days_mix_of_cases_and_pieces_is_the_shelf(
    day: list[tuple[str, list[tuple[str, int]]]], shuffled: random.Random
) -> None:
    """Sold, received and counted in any mix, and told in any order: the level is what a person would find there."""
    shelf = 0
    movements: list[Movement] = []
    for hour, (what, things) in enumerate(day):
        at = AT + timedelta(hours=hour)
        if what == "sold":
            shelf -= sum((pieces(*thing) for thing in things), Counter())["can"]
            movements += movements_of(sale_of(things), at)
            continue
        seen = sum((pieces(*thing) for thing in things), Counter())["can"]
        shelf = seen if what == "counted" else shelf + seen
        work = Work("w", "count" if what == "counted" else "receive", "lan", AT)
        lines = [replace(line, at=at) for line in listed(work, [(sku, count, "") for sku, count in things])]
        movements += movements_of(fact_of(work, lines, Closing(), "lan", at), at)
    shuffled.shuffle(movements)
    assert level_of(movement for movement in movements if movement.sku == "can").on_hand == shelf


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from(["six", "case", "gift"]))
def test_as_many_can_be_sold_as_the_till_says_are_left(cans: int, teas: int, sku: str) -> None:
    """Selling all that is said to be left leaves nothing below zero; one more would."""
    left = {"can": cans * 1_000, "tea": teas * 1_000}
    made = makeable(parts_of(GOODS[sku]), left.get)
    assert made is not None
    after = Counter(left)
    after.update(moved(sale_of([(sku, made // 1_000)])) if made else {})
    assert all(after[shelf] >= 0 for shelf in SHELVES)
    after.update(moved(sale_of([(sku, 1)])))
    assert any(after[shelf] < 0 for shelf in SHELVES)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(st.tuples(st.integers(1, 9), st.sampled_from("ABC")))
)
def test_papers_and_lots_differ_by_what_is_missing(expected: list[int], scans: list[tuple[int, str]]) -> None:
    """However a delivery is spread over lots: the differences add up to what came less what was announced."""
    work = Work("w", "receive", "lan", AT)
    paper = (WorkLine(1, "can", "can", "", 0, AT, expected=sum(expected) * 1_000, is_touched=False),)
    lines = listed(work, [("can", count, lot) for count, lot in scans], paper)
    shown = spread(lines)
    difference = sum(count for count, _ in scans) - sum(expected)
    assert sum(line.quantity for line in shown) == sum(count for count, _ in scans) * 1_000
    found = sum(line.quantity - (line.expected or 0) for line in differences(lines))
    assert found == difference * 1_000


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["", "A", "B", "C"])), max_size=6))
def test_what_is_short_is_what_the_order_lacks(scans: list[tuple[int, str]]) -> None:
    """Whichever lots were taken: gathered and short together are what was ordered."""
    work = Work("w", "pick", "lan", AT, reference="o")
    ordered = (
        WorkLine(1, "can", "can", "", 0, AT, expected=4_000, lot="A"),
        WorkLine(2, "can", "can", "", 0, AT, expected=3_000, lot="B"),
    )
    lines = list(ordered)
    for count, lot in scans:
        if sum(line.quantity for line in lines) + count * 1_000 <= 7_000:
            lines = listed(work, [("can", count, lot)], tuple(lines))
    fact = fact_of(work, lines, Closing(), "lan", AT)
    assert isinstance(fact, OrderPicked)
    assert sum(line.quantity for line in fact.lines) + sum(line.quantity for line in fact.short) == 7_000
