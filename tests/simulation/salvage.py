"""What becomes of a database that is found damaged: set aside, with its unsent events saved into a new one.

Modelled on what the till does: what can be read and proved is sealed again behind what the hub has acknowledged, in
the old epoch, which is given up at once. Ids, times and data stay; some events are lost for good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from edge_agent.replica.port import Replica
from protocol.event import Digest, SealedEvent, Unreadable, read_data, read_event, reseal
from protocol.movements import movements_of

T = TypeVar("T")


@dataclass(frozen=True)
class Salvage:
    """What is read from a damaged database: of the unsent events those that `lost` does not name.

    `knows_acked`: whether what the hub has acknowledged can still be read; if not, all that is there is sent again,
    and the hub knows it by its id. `change` is done to each event that is saved; an honest salvage changes nothing.
    """

    lost: frozenset[int]
    knows_acked: bool
    nonce: str
    change: Callable[[bytes], bytes]

    def saved(
        self, events: Sequence[tuple[SealedEvent, T]], previous: Digest, epoch: int, first: int
    ) -> tuple[list[tuple[SealedEvent, T]], list[bytes]]:
        """Seal what is saved again, behind `previous`; with what cannot be sealed, for a person to look at."""
        sealed: list[tuple[SealedEvent, T]] = []
        aside: list[bytes] = []
        for event, beside in events:
            if event.sequence in self.lost:
                continue
            try:
                again = reseal(self.change(event.raw), previous=previous, epoch=epoch, sequence=first + len(sealed))
            except (msgspec.DecodeError, UnicodeDecodeError):
                aside.append(event.raw)
                continue
            previous = again.digest
            sealed.append((again, beside))
        return sealed, aside


def remember(replica: Replica, epoch: int, saved: Iterable[SealedEvent]) -> None:
    """Put down what the saved events moved in the till's own view, as the salvage that ships does."""
    for sealed in saved:
        event = read_event(sealed.raw)
        data = Unreadable("") if isinstance(event, Unreadable) else read_data(event)
        if not isinstance(event, Unreadable) and not isinstance(data, Unreadable):
            replica.add_own(epoch, sealed.sequence, movements_of(data, event.time))
