"""What the pretended shop says of itself."""

from __future__ import annotations

from hub.channels.manifest import Manifest, RateBudget, Setting
from tests.channels.pretend.connector import open_pretend

MANIFEST = Manifest(
    kind="pretend",
    title="A shop for tests",
    ports=frozenset({"stock", "orders", "sales", "catalogue"}),
    settings=(
        Setting("url", "Where it is", default="http://shop"),
        Setting("token", "What lets us in", secret=True, default="t1"),
    ),
    rate=RateBudget(per_second=1_000, burst=1_000),
    open=open_pretend,
)
