"""What every database promises about stock that people count, receive and write off at a channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.channels.count_intake import CountIntake
from hub.channels.links import Link, Links
from hub.channels.ports import Page, StockFact
from hub.errors import LeaseLost
from hub.projections.rebuild import differences
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_facts import ONCE_MORE, SqlChannelFacts
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_pages import PageEnd
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow, Offered
from hub.storage.channel_stock import SqlChannelStock
from hub.storage.database import Database
from hub.storage.queries import SqlQueries
from hub.storage.schema_channels import channel_fact, channel_offer
from protocol.documents import Item
from protocol.ids import Sku
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA, Shop
from tests.unit.hub.journals import at, sale

LINKS = Links("sq", [Link("location", "hanoi", "L1"), Link("location", "hue", "L2")])
HOLDER = "this process"
NOW = at(1000)


class Silent:
    """A source that is never asked."""

    def changed(self, cursor: str) -> Page[StockFact]:
        """Nobody asks."""
        raise NotImplementedError

    def fact(self, key: str) -> StockFact | None:
        """As above."""
        raise NotImplementedError


class Counter:
    """A shop whose people count at a channel."""

    def __init__(self, database: Database) -> None:
        self.shop = Shop(database)
        self.database = database
        self.woken = self.number = self.sold = 0
        self.intake = CountIntake(SqlChannelFacts(database), Silent(), self._wake)
        self.parts = SqlChannelParts(database)
        self.asides = SqlAsideStore(database)
        self.parts.take("sq", "counts", HOLDER, at(0), at(10**6))

    def _wake(self) -> None:
        self.woken += 1

    def take(self, *facts: StockFact, now: datetime = NOW, links: Links = LINKS, holder: str = HOLDER) -> None:
        """A page comes."""
        self.intake.take(facts, PageEnd("sq", "counts", holder, "c"), links, now)

    def parked(self) -> dict[str, str]:
        """What waits, and why."""
        return {one.key: one.why for one in self.asides.waiting("sq", "counts")}


@pytest.fixture
def counter(database: Database) -> Counter:
    """Two stores with five of each."""
    return Counter(database)


def fact(  # noqa: PLR0913 - the fields of a fact
    key: str, kind: str, quantity: int, seconds: float, sku: str = TEA, *, location: str = "L1"
) -> StockFact:
    """A fact at a location."""
    return StockFact(key, kind, sku, location, quantity, at(seconds), "Square POS", key.encode())  # type: ignore[arg-type]  # tests' words


def test_a_count_holds_from_its_moment_and_the_rest_moves(counter: Counter) -> None:
    """A sale from before it that comes late leaves the level alone; one from after it does not."""
    counter.take(fact("c1", "counted", 7_000, 100), fact("r1", "received", 12_000, 110))
    assert counter.shop.on_hand(HANOI) == 19_000
    counter.take(fact("a1", "adjusted", -1_500, 120))
    counter.shop.tell(HANOI, 90, sale(1, (TEA, 1_000)))
    assert counter.shop.on_hand(HANOI) == 17_500
    counter.shop.tell(HANOI, 130, sale(2, (TEA, 1_000)))
    assert (counter.shop.on_hand(HANOI), counter.shop.on_hand(HUE)) == (16_500, 5_000)
    assert not differences(counter.shop.stores.ledger, counter.database, HANOI)
    assert counter.woken == 2


def test_the_same_fact_again_moves_nothing(counter: Counter) -> None:
    """In a later page, twice in one, after a restart, with pages that overlap."""
    received = fact("r1", "received", 12_000, 100)
    counter.take(received, received)
    counter.take(received, fact("r2", "received", 1_000, 100))
    counter.take(received)
    assert counter.shop.on_hand(HANOI) == 18_000
    assert counter.woken == 2


FACTS = st.lists(
    st.tuples(st.sampled_from(["counted", "received", "adjusted", "sale"]), st.integers(0, 9_000), st.integers(1, 50)),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(told=FACTS, data=st.data())
def test_the_level_depends_on_the_facts_alone(
    counter: Counter, told: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    """Not on the order in which people's facts and tills' sales come, nor how often, nor in which pages."""
    numbered = list(enumerate(told))
    again = [row for row in numbered if row[1][0] != "sale"]
    levels = []
    for rows in (numbered, data.draw(st.permutations([*numbered, *again]))):
        counter.number += 1
        sku = Sku(f"sku{counter.number}")
        for number, (kind, quantity, seconds) in rows:
            if kind == "sale":
                counter.sold += 1
                counter.shop.tell(HANOI, seconds, sale(counter.sold, (sku, quantity + 1)))
            else:
                counter.take(fact(f"{sku} {number}", kind, quantity, seconds, sku))
        levels.append(counter.shop.on_hand(HANOI, sku))
    assert levels[0] == levels[1]
    assert not differences(counter.shop.stores.ledger, counter.database, HANOI)


def test_what_cannot_be_taken_is_parked_and_the_rest_goes_on(counter: Counter) -> None:
    """A place that is not mapped or stands for two stores, a store that is gone, a pack, a moment yet to come."""
    pack = Item(sku="six", name="six", price=1, currency="VND", pack_of=TEA, pack_size=6_000)
    counter.shop.stores.catalogue.put_items([pack], at(1))
    more = [Link("location", "hanoi2", "L3"), Link("location", "x", "L4"), Link("location", "y", "L4")]
    links = Links("sq", [*LINKS.of("location"), *more])
    counter.take(
        fact("nowhere", "counted", 1_000, 10, location="L9"), fact("gone", "counted", 1_000, 10, location="L3"),
        fact("pool", "counted", 1_000, 10, location="L4"), fact("pack", "counted", 1_000, 10, sku="six"),
        fact("ahead", "counted", 1_000, 2_000), fact("much", "received", 10**15, 10),
        fact("good", "counted", 3_000, 10), links=links,
    )  # fmt: skip
    assert counter.shop.on_hand(HANOI) == 3_000
    parked = counter.parked()
    assert set(parked) == {"nowhere", "gone", "pool", "pack", "ahead", "much"}
    for key, words in {
        "nowhere": "not mapped", "gone": "none of this name", "pool": "stands for x, y", "pack": "count tea instead",
        "ahead": "yet to come", "much": "past all reason",
    }.items():  # fmt: skip
        assert words in parked[key]
    assert [one.raw for one in counter.asides.waiting("sq", "counts") if one.key == "pack"] == [b"pack"]
    counter.take(fact("ahead", "counted", 1_000, 2_000), now=at(2_001))
    assert "ahead" not in counter.parked()
    assert counter.shop.on_hand(HANOI) == 1_000


def test_a_pack_that_was_received_is_its_pieces(counter: Counter) -> None:
    """It stands on no shelf by itself."""
    pack = Item(sku="six", name="six", price=1, currency="VND", pack_of=TEA, pack_size=6_000)
    counter.shop.stores.catalogue.put_items([pack], at(1))
    counter.take(fact("r1", "received", 2_000, 10, sku="six"), fact("a1", "adjusted", -1_000, 11, sku="six"))
    assert counter.shop.on_hand(HANOI) == 5_000 + 6_000


def test_all_of_a_page_or_nothing(counter: Counter) -> None:
    """A process that has lost the part writes neither facts nor a level, what is parked nor a cursor."""
    page = [fact("r1", "received", 2_000, 10), fact("nowhere", "counted", 1_000, 10, location="L9")]
    with pytest.raises(LeaseLost):
        counter.take(*page, holder="another")
    assert (counter.shop.on_hand(HANOI), counter.parked(), counter.woken) == (5_000, {}, 0)
    assert counter.parts.state("sq", "counts").cursor == ""
    counter.take(*page)
    assert (counter.shop.on_hand(HANOI), set(counter.parked())) == (7_000, {"nowhere"})
    assert counter.parts.state("sq", "counts").cursor == "c"


def test_the_ledger_says_who_counted_and_the_accuracy_knows_it(counter: Counter) -> None:
    """It is a count of people, not a number that the office set."""
    counter.take(fact("c1", "counted", 7_000, 100))
    queries = SqlQueries(counter.database)
    found = queries.explain(HANOI, TEA)
    assert found is not None
    assert found.counted is not None
    assert (found.counted.by, found.counted.delta, found.counted.reason) == ("sq", 7_000, "sq c1 Square POS")
    (day,) = queries.accuracy(at(0), store=HANOI)
    assert (day.counted, day.right) == (1, 0)


def offers(counter: Counter) -> dict[tuple[str, str], str]:
    """What is to be told."""
    with counter.database.read() as connection:
        rows = connection.execute(sa.select(channel_offer))
        return {(row.location, row.sku): row.state for row in rows}


def tell(counter: Counter, now: datetime, skus: Sequence[str] = (TEA, PHO)) -> None:
    """The channel is told of its levels."""
    stock = SqlChannelStock(counter.database)
    stock.record("sq", [Offered(want, "done") for want in stock.wanted("sq", skus).levels], now)


def test_what_was_counted_there_is_told_anew_until_it_was_told_after_the_count(counter: Counter) -> None:
    """Even where the hub's number is the same: the channel shows what people counted. And once more, a while later."""
    rows = [LinkRow("item", sku, sku) for sku in (TEA, PHO)] + [LinkRow("location", "hanoi", "L1")]
    SqlChannelLinks(counter.database).put("sq", rows, at(1))
    tell(counter, at(500))
    counter.take(fact("c1", "counted", 5_000, 400), now=at(600))
    assert offers(counter) == {("L1", TEA): "due", ("L1", PHO): "done"}
    tell(counter, at(599))  # a push that had begun before, and ends now
    assert offers(counter)["L1", TEA] == "done"
    counter.take(now=at(601))
    assert offers(counter) == {("L1", TEA): "due", ("L1", PHO): "done"}
    tell(counter, at(602))
    counter.take(now=at(660))
    assert set(offers(counter).values()) == {"done"}
    counter.take(now=at(600) + ONCE_MORE)
    assert offers(counter) == {("L1", TEA): "due", ("L1", PHO): "done"}
    tell(counter, at(603) + ONCE_MORE)
    counter.take(now=at(660) + ONCE_MORE)
    with counter.database.read() as connection:
        assert connection.execute(sa.select(channel_fact.c.again_us)).scalars().all() == [None]
    assert set(offers(counter).values()) == {"done"}
