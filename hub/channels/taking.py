"""The seams through which people and money of a channel are taken in; who does that is given by `app.py`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.channels.ports import ChannelCustomer, ChannelPayment
from hub.storage.channel_pages import PageEnd


class CustomerTaker(Protocol):
    """Takes in people as a channel knows them: matched to ours or added, once for each (channel, key, version)."""

    def take(self, found: Sequence[ChannelCustomer], end: PageEnd, now: datetime) -> None:
        """Take them in and end the page (`end_page`) in the same transaction; the same may come again.

        Who cannot be taken in is parked through `end_page`, and does not hold up others. Raises StorageUnavailable.
        """
        ...


class PaymentTaker(Protocol):
    """Takes in money as a provider tells it, once for each (channel, key), the newest version."""

    def take(self, found: Sequence[ChannelPayment], end: PageEnd, now: datetime) -> None:
        """As CustomerTaker."""
        ...
