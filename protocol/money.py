"""Money: integers in the currency's minor unit (ISO 4217), never a float.

The dong has no minor unit in use: 12.500 dong is 12500. A dollar has two decimals: $12.50 is 1250.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from protocol.errors import InvalidMoney

# ISO 4217 minor units, where they are not 2. Currencies without a line here have two decimals.
_DECIMALS = {
    "VND": 0, "JPY": 0, "KRW": 0, "CLP": 0, "ISK": 0, "UGX": 0, "XAF": 0, "XOF": 0, "PYG": 0, "RWF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"([+-]?)(\d{1,15})(?:\.(\d+))?")

BASIS_POINTS = 10_000
"""Tax and discount rates are in basis points: 8 % is 800."""


def decimals(currency: str) -> int:
    """How many decimals a currency's amounts are written with. Raises InvalidMoney for no currency code."""
    if not _CURRENCY.fullmatch(currency):
        raise InvalidMoney(f"currency {currency!r}: use the three capital letters of ISO 4217, such as VND")
    return _DECIMALS.get(currency, 2)


def parse_amount(text: str, currency: str) -> int:
    """Read "12.50" as minor units. Raises InvalidMoney for text that is no amount of that currency."""
    places = decimals(currency)
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or len(match.group(3) or "") > places:
        raise InvalidMoney(f"amount {text!r}: write digits with at most {places} decimals for {currency}")
    sign, whole, fraction = match.groups()
    unit: int = 10**places
    value = int(whole) * unit + int((fraction or "").ljust(places, "0") or "0")
    return -value if sign == "-" else value


def line_amount(unit_price: int, quantity: int) -> int:
    """Price times quantity (thousandths), rounded half away from zero to the minor unit."""
    product = unit_price * quantity
    rounded = (abs(product) + 500) // 1000
    return -rounded if product < 0 else rounded


def included_tax(amount: int, rate_bp: int) -> int:
    """The tax inside a tax-included amount, rounded half away from zero to the minor unit."""
    divisor = BASIS_POINTS + rate_bp
    rounded = (abs(amount) * rate_bp * 2 + divisor) // (2 * divisor)
    return -rounded if amount < 0 else rounded


def added_tax(amount: int, rate_bp: int) -> int:
    """The tax that comes on top of an amount without tax, rounded half away from zero to the minor unit."""
    return percent_of(amount, rate_bp)


def percent_of(amount: int, rate_bp: int) -> int:
    """So many basis points of an amount, rounded half away from zero to the minor unit."""
    rounded = (abs(amount) * rate_bp * 2 + BASIS_POINTS) // (2 * BASIS_POINTS)
    return -rounded if amount < 0 else rounded


def round_to_step(amount: int, step: int) -> int:
    """The multiple of `step` that is nearest, half away from zero: what cash can pay. `step` is at least 1."""
    rounded = (abs(amount) * 2 + step) // (2 * step) * step
    return -rounded if amount < 0 else rounded


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Share `amount` out by `weights` (none negative), by largest remainder: the shares add up to it exactly.

    Shares have the sign of `amount` and, where `amount` is at most the sum of the weights, are at most their weights.
    Of equal remainders the earlier is served first. Raises InvalidMoney where there is nobody to share with.
    """
    whole = sum(weights)
    if amount == 0:
        return [0] * len(weights)
    if whole <= 0 or min(weights) < 0:
        raise InvalidMoney(f"cannot share {amount} out by the weights {list(weights)}: they must not be negative or 0")
    size = abs(amount)
    shares = [size * weight // whole for weight in weights]
    left = size - sum(shares)
    if left:
        neediest = sorted(range(len(weights)), key=lambda index: -(size * weights[index] % whole))
        for index in neediest[:left]:
            shares[index] += 1
    return [-share for share in shares] if amount < 0 else shares
