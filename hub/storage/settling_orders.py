"""What follows from an order's facts, written down: allotments, reservations, picks, its state, its alarm.

Allotments are the one thing here that is not derived: they are decisions, made once with the stock of the moment and
only ever added to (what is taken back of them is a decision, too). All else is derived anew each time, so it may be
done twice, late, or in any order; so are the hub's own movements of goods that left by a channel's word.

The locks of the stores that are asked must be held, and of no others: an order keeps nobody waiting in a store that has
nothing to do with it. So stores are chosen first, by reading, then locked, and then it is decided again; where that
names a store that is not locked, StoresNotLocked says so and `widening` begins anew. The trap: of stores that are not
locked only who is preferred is known, never how much is there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa

from hub.errors import StoresNotLocked
from hub.matters.channel_goods import ChannelGoods, Moves, channel_moves, left_of
from hub.matters.orders import Asked, Goods, OrderOutcome, Parcel, PlacedOrder, order_after, to_take_back
from hub.matters.outcome import Told
from hub.stock.allotment import AllotmentRule, Allotted, Candidate, allot
from hub.stock.lots import Lot, LotLevel, pick_lots
from hub.storage import schema
from hub.storage.counted_lines import count_lines
from hub.storage.document_rows import DocumentRow, LockedFeeds
from hub.storage.lots import day_in, lots_in
from hub.storage.matters import told_of
from hub.storage.moments import from_us, maybe_from_us
from hub.storage.order_goods import move_goods, said_goods
from hub.storage.records import Alarm
from hub.storage.recounts import OVERSOLD, SHORT, Reason, ask_to_count
from hub.storage.reservations import reserve
from hub.storage.stock_views import StockNow, StockView, by_store
from protocol.documents import Pick
from protocol.events import OrderPicked, StockLine
from protocol.ids import StoreId, store_feed
from protocol.quantity import format_quantity

KIND = "pick"
T = TypeVar("T")
TRIES_MAX = 4
"""So often stores are chosen anew; then all are locked."""


@dataclass(frozen=True)
class AllotmentPolicy:
    """How the shop chooses stores; those of `ranks` first, in that order."""

    rule: AllotmentRule = "fullest"
    ranks: tuple[str, ...] = ()

    def rank(self, store: str) -> int:
        """Low is near."""
        return self.ranks.index(store) if store in self.ranks else len(self.ranks)


DEFAULT_POLICY = AllotmentPolicy()


class SettledBy(NamedTuple):
    """When something is settled, by which rule orders are allotted, and which stores were `chosen` and stay so."""

    now_us: int
    policy: AllotmentPolicy = DEFAULT_POLICY
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class OrderFacts:
    """All that is known of an order."""

    order: PlacedOrder
    asked: Sequence[Asked]
    told: Sequence[Told]
    cancelled_at: datetime | None
    said: Sequence[ChannelGoods] = ()
    moves: Moves = field(init=False)
    outcome: OrderOutcome = field(init=False)

    def __post_init__(self) -> None:
        moves = channel_moves(self.order.pieces, self.asked, self.told, self.said) if self.said else {}
        object.__setattr__(self, "moves", moves)
        found = order_after(self.order.pieces, self.asked, self.told, self.cancelled_at, left_of(moves))
        object.__setattr__(self, "outcome", found)

    @property
    def stores(self) -> frozenset[str]:
        """Stores that have something to do with it."""
        return frozenset(one.store for one in self.asked) | {goods.store for goods in self.said}

    @property
    def closed(self) -> frozenset[str]:
        """Stores that have gathered their part, or said that they lack something: they are not asked again."""
        return frozenset(p.store for p in self.outcome.parcels if p.state != "open" or p.short)

    def with_asked(self, new: Sequence[Asked]) -> OrderFacts:
        """The same after another round."""
        return replace(self, asked=[*self.asked, *new])


def facts_of(connection: sa.Connection, order: str, *, lock: bool = False) -> OrderFacts | None:
    """An order's facts; None for one that was never placed here (a pick may also be put by hand)."""
    table, allotment = schema.web_order.c, schema.allotment.c
    query = sa.select(table.body, table.cancelled_us).where(table.id == order)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return None
    asked = sa.select(allotment.number, allotment.store, allotment.sku, allotment.quantity)
    rows = connection.execute(asked.where(allotment.order_id == order).order_by(allotment.number))
    return OrderFacts(
        msgspec.json.decode(row.body, type=PlacedOrder), [Asked(*found) for found in rows],
        told_of(connection, KIND, order), maybe_from_us(row.cancelled_us), said_goods(connection, order),
    )  # fmt: skip


def widening(
    attempt: Callable[[frozenset[str]], T], stores: frozenset[str], everywhere: Callable[[], frozenset[str]]
) -> T:
    """Do something under the locks of `stores`, and again with those that it turns out to concern.

    What is locked only grows, and in the end it is everything, so that nobody who is unlucky tries for ever.
    """
    for _ in range(TRIES_MAX):
        try:
            return attempt(stores)
        except StoresNotLocked as more:
            stores |= more.stores
    return attempt(everywhere())


