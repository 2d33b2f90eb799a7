"""What the cart costs: cart and books through the one pricing core. The source of all amounts.

    sums = priced(books, till, cart)

The trap: promotions have hours, so a cart may cost something else a minute later; whoever takes money compares what
she was told with what it costs now, and the first money that is taken fixes it.
"""

from __future__ import annotations

from edge_agent.counter.books import CURRENCY_UNTIL_TOLD, Books, Till
from edge_agent.counter.customer_records import customer_of
from edge_agent.till.cart import Cart
from edge_agent.till.charging import basket_of
from edge_agent.till.moments import at_store
from edge_agent.till.pricing import PricedBasket, PriceRules
from protocol.documents import Customer


def priced(books: Books, till: Till, cart: Cart) -> PricedBasket:
    """The whole receipt's sums, lines in the cart's order; once money was taken, what was promised then."""
    if cart.promised is not None:
        return cart.promised
    customer = customer_of(books, cart)
    # To the minute: two pictures of one cart are priced once.
    now = at_store(till.clock.now(), books.settings.time_zone).replace(second=0, microsecond=0)
    basket = basket_of(
        cart, now, price_list=price_list_of(books, customer), customer_group=customer.group if customer else ""
    )
    return till.rules.price(basket, price_rules(books, till, cart))


def price_rules(books: Books, till: Till, cart: Cart) -> PriceRules:
    """The store's promotions and settings, compiled; the currency is the cart's."""
    return till.rules.of(books.connection, till.store_feed, books.settings, currency_of(books, cart))


def price_list_of(books: Books, customer: Customer | None) -> str:
    """Which prices hold: the customer's own, else the store's; "" is the plain ones."""
    return (customer.price_list if customer is not None else "") or books.settings.price_list


def currency_of(books: Books, cart: Cart) -> str:
    """The money of this receipt."""
    return cart.currency or books.settings.currency or CURRENCY_UNTIL_TOLD
