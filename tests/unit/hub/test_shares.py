"""Stores are dealt out to lines fairly, and a deal that is still about fair stays: sessions stand at the broker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hub.running.shares import KEPT_UP_TO, Shares, deal, deal_again, remember, remembered
from protocol.topics import BUCKETS

WEIGHTS = st.dictionaries(st.integers(0, BUCKETS - 1), st.integers(0, 40), max_size=BUCKETS)
LINES = st.integers(1, 16)


@given(WEIGHTS, LINES)
def test_every_journal_is_heard_once(weights: Mapping[int, int], lines: int) -> None:
    """Whatever is dealt: each bucket is one line's, and one line alone hears all."""
    shares = deal(weights, lines)
    filters = [name for line in range(lines) for name in shares.filters(line)]
    buckets = [name.split("/")[2] for name in filters]
    assert sorted(buckets) == (["+"] if lines == 1 else [f"b{bucket:02d}" for bucket in range(BUCKETS)])


@given(WEIGHTS, LINES)
def test_the_busiest_line_has_little_more_than_its_share(weights: Mapping[int, int], lines: int) -> None:
    """At most its even share and one bucket more: what dealing the heaviest first promises."""
    even = -(-sum(weights.values()) // lines)
    assert deal(weights, lines).heaviest(weights) <= even + max(weights.values(), default=0)


def test_twenty_stores_on_six_lines_are_three_or_four_each() -> None:
    """By the hash alone one line of the six had six of them."""
    weights = dict.fromkeys(range(0, 60, 3), 2)
    loads = [sum(weights.get(bucket, 0) for bucket in mine) for mine in deal(weights, 6).buckets]
    assert sorted(loads) == [6, 6, 6, 6, 8, 8]


@given(WEIGHTS, WEIGHTS, LINES)
def test_a_deal_stays_while_it_is_about_fair(before: Mapping[int, int], now: Mapping[int, int], lines: int) -> None:
    """And is as good as the bound says when it stays."""
    former, fresh = deal(before, lines), deal(now, lines)
    kept = deal_again(former, now, lines)
    assert kept in (former, fresh)
    assert kept.heaviest(now) <= KEPT_UP_TO * fresh.heaviest(now)
    assert deal_again(kept, now, lines) == kept


def test_a_deal_of_another_number_of_lines_or_of_half_the_buckets_is_none() -> None:
    """A damaged file must not leave stores unheard."""
    assert len(deal_again(deal({}, 3), {}, 4).buckets) == 4
    half = Shares(((0, 1), (2, 3)))
    assert deal_again(half, {}, 2) == deal({}, 2)


def test_another_deal_has_other_names() -> None:
    """A session's filters stay at the broker, so a name stands for its filters."""
    one, other = deal({0: 5, 1: 5, 2: 1}, 2), deal({0: 1, 1: 5, 2: 5}, 2)
    assert one != other
    assert not set(one.names) & set(other.names)
    assert len(set(one.names)) == 2
    assert deal({}, 1).names == ("-journal",)


def test_what_is_remembered_is_read_again(tmp_path: Path) -> None:
    """Of a file of release 0.1, which has a number, nothing is."""
    file = tmp_path / "journal-lines"
    assert remembered(file) is None
    file.write_text("6", "ascii")
    assert remembered(file) is None
    remember(file, deal({3: 1}, 4), {"b", "a"})
    found = remembered(file)
    assert found is not None
    assert (found.shares, found.sessions) == (deal({3: 1}, 4), ("a", "b"))