def settle_order(connection: sa.Connection, feeds: LockedFeeds, order: str, by: SettledBy) -> OrderFacts | None:
    """Ask stores for what is missing, and write down what follows; None for an unknown order.

    Raises StoresNotLocked: a store of this order, or one that is to be asked now, is not locked.
    """
    facts = facts_of(connection, order, lock=True)
    if facts is None:
        return None
    new = choose(connection, facts, by)
    stores = facts.stores.union(one.store for one in new)
    unlocked = frozenset(store for store in stores if not feeds.has(store_feed(StoreId(store))))
    if unlocked:
        raise StoresNotLocked(unlocked)
    if new:
        rows = [{"order_id": order, **one._asdict(), "at_us": by.now_us} for one in new]
        connection.execute(sa.insert(schema.allotment), rows)
        facts = facts.with_asked(new)
    outcome = facts.outcome
    wanted = {(p.store, sku): quantity for p in outcome.parcels for sku, quantity in p.reserved.items()}
    for parcel in outcome.parcels:
        _write_pick(connection, feeds, facts, parcel, by.now_us)
    ask_to_count_of(connection, feeds, facts)
    reserve(connection, feeds, ("order", order), wanted, by.now_us)
    move_goods(connection, feeds, order, facts.moves, by.now_us)
    count_lines(connection, order, outcome, facts.told, facts.moves)
    missing = msgspec.json.encode(outcome.missing).decode()
    mine = sa.and_(
        schema.web_order.c.id == order,
        sa.or_(schema.web_order.c.state != outcome.state, schema.web_order.c.missing != missing),
    )
    values = {"state": outcome.state, "missing": missing, "updated_us": by.now_us}
    connection.execute(sa.update(schema.web_order).where(mine).values(values))
    return facts


def all_stores(connection: sa.Connection) -> frozenset[str]:
    """All stores."""
    return frozenset(connection.execute(sa.select(schema.store.c.id)).scalars())


def choose(connection: sa.Connection, facts: OrderFacts, by: SettledBy) -> list[Asked]:
    """Whom to ask for more or for less of an order, by the stock of the moment. Reads only, and needs no lock."""
    return choose_by(StockNow(connection, by.now_us), facts, by)


def choose_by(stock: StockView, facts: OrderFacts, by: SettledBy) -> list[Asked]:
    """As `choose`, by the stock that a view shows."""
    number = max((one.number for one in facts.asked), default=0) + 1
    back = to_take_back(facts.order.pieces, facts.asked, facts.outcome)
    less = [Asked(number, store, sku, -quantity) for (store, sku), quantity in sorted(back.items())]
    missing = facts.outcome.missing
    if not missing:
        return less
    candidates = {candidate.store: candidate for candidate in _candidates(stock, facts, by.policy)}
    order = facts.order

    def among(stores: Collection[str]) -> Allotted:
        able = [candidate for store, candidate in candidates.items() if store in stores]
        return allot(missing, able, by.policy.rule, way=order.way, chosen=order.store or None)

    looked_at: set[str] = set()
    while True:
        found = among(by.chosen)
        if found.missing:
            found = among(candidates)
        # What has expired is kept some seconds behind; of those who would be asked it is looked up, once each.
        new = found.parcels.keys() - looked_at
        if not new:
            break
        looked_at |= new
        for store in new:
            left = stock.less_expired(store, list(missing))
            candidates[store] = replace(candidates[store], available={**candidates[store].available, **left})
    more = [
        Asked(number, store, sku, quantity)
        for store, parcel in found.parcels.items()
        for sku, quantity in sorted(parcel.items())
    ]
    return less + more


def _candidates(stock: StockView, facts: OrderFacts, policy: AllotmentPolicy) -> list[Candidate]:
    online = stock.online()
    # A store without tills has nobody who could fall silent.
    return [
        Candidate(store, goods, online.get(store, True), policy.rank(store))
        for store, goods in by_store(stock.available(list(facts.outcome.missing))).items()
        if store not in facts.closed
    ]


def _write_pick(connection: sa.Connection, feeds: LockedFeeds, facts: OrderFacts, parcel: Parcel, now_us: int) -> None:
    feed = store_feed(StoreId(parcel.store))
    key = facts.order.order
    before = next((row for row in feeds.rows(KIND, [key]) if row.feed == feed), None)
    forgotten = before is not None and before.base is None and before.base_us is not None
    if forgotten and parcel.state != "open":
        return  # it was taken off the tills when it had been done for long
    row = before or DocumentRow(feed, KIND, key, base_us=now_us, balance_us=now_us)
    known = msgspec.json.decode(row.base, type=Pick) if row.base is not None else None
    # What left by the channel's word is nothing to gather; a parcel that is gone stays as the till last had it.
    goods = parcel.goods if parcel.state == "handed_over" else parcel.rest
    shipped = parcel.state == "handed_over" and bool(parcel.left)
    gone = not goods or (facts.cancelled_at is not None and parcel.state == "open") or (shipped and known is None)
    if gone:
        feeds.write([(before, row.telling(None))])
        return
    if known is None or (not shipped and _sum(known.lines) != Counter(goods)):
        day = day_in(connection, parcel.store, from_us(now_us))
        known = _pick(facts.order, _lines(lots_in(connection, parcel.store, goods), goods, day))
        row = replace(row, base=_text(known), base_us=now_us, balance_us=now_us)
    said = _pick(facts.order, known.lines)
    feeds.write([(before, row.telling(_text(_as_it_is(said, facts, parcel))))])


