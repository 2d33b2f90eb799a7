"""Documents by kind and key, for the kinds that a till looks up or lists and that need no index of their own.

Functions on a connection, inside the caller's transaction. What this version cannot read is as good as not there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from protocol.ids import FeedName

Body = TypeVar("Body", bound=msgspec.Struct)

_CURRENT = "coalesce((SELECT current FROM feed_generation WHERE feed = ?), 0)"


class KindMark(NamedTuple):
    """What changes whenever a document of a kind comes, changes or goes: a feed's revisions only grow."""

    generation: int
    documents: int
    newest: int


def mark_of(connection: sqlite3.Connection, feed: FeedName, kind: str) -> KindMark:
    """The mark of a kind; reads each of its documents' places, so it is for kinds of some hundred documents."""
    row = connection.execute(
        f"SELECT {_CURRENT}, count(*), coalesce(max(revision), 0) FROM document"  # noqa: S608 - our own words
        f" WHERE feed = ? AND generation = {_CURRENT} AND kind = ?",
        (feed, feed, feed, kind),
    ).fetchone()
    return KindMark(*row)


def find_document(
    connection: sqlite3.Connection, feed: FeedName, kind: str, key: str, struct: type[Body]
) -> Body | None:
    """The document, or None."""
    row = connection.execute(
        f"SELECT body FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = ? AND key = ?",  # noqa: S608 - our own words
        (feed, feed, kind, key),
    ).fetchone()
    return _read(row[0], struct) if row is not None else None


def revision_of(connection: sqlite3.Connection, feed: FeedName, kind: str, key: str) -> int:
    """At which revision a document changed last; 0 where there is none."""
    row = connection.execute(
        f"SELECT revision FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = ? AND key = ?",  # noqa: S608 - our own words
        (feed, feed, kind, key),
    ).fetchone()
    return int(row[0]) if row is not None else 0


def list_documents(connection: sqlite3.Connection, feed: FeedName, kind: str, struct: type[Body]) -> Iterator[Body]:
    """All documents of a kind, in the order of their keys."""
    rows = connection.execute(
        f"SELECT body FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = ? ORDER BY key",  # noqa: S608 - our own words
        (feed, feed, kind),
    )
    for (body,) in rows:
        read = _read(body, struct)
        if read is not None:
            yield read


def has_documents(connection: sqlite3.Connection, feed: FeedName, kind: str) -> bool:
    """Whether there is any document of this kind."""
    row = connection.execute(
        f"SELECT 1 FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = ? LIMIT 1",  # noqa: S608 - our own words
        (feed, feed, kind),
    ).fetchone()
    return row is not None


def _read(body: bytes, struct: type[Body]) -> Body | None:
    try:
        return msgspec.json.decode(body, type=struct)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
