"""How much a person takes off: reading what was typed, and measuring it against what a role may.

What counts is what a line really loses by people's hands, on the line and on the receipt together, of what it would
have cost: so two small cuts are not less than one large, and fewer goods under the same amount are measured again.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from edge_agent.till.cart import Cart, Cut
from edge_agent.till.pricing import PricedBasket
from protocol.errors import InvalidMoney, InvalidQuantity
from protocol.money import BASIS_POINTS, parse_amount
from protocol.quantity import parse_quantity

_THOUSANDTHS_OF_BP = 10  # a percent is 100 basis points, and 1000 thousandths


CutRefusal = Literal["bad_amount", "cut_too_much"]


def read_cut(amount: str, percent: str, currency: str, *, reason: str, by: str) -> Cut | CutRefusal | None:
    """What was typed into one of the two fields; None for 0 or nothing, which takes a cut back."""
    value = _basis_points(percent) if percent.strip() else _amount(amount, currency)
    if isinstance(value, str):
        return value
    kind: Literal["amount", "percent"] = "percent" if percent.strip() else "amount"
    return Cut(kind=kind, value=value, reason=reason, by=by) if value else None


def depths_bp(cart: Cart, sums: PricedBasket) -> dict[int, int]:
    """By line number: how many basis points of its price people took off it. One minor unit a cut is rounding."""
    depths = {}
    for line, line_sums in zip(cart.lines, sums.lines, strict=True):
        by_hand = [cut.amount for cut in line_sums.cuts if cut.kind in {"line", "receipt"}]
        base = line_sums.amount + sum(by_hand)
        if not by_hand or base <= 0:
            continue
        measured = max(0, sum(by_hand) - len(by_hand)) * BASIS_POINTS // base
        said = [cut.value for cut in (line.cut, cart.cut) if cut is not None and cut.kind == "percent"]
        depths[line.number] = max([measured, *said])
    return depths


def spared(sums: PricedBasket) -> dict[int, int]:
    """By line number: the money that people took off it, in minor units."""
    return {line.number: sum(cut.amount for cut in line.cuts if cut.kind in {"line", "receipt"}) for line in sums.lines}


def grown_bp(before: tuple[Cart, PricedBasket], after: tuple[Cart, PricedBasket]) -> int:
    """How deep the deepest cut is that has grown; 0 for none.

    A cut grows when it takes more of the price than before, or the same part of more goods: half off one dented tin
    is not half off a hundred.
    """
    depths, were = depths_bp(*after), depths_bp(*before)
    money, was = spared(after[1]), spared(before[1])
    more_money = sum(money.values()) > sum(was.values())
    return max(
        (
            depth
            for number, depth in depths.items()
            if depth > were.get(number, 0) or (more_money and money[number] > was.get(number, 0))
        ),
        default=0,
    )


def bounded(cart: Cart, was: PricedBasket, now: PricedBasket) -> Cart:
    """The cart whose receipt-wide percentage takes off no more money than it did; unchanged if it does not anyway.

    `was` and `now` are the sums before and after goods came onto it.
    """
    cut, before = cart.cut, _off_receipt(was)
    if cut is None or cut.kind != "percent" or _off_receipt(now) <= before:
        return cart
    kept = msgspec.structs.replace(cut, kind="amount", value=before) if before else None
    return msgspec.structs.replace(cart, cut=kept)


def _off_receipt(sums: PricedBasket) -> int:
    return sum(cut.amount for line in sums.lines for cut in line.cuts if cut.kind == "receipt")


def _basis_points(percent: str) -> int | CutRefusal:
    try:
        thousandths = parse_quantity(percent.strip().removesuffix("%"))
    except InvalidQuantity:
        return "bad_amount"
    if thousandths < 0 or thousandths % _THOUSANDTHS_OF_BP:
        return "bad_amount"
    basis_points = thousandths // _THOUSANDTHS_OF_BP
    return basis_points if basis_points <= BASIS_POINTS else "cut_too_much"


def _amount(amount: str, currency: str) -> int | CutRefusal:
    try:
        value = parse_amount(amount, currency) if amount.strip() else 0
    except InvalidMoney:
        return "bad_amount"
    return value if value >= 0 else "bad_amount"
