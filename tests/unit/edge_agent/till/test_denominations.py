"""Notes and coins: every currency can be counted, and a count is exactly what its pieces say."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.denominations import COUNT_MAX, counted, denominations

CURRENCIES = st.sampled_from(["VND", "USD", "EUR", "GBP", "JPY", "THB"]) | st.text(
    string.ascii_uppercase, min_size=3, max_size=3
)


@given(CURRENCIES)
def test_every_currency_can_be_counted(currency: str) -> None:
    """Values fall, none comes twice, all are positive: a grid that somebody can go down with the drawer."""
    values = denominations(currency)
    assert list(values) == sorted(set(values), reverse=True)
    assert values
    assert values[-1] > 0


def test_dong_are_counted_from_half_a_million_down() -> None:
    """What lies in a Vietnamese drawer."""
    assert denominations("VND") == (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500)


def test_a_store_may_name_its_own() -> None:
    """A shop without small notes does not have to pass them; nonsense in the settings is left out."""
    assert denominations("VND", (1_000, 500_000, 1_000, -5, 0)) == (500_000, 1_000)


@given(st.dictionaries(st.integers(1, 10**6), st.integers(0, COUNT_MAX)))
def test_a_count_is_the_sum_of_its_pieces(notes: dict[int, int]) -> None:
    """Value times pieces, added up."""
    assert counted(notes) == sum(value * count for value, count in notes.items())


@given(st.integers(1, 10**6), st.integers(max_value=-1) | st.integers(min_value=COUNT_MAX + 1))
def test_an_amount_typed_into_a_count_is_refused(value: int, count: int) -> None:
    """500.000 pieces of 500.000 are a slip of the finger."""
    assert counted({value: count}) is None
