"""The companion's webhooks: proved, then read as hints."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.channels.medusa.webhooks import MedusaWebhooks
from hub.errors import ForgedWebhook, UnreadableWebhook

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SECRET = "whisper"  # noqa: S105 - of this test
ORDER = {"id": "order_1"}


def signed(
    name: str, data: dict[str, str], *, key: str = SECRET, at: datetime = NOW, event: str = "e-1"
) -> tuple[dict[str, str], bytes]:
    """A webhook as the companion sends it."""
    body = json.dumps({"name": name, "data": data}).encode()
    stamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{stamp}.{event}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "x-tillwire-timestamp": stamp, "x-tillwire-event": event, "x-tillwire-signature": f"sha256={signature}",
    }, body  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "hints"),
    [
        ("order.placed", {"id": "order_1"}, [("orders", "order_1")]),
        ("order.fulfillment_created", {"order_id": "order_1", "fulfillment_id": "ful_1"}, [("orders", "order_1")]),
        ("order-edit.confirmed", {"order_id": "order_1"}, [("orders", "order_1")]),
        ("product-variant.updated", {"id": "variant_1"}, [("catalogue", "")]),
        ("product.deleted", {"id": "prod_1"}, [("catalogue", "")]),
        ("customer.updated", {"id": "cus_1"}, [("customers", "")]),
        ("inventory.inventory-level.updated", {"id": "ilev_1"}, []),
    ],
)
def test_an_event_says_whose_cursor_to_move(name: str, data: dict[str, str], hints: list[tuple[str, str]]) -> None:
    """Levels are the hub's own to say: what Medusa says of them is knowingly of no interest."""
    headers, body = signed(name, data)
    read = MedusaWebhooks(SECRET).read(headers, body, NOW)
    assert [(hint.port, hint.key) for hint in read] == hints
    assert all((hint.event, hint.at) == ("e-1", NOW) for hint in read)


def test_what_is_not_the_companions_is_forged() -> None:
    """Another secret, a changed body, another time or event, nothing at all, or no secret here."""
    reader = MedusaWebhooks(SECRET)
    headers, body = signed("order.placed", ORDER)
    forgeries = [
        signed("order.placed", ORDER, key="another"),
        (headers, body.replace(b"order_1", b"order_2")),
        (headers | {"x-tillwire-timestamp": str(int(NOW.timestamp()) + 1)}, body),
        (headers | {"x-tillwire-event": "e-2"}, body),
        (headers | {"x-tillwire-signature": "sha256=é"}, body),
        (headers | {"x-tillwire-timestamp": "9" * 40}, body),
        ({}, body),
    ]
    for forged, text in forgeries:
        with pytest.raises(ForgedWebhook):
            reader.read(forged, text, NOW)
    with pytest.raises(ForgedWebhook, match="webhook_secret is empty"):
        MedusaWebhooks("").read(*signed("order.placed", ORDER, key=""), NOW)
    assert reader.read(headers, body, NOW)


@pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_one_is_forged(late: timedelta) -> None:
    """Somebody who recorded one cannot play it back later; nor does a clock that is far ahead pass."""
    headers, body = signed("order.placed", ORDER)
    with pytest.raises(ForgedWebhook, match="compare the clocks"):
        MedusaWebhooks(SECRET).read(headers, body, NOW + late)


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"data": {}}', b'{"name": "order.placed", "data": {"id": 7}}'])
def test_a_genuine_one_that_is_not_understood_is_kept(body: bytes) -> None:
    """It is parked, not dropped."""
    stamp = str(int(NOW.timestamp()))
    signature = hmac.new(SECRET.encode(), f"{stamp}.e-1.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "x-tillwire-timestamp": stamp, "x-tillwire-event": "e-1", "x-tillwire-signature": f"sha256={signature}",
    }  # fmt: skip
    with pytest.raises(UnreadableWebhook):
        MedusaWebhooks(SECRET).read(headers, body, NOW)
