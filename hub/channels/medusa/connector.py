"""Puts a Medusa channel together: one client, and the ports that stand on it."""

from __future__ import annotations

from datetime import UTC, datetime

from hub.channels.manifest import Connecting
from hub.channels.medusa.catalogue import MedusaCatalogue
from hub.channels.medusa.client import MedusaClient
from hub.channels.medusa.companion import Companion
from hub.channels.medusa.customers import MedusaCustomers
from hub.channels.medusa.orders import MedusaOrders
from hub.channels.medusa.sales import MedusaSales
from hub.channels.medusa.stock import MedusaStock
from hub.channels.medusa.webhooks import MedusaWebhooks
from hub.channels.ports import Channel
from hub.errors import ChannelRefused
from protocol.errors import InvalidMoney
from protocol.money import decimals


def open_channel(connecting: Connecting) -> Channel:
    """Make the ports; the first call connects. Raises ChannelRefused for settings that cannot work."""
    settings, secrets = connecting.settings, connecting.secrets
    currency = settings.get("currency", "").strip().upper()
    try:
        decimals(currency)
    except InvalidMoney as error:
        raise ChannelRefused(f"channel {connecting.name}: {error}; correct the setting currency") from error
    client = MedusaClient(
        settings["url"].strip().rstrip("/"),
        email=settings.get("email", ""),
        password=secrets.get("password", ""),
        secret_key=secrets.get("secret_key", ""),
        now=connecting.now,
        transport=connecting.transport,
    )
    pos_channel = settings.get("pos_channel", "").strip()

    def pos_channels() -> frozenset[str]:
        links = connecting.links().of("location")
        return frozenset(filter(None, (pos_channel, *(link.more.get("sales_channel", "") for link in links))))

    return Channel(
        stock=MedusaStock(client, connecting.links, Companion(client, connecting.now)),
        orders=MedusaOrders(
            client,
            connecting.links,
            channel=connecting.name,
            web_channels=[word.strip() for word in settings.get("web_channels", "").split(",") if word.strip()],
            pos_channels=pos_channels,
            since=_moment(settings.get("orders_since", "").strip(), connecting.name),
            now=connecting.now,
        ),
        sales=MedusaSales(client, connecting.links, pos_channel, settings.get("region", "").strip()),
        customers=MedusaCustomers(client, connecting.now),
        catalogue=MedusaCatalogue(client, connecting.links, currency, connecting.now),
        webhooks=webhook_reader(connecting),
        close=client.close,
    )


def webhook_reader(connecting: Connecting) -> MedusaWebhooks:
    """Read the companion's webhooks; no connection is needed for it."""
    return MedusaWebhooks(connecting.secrets.get("webhook_secret", ""))


def _moment(text: str, channel: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ChannelRefused(
            f"channel {channel}: orders_since {text!r} is no time; write 2026-12-01T00:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
