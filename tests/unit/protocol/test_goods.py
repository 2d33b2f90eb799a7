"""Packs, bundles and lots in the facts: what a line moves, and what the types refuse."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.stock.level import level_of
from protocol.documents import Item, Part
from protocol.errors import InexactQuantity
from protocol.events import (
    CountedLine,
    CountedLot,
    EventData,
    OrderHandedOver,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.goods import makeable, parts_of, parts_of_moves, taken
from protocol.movements import Movement, movements_of
from protocol.quantity import SCALE
from protocol.stock_events import PARTS_MAX
from tests.golden.examples import EVENTS, GROWN_EVENTS
from tests.unit.protocol.strategies import AT, facts, quantities, skus

lots = st.sampled_from(["", "L1", "L2"])
dates = st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1))
stock_lines = st.builds(StockLine, sku=skus, quantity=quantities, lot=lots, expires=dates)


def item(**fields: object) -> Item:
    """An item that JSON says so."""
    return msgspec.convert({"sku": "X", "name": "x", "price": 1, "currency": "VND", **fields}, Item)


@st.composite
def sale_lines(draw: st.DrawFn) -> SaleLine:
    """A line of a pack, of a bundle or of plain goods."""
    return SaleLine(
        sku=draw(skus), name="x", quantity=draw(st.integers(0, 10**6)), unit_price=1, amount=1,
        lot=draw(st.none() | lots), expires=draw(dates), moves=draw(st.lists(stock_lines, max_size=4).map(tuple)),
    )  # fmt: skip


def sale_of(lines: tuple[SaleLine, ...]) -> SaleCompleted:
    """A sale of these lines."""
    return SaleCompleted(
        receipt_number="r", business_day=AT.date(), currency="VND", cashier="lan", lines=lines, tenders=(), total=0
    )


def released(data: EventData, at: datetime) -> list[tuple[int, str, int, str, datetime]]:
    """What version 0.1.0 derived, kept here as it was: line, SKU, delta, kind, moment."""
    match data:
        case SaleCompleted() | TransferSent() | OrderHandedOver():
            sign = -1
        case SaleRefunded(restock=False):
            return []
        case SaleRefunded() | StockReceived() | StockAdjusted() | TransferReceived():
            sign = 1
        case StockCounted(lines=counted):
            return [(number, line.sku, line.quantity, "count", line.at) for number, line in enumerate(counted)]
        case _:
            return []
    kinds: dict[type[EventData], str] = {
        SaleCompleted: "sale", SaleRefunded: "refund", StockReceived: "receive", StockAdjusted: "adjust",
        TransferSent: "transfer_out", TransferReceived: "transfer_in", OrderHandedOver: "fulfil",
    }  # fmt: skip
    lines: tuple[SaleLine | StockLine, ...] = data.lines
    return [
        (number, line.sku, sign * line.quantity, kinds[type(data)], at)
        for number, line in enumerate(lines)
        if line.quantity
    ]


def told(movements: tuple[Movement, ...]) -> list[tuple[int, str, int, str, datetime]]:
    """Movements without what is new in them."""
    return [(m.line, m.sku, m.delta, m.kind, m.at) for m in movements]


@pytest.mark.parametrize("name", EVENTS)
def test_old_events_move_what_they_moved(name: str) -> None:
    """Every golden event of the released version gives the movements that it gave on the day."""
    assert told(movements_of(EVENTS[name], AT)) == released(EVENTS[name], AT)


@given(facts)
def test_facts_without_packs_and_lots_move_what_they_moved(data: EventData) -> None:
    """Whatever an older till says."""
    movements = movements_of(data, AT)
    assert told(movements) == released(data, AT)
    assert all((movement.lot, movement.expires) == ("", None) for movement in movements)


@given(st.lists(sale_lines(), max_size=5).map(tuple))
def test_a_sale_moves_its_moves_else_its_skus(lines: tuple[SaleLine, ...]) -> None:
    """Each line's moves where it has some, else its own SKU, with lot and date; nothing is left out or doubled."""
    wanted: Counter[tuple[str, str, date | None]] = Counter()
    for line in lines:
        for sku, quantity, lot, expires in [
            (move.sku, move.quantity, move.lot, move.expires) for move in line.moves
        ] or [(line.sku, line.quantity, line.lot or "", line.expires)]:
            wanted[sku, lot, expires] -= quantity
    moved: Counter[tuple[str, str, date | None]] = Counter()
    for movement in movements_of(sale_of(lines), AT):
        moved[movement.sku, movement.lot, movement.expires] += movement.delta
        assert movement.delta != 0
    assert {key: delta for key, delta in moved.items() if delta} == {k: delta for k, delta in wanted.items() if delta}


