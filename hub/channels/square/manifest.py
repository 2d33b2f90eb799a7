"""What Square is to the hub: another POS and payment provider."""

from __future__ import annotations

from hub.channels.manifest import Connecting, Manifest, RateBudget, Setting
from hub.channels.ports import Channel, WebhookReader


def _open(connecting: Connecting) -> Channel:
    from hub.channels.square.connector import open_channel  # noqa: PLC0415 - the SDK takes 0.7 s, which only its users pay

    return open_channel(connecting)


def _reader(connecting: Connecting) -> WebhookReader:
    from hub.channels.square.connector import open_reader  # noqa: PLC0415 - as above

    return open_reader(connecting)


MANIFEST = Manifest(
    kind="square",
    title="Square",
    ports=frozenset({"stock", "counts", "orders", "customers", "catalogue", "payments"}),
    settings=(
        Setting("base_url", "Address of Square's API", default="https://connect.squareup.com"),
        Setting("notification_url", "Address of our webhook, exactly as Square has it", default=""),
        Setting("application_id", "Application id (only with a refresh token)", default=""),
        Setting("currency", "Currency of the seller's prices"),
        Setting("ignored_locations", "Locations that are none of ours, separated by commas", default=""),
        Setting("pos_sales", "Sales on Square's own POS: take, or leave", default="take"),
        Setting("counting_apps", "Ids of other programs whose counts are taken as people's, with commas", default=""),
        Setting("access_token", "Access token", secret=True),
        Setting("refresh_token", "Refresh token", secret=True, default=""),
        Setting("application_secret", "Application secret", secret=True, default=""),
        Setting("signature_key", "Signature key of the webhook subscription", secret=True, default=""),
    ),
    rate=RateBudget(per_second=8, burst=16),
    open=_open,
    webhook_reader=_reader,
    poll_s={"orders": 60, "counts": 60, "payments": 60, "catalogue": 60, "customers": 300},
    owner={"price": "hub", "name": "hub", "barcodes": "hub", "customer": "hub"},
)
