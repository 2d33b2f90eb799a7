"""What the pure stock core promises about lots, allotment, rules, packs, silence, explanations and accuracy."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.stock.accuracy import Counted, accuracy_of
from hub.stock.allotment import RULES, AllotmentRule, Candidate, allot
from hub.stock.explain import LedgerEntry, steps_of, was_seen
from hub.stock.level import Level, level_of, web_available
from hub.stock.lots import NO_LOT, Lot, LotLevel, LotMovement, expired, lots_of, named_lots, pick_lots
from hub.stock.offline_buffer import units_quantile
from hub.stock.safety import Rule, SafetyStock
from hub.stock.sales_rate import RecentSales, StoreHabit, expected_sales
from hub.stock.silence import SILENCE_MAX, SilentTill, TillContact, TillSales, held_back, silent_since
from protocol.ids import Sku
from protocol.movements import Movement, MovementKind
from tests.unit.hub.journals import at

DAY = date(2026, 11, 22)
SKUS = st.sampled_from(["tea", "pho", "bun"])
goods = st.dictionaries(SKUS, st.integers(0, 9).map(lambda n: n * 1_000), max_size=3)
stores = st.lists(
    st.builds(
        Candidate,
        store=st.sampled_from(["a", "b", "c", "d"]),
        available=goods,
        reachable=st.booleans(),
        rank=st.integers(0, 3),
    ),
    max_size=4,
    unique_by=lambda candidate: candidate.store,
)
lots = st.builds(Lot, st.sampled_from("LMNO"), st.none() | st.integers(-5, 5).map(lambda n: DAY + timedelta(days=n)))


@given(
    goods, stores, st.sampled_from(RULES), st.sampled_from(["pickup", "delivery"]), st.sampled_from(["a", "x", None])
)
def test_nothing_is_promised_twice_and_nothing_is_lost(
    wanted: dict[str, int], candidates: list[Candidate], rule: AllotmentRule, way: str, chosen: str | None
) -> None:
    """Parcels and what is missing add up to the order; no store is asked for more than it may give."""
    found = allot(wanted, candidates, rule, way="pickup" if way == "pickup" else "delivery", chosen=chosen)
    total = Counter(found.missing)
    by_store = {candidate.store: candidate for candidate in candidates}
    for store, parcel in found.parcels.items():
        assert parcel
        assert all(0 < quantity <= by_store[store].available[sku] for sku, quantity in parcel.items())
        total.update(parcel)
    assert total == +Counter(wanted)
    if way == "pickup":
        assert set(found.parcels) <= {chosen}
    elif found.missing:  # only what nobody has any more is missing
        for candidate in candidates:
            parcel = found.parcels.get(candidate.store, {})
            assert all(candidate.available.get(sku, 0) == parcel.get(sku, 0) for sku in found.missing)


@given(goods, stores, st.sampled_from(RULES))
def test_a_silent_store_is_asked_only_for_what_no_other_has(
    wanted: dict[str, int], candidates: list[Candidate], rule: AllotmentRule
) -> None:
    """Whatever the rule likes, a store that can be heard comes first."""
    found = allot(wanted, candidates, rule, way="delivery")
    heard = [candidate for candidate in candidates if candidate.reachable]
    for candidate in candidates:
        if not candidate.reachable:
            for sku in found.parcels.get(candidate.store, {}):
                assert all(c.available.get(sku, 0) == found.parcels.get(c.store, {}).get(sku, 0) for c in heard)


@given(st.data(), goods, stores, st.sampled_from(RULES))
def test_the_order_in_which_stores_are_read_changes_nothing(
    data: st.DataObject, wanted: dict[str, int], candidates: list[Candidate], rule: AllotmentRule
) -> None:
    """Two hubs decide the same."""
    shuffled = data.draw(st.permutations(candidates))
    assert allot(wanted, shuffled, rule, way="delivery") == allot(wanted, candidates, rule, way="delivery")


def test_each_rule_chooses_as_it_says() -> None:
    """The fullest shelf, the best rank, or the store that can give it all."""
    near = Candidate("near", {"tea": 2_000}, rank=0)
    full = Candidate("full", {"tea": 9_000, "pho": 0}, rank=2)
    whole = Candidate("whole", {"tea": 3_000, "pho": 1_000}, rank=3)
    wanted = {"tea": 2_000, "pho": 1_000}
    everyone = [near, full, whole]
    assert list(allot(wanted, everyone, "nearest", way="delivery").parcels) == ["near", "whole"]
    assert list(allot(wanted, everyone, "fullest", way="delivery").parcels) == ["full", "whole"]
    assert list(allot(wanted, everyone, "fewest_parcels", way="delivery").parcels) == ["whole"]
    assert list(allot(wanted, everyone, "fewest_parcels", way="delivery", chosen="near").parcels) == ["near", "whole"]


@given(st.dictionaries(lots, st.integers(-5_000, 9_000), max_size=5), st.integers(-5_000, 20_000))
def test_lots_add_up_to_the_level_and_the_first_to_expire_are_gone_first(named: dict[Lot, int], on_hand: int) -> None:
    """Whatever was typed: no lot has more than came under its name, and what is missing is the oldest."""
    found = lots_of(named, on_hand)
    assert sum(level.quantity for level in found) == on_hand
    named_lots = [level for level in found if level.lot != NO_LOT]
    assert all(0 < level.quantity <= named[level.lot] for level in named_lots)
    days = [level.lot.expires or date.max for level in named_lots]
    assert days == sorted(days)
    assert all(level.quantity == named[level.lot] for level in named_lots[1:])


@given(st.lists(st.builds(LotLevel, lots, st.integers(0, 5_000)), max_size=5), st.integers(0, 9_000))
def test_a_pick_takes_the_first_to_expire_and_never_what_has_expired(levels: list[LotLevel], quantity: int) -> None:
    """All of the quantity is there to pick; the part that no good lot covers names none."""
    chosen = pick_lots(levels, quantity, DAY)
    assert sum(level.quantity for level in chosen) == quantity
    named = [level for level in chosen if level.lot != NO_LOT]
    assert all(level.lot.expires is None or level.lot.expires >= DAY for level in named)
    good = sum(level.quantity for level in levels) - sum(level.quantity for level in expired(levels, DAY))
    assert sum(level.quantity for level in named) == min(quantity, good)


def test_a_count_is_of_no_lot_and_takes_the_oldest_away() -> None:
    """Ten of each came, twelve are counted: the lot that expires first is the one that was sold."""
    old, new = Lot("old", DAY), Lot("new", DAY + timedelta(days=30))
    assert lots_of({old: 10_000, new: 10_000}, 12_000) == [LotLevel(old, 2_000), LotLevel(new, 10_000)]
    assert lots_of({old: 10_000, new: 10_000}, 9_000) == [LotLevel(new, 9_000)]
    assert lots_of({old: 1_000}, 3_000) == [LotLevel(old, 1_000), LotLevel(NO_LOT, 2_000)]


def test_the_closest_rule_holds() -> None:
    """SKU in a store, SKU, category in a store, category, store, everything; a rule of zero is a rule."""
    levels = [
        ("hn", "tea", ""),
        ("", "tea", ""),
        ("hn", "", "drinks"),
        ("", "", "drinks"),
        ("hn", "", ""),
        ("", "", ""),
    ]
    rules = [Rule(*scope, number * 1_000) for number, scope in enumerate(levels)]
    for number in range(len(rules)):
        assert SafetyStock(rules[number:]).held("hn", "tea", "drinks") == number * 1_000
    assert SafetyStock([]).held("hn", "tea", "drinks") == 0
    assert SafetyStock(rules[2:4]).held("hn", "tea", "") == 0


named_or_not = st.builds(Lot, st.sampled_from(["", "L", "M"]), st.none() | st.just(DAY))
lot_movements = st.builds(
    LotMovement,
    named_or_not,
    st.integers(-3_000, 3_000),
    st.integers(0, 6).map(at),
    st.booleans(),
    st.sampled_from("ab"),
)


@given(st.data(), st.lists(lot_movements, max_size=10))
def test_lots_do_not_hang_on_the_order_in_which_a_ledger_is_read(
    data: st.DataObject, movements: list[LotMovement]
) -> None:
    """Late receipts, late sales and two counts at one moment: one outcome."""
    assert named_lots(data.draw(st.permutations(movements))) == named_lots(movements)


def test_a_count_of_lots_is_where_lots_start_anew() -> None:
    """What it does not name has gone; a sale from before it, that comes later, leaves the lots alone."""
    old, new = Lot("old", DAY), Lot("new")
    came = [LotMovement(old, 9_000, at(1)), LotMovement(new, 9_000, at(1))]
    counted = LotMovement(new, 4_000, at(5), counted=True, event="c1")
    late, after = LotMovement(new, -1_000, at(4)), LotMovement(new, -1_000, at(6))
    assert named_lots([*came, counted, late, after]) == {new: 3_000}
    assert named_lots([LotMovement(Lot("old"), -1_000, at(2)), *came])[old] == 8_000


@given(st.integers(-9_000, 9_000), st.integers(0, 9_000), st.integers(0, 9_000), st.integers(0, 9_000))
def test_the_web_sees_what_is_left_after_all_that_is_held_back(on_hand: int, kept: int, safety: int, off: int) -> None:
    """Never negative, and each thing that is held back counts once."""
    assert web_available(Level(on_hand, kept), safety=safety, buffer=off) == max(0, on_hand - kept - safety - off)


def contact(*, online: bool, backlog: int, unsent: float | None, last: float | None) -> TillContact:
    """A till at these seconds."""
    return TillContact(
        "hn", "till1", online, backlog, None if unsent is None else at(unsent), None if last is None else at(last)
    )


def test_a_till_is_silent_until_its_backlog_is_in() -> None:
    """Offline from its last sign of life; back, but with sales of before, from the first of them; then no more."""
    assert silent_since(contact(online=False, backlog=0, unsent=None, last=0), at(600)) == at(0)
    assert silent_since(contact(online=True, backlog=7, unsent=50, last=590), at(600)) == at(50)
    assert silent_since(contact(online=True, backlog=0, unsent=None, last=590), at(600)) is None
    assert silent_since(contact(online=False, backlog=0, unsent=None, last=500), at(600)) is None
    assert silent_since(contact(online=False, backlog=3, unsent=None, last=None), at(600)) is None


def opening_hours(*hours: int, days: range, each: int = 10) -> dict[datetime, int]:
    """So many receipts in each of these hours of these days, counted back from the day before the test's."""
    morning = at(0).replace(hour=0)
    return {morning - timedelta(days=day) + timedelta(hours=hour): each for day in days for hour in hours}


