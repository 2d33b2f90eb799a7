"""A replica in memory: shipped, because simulation, tests and demonstrations need one that is honest.

With an `UndoLog` it can lose a transaction; `copy` is a backup of the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from edge_agent.replica.bodies import Body, read_body
from edge_agent.replica.codes import codes_of, plu_key
from edge_agent.replica.levels import stock_view
from edge_agent.replica.port import FeedState
from edge_agent.replica.search.finding import Found, find
from edge_agent.replica.search.memory import MemoryShelf
from edge_agent.replica.undo import UndoLog
from edge_agent.till.codes import barcode_key
from protocol.documents import Document, Item, Settings, Stock
from protocol.feed_receiver import Apply, Stage
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed
from protocol.messages import Cursor
from protocol.movements import Movement

K = TypeVar("K")
V = TypeVar("V")
_Key = tuple[str, str]


class MemoryReplica:
    """See `port.Replica`. `store` and `terminal` say whose feed and whose own movements these are."""

    def __init__(self, store: StoreId, terminal: TerminalId, *, undo: UndoLog | None = None) -> None:
        self._terminal = terminal
        self._store_feed = store_feed(store)
        self._undo = undo
        self._states: dict[FeedName, FeedState] = {}
        self._documents: dict[FeedName, dict[_Key, Document]] = {GLOBAL_FEED: {}, self._store_feed: {}}
        self._staged: dict[FeedName, tuple[tuple[str, bool], tuple[Document, ...]]] = {}
        self._cursors: dict[tuple[FeedName, str, int], int] = {}
        self._own: dict[tuple[int, int], tuple[Movement, ...]] = {}
        self._own_skus: dict[str, set[tuple[int, int]]] = {}
        self._barcodes: dict[str, set[str]] = {}

    def feed_state(self, feed: FeedName) -> FeedState:
        """How far `feed` is applied."""
        return self._states.get(feed, FeedState())

    def stage(self, feed: FeedName, stage: Stage) -> None:
        """Keep a pull's part aside."""
        old = self._staged.get(feed)
        answer = (stage.request, stage.replace)
        kept = old[1] if old is not None and old[0] == answer else ()
        self._restorable(self._staged, feed)
        self._staged[feed] = (answer, kept + stage.documents)

    def staged(self, feed: FeedName, request: str) -> int:
        """How many documents of a whole state are staged under `request`."""
        answer, staged = self._staged.get(feed, (("", False), ()))
        return len({(each.kind, each.key) for each in staged}) if answer == (request, True) else 0

    def apply(self, feed: FeedName, change: Apply) -> tuple[Cursor, ...]:
        """Do an update in one step; returns the cursors that moved by it."""
        answer, staged = self._staged.get(feed, (("", False), ()))
        if change.replace:
            self._clear(feed)
        is_ours = bool(change.request) and answer == (change.request, change.replace)
        for document in (*(staged if is_ours else ()), *change.documents):
            self._put(feed, document)
        if feed in self._staged and (change.request or change.replace):
            self._restorable(self._staged, feed)
            del self._staged[feed]
        self._restorable(self._states, feed)
        self._states[feed] = FeedState(change.lineage, change.revision)
        return tuple(cursor for cursor in change.cursors if self._move_cursor(feed, cursor))

    def tidy(self, rows_max: int) -> bool:
        """Nothing is left behind in memory."""
        del rows_max
        return False

    def add_own(self, epoch: int, sequence: int, movements: Sequence[Movement]) -> None:
        """Remember what this terminal's event moved."""
        assert (epoch, sequence) not in self._own
        if movements:
            self._put_own((epoch, sequence), tuple(movements))

    def rekey_own(self, from_epoch: int, to_epoch: int, sequences: Mapping[int, int]) -> None:
        """Move own movements to their events' new places."""
        moved = {new: self._take_own((from_epoch, old)) for old, new in sequences.items()}
        for new, movements in moved.items():
            if movements:
                self._put_own((to_epoch, new), movements)

    def forget_own(self, epoch: int, sequences: Collection[int]) -> None:
        """Drop own movements that nobody will ever count."""
        for sequence in sequences:
            self._take_own((epoch, sequence))

    def stock_view(self, sku: str) -> int | None:
        """This store's level, own uncounted movements included."""
        own = (
            movement
            for place in sorted(self._own_skus.get(sku, ()))
            for movement in self._own[place]
            if movement.sku == sku
        )
        return stock_view(self._body(self._store_feed, "stock", sku, Stock), own)

    def item(self, sku: str) -> Item | None:
        """The item with this SKU."""
        return self._body(GLOBAL_FEED, "item", sku, Item)

    def by_barcode(self, code: str) -> Item | None:
        """The item with this barcode."""
        skus = self._barcodes.get(barcode_key(code))
        return self.item(min(skus)) if skus else None

    def by_plu(self, plu: str) -> Item | None:
        """The item with this PLU."""
        return self.by_barcode(plu_key(plu)) if plu else None

    def search(self, text: str, limit: int) -> tuple[Found, ...]:
        """The best items for what was typed so far; looks at every item."""
        items = {sku: self.item(sku) for kind, sku in self._documents[GLOBAL_FEED] if kind == "item"}
        return find(MemoryShelf({sku: item for sku, item in items.items() if item is not None}), text, limit)

    def settings(self) -> Settings | None:
        """This store's settings."""
        return self._body(self._store_feed, "settings", "store", Settings)

    def item_count(self) -> int:
        """How many items are known."""
        return sum(kind == "item" for kind, _ in self._documents[GLOBAL_FEED])

    def documents(self, feed: FeedName) -> Mapping[tuple[str, str], Document]:
        """All documents of a feed by (kind, key): what the simulation compares with the hub."""
        return self._documents.get(feed, {})

    def copy(self, *, undo: UndoLog | None = None) -> MemoryReplica:
        """What a backup of this disk would hold."""
        other = MemoryReplica(StoreId(self._store_feed.removeprefix("store-")), self._terminal, undo=undo)
        other._states = dict(self._states)
        other._documents = {feed: dict(documents) for feed, documents in self._documents.items()}
        other._staged = dict(self._staged)
        other._cursors = dict(self._cursors)
        other._own = dict(self._own)
        other._own_skus = {sku: set(places) for sku, places in self._own_skus.items()}
        other._barcodes = {code: set(skus) for code, skus in self._barcodes.items()}
        return other

    def _body(self, feed: FeedName, kind: str, key: str, struct: type[Body]) -> Body | None:
        document = self._documents[feed].get((kind, key))
        return read_body(document.body, struct) if document is not None else None

    def _put(self, feed: FeedName, document: Document) -> None:
        documents = self._documents.setdefault(feed, {})
        key = (document.kind, document.key)
        self._restorable(documents, key)
        self._index(feed, documents.pop(key, None), present=False)
        if not document.deleted:
            documents[key] = document
            self._index(feed, document, present=True)

    def _clear(self, feed: FeedName) -> None:
        # The old objects are set aside whole, not changed, so that undoing costs nothing.
        self._restorable(self._documents, feed)
        self._documents[feed] = {}
        for key in [key for key in self._cursors if key[0] == feed]:
            self._restorable(self._cursors, key)
            del self._cursors[key]
        if feed == GLOBAL_FEED:
            old = self._barcodes
            if self._undo is not None:
                self._undo.note(lambda: setattr(self, "_barcodes", old))
            self._barcodes = {}

    def _index(self, feed: FeedName, document: Document | None, *, present: bool) -> None:
        if feed != GLOBAL_FEED or document is None or document.kind != "item":
            return
        item = read_body(document.body, Item)
        for key in codes_of(item) if item is not None else ():
            skus = self._barcodes.get(key, set())
            self._restorable(self._barcodes, key)
            self._barcodes[key] = skus | {document.key} if present else skus - {document.key}

    def _move_cursor(self, feed: FeedName, cursor: Cursor) -> bool:
        # Each epoch has its own cursor: after a fork two PCs of one name go on in two epochs at the same time.
        key = (feed, cursor.terminal, cursor.epoch)
        if cursor.sequence <= self._cursors.get(key, -1):
            return False
        self._restorable(self._cursors, key)
        self._cursors[key] = cursor.sequence
        if feed == self._store_feed and cursor.terminal == self._terminal:
            for epoch, sequence in list(self._own):
                if epoch == cursor.epoch and sequence <= cursor.sequence:
                    self._take_own((epoch, sequence))
        return True

    def _put_own(self, place: tuple[int, int], movements: tuple[Movement, ...]) -> None:
        self._own[place] = movements
        for movement in movements:
            self._own_skus.setdefault(movement.sku, set()).add(place)
        if self._undo is not None:
            self._undo.note(lambda: self._drop_own(place))

    def _take_own(self, place: tuple[int, int]) -> tuple[Movement, ...]:
        movements = self._own.get(place, ())
        self._drop_own(place)
        if movements and self._undo is not None:
            self._undo.note(lambda: self._restore_own(place, movements))
        return movements

    def _drop_own(self, place: tuple[int, int]) -> None:
        for movement in self._own.pop(place, ()):
            self._own_skus.get(movement.sku, set()).discard(place)

    def _restore_own(self, place: tuple[int, int], movements: tuple[Movement, ...]) -> None:
        self._own[place] = movements
        for movement in movements:
            self._own_skus.setdefault(movement.sku, set()).add(place)

    def _restorable(self, mapping: dict[K, V], key: K) -> None:
        if self._undo is None:
            return
        if key in mapping:
            old = mapping[key]
            self._undo.note(lambda: mapping.__setitem__(key, old))
        else:
            self._undo.note(lambda: mapping.pop(key, None))
