"""The words of the link: ids, topics, quantities, money, movements."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import InvalidId, InvalidMoney, InvalidQuantity
from protocol.events import CountedLine, EventData, SaleCompleted, SaleRefunded, StockCounted, StockReceived
from protocol.ids import GLOBAL_FEED, FeedName, sku, store_feed, store_id, store_of_feed, terminal_id
from protocol.money import BASIS_POINTS, decimals, included_tax, line_amount, parse_amount
from protocol.movements import movements_of
from protocol.quantity import QUANTITY_MAX, SCALE, format_quantity, parse_quantity, stepped
from protocol.topics import (
    BUCKETS,
    DownLeaf,
    UpLeaf,
    bucket_of,
    feed_topic,
    parse_feed_topic,
    parse_terminal_topic,
    terminal_topic,
    up_filter,
)
from tests.unit.protocol.strategies import AT, facts

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", fullmatch=True)
leaves: st.SearchStrategy[UpLeaf | DownLeaf] = st.sampled_from(
    ["journal", "status", "pull", "epoch", "answer", "ack", "grant", "chunk", "command"]
)


@given(names, names, leaves)
def test_a_terminals_topic_can_be_taken_apart(store: str, terminal: str, leaf: UpLeaf | DownLeaf) -> None:
    """Store, terminal and leaf come back, and the hub's filter covers the topic."""
    topic = terminal_topic(store_id(store), terminal_id(terminal), leaf)
    assert parse_terminal_topic(topic) == (store, terminal, leaf)
    wanted = up_filter("journal", bucket_of(store_id(store))).split("/")[:5]
    assert all(part in ("+", found) for part, found in zip(wanted, topic.split("/")[:5], strict=True))


@given(names)
def test_a_store_stays_in_its_bucket(store: str) -> None:
    """Buckets are b00 to b63: they stand in brokers' rules, so they never change."""
    bucket = bucket_of(store_id(store))
    assert bucket[0] == "b"
    assert 0 <= int(bucket[1:]) < BUCKETS
    assert len(bucket) == 3


def test_known_buckets_are_what_they_always_were() -> None:
    """Three buckets written down: a change here moves every store's topics."""
    assert [bucket_of(store_id(name)) for name in ("S01", "S02", "hanoi-1")] == ["b44", "b59", "b03"]


@given(names, names, st.integers(0, 5), st.text(max_size=8))
def test_a_topic_with_a_foreign_part_is_refused(store: str, terminal: str, index: int, part: str) -> None:
    """A topic that differs anywhere is another terminal's, or none: never the same one."""
    topic = terminal_topic(store_id(store), terminal_id(terminal), "journal")
    parts = topic.split("/")
    parts[index] = part
    try:
        found = parse_terminal_topic("/".join(parts))
    except InvalidId:
        return
    assert terminal_topic(found.store, found.terminal, "journal" if found.leaf == "journal" else "ack") in (
        "/".join(parts), "/".join([*parts[:5], "ack"]),
    )  # fmt: skip


@given(names)
def test_a_feeds_topic_can_be_taken_apart(store: str) -> None:
    """A store's feed and the global one are found by their topics."""
    feed = store_feed(store_id(store))
    assert parse_feed_topic(feed_topic(feed)) == feed
    assert store_of_feed(feed) == store
    assert parse_feed_topic(feed_topic(GLOBAL_FEED)) == GLOBAL_FEED
    assert store_of_feed(GLOBAL_FEED) is None


@pytest.mark.parametrize("topic", ["", "tillwire/v1/feed/", "tillwire/v1/feed/other", "tillwire/v2/feed/global", "a/b"])
def test_what_is_no_feeds_topic_is_refused(topic: str) -> None:
    """Anything else is InvalidId."""
    with pytest.raises(InvalidId):
        parse_feed_topic(topic)


@pytest.mark.parametrize("name", ["", "-a", "a" * 33, "a/b", "a+b", "a#", "a.b", "ă", "a b", "a\n"])
def test_a_name_that_a_topic_cannot_carry_is_refused(name: str) -> None:
    """What MQTT or NATS would read as more than a name never becomes one."""
    for check in (store_id, terminal_id):
        with pytest.raises(InvalidId):
            check(name)
    with pytest.raises(InvalidId):
        store_of_feed(FeedName(f"store-{name}"))


@pytest.mark.parametrize("text", ["", " a", "a ", "a\tb", "a\x00", "x" * 65])
def test_an_invisible_sku_is_refused(text: str) -> None:
    """A SKU has 1 to 64 visible characters."""
    with pytest.raises(InvalidId):
        sku(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=64))