EIGHT_TO_TEN = opening_hours(8, 9, days=range(1, 11))


TEN_A_DAY = RecentSales(100, 100.0, 100.0)


def part_of_week(receipts: dict[datetime, int], since: datetime, now: datetime) -> float:
    """Which part of its week is reckoned with for a till of these receipts."""
    return SilentTill.of(since, TillSales({}, receipts)).part(now)


def test_what_is_held_back_follows_from_what_the_silent_tills_sell_at_this_hour() -> None:
    """More for an hour of trade than for half of it, more for two tills than for one, and for what sells better."""
    sales = TillSales({"tea": TEN_A_DAY, "pho": RecentSales(10, 10.0, 10.0)}, EIGHT_TO_TEN)
    half, hour = (held_back([(at(0), sales)], at(second), 0.01)["tea"] for second in (1_800, 3_600))
    both = held_back([(at(0), sales), (at(0), sales)], at(3_600), 0.01)
    assert 0 < half < hour < both["tea"]
    assert both.get("pho", 0) < both["tea"]
    assert held_back([(at(0), TillSales())], at(3_600), 0.01) == {}
    weeks = max(1.0, (at(0) - min(EIGHT_TO_TEN)) / timedelta(weeks=1))
    habit = StoreHabit.from_sums(2, RecentSales(110, 110.0, 110.0), 100**2 + 10**2, weeks)
    part = part_of_week(EIGHT_TO_TEN, at(0), at(3_600))
    expected = expected_sales(TEN_A_DAY, weeks, habit, part)
    assert hour == units_quantile(expected.mean, expected.variance, 0.01) * 1_000


