"""A real hub and a shop that tells it of orders: from the webhook to what tills are shown."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from hub.app import Hub
from hub.config import ChannelsConfig, now
from hub.ingest.stocktake import set_stock
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_setups import SqlChannelSetups
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import Sku, StoreId, store_feed
from tests.channels.teller.manifest import VENDORS
from tests.incoming_stage import Vendor, webhook
from tests.integration.hub.conftest import embedded_config, eventually, running_hub

HANOI = StoreId("hanoi")


def bring(hub: Hub, channel: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
    """What the shop's server sends."""
    assert hub.web_address is not None
    url = f"http://127.0.0.1:{hub.web_address[1]}/v1/channels/{channel}/webhooks"
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_an_order_that_a_webhook_tells_of_is_shown_to_the_tills_and_survives_a_restart(tmp_path: Path) -> None:
    """Once, whether it is told once or twice; a forged one tells nothing; what came while the hub was off is polled."""
    vendor = VENDORS["one"] = Vendor()
    config = replace(embedded_config(tmp_path), channels=ChannelsConfig(packages=("tests.channels",)))
    with running_hub(config) as hub:
        stores = hub.data.stores
        stores.fleet.add_store(HANOI, Settings(store_name="Hanoi"), Key(b"f" * 32), now())
        stores.catalogue.put_items([Item(sku="tea", name="Tea", price=1, currency="VND")], now())
        set_stock(stores.ledger, HANOI, {Sku("tea"): 9_000}, now())
        setups = SqlChannelSetups(hub.data.database)
        setups.add("web", "teller", {"vendor": "one"}, now())
        setups.enable("web", now(), enabled=True)
        parts = SqlChannelParts(hub.data.database)
        eventually(lambda: parts.state("web", "orders").cursor == "0", "the first poll is done")
        vendor.put_order("o1", {"tea": 2_000})
        headers, body = webhook("e1", "o1", now=now())
        assert bring(hub, "web", headers, body + b" ")[0] == 401
        assert bring(hub, "nobody", headers, body)[0] == 404
        assert bring(hub, "web", headers, body) == (200, {"result": "new"})
        eventually(lambda: bool(stores.documents.documents(store_feed(HANOI), "pick")), "the tills are shown a pick")
        assert bring(hub, "web", headers, body) == (200, {"result": "again"})
    vendor.put_order("o1", {"tea": 3_000})
    vendor.put_order("o2", {"gold": 1_000})
    with running_hub(config) as hub:
        queries, asides = hub.data.queries, SqlAsideStore(hub.data.database)
        eventually(lambda: bool(asides.waiting("web")), "what cannot be taken in is parked")
        (pick,) = hub.data.stores.documents.documents(store_feed(HANOI), "pick")
        assert '"quantity":3000' in pick.body
        (level,) = queries.availability(["tea"])
        assert dict(level.locations) == {"hanoi": 6_000}
        eventually(lambda: "channel_aside" in {alarm.kind for alarm in queries.alarms(10)}, "an alarm says so")