def test_a_visible_sku_is_taken(text: str) -> None:
    """Whatever other systems call their goods, we can."""
    assert sku(text) == text


@given(st.integers(-QUANTITY_MAX, QUANTITY_MAX), st.sampled_from([".", ","]))
def test_a_quantity_is_read_as_it_was_written(quantity: int, mark: str) -> None:
    """Thousandths survive their shortest text, with point or comma."""
    text = format_quantity(quantity, decimal_mark=mark)
    assert parse_quantity(text) == quantity
    assert parse_quantity(f" {text} ") == quantity
    assert Decimal(text.replace(",", ".")) == Decimal(quantity) / SCALE


@pytest.mark.parametrize("text", ["", "1.2345", "1e3", "1,000,000", "--1", "8935024120019" * 2, ".5", "1.", "nan"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """A number scanned into the quantity field, a fourth decimal, a second comma: typing errors."""
    with pytest.raises(InvalidQuantity):
        parse_quantity(text)


@given(st.integers(-QUANTITY_MAX, QUANTITY_MAX), st.integers(-(10**15), 10**15))
def test_a_step_never_leads_through_zero(quantity: int, step: int) -> None:
    """What is sold stays sold and what is given back stays given back; back again is where it began."""
    try:
        after = stepped(quantity, step)
    except InvalidQuantity:
        assert abs(quantity) + step * SCALE > QUANTITY_MAX
        return
    assert after * quantity >= 0
    assert abs(after) in {abs(quantity), abs(quantity) + step * SCALE}
    if after and after != quantity:
        assert stepped(after, -step) == quantity


@given(st.integers(-(10**14), 10**14), st.sampled_from(["VND", "USD", "KWD"]))
def test_an_amount_is_read_exactly(amount: int, currency: str) -> None:
    """Minor units survive their decimal text in every currency."""
    places = decimals(currency)
    assert parse_amount(f"{Decimal(amount).scaleb(-places):f}", currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"), [("12.5", "VND"), ("1.234", "USD"), ("", "USD"), ("1e3", "USD"), ("1", "usd")]
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    """An amount with more decimals than its currency has is not rounded behind the cashier's back."""
    with pytest.raises(InvalidMoney):
        parse_amount(text, currency)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**9), 10**9))
def test_a_lines_amount_is_rounded_half_away_from_zero(unit_price: int, quantity: int) -> None:
    """As a decimal calculation of the same says."""
    exact = Decimal(unit_price) * Decimal(quantity) / SCALE
    assert line_amount(unit_price, quantity) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(-(10**12), 10**12), st.integers(0, BASIS_POINTS))
def test_included_tax_is_within_half_a_unit_of_exact(amount: int, rate_bp: int) -> None:
    """And a refund's tax is the sale's, negated."""
    exact = Fraction(amount * rate_bp, BASIS_POINTS + rate_bp)
    assert abs(included_tax(amount, rate_bp) - exact) <= Fraction(1, 2)
    assert included_tax(-amount, rate_bp) == -included_tax(amount, rate_bp)


@given(facts)
def test_movements_are_what_the_receipt_says(data: EventData) -> None:
    """A sale takes, a refund that restocks and a receipt give, a count is a checkpoint, nothing else moves."""
    movements = movements_of(data, AT)
    lines: tuple[int, ...]
    match data:
        case SaleCompleted():
            lines = tuple(-line.quantity for line in data.lines)
        case SaleRefunded():
            lines = tuple(line.quantity if data.restock else 0 for line in data.lines)
        case StockReceived():
            lines = tuple(line.quantity for line in data.lines)
        case StockCounted():
            assert [(m.sku, m.delta, m.at) for m in movements] == [(c.sku, c.quantity, c.at) for c in data.lines]
            assert all(movement.kind == "count" for movement in movements)
            return
        case _:
            lines = ()
    assert [(m.line, m.delta) for m in movements] == [(line, delta) for line, delta in enumerate(lines) if delta]
    assert all(movement.at == AT for movement in movements)


def test_a_count_of_nothing_is_still_a_count() -> None:
    """An empty shelf is a fact: a count of zero is not left out."""
    counted = StockCounted(session="c", lines=(CountedLine(sku="X", quantity=0, at=AT),), by="lan")
    assert [movement.delta for movement in movements_of(counted, AT)] == [0]
