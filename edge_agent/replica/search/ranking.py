"""Which of the items that fit comes first. Pure, the same for both replicas.

An exact code stands above all, then names that have what was typed, then with mistakes, then names that have only
some of it. Within these: whole words, at the front and in order, with the typed marks, short names. A letter or two
are the beginning of a name rather than a word in the middle of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from edge_agent.replica.search.query import Alternative, Group, Query
from edge_agent.replica.search.words import marked_words_of

MatchKind = Literal["code", "words", "prefix", "typo", "some"]

EXACT_CODE = 10_000
BEGUN_CODE = 4_000
_TIERS = {"words": 3_000, "prefix": 3_000, "typo": 1_900, "some": 900}
_BEGUN, _MISTAKE, _NOT_FIRST, _SHORT_NOT_FIRST, _NOT_NEXT, _OTHER_MARKS = 100, 150, 40, 160, 30, 170
_SHORT = 2
_PENALTY_MAX = 890
_GUESSED_FROM = 5


@dataclass(frozen=True)
class Match:
    """How well a name fits: the higher `score`, the better."""

    score: int
    how: MatchKind


@dataclass(frozen=True)
class _Place:
    """Where in a name a typed word was found, and what that costs."""

    penalty: int
    at: int
    is_begun: bool
    is_mended: bool


def match_name(groups: Sequence[Group], words: Sequence[str], *, left_out: int = 0) -> Match | None:
    """How a name with these words fits; None if it does not. `left_out`: typed words that are not in `groups`."""
    places = []
    for group in groups:
        place = min(
            (found for alternative in group if (found := _find(alternative, words))), key=_cheapest, default=None
        )
        if place is None:
            return None
        places.append(place)
    if not places:
        return None
    how: MatchKind = "words"
    if left_out:
        how = "some"
    elif any(place.is_mended for place in places):
        how = "typo"
    elif any(place.is_begun for place in places):
        how = "prefix"
    penalty = sum(place.penalty for place in places)
    if min(place.at for place in places) > 0:
        first = groups[0][0].words[0]
        penalty += _SHORT_NOT_FIRST if len(groups) == 1 and len(first) <= _SHORT and first.isalpha() else _NOT_FIRST
    penalty += sum(_NOT_NEXT for one, other in pairwise(places) if other.at != one.at + 1)
    penalty += min(sum(map(len, words)), 100) // 2
    return Match(_TIERS[how] - min(penalty, _PENALTY_MAX), how)


def with_marks(match: Match, query: Query, name: str) -> Match:
    """The same match, lower for each typed word whose marks are others in this name: `bò` is not `bơ`."""
    if not query.marked:
        return match
    words = marked_words_of(name)
    others = sum(not any(word.startswith(typed) for word in words) for typed in query.marked)
    return Match(max(match.score - _OTHER_MARKS * others, 1), match.how)


def without_guesses(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The same without mended short words: where not all words fit, a guess at one of the others fits anything."""
    return tuple(tuple(way for way in group if way.cost <= 1 or len(way.words[0]) >= _GUESSED_FROM) for group in groups)


def leave_one_out(groups: Sequence[Group]) -> Iterable[tuple[Group, ...]]:
    """Each way to leave one typed word out, the last ones first; a query of one word has none."""
    if len(groups) > 1:
        for place in reversed(range(len(groups))):
            yield (*groups[:place], *groups[place + 1 :])


def _cheapest(place: _Place) -> tuple[int, int]:
    return place.penalty, place.at


def _find(alternative: Alternative, words: Sequence[str]) -> _Place | None:
    first_at = -1
    penalty = _MISTAKE * alternative.cost
    is_begun = False
    for typed in alternative.words:
        if typed in words:
            at = words.index(typed)
        elif alternative.is_whole:
            return None
        else:
            at = next((place for place, word in enumerate(words) if word.startswith(typed)), -1)
            if at < 0:
                return None
            is_begun = True
            penalty += _BEGUN + 2 * (len(words[at]) - len(typed))
        first_at = at if first_at < 0 else first_at
    return _Place(penalty, first_at, is_begun, is_mended=alternative.cost > 0)
