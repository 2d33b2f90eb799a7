"""What the telling shop says of itself; the shop is in this very process, found by its name."""

from __future__ import annotations

from hub.channels.manifest import Connecting, Manifest, RateBudget, Setting
from hub.channels.ports import Channel
from tests.incoming_stage import Orders, SignedReader, Vendor

VENDORS: dict[str, Vendor] = {}


def _open(connecting: Connecting) -> Channel:
    return Channel(orders=Orders(VENDORS[connecting.settings["vendor"]]))


MANIFEST = Manifest(
    kind="teller",
    title="A shop that tells",
    ports=frozenset({"orders"}),
    settings=(Setting("vendor", "Which one"),),
    rate=RateBudget(per_second=1_000, burst=1_000),
    open=_open,
    webhook_reader=lambda _: SignedReader(),
    poll_s={"orders": 3_600.0},
)
