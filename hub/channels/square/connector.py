"""Joins the parts of a connected Square account."""

from __future__ import annotations

from hub.channels.manifest import Connecting
from hub.channels.ports import Channel, WebhookReader
from hub.channels.square.catalogue import Catalogue
from hub.channels.square.client import SquareApi
from hub.channels.square.counts import Counts
from hub.channels.square.customers import Customers
from hub.channels.square.orders import Orders
from hub.channels.square.payments import Payments
from hub.channels.square.places import Places
from hub.channels.square.stock import Stock
from hub.channels.square.webhooks import Webhooks


def open_channel(connecting: Connecting) -> Channel:
    """A Square account with all its ports. Nothing is called yet."""
    api = SquareApi(connecting)
    places = Places(api, connecting)
    return Channel(
        stock=Stock(api, connecting),
        counts=Counts(api, places, connecting),
        orders=Orders(api, places, connecting),
        customers=Customers(api, connecting),
        catalogue=Catalogue(api, places, connecting),
        payments=Payments(api, places, connecting),
        webhooks=Webhooks(connecting),
        close=api.close,
    )


def open_reader(connecting: Connecting) -> WebhookReader:
    """What reads its webhooks."""
    return Webhooks(connecting)