def test_a_shop_that_has_closed_holds_next_to_nothing_back_for_the_night() -> None:
    """Ten hours of the night weigh less than a quarter of an hour of trade, however long they are silent."""
    evening = at(0) + timedelta(hours=14)
    night = part_of_week(EIGHT_TO_TEN, evening, evening + timedelta(hours=10))
    assert 0 < night < part_of_week(EIGHT_TO_TEN, at(86_400), at(86_400 + 900))


@given(st.integers(0, 3 * 86_400), st.integers(0, 86_400), st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Paris"]))
def test_more_silence_never_holds_less_back_and_a_week_is_the_most(start: int, more: int, zone: str) -> None:
    """In every time zone, and wherever in an hour a till falls silent."""
    receipts = {hour.astimezone(ZoneInfo(zone)): count for hour, count in EIGHT_TO_TEN.items()}
    parts = [part_of_week(receipts, at(start), at(start + length)) for length in (0, more, more + 3_600)]
    assert parts == sorted(parts)
    assert part_of_week(receipts, at(0), at(0) + SILENCE_MAX * 9) == pytest.approx(2.0)


kinds: st.SearchStrategy[MovementKind] = st.sampled_from(["sale", "refund", "receive", "count"])
entries = st.lists(
    st.tuples(st.integers(0, 8), kinds, st.integers(-5_000, 5_000), st.integers(0, 20)), max_size=15
).map(
    lambda rows: [
        LedgerEntry(at(when), kind, delta, "till1", 1, number, 0, at(when + late))
        for number, (when, kind, delta, late) in enumerate(rows)
    ]
)


@given(st.data(), entries)
def test_an_explanation_ends_at_the_level(data: st.DataObject, found: list[LedgerEntry]) -> None:
    """In whatever order entries are read, and wherever a page begins, the last line is the ledger's level."""
    movements = [Movement(e.line, Sku("tea"), e.delta, e.kind, e.at) for e in found]
    steps = steps_of(data.draw(st.permutations(found)), 0, None)
    assert (steps[-1].level if steps else 0) == level_of(movements).on_hand
    cut = data.draw(st.integers(0, len(steps)))
    rest = steps_of([step.entry for step in steps[cut:]], steps[cut - 1].level if cut else 0, None)
    assert [step.level for step in rest] == [step.level for step in steps[cut:]]


def test_a_late_sale_that_the_count_had_seen_is_said_to_be_so() -> None:
    """It happened before the count and came after it."""
    count = LedgerEntry(at(100), "count", 8_000, "till1", 1, 9, 0, at(101))
    late = LedgerEntry(at(50), "sale", -1_000, "till2", 1, 1, 0, at(500))
    in_time = LedgerEntry(at(50), "sale", -1_000, "till1", 1, 1, 0, at(51))
    after = LedgerEntry(at(150), "sale", -1_000, "till2", 1, 2, 0, at(500))
    assert [was_seen(entry, count) for entry in (late, in_time, after, count)] == [True, False, False, False]
    assert [step.level for step in steps_of([after, count, late], 20_000, count)] == [19_000, 8_000, 7_000]


def test_accuracy_is_a_share_of_skus_and_a_share_of_their_worth() -> None:
    """A wrong level of a dear item weighs more; a day is added up by store."""
    tea = Counted("hn", DAY, "tea", 5_000, 5_000, price=10)
    gold = Counted("hn", DAY, "gold", 1_000, 2_000, price=900)
    free = Counted("hue", DAY, "bag", 0, 0)
    hn, hue = accuracy_of([tea, gold, free])
    assert (hn.store, hn.counted, hn.right, hn.share) == ("hn", 2, 1, 0.5)
    assert hn.value_share == pytest.approx(50_000 / 1_850_000)
    assert hn.off == 900_000
    assert (hue.share, hue.value_share) == (1.0, None)
