"""Notes and coins: which a currency has, and what a counted drawer adds up to.

Pure. Values are minor units, largest first. A store's settings may name its own; a currency that is not known here
is counted by a 1-2-5 series, so that every drawer can be counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from protocol.money import decimals

COUNT_MAX = 100_000
"""Of one value in one drawer: beyond that somebody typed an amount into a count."""

_KNOWN: Mapping[str, tuple[int, ...]] = {
    "VND": (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500),
    "USD": (100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 25, 10, 5, 1),
    "EUR": (500_00, 200_00, 100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 20, 10, 5, 2, 1),
    "GBP": (50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 20, 10, 5, 2, 1),
    "JPY": (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 1),
    "THB": (1_000_00, 500_00, 100_00, 50_00, 20_00, 10_00, 5_00, 2_00, 1_00, 50, 25),
}
_STEPS = (1, 2, 5)
_POWERS_MAX = 3  # 1000 whole units of a currency that is not known


def denominations(currency: str, own: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Notes and coins of a currency, largest first; `own` is what the store's settings name instead."""
    chosen = {value for value in own if value > 0} or _KNOWN.get(currency)
    return tuple(sorted(chosen or _series(currency), reverse=True))


def counted(notes: Mapping[int, int]) -> int | None:
    """What so many of each value add up to (minor units); None for a count that cannot be."""
    if any(value <= 0 or not 0 <= count <= COUNT_MAX for value, count in notes.items()):
        return None
    return sum(value * count for value, count in notes.items())


def _series(currency: str) -> set[int]:
    unit = 10 ** decimals(currency)
    whole = {step * 10**power * unit for step in _STEPS for power in range(_POWERS_MAX)} | {10**_POWERS_MAX * unit}
    small = {step * 10**power for step in _STEPS for power in range(decimals(currency))}
    return whole | small
