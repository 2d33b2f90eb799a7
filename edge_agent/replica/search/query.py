"""What was typed, as alternatives for each word: as it stands, without leftovers of a keyboard, split, joined, mended.

Pure: the words that exist are asked of a `Vocabulary`. Everything is bounded: words of a query, alternatives of a
word, candidates for mending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from edge_agent.replica.search.words import has_marks, marked_words_of, words_of

TEXT_MAX = 100
TOKENS_MAX = 8
_NEAR_MAX = 16
_SPLITS_MAX = 3
_CANDIDATES_MAX = 300

KEY_LETTERS = 7
"""A word's first letters are what mistyping is looked for in; the whole word is compared afterwards."""

MENDED_FROM = 3
"""Words of fewer letters are not mended: everything would be near everything."""

_TWO_MISTAKES_FROM = 6
_SPLIT_FROM = 4
_BEGUN_FROM = 5

# Telex and VNI as they look with the input method off: `suwax tuwowi`, `su7a4 tu7o7i`. No Vietnamese syllable ends in
# s, f, r, x or j, or has a w.
_DOUBLED = re.compile(r"(aa|ee|oo|dd)")
_TONE = re.compile(r"(?<=[aeiouy])([sfrxjz])(?=[a-z]{0,2}$)")
_VNI = re.compile(r"[a-z](?=[a-z0-9]*(?:[aeiouy]|d(?=9))[1-9])[a-z0-9]*")


class Vocabulary(Protocol):
    """The words of the names that can be found."""

    def has(self, word: str) -> bool:
        """Whether it is the whole of some name's word."""
        ...

    def has_start(self, start: str) -> bool:
        """Whether some word begins so."""
        ...

    def near(self, keys: frozenset[str], count_max: int) -> Iterable[str]:
        """Words one of whose `mistyped_keys` is among `keys`; at most that many."""
        ...


@dataclass(frozen=True)
class Alternative:
    """Words that stand for a typed one; `cost` 0 is what was typed. Each may be only a beginning, unless `is_whole`."""

    words: tuple[str, ...]
    cost: int = 0
    is_whole: bool = False


Group = tuple[Alternative, ...]
"""One typed word: any of its alternatives will do."""


@dataclass(frozen=True)
class Query:
    """What was typed: its words folded, and as typed if any of them has marks (else empty)."""

    tokens: tuple[str, ...]
    marked: tuple[str, ...] = ()

    def as_typed(self) -> tuple[Group, ...]:
        """Each word as it stands."""
        return tuple((Alternative((token,)),) for token in self.tokens)

    def mended(self, vocabulary: Vocabulary, *, only_unknown: bool) -> tuple[Group, ...]:
        """Each word, or each that no name has, with what it may have been meant to be; two that are one make one."""
        groups: list[Group] = []
        at = 0
        while at < len(self.tokens):
            pair = "".join(self.tokens[at : at + 2])
            if at + 1 < len(self.tokens) and len(pair) >= _SPLIT_FROM and vocabulary.has_start(pair):
                apart = Alternative(self.tokens[at : at + 2])
                groups.append((apart, Alternative((pair,), 1)))
                at += 2
                continue
            token = self.tokens[at]
            is_left = only_unknown and token.isalpha() and vocabulary.has_start(token)
            groups.append((Alternative((token,)),) if is_left else _alternatives(token, vocabulary))
            at += 1
        return tuple(groups)


def read_query(text: str) -> Query:
    """Read what was typed so far; nothing that can be typed raises."""
    text = text[:TEXT_MAX]
    marked = marked_words_of(text)[:TOKENS_MAX] if has_marks(text) else ()
    return Query(words_of(text)[:TOKENS_MAX], marked)


def mistyped_keys(word: str, mistakes: int) -> frozenset[str]:
    """The word's first letters, and each way to leave at most that many of them out.

    Two words that are one wrong, missing, doubled or exchanged letter apart share one of these keys.
    """
    start = word[:KEY_LETTERS]
    return frozenset(
        "".join(letter for place, letter in enumerate(start) if place not in left_out)
        for count in range(mistakes + 1)
        for left_out in combinations(range(len(start)), count)
    )


def mistakes_allowed(word: str) -> int:
    """How many mistakes a word of this length may have."""
    if len(word) < MENDED_FROM or not word.isalpha():
        return 0
    return 2 if len(word) >= _TWO_MISTAKES_FROM else 1


def mistakes_between(typed: str, word: str, most: int) -> int:
    """Wrong, missing, added or exchanged letters between what was typed and the beginning of `word` that fits best.

    Optimal string alignment. The rest of `word` is free, for it may not be typed yet; but a short word has to be
    typed to its end, else it would be near to everything. More than `most` are not counted.
    """
    if len(typed) >= _BEGUN_FROM:
        word = word[: len(typed) + most]
    elif abs(len(word) - len(typed)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(word) + 1))
    for at, letter in enumerate(typed, 1):
        older, before = before, row
        row = [at]
        for place, other in enumerate(word, 1):
            best = min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != other))
            if at > 1 and place > 1 and letter == word[place - 2] and typed[at - 2] == other:
                best = min(best, older[place - 2] + 1)
            row.append(best)
        if min(row) > most and min(before) > most:
            return most + 1
    return min(row) if len(typed) >= _BEGUN_FROM else row[-1]


def _alternatives(token: str, vocabulary: Vocabulary) -> Group:
    found: dict[tuple[str, ...], Alternative] = {(token,): Alternative((token,))}
    for text in _without_leftovers(token):
        if vocabulary.has_start(text):
            found.setdefault((text,), Alternative((text,), 1))
    for words in _splits(token, vocabulary):
        found.setdefault(words, Alternative(words, 1))
    for mistakes, word in _near(token, vocabulary):
        found.setdefault((word,), Alternative((word,), 2 * mistakes, is_whole=True))
    return tuple(found.values())


def _without_leftovers(token: str) -> Iterator[str]:
    if token.isalpha():
        plain = _DOUBLED.sub(lambda match: match.group()[0], token).replace("w", "" if token[0] != "w" else "u")
        for text in (plain, _TONE.sub("", plain, count=1), _TONE.sub("", token, count=1)):
            if len(text) > 1 and text != token:
                yield text
    elif _VNI.fullmatch(token):
        yield "".join(letter for letter in token if letter.isalpha())


def _splits(token: str, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    if len(token) < _SPLIT_FROM:
        return
    left = _SPLITS_MAX
    for place in range(2, len(token) - 1):
        if left and vocabulary.has(token[:place]) and vocabulary.has_start(token[place:]):
            left -= 1
            yield token[:place], token[place:]


def _near(token: str, vocabulary: Vocabulary) -> list[tuple[int, str]]:
    allowed = mistakes_allowed(token)
    if vocabulary.has(token):
        allowed = min(allowed, 1)  # a word that exists may still be the wrong one, but hardly by two letters
    if not allowed:
        return []
    near: list[tuple[int, int, int, str]] = []
    for word in vocabulary.near(mistyped_keys(token, allowed), _CANDIDATES_MAX):
        if word.startswith(token):
            continue
        mistakes = mistakes_between(token, word, allowed)
        if mistakes <= allowed:
            # The first letter is seldom the wrong one, and what is longer than typed is less probably meant.
            near.append((mistakes * 2 + (word[0] != token[0]), abs(len(word) - len(token)), mistakes, word))
    return [(mistakes, word) for _, _, mistakes, word in sorted(near)[:_NEAR_MAX]]
