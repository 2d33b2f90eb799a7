"""What comes in from the channels of this hub process, joined with the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hub.channels.incoming_parts import Incoming
from hub.channels.part import PartKinds
from hub.channels.registry import Registry
from hub.channels.webhooks import Webhooks, WebhookStores
from hub.customers.people import People
from hub.money.taking import take_payments
from hub.running.data import OpenData
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import SqlHeardStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_setups import SqlChannelSetups

Wake = Callable[[str, str], None]
"""Makes a part of a channel run at once, if it runs in this process; else it looks within seconds by itself."""


def incoming(data: OpenData, people: People) -> Incoming:
    """Who takes what in, for the hub and for commands alike."""
    payments = partial(take_payments, data.database)
    return Incoming(data.database, data.policy, people.take_many, payments)


def incoming_kinds(data: OpenData, people: People) -> PartKinds:
    """The parts that take something in."""
    return incoming(data, people).kinds()


def webhook_desk(data: OpenData, registry: Registry, wake: Wake, clock_s: Callable[[], float]) -> Webhooks:
    """Where webhooks of all channels come in."""
    database = data.database
    stores = WebhookStores(
        SqlChannelSetups(database), SqlChannelLinks(database), SqlHeardStore(database), SqlAsideStore(database),
        data.stores.watch,
    )  # fmt: skip
    return Webhooks(stores, registry, wake, clock_s)
