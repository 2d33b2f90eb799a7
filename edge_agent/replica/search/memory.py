"""A shelf in memory, for the replica in memory: it looks at every item, so it is what the index is measured against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from edge_agent.replica.codes import code_starts, codes_of, plu_key
from edge_agent.replica.search.query import Group, Vocabulary, mistakes_allowed, mistyped_keys
from edge_agent.replica.search.ranking import match_name
from edge_agent.replica.search.words import words_of_item
from edge_agent.till.codes import barcode_key
from protocol.documents import Item

_KEYS_OF_A_WORD = 1  # mistakes; what the index keeps, too


class MemoryShelf:
    """See `finding.Shelf`. `items` by SKU, all of one moment."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._words = {sku: words_of_item(item.name, item.brand) for sku, item in sorted(items.items())}

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of all names."""
        return _Words(frozenset(word for words in self._words.values() for word in words))

    def item(self, sku: str) -> Item | None:
        """The item with this SKU."""
        return self._items.get(sku)

    def with_code(self, code: str) -> Iterator[str]:
        """SKUs whose barcode, SKU or PLU is this."""
        yield from self._with_key(barcode_key(code))
        yield from (sku for sku in (code, code.upper()) if sku in self._items)
        yield from self._with_key(plu_key(code))

    def with_code_start(self, start: str, count_max: int) -> Iterator[str]:
        """SKUs that begin so, then those with a barcode that does."""
        for word in dict.fromkeys((start, start.upper())):
            yield from sorted(sku for sku in self._items if sku.startswith(word))[:count_max]
        for begin in code_starts(start):
            keys = ((key, sku) for sku, item in self._items.items() for key in codes_of(item))
            yield from [sku for _, sku in sorted(place for place in keys if place[0].startswith(begin))[:count_max]]

    def fitting(self, groups: Sequence[Group], count_max: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """SKUs and words of names that have a word for each group, short names first."""
        found = [(sku, words) for sku, words in self._words.items() if match_name(groups, words) is not None]
        yield from sorted(found, key=lambda place: sum(map(len, place[1])) + len(place[1]))[:count_max]

    def _with_key(self, key: str) -> Iterator[str]:
        skus = [sku for sku, item in self._items.items() if key in codes_of(item)]
        yield from sorted(skus)[:1]


class _Words:
    """See `query.Vocabulary`."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = frozenset(word for word in words if word.isalpha() and len(word) > 1)

    def has(self, word: str) -> bool:
        """Whether it is the whole of some name's word."""
        return word in self._words

    def has_start(self, start: str) -> bool:
        """Whether some word begins so."""
        return any(word.startswith(start) for word in self._words)

    def near(self, keys: frozenset[str], count_max: int) -> Iterator[str]:
        """Words one of whose `mistyped_keys` is among `keys`."""
        near = (
            word
            for word in sorted(self._words)
            if mistakes_allowed(word) and not keys.isdisjoint(mistyped_keys(word, _KEYS_OF_A_WORD) | {word})
        )
        yield from (word for _, word in zip(range(count_max), near, strict=False))
