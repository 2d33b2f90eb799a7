"""What the books say about the cart, for the picture: lines with their sums, the sums of all, what the customer saves.

Read after every scan: look-ups by key only, and one pricing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.counter.books import Books, Till, open_cart
from edge_agent.counter.customer_records import customer_of
from edge_agent.counter.desks.asks import asking_view, weight_view
from edge_agent.counter.desks.customers import customer_view
from edge_agent.counter.pricing import currency_of, priced
from edge_agent.journal import held_carts
from edge_agent.till.cart import Cart, CartLine
from edge_agent.till.pricing import PricedBasket, PricedLine, label_of
from edge_agent.till.pricing.priced import Cut
from edge_agent.till.view import (
    AskView,
    CustomerView,
    CutView,
    HintView,
    LineView,
    PartView,
    QuickKeyView,
    TaxView,
    WeightView,
)
from protocol.goods import makeable

Language = Literal["vi", "en"]


@dataclass(frozen=True)
class CartFacts:
    """The cart of one reading of the books, and what belongs to it."""

    cart: Cart
    sums: PricedBasket
    currency: str
    lines: tuple[LineView, ...]
    cuts: tuple[CutView, ...]
    taxes: tuple[TaxView, ...]
    hints: tuple[HintView, ...]
    tax_included: bool
    customer: CustomerView | None
    asking: AskView | None
    weight: WeightView | None
    held_count: int
    quick_keys: tuple[QuickKeyView, ...]


def read_cart_facts(books: Books, till: Till, language: Language) -> CartFacts:
    """Read what the picture shows of the cart."""
    cart = open_cart(books, till)
    sums = priced(books, till, cart)
    customer = customer_of(books, cart)
    asking = asking_view(cart)
    return CartFacts(
        cart=cart,
        sums=sums,
        currency=currency_of(books, cart),
        lines=_lines(books, cart, sums, language),
        cuts=_cuts(sums.cuts, language),
        taxes=tuple(TaxView(tax.rate_bp, tax.taxed, tax.tax) for tax in sums.taxes),
        hints=tuple(
            HintView(
                message.code,
                message.good,
                (message.label_en if language == "en" else message.label) or message.label,
                message.coupon,
                message.missing,
            )
            for message in sums.messages
        ),
        tax_included=books.settings.prices_include_tax,
        customer=customer_view(books, till, customer) if customer is not None else None,
        asking=asking,
        weight=weight_view(till) if asking is not None and asking.kind == "weight" else None,
        held_count=held_carts.count(books.connection),
        quick_keys=till.quick_keys.of(books.replica, books.settings),
    )


def _lines(books: Books, cart: Cart, sums: PricedBasket, language: Language) -> tuple[LineView, ...]:
    # Each shelf is looked at once, however many lines take from it.
    left = {sku: _left(books, sku, quantity) for sku, quantity in cart.drawn().items()}
    return tuple(
        _line(line, line_sums, makeable(line.parts, left.get) if line.parts else left[line.sku], language)
        for line, line_sums in zip(cart.lines, sums.lines, strict=True)
    )


def _line(line: CartLine, sums: PricedLine, left: int | None, language: Language) -> LineView:
    return LineView(
        number=line.number, sku=line.sku, name=line.name, barcode=line.barcode, unit=line.unit,
        quantity=line.quantity, unit_price=line.unit_price, amount=sums.amount, stock_left=left, gross=sums.gross,
        cuts=_cuts(sums.cuts, language), tax_rate_bp=line.tax_rate_bp, note=line.note, serials=line.serials,
        lot=line.lot, expires=line.expires, weighed=line.weighed,
        returned_from=line.origin.receipt if line.origin is not None else None,
        takes=tuple(PartView(move.sku, name, move.quantity) for move, name in zip(line.moves, line.part_names)),  # noqa: B905 - the first ones have names
        takes_more=max(0, len(line.parts) - len(line.part_names)),
    )  # fmt: skip


def _cuts(cuts: tuple[Cut, ...], language: Language) -> tuple[CutView, ...]:
    return tuple(CutView(cut.kind, label_of(cut, language), cut.amount) for cut in cuts)


def _left(books: Books, sku: str, in_cart: int) -> int | None:
    stock = books.replica.stock_view(sku)
    return None if stock is None else stock - in_cart
