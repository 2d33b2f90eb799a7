"""The search itself: codes first, then names as typed, then mended, then with a word left out, until it is enough.

Both replicas stand behind the same `Shelf`, so both find the same. Bounded by rows, not by time: each question to
the shelf brings at most CANDIDATES_MAX names, and there are at most a dozen questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from edge_agent.replica.search.query import TEXT_MAX, Group, Query, Vocabulary, read_query
from edge_agent.replica.search.ranking import (
    BEGUN_CODE,
    EXACT_CODE,
    Match,
    MatchKind,
    leave_one_out,
    match_name,
    with_marks,
    without_guesses,
)
from protocol.documents import Item

CANDIDATES_MAX = 200
FOUND_MAX = 100
_ENOUGH = 5
_CODE_FROM = 3
_LEFT_OUT_MAX = 3
_SHORT_QUERY_MAX = 4
_MARKS_LOOKED_AT_MAX = 40


@dataclass(frozen=True)
class Found:
    """An item, how well it fits (higher is better, comparable within one search only) and by what."""

    item: Item
    score: int
    how: MatchKind


class Shelf(Protocol):
    """The items of one moment, as the search sees them."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of all names."""
        ...

    def item(self, sku: str) -> Item | None:
        """The item with this SKU."""
        ...

    def with_code(self, code: str) -> Iterable[str]:
        """SKUs whose barcode, SKU or PLU is this, best first."""
        ...

    def with_code_start(self, start: str, count_max: int) -> Iterable[str]:
        """SKUs with a barcode or a SKU that begins so."""
        ...

    def fitting(self, groups: Sequence[Group], count_max: int) -> Iterable[tuple[str, tuple[str, ...]]]:
        """SKUs and words of names that have a word for each group, short names first."""
        ...


def find(shelf: Shelf, text: str, limit: int) -> tuple[Found, ...]:
    """The best `limit` items for what was typed so far, best first; () for nothing but blanks."""
    limit = min(limit, FOUND_MAX)
    text = text.strip()[:TEXT_MAX]
    if not text or limit <= 0:
        return ()
    matches: dict[str, Match] = {}
    _by_code(shelf, text, limit, matches)
    query = read_query(text)
    if query.tokens:
        _by_name(shelf, query.as_typed(), matches)
        if len(matches) < min(_ENOUGH, limit):
            _by_mending(shelf, query, matches)
    ranked = sorted(matches.items(), key=lambda found: (-found[1].score, found[0]))
    if query.marked:
        # Names have to be read for their marks, so only the ones that can still come to the front.
        ranked = [
            (sku, with_marks(match, query, item.name))
            for sku, match in ranked[: max(_MARKS_LOOKED_AT_MAX, limit)]
            if (item := shelf.item(sku)) is not None
        ]
        ranked.sort(key=lambda found: (-found[1].score, found[0]))
    found = ((shelf.item(sku), match) for sku, match in ranked[:limit])
    return tuple(Found(item, match.score, match.how) for item, match in found if item is not None)


def _by_mending(shelf: Shelf, query: Query, matches: dict[str, Match]) -> None:
    groups = query.mended(shelf.vocabulary, only_unknown=True)
    if groups != query.as_typed():
        _by_name(shelf, groups, matches)
    if matches:
        return
    known = _known(shelf, without_guesses(groups))
    if len(groups) > _SHORT_QUERY_MAX:
        # Each question costs more here; what was typed first says most.
        known = known[:_SHORT_QUERY_MAX]
    if len(known) < len(groups):
        if known:  # words that no name has are left out all at once
            _by_name(shelf, known, matches, left_out=len(groups) - len(known))
        return
    _by_name(shelf, query.mended(shelf.vocabulary, only_unknown=False), matches)
    for fewer in islice(leave_one_out(known), _LEFT_OUT_MAX):
        if matches:
            return
        _by_name(shelf, fewer, matches, left_out=1)


def _known(shelf: Shelf, groups: Sequence[Group]) -> list[Group]:
    return [group for group in groups if group and any(True for _ in shelf.fitting((group,), 1))]


def _by_code(shelf: Shelf, text: str, limit: int, matches: dict[str, Match]) -> None:
    for place, sku in enumerate(shelf.with_code(text)):
        matches.setdefault(sku, Match(EXACT_CODE - place, "code"))
    if len(text) >= _CODE_FROM and any(letter.isdigit() for letter in text) and " " not in text:
        for place, sku in enumerate(shelf.with_code_start(text, limit)):
            matches.setdefault(sku, Match(BEGUN_CODE - place, "code"))


def _by_name(shelf: Shelf, groups: Sequence[Group], matches: dict[str, Match], *, left_out: int = 0) -> None:
    for sku, words in shelf.fitting(groups, CANDIDATES_MAX):
        if sku not in matches:
            match = match_name(groups, words, left_out=left_out)
            if match is not None:
                matches[sku] = match
