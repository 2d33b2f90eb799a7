"""The port by which a channel tells what people did with stock there; a part of `ports`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from hub.channels.pages import Page


@dataclass(frozen=True)
class StockFact:
    """What people did with goods at one of the channel's locations, once per `key` for good.

    "counted": at `at`, `quantity` thousandths were there, with what is promised to customers: a checkpoint in event
    time. "received": so many came. "adjusted": so many were written off (negative) or found (positive).
    `at` is when it was done, not when it was told. `location` is the channel's own id; `note` is for people.
    """

    key: str
    kind: Literal["counted", "received", "adjusted"]
    sku: str
    location: str
    quantity: int
    at: datetime
    note: str = ""
    raw: bytes = b""


class StockSource(Protocol):
    """Tells what people count, receive and write off in the channel's own screens.

    Never what follows from an order or a payment, since those come by themselves, nor what a program wrote: above all
    not what the hub itself pushed. It is asked only where the shop wants these facts (`owner_counts`).
    """

    def changed(self, cursor: str) -> Page[StockFact]:
        """Facts that were told since `cursor` ("": from now on), however long before they happened."""
        ...

    def fact(self, key: str) -> StockFact | None:
        """One of them; None where the channel does not know it, or it is none that counts."""
        ...