def _as_it_is(pick: Pick, facts: OrderFacts, parcel: Parcel) -> Pick:
    """A pick as its till is to see it: how far it is, and what of it goes back to the shelf."""
    note = pick.note
    if parcel.state == "picked" and facts.cancelled_at is not None:
        note = back_to_the_shelf(note)
    elif parcel.surplus:
        note = less_to_the_shelf(note, parcel.surplus)
    return msgspec.structs.replace(pick, state=parcel.state, note=note)


def write_new_picks(connection: sa.Connection, feeds: LockedFeeds, placed: Sequence[OrderFacts], now_us: int) -> None:
    """Send the picks of orders of which no store has heard anything yet."""
    parcels: defaultdict[str, list[tuple[OrderFacts, Parcel]]] = defaultdict(list)
    for facts in placed:
        for parcel in facts.outcome.parcels:
            parcels[parcel.store].append((facts, parcel))
    for store, mine in parcels.items():
        feed, day = store_feed(StoreId(store)), day_in(connection, store, from_us(now_us))
        levels = lots_in(connection, store, {sku for _, parcel in mine for sku in parcel.rest})
        for facts, parcel in mine:
            text = _text(_pick(facts.order, _lines(levels, parcel.rest, day)))
            row = DocumentRow(feed, KIND, facts.order.order, base=text, base_us=now_us, balance_us=now_us)
            feeds.write([(None, row.telling(text))])


def ask_to_count_of(connection: sa.Connection, feeds: LockedFeeds, facts: OrderFacts) -> None:
    """Ask the stores of an order to count what they should have had."""
    for parcel in facts.outcome.parcels:
        _ask_to_count(connection, feeds, facts, parcel)


def _ask_to_count(connection: sa.Connection, feeds: LockedFeeds, facts: OrderFacts, parcel: Parcel) -> None:
    order = facts.order
    looked_at = [told.at for told in facts.told if told.store == parcel.store and isinstance(told.data, OrderPicked)]
    causes: dict[str, tuple[Reason, datetime]] = {}
    if order.way == "pickup" and order.placed_at is not None:
        # The customer was promised what this very store should have had.
        causes = dict.fromkeys(facts.outcome.missing, (OVERSOLD, order.placed_at))
    if looked_at:
        causes |= {sku: (SHORT, max(looked_at)) for sku in parcel.short}
    ask_to_count(connection, feeds, parcel.store, causes, order.number or order.order)


def back_to_the_shelf(note: str) -> str:
    """What a till shows of an order that was cancelled when it had been gathered; tills have no word for it yet."""
    return " · ".join(filter(None, ["Đã huỷ, trả hàng về kệ / Cancelled, put it back", note]))[:512]


def less_to_the_shelf(note: str, surplus: Goods) -> str:
    """What a till shows of an order that was lessened when it had been gathered."""
    goods = ", ".join(f"{format_quantity(quantity)} {sku}" for sku, quantity in surplus.items())
    return " · ".join(filter(None, [f"Đã bớt, trả về kệ / Taken off, put back: {goods}", note]))[:512]


def _pick(order: PlacedOrder, lines: tuple[StockLine, ...]) -> Pick:
    return Pick(
        order=order.order, number=order.number, channel=order.channel, customer=order.customer, lines=lines,
        placed_at=order.placed_at, due_at=order.due_at, way=order.way, note=order.note,
    )  # fmt: skip


def _lines(levels: Mapping[str, Sequence[LotLevel]], goods: Goods, day: date) -> tuple[StockLine, ...]:
    lines: list[StockLine] = []
    for sku, quantity in sorted(goods.items()):
        lines += [_line(sku, chosen.lot, chosen.quantity) for chosen in pick_lots(levels.get(sku, ()), quantity, day)]
    return tuple(lines)


def _line(sku: str, lot: Lot, quantity: int) -> StockLine:
    return StockLine(sku=sku, quantity=quantity, lot=lot.name, expires=lot.expires)


def oversold(facts: OrderFacts) -> Alarm | None:
    """What should be told of an order that nobody has all of."""
    missing = facts.outcome.missing
    if not missing:
        return None
    text = "; ".join(f"{sku} {format_quantity(quantity)}" for sku, quantity in missing.items())
    return Alarm("oversold", facts.order.store, "", text, subject=facts.order.order)


def _sum(lines: Sequence[StockLine]) -> Counter[str]:
    total: Counter[str] = Counter()
    for line in lines:
        total[line.sku] += line.quantity
    return total


def _text(body: msgspec.Struct) -> str:
    return msgspec.json.encode(body).decode()