@given(st.lists(sale_lines(), max_size=5).map(tuple))
def test_each_movement_of_an_event_has_its_own_line(lines: tuple[SaleLine, ...]) -> None:
    """(terminal, epoch, sequence, line) names a movement, also of a bundle; a line's first has the line's place."""
    movements = movements_of(sale_of(lines), AT)
    assert len({movement.line for movement in movements}) == len(movements)
    without = movements_of(sale_of(tuple(msgspec.structs.replace(line, moves=line.moves[:1]) for line in lines)), AT)
    assert [movement for movement in movements if movement.line < len(lines)] == list(without)


def test_numbers_of_movements_never_change() -> None:
    """Written down once: a case of one SKU, a basket of two, tea; the basket's second part stands behind all lines."""
    sale = GROWN_EVENTS["com.tillwire.sale.completed.v1+goods"]
    assert [(m.line, m.sku) for m in movements_of(sale, AT)] == [(0, "BIA"), (1, "TRA-SEN"), (3, "KEO"), (2, "TRA-SEN")]


@given(st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(-3, 3)), max_size=8), st.permutations(range(4)))
def test_a_counts_lots_move_no_level(others: list[tuple[int, int]], order: list[int]) -> None:
    """How a count is spread over lots stands in the ledger beside it and leaves the level what the count said."""
    quantities_of_lots = [10_000, 20_000, 0, 5_000]
    spread = tuple(CountedLot(quantity=quantities_of_lots[index], lot=f"L{index}") for index in order)
    counted = StockCounted(session="c", lines=(CountedLine(sku="X", quantity=35_000, at=AT, lots=spread),), by="lan")
    movements = movements_of(counted, AT + timedelta(hours=1))
    assert [(m.kind, m.delta, m.lot) for m in movements] == [
        ("count", 35_000, ""), *(("count_lot", quantities_of_lots[index], f"L{index}") for index in order)
    ]  # fmt: skip
    assert len({movement.line for movement in movements}) == len(movements)
    sold = [Movement(9, movements[0].sku, delta, "sale", AT + timedelta(minutes=m)) for delta, m in others]
    assert level_of([*sold, *movements]) == level_of([*sold, movements[0]])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10**6), lots, dates), max_size=5))
def test_lots_that_come_and_go_are_told(lines: list[tuple[int, int, str, date | None]]) -> None:
    """Receiving, writing off, transfers and hand-overs pass the lot and the date of each line on."""
    goods = tuple(StockLine(sku=f"S{s}", quantity=q, lot=lot, expires=expires) for s, q, lot, expires in lines)
    for data in (
        StockReceived(lines=goods, by="a"), StockAdjusted(lines=goods, by="a", reason="r"),
        TransferSent(transfer="t", to_store="b", lines=goods, by="a"), OrderHandedOver(order="o", lines=goods, by="a"),
        TransferReceived(transfer="t", from_store="b", lines=goods, by="a"),
    ):  # fmt: skip
        moved = movements_of(data, AT)
        assert [(m.sku, abs(m.delta), m.lot, m.expires) for m in moved] == [
            (line.sku, line.quantity, line.lot, line.expires) for line in goods
        ]


@given(st.integers(1, 10**9), st.integers(0, 10**6))
def test_a_pack_is_its_pieces(size: int, quantity: int) -> None:
    """So many packs take exactly so many pieces, or nothing at all: never a rounded piece."""
    parts = parts_of(item(pack_of="P", pack_size=size))
    try:
        moves = taken(parts, quantity, lot="L", expires=AT.date())
    except InexactQuantity:
        assert quantity * size % SCALE
    else:
        assert [(m.sku, m.quantity * SCALE, m.lot, m.expires) for m in moves] == [
            ("P", quantity * size, "L", AT.date())
        ]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(1, 100), st.data())
