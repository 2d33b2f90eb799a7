"""From a cart to the basket that the pricing core takes."""

from __future__ import annotations

from datetime import datetime

from edge_agent.till.cart import Cart, CartLine, Cut
from edge_agent.till.pricing import Basket, BasketLine, HandCut


def basket_of(cart: Cart, local_now: datetime, *, price_list: str = "", customer_group: str = "") -> Basket:
    """The cart as the pricing core sees it. `local_now` is the store's wall clock."""
    return Basket(
        lines=tuple(_line(line) for line in cart.lines),
        local_now=local_now,
        receipt_cut=_hand_cut(cart.cut),
        coupons=cart.coupons,
        customer_group=customer_group,
        price_list=price_list,
    )


def _line(line: CartLine) -> BasketLine:
    return BasketLine(
        number=line.number, sku=line.sku, quantity=line.quantity, unit_price=line.unit_price,
        tax_rate_bp=line.tax_rate_bp, category=line.category, brand=line.brand, fixed_amount=line.fixed_amount,
        fixed_tax=line.fixed_tax, weighed=line.weighed, cut=_hand_cut(line.cut),
    )  # fmt: skip


def _hand_cut(cut: Cut | None) -> HandCut | None:
    return HandCut(cut.kind, cut.value, cut.reason, cut.by) if cut is not None else None
