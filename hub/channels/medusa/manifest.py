"""What a Medusa channel is, can do and needs."""

from __future__ import annotations

from hub.channels.manifest import Manifest, RateBudget, Setting
from hub.channels.medusa.connector import open_channel, webhook_reader

MANIFEST = Manifest(
    kind="medusa",
    title="Medusa 2",
    ports=frozenset({"stock", "orders", "sales", "customers", "catalogue"}),
    settings=(
        Setting("url", "Address of Medusa's server, such as https://shop.example.com"),
        Setting("email", "Service user's e-mail address", default=""),
        Setting("password", "Service user's password", secret=True, default=""),
        Setting("secret_key", "Secret API key, instead of a service user (slower)", secret=True, default=""),
        Setting("currency", "Currency of the prices that tills sell at, such as EUR"),
        Setting("web_channels", "Ids of the sales channels whose orders come in, with commas; none: all", default=""),
        Setting("pos_channel", "Id of the sales channel that tills' sales are recorded in", default=""),
        Setting("region", "Id of the region of tills' sales; none: the first with the currency", default=""),
        Setting("orders_since", "Orders that changed before this time stay out; none: from now on", default=""),
        Setting("webhook_secret", "The companion's webhook secret", secret=True, default=""),
    ),
    # Measured: one Node process answers some 60 small calls a second with a JWT, and full sales at 2 a second.
    rate=RateBudget(per_second=20, burst=40),
    open=open_channel,
    webhook_reader=webhook_reader,
    poll_s={"orders": 5, "catalogue": 5, "customers": 30},
    owner={"price": "channel", "name": "channel", "barcodes": "channel", "customer": "hub"},
)
