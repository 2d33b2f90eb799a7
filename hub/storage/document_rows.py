"""Rows of the documents table: read under their feeds' locks, written with the feeds' next revisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from hub.errors import UnknownStore
from hub.storage import schema
from hub.storage.upserts import upsert
from protocol.ids import FeedName, store_of_feed

_PART = 500
EMPTY = "{}"


@dataclass(frozen=True)
class DocumentRow:
    """A document as it is kept. `base` is what the office put, None if it put nothing or took it away."""

    feed: FeedName
    kind: str
    key: str
    body: str = EMPTY
    deleted: bool = True
    base: str | None = None
    base_us: int | None = None
    balance_us: int | None = None
    revision: int = 0

    def telling(self, body: str | None) -> DocumentRow:
        """The same with another body; None is a tombstone."""
        return replace(self, body=EMPTY if body is None else body, deleted=body is None)


class LockedFeeds:
    """Some feeds with their rows locked, in one order, so that nobody waits for anybody in a circle.

    What is written gets its feed's next revision; `finish` moves the feeds that were written to.
    """

    def __init__(self, connection: sa.Connection, feeds: Collection[FeedName]) -> None:
        self._connection = connection
        feed = schema.feed.c
        query = sa.select(feed.name, feed.revision).where(feed.name.in_(sorted(feeds))).order_by(feed.name)
        self._revisions = {FeedName(row.name): row.revision for row in connection.execute(query.with_for_update())}
        self._written: dict[tuple[str, str, str], DocumentRow] = {}
        self._touched: set[FeedName] = set()
        self._lines: dict[FeedName, int] = {}

    def has(self, feed: FeedName) -> bool:
        """Whether there is such a feed (and it was asked for)."""
        return feed in self._revisions

    def next_revision(self, feed: FeedName) -> int:
        """The revision that what is written now gets."""
        revision: int = self._revisions[feed]
        return revision + 1

    def touch(self, feed: FeedName) -> None:
        """Say that something else than a document was written with the feed's next revision."""
        self._touched.add(feed)

    def next_line(self, feed: FeedName) -> int:
        """A number that no other movement of the hub with this revision has."""
        self.touch(feed)
        line = self._lines.get(feed, -1) + 1
        self._lines[feed] = line
        return line

    def must_have(self, feed: FeedName) -> None:
        """Raise UnknownStore for a feed that does not exist."""
        if not self.has(feed):
            store = store_of_feed(feed)
            raise UnknownStore(
                f"store {store}: there is none of this name; `tillwire-hub store add {store}` creates it"
            )

    def rows(self, kind: str, keys: Sequence[str]) -> list[DocumentRow]:
        """The documents of these keys on any of the feeds, as they are with what was written here."""
        table = schema.document.c
        found: dict[tuple[str, str, str], DocumentRow] = {}
        for start in range(0, len(keys), _PART):
            part = keys[start : start + _PART]
            query = sa.select(schema.document).where(
                table.feed.in_(sorted(self._revisions)), table.kind == kind, table.key.in_(part)
            )
            for row in self._connection.execute(query):
                found[row.feed, row.kind, row.key] = DocumentRow(
                    FeedName(row.feed), row.kind, row.key, row.body, row.deleted, row.base, row.base_us, row.balance_us,
                    row.revision,
                )  # fmt: skip
        wanted = set(keys)
        found.update({place: row for place, row in self._written.items() if place[1] == kind and place[2] in wanted})
        return list(found.values())

    def write(self, rows: Iterable[tuple[DocumentRow | None, DocumentRow]]) -> int:
        """Write (before, after) pairs; what is the same to tills keeps its revision. Returns how many are not."""
        changed = 0
        for before, after in rows:
            same = before is not None and (before.body, before.deleted) == (after.body, after.deleted)
            if same and before == after:
                continue
            if before is None and after.deleted and after.base_us is None:
                continue  # a tombstone of what nobody ever had
            revision = before.revision if same and before is not None else self._revisions[after.feed] + 1
            changed += not same
            self._written[after.feed, after.kind, after.key] = replace(after, revision=revision)
        return changed

    def finish(self) -> None:
        """Write all down."""
        columns = ["revision", "deleted", "body", "base", "base_us", "balance_us"]
        rows = [
            {
                "feed": row.feed, "kind": row.kind, "key": row.key, "revision": row.revision, "deleted": row.deleted,
                "body": row.body, "base": row.base, "base_us": row.base_us, "balance_us": row.balance_us,
            }
            for row in self._written.values()
        ]  # fmt: skip
        for start in range(0, len(rows), _PART):
            upsert(self._connection, schema.document, rows[start : start + _PART], replace=columns)
        moved = {row.feed for row in self._written.values() if row.revision == self._revisions[row.feed] + 1}
        for feed in sorted(moved | self._touched):
            update = sa.update(schema.feed).where(schema.feed.c.name == feed)
            self._connection.execute(update.values(revision=self._revisions[feed] + 1))
        self._written.clear()
        self._touched.clear()
