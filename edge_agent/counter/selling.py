"""From an item and what a code says of it to a line in the cart: price list, weight, price label, lot, age.

What is missing is asked while the line stands in the cart already (see `till/asking.py`). A weight is taken from the
scale only at rest and fresh; otherwise the line waits for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from edge_agent.counter.books import Books, Outcome, Till, short
from edge_agent.counter.cart_keeping import bound_cut, save
from edge_agent.counter.customer_records import customer_of
from edge_agent.counter.on_shelf import goes_below_zero, names_of_parts, with_ages_of_parts
from edge_agent.counter.pricing import price_list_of
from edge_agent.journal import till_state
from edge_agent.till.asking import asks_of
from edge_agent.till.cart import AskKind, Cart, Said, add_item
from edge_agent.till.codes import ScanReading
from edge_agent.till.moments import at_store
from edge_agent.till.pricing import unit_price_of
from edge_agent.till.view import NoticeCode
from protocol.documents import Item
from protocol.quantity import SCALE


@dataclass(frozen=True)
class _Amount:
    """How much is sold: thousandths, or why that is not known yet. `price` is what a label says for all of it."""

    quantity: int
    price: int | None = None
    problem: NoticeCode | None = None


def sell(books: Books, till: Till, cart: Cart, item: Item, reading: ScanReading) -> Outcome:
    """Put goods into the cart. `reading.text` is what was scanned or pressed; the caller looks at dates."""
    item = with_ages_of_parts(books, item)
    unit_price = unit_price_of(item, price_list_of(books, customer_of(books, cart)))
    amount = _amount(till, item, unit_price, reading, reading.quantity or cart.multiplier)
    if amount is None:
        return Outcome("bad_quantity", detail=short(reading.text))
    told: dict[AskKind, bool] = {
        "weight": amount.problem is None,
        "price": amount.price is not None,
        "lot": bool(reading.lot),
        "serial": bool(reading.serial) and amount.quantity == SCALE,
    }
    known = [kind for kind, is_told in told.items() if is_told]
    asks = asks_of(item, cart.checked_age, known)
    if "serial" in asks and amount.quantity % SCALE:
        return Outcome("bad_quantity", detail=short(reading.text))
    said = Said(
        unit_price=unit_price, fixed_amount=amount.price, lot=reading.lot, expires=expiry_of(reading),
        serial=reading.serial, asks=asks, part_names=names_of_parts(books, item),
    )  # fmt: skip
    after = add_item(cart, item, amount.quantity, reading.text, _currency(books, cart, item), said=said)
    if not isinstance(after, Cart):
        return Outcome(after, detail=short(item.name))
    till_state.dismiss_sale(books.connection)
    kept = bound_cut(books, till, cart, after)
    save(books, kept)
    if asks:
        return Outcome(amount.problem or "asks_first", good=True, detail=short(item.name), panel="ask")
    notice: NoticeCode = "cut_bounded" if kept is not after else "line_added"
    if goes_below_zero(books, item, cart.drawn(), after.drawn()):
        notice = "stock_negative"
    return Outcome(notice, good=True, detail=short(item.name))


def expiry_of(reading: ScanReading) -> date | None:
    """The date after which these goods are not to be sold."""
    return reading.expiry or reading.best_before


def is_expired(books: Books, till: Till, reading: ScanReading) -> bool:
    """Whether that date is over, on the store's calendar."""
    expires = expiry_of(reading)
    return expires is not None and expires < at_store(till.clock.now(), books.settings.time_zone).date()


def weigh(till: Till) -> int | NoticeCode:
    """What lies on the scale, in thousandths of a kilogram; or why that is no weight to sell by."""
    reading = till.weigh()
    if reading is not None and reading.may_be_sold and reading.grams is not None:
        return reading.grams
    if reading is None or reading.state in {"STABLE", "OVER", "UNDER"}:
        return "weight_missing"
    return "weight_moving" if reading.state == "MOTION" else "weight_stale"


def _amount(till: Till, item: Item, unit_price: int, reading: ScanReading, times: int | None) -> _Amount | None:
    """How much, of a label, of what was typed, or of the scale; None where a label cannot be taken so many times."""
    on_label = reading.weight or reading.count
    if on_label is not None or reading.price is not None:
        pieces, rest = divmod(times or SCALE, SCALE)
        if rest:
            return None
        if on_label is not None:
            return _Amount(on_label * pieces, None if reading.price is None else reading.price * pieces)
        price = (reading.price or 0) * pieces
        if item.weighed and unit_price > 0:
            return _Amount(max(1, (price * SCALE * 2 + unit_price) // (2 * unit_price)), price)
        return _Amount(pieces * SCALE, price)
    if not item.weighed or times is not None:
        return _Amount(times or SCALE)
    weight = weigh(till)
    return _Amount(weight) if isinstance(weight, int) else _Amount(0, problem=weight)


def _currency(books: Books, cart: Cart, item: Item) -> str:
    if cart.currency:
        return cart.currency
    told = books.replica.settings()
    return told.currency if told is not None else item.currency
