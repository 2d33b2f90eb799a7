"""What a feed's session asks before it answers with a whole catalogue: is there a file to fetch instead?"""

from __future__ import annotations

import enum
from typing import Final, Literal, Protocol

from protocol.ids import FeedName
from protocol.messages import SnapshotOffer


class Making(enum.Enum):
    """A file is being made; ask again soon."""

    MAKING = enum.auto()


MAKING: Final = Making.MAKING


class Offers(Protocol):
    """Files that terminals may fetch."""

    def find(self, feed: FeedName, from_rev: int, head: int) -> SnapshotOffer | Literal[Making.MAKING] | None:
        """What to offer to a terminal that stands at `from_rev`; None: send it parts. Raises StorageUnavailable."""
        ...
