"""What the till must be told of goods before they are paid: the customer's age, a weight, a price, a lot, a serial.

The goods stand in the cart while the till asks, and scanning goes on: a question stops nothing but paying. So no scan
is ever lost to a question, and a question is never lost to a scan.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

import msgspec

from edge_agent.till.cart import AskKind, Cart, CartLine, has_serial, line_of, put_line, set_quantity
from edge_agent.till.codes.cards import holds_card_number, is_imei
from protocol.documents import Item
from protocol.errors import InvalidMoney, InvalidQuantity
from protocol.money import parse_amount
from protocol.quantity import SCALE, parse_quantity

AskRefusal = Literal[
    "stale_page", "bad_quantity", "bad_amount", "bad_input", "serial_doubled", "line_is_fixed", "card_number_refused"
]

TEXT_MAX = 40
"""The longest lot or serial number: GS1 has 20 letters, machine makers up to 40."""

_ORDER: tuple[AskKind, ...] = ("age", "weight", "price", "lot", "serial")


@dataclass(frozen=True)
class Question:
    """What is asked first, of which line. `missing` counts the serial numbers that are still to come."""

    kind: AskKind
    number: int
    name: str
    years: int = 0
    missing: int = 1


def asks_of(item: Item, checked_age: int, known: Container[AskKind]) -> tuple[AskKind, ...]:
    """What must be asked when these goods come into the cart. `known` is what a label or a scale has told already."""
    wanted: dict[AskKind, bool] = {
        "age": item.min_age > checked_age,
        "weight": item.weighed,
        "price": item.open_price,
        "lot": item.asks_lot,
        "serial": item.asks_serial and not item.weighed,  # what is weighed has no pieces to number
    }
    return tuple(kind for kind in _ORDER if wanted[kind] and kind not in known)


def open_question(cart: Cart) -> Question | None:
    """What to ask now: first the age, once for the oldest that any goods need; then line by line."""
    old = [line for line in cart.lines if "age" in line.asks]
    if old:
        line = max(old, key=lambda line: line.min_age)
        return Question("age", line.number, line.name, years=line.min_age)
    asked = next((line for line in cart.lines if line.asks), None)
    if asked is None:
        return None
    kind = min(asked.asks, key=_ORDER.index)
    missing = asked.quantity // SCALE - len(asked.serials) if kind == "serial" else 1
    return Question(kind, asked.number, asked.name, missing=missing)


def confirm_age(cart: Cart, years: int) -> Cart:
    """The customer is at least so old: nothing that needs no more is asked about again on this receipt."""
    lines = tuple(
        msgspec.structs.replace(line, asks=tuple(ask for ask in line.asks if ask != "age"))
        if "age" in line.asks and line.min_age <= years
        else line
        for line in cart.lines
    )
    return msgspec.structs.replace(cart, lines=lines, checked_age=max(cart.checked_age, years))


def answer(cart: Cart, number: int, kind: AskKind, text: str) -> Cart | AskRefusal:
    """Take what was typed, scanned or weighed as the answer to a line's question."""
    line = line_of(cart, number)
    if line is None or kind not in line.asks:
        return "stale_page"
    match kind:
        case "age":
            return confirm_age(cart, line.min_age)
        case "weight":
            return _weigh(cart, line, text)
        case "price":
            return _set_price(cart, line, text)
        case "lot":
            return _set_lot(cart, line, text)
        case "serial":
            return _add_serial(cart, line, text)


def declined(cart: Cart, number: int, kind: AskKind) -> tuple[CartLine, ...]:
    """The lines that go when the question is not answered: for an age all that need as much, else the one."""
    line = line_of(cart, number)
    if line is None or kind not in line.asks:
        return ()
    if kind == "age":
        return tuple(other for other in cart.lines if "age" in other.asks and other.min_age >= line.min_age)
    return (line,)


def is_serial(text: str) -> bool:
    """Whether text may be a serial or lot number. A phone's IMEI passes a card number's check, and is none."""
    return 0 < len(text) <= TEXT_MAX and text.isprintable() and (is_imei(text) or not holds_card_number(text))


def _weigh(cart: Cart, line: CartLine, text: str) -> Cart | AskRefusal:
    try:
        weight = parse_quantity(text.strip())
    except InvalidQuantity:
        return "bad_quantity"
    after = set_quantity(cart, line.number, weight) if weight > 0 else "bad_quantity"
    return after if isinstance(after, Cart) else "bad_quantity"


def _set_price(cart: Cart, line: CartLine, text: str) -> Cart | AskRefusal:
    try:
        price = parse_amount(text, cart.currency)
    except InvalidMoney:
        return "bad_amount"
    if price < 0:
        return "bad_amount"
    after = put_line(cart, _told(line, "price", unit_price=price))
    return after if isinstance(after, Cart) else "bad_amount"


def _set_lot(cart: Cart, line: CartLine, text: str) -> Cart | AskRefusal:
    lot = text.strip()
    if not is_serial(lot):
        return "card_number_refused" if holds_card_number(lot) else "bad_input"
    after = put_line(cart, _told(line, "lot", lot=lot))
    return after if isinstance(after, Cart) else "bad_input"


def _add_serial(cart: Cart, line: CartLine, text: str) -> Cart | AskRefusal:
    serial = text.strip()
    if not is_serial(serial):
        return "card_number_refused" if holds_card_number(serial) else "bad_input"
    if has_serial(cart, line.sku, serial):
        return "serial_doubled"
    serials = (*line.serials, serial)
    is_complete = len(serials) * SCALE >= line.quantity
    after = msgspec.structs.replace(line, serials=serials)
    changed = put_line(cart, _told(after, "serial") if is_complete else after)
    return changed if isinstance(changed, Cart) else "bad_input"


def _told(line: CartLine, kind: AskKind, **known: object) -> CartLine:
    return msgspec.structs.replace(line, asks=tuple(ask for ask in line.asks if ask != kind), **known)