def test_what_comes_back_in_shares_is_what_went(sizes: list[int], sold: int, data: st.DataObject) -> None:
    """A line of bundles that is given back one part at a time puts back exactly what it took."""
    parts = tuple(Part(sku=f"P{number}", quantity=size) for number, size in enumerate(sizes))
    first = data.draw(st.integers(0, sold))
    moves = taken(parts, sold * SCALE)
    again = parts_of_moves(moves, sold * SCALE)
    assert again == parts
    shares = [taken(again, back * SCALE) for back in (first, sold - first)]
    assert [a.quantity + b.quantity for a, b in zip(*shares, strict=True)] == [move.quantity for move in moves]


@pytest.mark.parametrize(("moved", "quantity"), [(1_000, 3_000), (0, 1_000), (-1_000, 1_000)])
def test_moves_that_no_pack_can_have_made_are_refused(moved: int, quantity: int) -> None:
    """A third of a thousandth, nothing, or goods that came while others went: an old receipt of nobody's."""
    with pytest.raises(InexactQuantity):
        parts_of_moves((StockLine(sku="P", quantity=moved),), quantity)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.data())
def test_what_is_left_makes_so_many_and_not_one_more(sizes: list[int], data: st.DataObject) -> None:
    """The least over the parts: that many can be taken from the shelves, one more cannot; nothing is below zero."""
    left = {f"P{n}": data.draw(st.integers(-(10**6), 10**8)) for n in range(len(sizes))}
    parts = tuple(Part(sku=f"P{number}", quantity=size) for number, size in enumerate(sizes))
    made = makeable(parts, left.get)
    assert made is not None
    assert made % SCALE == 0
    fits = all(max(0, left[move.sku]) >= move.quantity for move in taken(parts, made))
    one_more = all(left[move.sku] >= move.quantity for move in taken(parts, made + SCALE))
    assert (fits, one_more) == (True, False)
    assert makeable((*parts, Part(sku="unknown", quantity=1)), left.get) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"pack_of": "P"}, {"pack_size": 12_000}, {"pack_of": "P", "pack_size": 0}, {"pack_of": "P", "pack_size": -1},
        {"pack_of": "P", "pack_size": 10**9 + 1}, {"pack_of": "P" * 65, "pack_size": 1},
        {"pack_of": "X", "pack_size": 1}, {"pack_of": "P", "pack_size": 1, "parts": [{"sku": "P", "quantity": 1}]},
        {"parts": [{"sku": "X", "quantity": 1}]},
        {"parts": [{"sku": "P", "quantity": 0}]}, {"parts": [{"sku": "P", "quantity": -1}]},
        {"parts": [{"sku": "", "quantity": 1}]}, {"parts": [{"sku": "P", "quantity": 10**9 + 1}]},
        {"parts": [{"sku": "P", "quantity": 1}] * 2},
        {"parts": [{"sku": f"P{number}", "quantity": 1} for number in range(10_000)]},
        {"parts": [{"sku": f"P{number}", "quantity": 1} for number in range(PARTS_MAX + 1)]},
    ],
)  # fmt: skip
def test_a_pack_or_bundle_that_cannot_be_is_refused(fields: dict[str, object]) -> None:
    """Sizes of nothing or less, ten thousand parts, both at once, itself inside itself: no such document is read."""
    with pytest.raises(msgspec.ValidationError):
        item(**fields)


def test_a_line_with_too_many_moves_is_refused() -> None:
    """What a line moves is bounded as a bundle's parts are."""
    move = {"sku": "P", "quantity": 1}
    line = {"sku": "X", "name": "x", "quantity": 1, "unit_price": 1, "amount": 1}
    assert len(msgspec.convert({**line, "moves": [move] * PARTS_MAX}, SaleLine).moves) == PARTS_MAX
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**line, "moves": [move] * (PARTS_MAX + 1)}, SaleLine)


@pytest.mark.parametrize("name", ["com.tillwire.sale.completed.v1+goods", "com.tillwire.sale.refunded.v1+goods"])
def test_the_golden_basket_moves_its_parts(name: str) -> None:
    """Written down once by hand: a refund puts back what the sale took."""
    sign = -1 if "completed" in name else 1
    moved = {(m.sku, m.delta * sign) for m in movements_of(GROWN_EVENTS[name], AT)}
    assert {("TRA-SEN", 2_000), ("KEO", 350)} <= moved
    assert not {sku for sku, _ in moved} & {"GIO-QUA", "BIA-24"}
