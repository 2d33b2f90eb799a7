"""The lookup desk: finding items by name, prices and stock without selling, the store's quick keys.

Everything here is a question: a customer who asks what something costs leaves no trace on the receipt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from edge_agent.counter.books import Books, Till, open_cart
from edge_agent.counter.customer_records import customer_of
from edge_agent.counter.desk import Desk, Fields, HubQuestionKind, NoFields, QuestionKind
from edge_agent.counter.desks.scanning import find_item
from edge_agent.counter.on_shelf import left_of, takes_of
from edge_agent.counter.pricing import currency_of, price_list_of, price_rules
from edge_agent.till.cart import Cart, add_item
from edge_agent.till.charging import basket_of
from edge_agent.till.moments import at_store
from edge_agent.till.pricing import PricedBasket, label_of, price, unit_price_of
from edge_agent.till.view import CutView, HintView, PartView, QuickKeyView
from protocol.documents import Item, Part
from protocol.goods import makeable, parts_of
from protocol.messages import Answer, Elsewhere, StoreStock
from protocol.quantity import SCALE

FOUND_MAX = 20
"""As many as the panel shows."""


class AskSearch(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was typed so far."""

    text: str = ""


class AskItem(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code as it is scanned or typed, or an item's SKU."""

    code: str = ""
    sku: str = ""


@dataclass(frozen=True)
class FoundItem:
    """One item, as a row of what was found. `stock` is this store's, less what is on the receipt; None if unknown."""

    sku: str
    name: str
    code: str
    unit: str
    price: int
    stock: int | None
    weighed: bool


@dataclass(frozen=True)
class SearchView:
    """What the text finds, best first."""

    text: str
    found: tuple[FoundItem, ...]


@dataclass(frozen=True)
class ItemView:
    """All about one item: what one of it costs now, with today's promotions, and what this store has of it.

    `price` is the price list's, `pays` what the customer would pay for one alone. `asked` is what was looked for.
    `takes` is what one of a pack or bundle takes from the shelf.
    """

    asked: str
    item: Item | None
    price: int = 0
    pays: int = 0
    cuts: tuple[CutView, ...] = ()
    hints: tuple[HintView, ...] = ()
    stock: int | None = None
    takes: tuple[PartView, ...] = ()


@dataclass(frozen=True)
class ElsewhereView:
    """What other stores have. `problem` is "" , "offline" (or no answer), or "unknown" (a hub that cannot say)."""

    sku: str
    stores: tuple[StoreStock, ...] = ()
    problem: str = ""


def search(books: Books, till: Till, question: AskSearch) -> SearchView:
    """The items for what was typed so far."""
    cart = open_cart(books, till)
    price_list = price_list_of(books, customer_of(books, cart))
    currency = currency_of(books, cart)
    found = (each.item for each in books.replica.search(question.text, FOUND_MAX))
    drawn = cart.drawn()
    return SearchView(
        question.text,
        tuple(_row(books, drawn, item, price_list) for item in found if item.currency == currency),
    )


def ask_item(books: Books, till: Till, question: AskItem) -> ItemView:
    """Price and stock of one item."""
    cart = open_cart(books, till)
    asked = question.sku or question.code
    item = books.replica.item(question.sku) if question.sku else None
    if item is None and question.code.strip():
        item, reading = find_item(books, till, cart, question.code)
        asked = reading.text
    if item is None:
        return ItemView(asked=asked, item=None)
    alone = _alone(books, till, cart, item)
    price_list = price_list_of(books, customer_of(books, cart))
    language = books.settings.language
    sums = alone.lines[0] if alone is not None else None
    return ItemView(
        asked=asked,
        item=item,
        price=unit_price_of(item, price_list),
        pays=sums.amount if sums is not None else unit_price_of(item, price_list),
        cuts=tuple(CutView(cut.kind, label_of(cut, language), cut.amount) for cut in sums.cuts) if sums else (),
        hints=tuple(
            HintView(message.code, message.good, message.label, message.coupon, message.missing)
            for message in (alone.messages if alone is not None else ())
            if not message.coupon
        ),
        stock=left_of(books, item, cart.drawn()),
        takes=takes_of(books, item),
    )


def ask_elsewhere(books: Books, _till: Till, question: AskItem) -> tuple[str, str] | None:
    """What the hub is asked for the other stores' stock: of a pack, that of its pieces."""
    parts = _parts_of_sku(books, question.sku)
    return ("availability", parts[0].sku if len(parts) == 1 else question.sku) if question.sku else None


def elsewhere(books: Books, till: Till, question: AskItem, answer: Answer | None) -> ElsewhereView:
    """What the hub has said of the other stores; of a pack, as many as their pieces make."""
    if answer is None:
        return ElsewhereView(question.sku, problem="offline")
    if answer.problem:
        return ElsewhereView(question.sku, problem="unknown")
    try:
        told = msgspec.json.decode(answer.body, type=Elsewhere)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ElsewhereView(question.sku, problem="unknown")
    parts = _parts_of_sku(books, question.sku)
    if len(parts) > 1 and not told.stores:
        return ElsewhereView(question.sku, problem="unknown")  # an older hub knows no level of a bundle, and no parts
    stores = (store for store in told.stores if store.store != till.store)
    others = [_of_packs(store, parts[0]) if len(parts) == 1 else store for store in stores]
    return ElsewhereView(question.sku, tuple(sorted(others, key=lambda store: -store.available)))


def quick_keys(books: Books, till: Till, _question: NoFields) -> tuple[QuickKeyView, ...]:
    """All quick keys; the page groups them by their `page`."""
    return till.quick_keys.of(books.replica, books.settings)


DESK = Desk(
    "lookup",
    questions=(
        QuestionKind("search", AskSearch, search),
        QuestionKind("item", AskItem, ask_item),
        QuestionKind("price_check", AskItem, ask_item),
        QuestionKind("quick", NoFields, quick_keys),
        HubQuestionKind("elsewhere", AskItem, ask_elsewhere, elsewhere),
    ),
)


def _parts_of_sku(books: Books, sku: str) -> tuple[Part, ...]:
    item = books.replica.item(sku) if sku else None
    return parts_of(item) if item is not None else ()


def _of_packs(store: StoreStock, part: Part) -> StoreStock:
    return msgspec.structs.replace(store, available=makeable((part,), lambda _sku: store.available) or 0)


def _row(books: Books, drawn: Mapping[str, int], item: Item, price_list: str) -> FoundItem:
    return FoundItem(
        sku=item.sku, name=item.name, code=item.barcodes[0] if item.barcodes else item.sku, unit=item.unit,
        price=unit_price_of(item, price_list), stock=left_of(books, item, drawn), weighed=item.weighed,
    )  # fmt: skip


def _alone(books: Books, till: Till, cart: Cart, item: Item) -> PricedBasket | None:
    """One of it on a receipt of its own, for this customer; None for goods in another store's money."""
    customer = customer_of(books, cart)
    price_list = price_list_of(books, customer)
    single = add_item(Cart(sale_id=cart.sale_id), item, SCALE, None, currency_of(books, cart))
    if not isinstance(single, Cart):
        return None
    line = msgspec.structs.replace(single.lines[0], unit_price=unit_price_of(item, price_list))
    now = at_store(till.clock.now(), books.settings.time_zone)
    basket = basket_of(
        msgspec.structs.replace(single, lines=(line,)), now, price_list=price_list,
        customer_group=customer.group if customer is not None else "",
    )  # fmt: skip
    return price(basket, price_rules(books, till, cart))
