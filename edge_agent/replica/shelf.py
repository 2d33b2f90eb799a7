"""One generation of the catalogue in SQLite, as the search looks through it; see `search.finding.Shelf`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Protocol

from edge_agent.replica.codes import code_starts
from edge_agent.replica.search.index import SearchIndex, WordsOfGeneration
from edge_agent.replica.search.query import Group, Vocabulary
from protocol.documents import Item
from protocol.ids import GLOBAL_FEED

_LAST = "\U0010ffff"


class Codes(Protocol):
    """What a replica finds by a code."""

    def item(self, sku: str) -> Item | None:
        """See `Replica`."""
        ...

    def by_barcode(self, code: str) -> Item | None:
        """See `Replica`."""
        ...

    def by_plu(self, plu: str) -> Item | None:
        """See `Replica`."""
        ...


class SqliteShelf:
    """See `search.finding.Shelf`: one generation of the catalogue."""

    def __init__(self, replica: Codes, connection: sqlite3.Connection, names: SearchIndex, generation: int) -> None:
        self._replica = replica
        self._connection = connection
        self._names = names
        self._generation = generation

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of all names."""
        return WordsOfGeneration(self._connection, self._generation)

    def item(self, sku: str) -> Item | None:
        """The item with this SKU."""
        return self._replica.item(sku)

    def with_code(self, code: str) -> Iterator[str]:
        """SKUs whose barcode, SKU or PLU is this."""
        replica = self._replica
        for item in (
            replica.by_barcode(code), replica.item(code), replica.item(code.upper()), replica.by_plu(code)
        ):  # fmt: skip
            if item is not None:
                yield item.sku

    def with_code_start(self, start: str, count_max: int) -> Iterator[str]:
        """SKUs that begin so, then those with a barcode that does."""
        for word in dict.fromkeys((start, start.upper())):
            yield from self._column(
                "SELECT key FROM document WHERE feed = ? AND generation = ? AND kind = 'item'"
                " AND key >= ? AND key < ? ORDER BY key LIMIT ?",
                (GLOBAL_FEED, self._generation, word, word + _LAST, count_max),
            )
        for code in code_starts(start):
            yield from self._column(
                "SELECT sku FROM barcode WHERE generation = ? AND code >= ? AND code < ? ORDER BY code, sku LIMIT ?",
                (self._generation, code, code + _LAST, count_max),
            )

    def fitting(self, groups: Sequence[Group], count_max: int) -> Iterator[tuple[str, tuple[str, ...]]]:
        """SKUs and words of names that have a word for each group, short names first."""
        return self._names.fitting(self._generation, groups, count_max)

    def _column(self, question: str, values: tuple[str | int, ...]) -> Iterator[str]:
        for row in self._connection.execute(question, values):
            yield row[0]
