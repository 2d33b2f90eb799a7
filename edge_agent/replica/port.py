"""What the till may ask of its replica, and what the link may do to it.

One port, two makers: `sqlite.py` for a till, `memory.py` for simulation and tests; the same contract tests run over
both. All methods are synchronous and take part in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_agent.replica.search.finding import Found
from protocol.documents import Item, Settings
from protocol.feed_receiver import Apply, Stage
from protocol.ids import FeedName
from protocol.messages import Cursor
from protocol.movements import Movement


@dataclass(frozen=True)
class FeedState:
    """How far a feed's documents are applied here; lineage "" and revision 0 before the first time."""

    lineage: str = ""
    revision: int = 0


class Replica(Protocol):
    """Documents by kind and key, cursors by terminal, and this terminal's own movements.

    A terminal's own movement is part of `stock_view` until the store feed's cursor says that the level counts it.
    """

    def feed_state(self, feed: FeedName) -> FeedState:
        """How far `feed` is applied."""
        ...

    def stage(self, feed: FeedName, stage: Stage) -> None:
        """Keep a pull's part aside; what other requests of this feed had staged is forgotten.

        Parts of a whole state count only for an `apply` that replaces, the others only for one that does not.
        """
        ...

    def staged(self, feed: FeedName, request: str) -> int:
        """How many documents of a whole state were staged under `request`, each (kind, key) once; 0 if forgotten."""
        ...

    def apply(self, feed: FeedName, change: Apply) -> tuple[Cursor, ...]:
        """Do an update in one step; returns the cursors that moved by it. It forgets what was staged for others."""
        ...

    def tidy(self, rows_max: int) -> bool:
        """Remove at most about that many rows of states that were replaced or given up; True: more are left."""
        ...

    def add_own(self, epoch: int, sequence: int, movements: Sequence[Movement]) -> None:
        """Remember what this terminal's event (epoch, sequence) moved."""
        ...

    def rekey_own(self, from_epoch: int, to_epoch: int, sequences: Mapping[int, int]) -> None:
        """The events `sequences` (old -> new) of one epoch were sealed again in another one."""
        ...

    def forget_own(self, epoch: int, sequences: Collection[int]) -> None:
        """These events of this terminal were set aside: what they moved counts no more."""
        ...

    def stock_view(self, sku: str) -> int | None:
        """This store's level in thousandths, own uncounted movements included; None for a SKU without a level."""
        ...

    def item(self, sku: str) -> Item | None:
        """The item with this SKU, or None."""
        ...

    def by_barcode(self, code: str) -> Item | None:
        """The item with this barcode, zero padding aside (`till.codes.barcode_key`); the lowest SKU if several."""
        ...

    def by_plu(self, plu: str) -> Item | None:
        """The item with this PLU, zeros in front aside; the lowest SKU if several."""
        ...

    def search(self, text: str, limit: int) -> tuple[Found, ...]:
        """The best items for what a person has typed so far, best first (`search.finding`). No text raises."""
        ...

    def settings(self) -> Settings | None:
        """This store's settings; None before the first load."""
        ...

    def item_count(self) -> int:
        """How many items are known."""
        ...
