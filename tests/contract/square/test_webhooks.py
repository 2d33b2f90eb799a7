"""Square's webhooks: proved, understood, or knowingly of no interest."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware_sim.vendors.square.world import Delivery
from hub.channels.ports import Hint, WebhookReader
from hub.channels.square.events import HINTS, IGNORED, reason_to_ignore
from hub.channels.square.manifest import MANIFEST
from hub.errors import ForgedWebhook, UnreadableWebhook
from tests.contract.square.shop import URL, Shop
from tests.contract.square.wire import EXAMPLES

needs_examples = pytest.mark.skipif(
    not EXAMPLES.exists(),
    reason="Square's webhook examples are not here: set TILLWIRE_SPECS to the folder of the specs",
)


def _reader(shop: Shop) -> WebhookReader:
    assert shop.channel.webhooks is not None
    return shop.channel.webhooks


def _read(shop: Shop, delivery: Delivery) -> list[Hint]:
    return list(_reader(shop).read(delivery.headers, delivery.body, shop.clock()))


def _one(shop: Shop) -> Delivery:
    """A webhook of an order."""
    shop.people.order(shop.places[0], {shop.goods["A-1"]: "1"})
    return next(each for each in shop.world.deliveries if b'"order.created"' in each.body)


def test_a_genuine_webhook_is_a_hint_of_its_order(shop: Shop) -> None:
    """It names itself, the port, and the order to ask for."""
    (hint,) = _read(shop, _one(shop))
    (order,) = shop.world.orders
    assert (hint.port, hint.key, hint.at) == ("orders", order, shop.clock())
    assert hint.event.startswith("event-")


def test_the_same_webhook_has_the_same_name(shop: Shop) -> None:
    """So the framework takes it once, however often Square, or somebody else, sends it."""
    one = _one(shop)
    assert _read(shop, one) == _read(shop, one)


@pytest.mark.parametrize("change", ["body", "signature", "no signature", "empty signature", "foreign letters", "bytes"])
def test_a_forged_webhook_is_refused(shop: Shop, change: str) -> None:
    """A tampered body, another signature, none, an odd one, a body that is no text."""
    one = _one(shop)
    headers = dict(one.headers)
    body = one.body
    match change:
        case "body":
            body = body.replace(b'"version":1', b'"version":2')
        case "signature":
            headers["x-square-hmacsha256-signature"] = "A" + headers["x-square-hmacsha256-signature"][1:]
        case "no signature":
            del headers["x-square-hmacsha256-signature"]
        case "empty signature":
            headers["x-square-hmacsha256-signature"] = ""
        case "foreign letters":
            headers["x-square-hmacsha256-signature"] = "chữ ký"
        case _:
            body = b"\xff\xfe"
    with pytest.raises(ForgedWebhook):
        _reader(shop).read(headers, body, shop.clock())


@pytest.mark.parametrize(("url", "key"), [("https://hub.example/hooks/square/", "a signature key"), (URL, "another")])
def test_a_webhook_for_another_address_or_key_is_refused(shop: Shop, url: str, key: str) -> None:
    """The signature covers the address, to the last stroke."""
    connecting = replace(
        shop.connecting,
        settings={**shop.connecting.settings, "notification_url": url},
        secrets={"signature_key": key},
    )
    assert MANIFEST.webhook_reader is not None
    one = _one(shop)
    with pytest.raises(ForgedWebhook, match="address or body"):
        MANIFEST.webhook_reader(connecting).read(one.headers, one.body, shop.clock())


def test_without_a_key_nothing_can_be_proved(shop: Shop) -> None:
    """An empty key would let anybody sign."""
    assert MANIFEST.webhook_reader is not None
    one = _one(shop)
    with pytest.raises(ForgedWebhook, match="not set"):
        MANIFEST.webhook_reader(replace(shop.connecting, secrets={})).read(one.headers, one.body, shop.clock())


@pytest.mark.parametrize(
    ("hours", "fine"), [(0, True), (24, True), (25, True), (26, False), (24 * 365, False), (-1, False)]
)
def test_a_webhook_may_be_as_old_as_squares_last_try(shop: Shop, hours: int, fine: bool) -> None:
    """Square tries for 24 hours; what is older, or of the future, was recorded or is of a wrong clock."""
    one = _one(shop)
    now = shop.clock() + timedelta(hours=hours)
    if fine:
        assert _reader(shop).read(one.headers, one.body, now)
    else:
        with pytest.raises(ForgedWebhook, match="played again"):
            _reader(shop).read(one.headers, one.body, now)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "order.vanished", "event_id": "e", "created_at": "NOW", "data": {}},
        {"type": "order.created", "created_at": "NOW"},
        {"type": "order.created", "event_id": "e", "created_at": "yesterday"},
        {"event_id": "e", "created_at": "NOW"},
        ["no", "object"],
        "text",
    ],
)
def test_a_genuine_webhook_that_is_not_understood_is_kept(shop: Shop, event: Any) -> None:  # noqa: ANN401 - any JSON
    """It is parked, not dropped and not called forged."""
    if isinstance(event, dict) and event.get("created_at") == "NOW":
        event = {**event, "created_at": shop.world.stamp()}
    signed = shop.world.signed(event)
    with pytest.raises(UnreadableWebhook):
        _read(shop, signed)


def test_echoes_of_our_own_counts_move_nothing(shop: Shop) -> None:
    """It says only that something was counted or moved; what that was, and that it was ours, the history says."""
    shop.stock({"A-1": 7})
    echo = next(each for each in shop.world.deliveries if b"inventory.count.updated" in each.body)
    assert [(hint.port, hint.key) for hint in _read(shop, echo)] == [("counts", "")]
    assert shop.channel.counts is not None
    assert not shop.channel.counts.changed("").found


def test_all_that_the_simulation_sends_is_understood(shop: Shop) -> None:
    """Orders, payments, refunds, people, catalogue, rights that were taken away."""
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "1"})
    shop.people.bring_back(order, {shop.goods["A-1"]: "1"})
    shop.people.reprice(shop.goods["A-1"], 260)
    shop.people.revoke()
    hints = [hint for each in shop.world.deliveries for hint in _read(shop, each)]
    assert {hint.port for hint in hints} == {"orders", "payments", "catalogue", "counts"}


@needs_examples
@pytest.mark.parametrize("name", sorted(json.loads(EXAMPLES.read_text())) if EXAMPLES.exists() else [])
def test_each_of_squares_examples_is_handled_or_knowingly_ignored(shop: Shop, name: str) -> None:
    """All 146, signed as Square signs; a hint names the object that the example is about."""
    event = _examples()[name]
    event = {**event, "created_at": shop.world.stamp(), "event_id": f"{name} {event['event_id']}"}
    hints = _read(shop, shop.world.signed(event))
    if event["type"] in HINTS:
        (hint,) = hints
        assert (hint.event, hint.port) == (event["event_id"], HINTS[event["type"]][0])
        (about,) = event["data"]["object"].values()
        assert hint.key in ({event["data"]["id"], about.get("id")} if HINTS[event["type"]][1] else {""})
    else:
        assert hints == []
        assert reason_to_ignore(event["type"])


@needs_examples
def test_there_are_146_examples_and_the_simulation_sends_what_they_look_like(shop: Shop) -> None:
    """Every event of the simulation has the fields of Square's own example of that type, no more."""
    examples = _examples()
    assert len(examples) == 146
    by_type = {event["type"]: event for event in examples.values()}
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "1"})
    shop.people.bring_back(order, {shop.goods["A-1"]: "1"})
    for event in shop.world.events:
        example = by_type[event["type"]]
        assert event["data"]["type"] == example["data"]["type"]
        assert set(event["data"]["object"]) == set(example["data"]["object"])


def test_no_type_is_both_of_interest_and_ignored() -> None:
    """The tables do not contradict each other."""
    assert not set(HINTS) & set(IGNORED)
    assert all(reason_to_ignore(kind) == "" for kind in HINTS if not kind.startswith(("inventory.", "terminal.")))


def _examples(path: Path = EXAMPLES) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found
