"""The seams through which people and money of a channel are taken in; who does that is given by `app.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.channels.ports import ChannelCustomer, ChannelPayment


class CustomerTaker(Protocol):
    """Takes in people as a channel knows them: matched to ours, or added."""

    def __call__(self, channel: str, found: Sequence[ChannelCustomer], now: datetime) -> object:
        """Take them in. The same may come any number of times, and older versions after newer ones within a page.

        Raises StorageUnavailable: they all come again. Raises anything else: they are tried one by one, and who cannot
        be taken in is parked.
        """
        ...


class PaymentTaker(Protocol):
    """Takes in money as a provider tells it, once for each (channel, key), the newest version."""

    def __call__(self, channel: str, found: Sequence[ChannelPayment], now: datetime) -> object:
        """As CustomerTaker."""
        ...
