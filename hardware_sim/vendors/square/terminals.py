"""Terminal checkouts: PENDING, IN_PROGRESS, CANCEL_REQUESTED, CANCELED, COMPLETED.

The terminal takes a checkout up when it is on, and the buyer does what `World.each_checkout` says; `decide` is her hand
when that is "wait". What stays PENDING cancels itself after its deadline.
"""

from __future__ import annotations

import re
from datetime import timedelta

from hardware_sim.vendors.square.orders import place
from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.payments import take
from hardware_sim.vendors.square.words import Json, SquareSays, moment
from hardware_sim.vendors.square.world import World

_PAGE_MAX = 100
_KEY_MAX = 64
_REFERENCE_MAX = 40
_LONGEST = timedelta(minutes=5)


def create(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Send an amount to a terminal."""
    key = asked.get("idempotency_key", "")
    if not 1 <= len(key) <= _KEY_MAX:
        raise SquareSays(400, "VALUE_TOO_LONG", f"1 to {_KEY_MAX} characters", field="idempotency_key")
    return world.only_once("checkout", key, asked, lambda: {"checkout": _send(world, asked["checkout"])})


def get(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """One checkout."""
    advance(world)
    return {"checkout": _checkout(world, found[0])}


def search(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Checkouts of the last 30 days by device, status and time; there is no filter by reference."""
    advance(world)
    query = asked.get("query") or {}
    filters = query.get("filter") or {}
    span = filters.get("created_at") or {}
    found = []
    for each in world.checkouts.values():
        at = moment(each["created_at"], "created_at")
        fits = filters.get("device_id") in (None, each["device_options"]["device_id"])
        fits &= filters.get("status") in (None, each["status"])
        if fits and not (span.get("start_at") and at < moment(span["start_at"], "created_at.start_at")):
            found.append(each)
    if (query.get("sort") or {}).get("sort_order", "DESC") == "DESC":
        found.reverse()
    return page(world, "checkouts", found, asked, min(int(asked.get("limit", 10)), _PAGE_MAX))


def cancel(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """Stop one: at once while it is PENDING, else the terminal is asked to."""
    advance(world)
    checkout = _checkout(world, found[0])
    if checkout["status"] == "PENDING" or (checkout["status"] == "IN_PROGRESS" and world.terminal_is_on):
        _end(world, checkout, "CANCELED", "SELLER_CANCELED")
    elif checkout["status"] == "IN_PROGRESS":
        _end(world, checkout, "CANCEL_REQUESTED", "")
    elif checkout["status"] != "CANCEL_REQUESTED":
        raise SquareSays(400, "BAD_REQUEST", f"Checkout is {checkout['status']}", field="checkout_id")
    return {"checkout": checkout}


def advance(world: World) -> None:
    """What terminal, buyer and time have done by now."""
    for checkout in world.checkouts.values():
        if checkout["status"] == "PENDING":
            age = world.now() - moment(checkout["created_at"], "created_at")
            if age >= _deadline(checkout):
                _end(world, checkout, "CANCELED", "TIMED_OUT")
            elif world.terminal_is_on:
                _end(world, checkout, "IN_PROGRESS", "")
        if checkout["status"] == "IN_PROGRESS" and world.terminal_is_on:
            decide(world, checkout["id"], world.each_checkout)
        elif checkout["status"] == "CANCEL_REQUESTED" and world.terminal_is_on:
            _end(world, checkout, "CANCELED", "SELLER_CANCELED")


def decide(world: World, key: str, decision: str) -> None:
    """What the buyer does with one that is in progress."""
    checkout = _checkout(world, key)
    asked = checkout["amount_money"]["amount"]
    if decision in ("pay", "pay_less"):
        amount = asked if decision == "pay" else asked - 1
        _pay(world, checkout, amount)
        _end(world, checkout, "COMPLETED", "")
    elif decision == "decline":
        payment = take(
            world, checkout["location_id"], asked, status="FAILED", terminal_checkout_id=key,
            reference_id=checkout.get("reference_id", ""),
        )  # fmt: skip
        checkout["payment_ids"] = [payment["id"]]
        _end(world, checkout, "CANCELED", "BUYER_CANCELED")
    elif decision == "cancel":
        _end(world, checkout, "CANCELED", "BUYER_CANCELED")


def _send(world: World, given: Json) -> Json:
    if len(given.get("reference_id", "")) > _REFERENCE_MAX:
        raise SquareSays(400, "VALUE_TOO_LONG", f"at most {_REFERENCE_MAX}", field="checkout.reference_id")
    if given["amount_money"]["currency"] != world.currency:
        raise SquareSays(400, "CURRENCY_MISMATCH", "not the location's currency", field="checkout.amount_money")
    now = world.stamp()
    checkout = {
        "deadline_duration": "PT5M", **given, "id": world.new_id("CHECKOUT"), "status": "PENDING", "created_at": now,
        "updated_at": now, "location_id": world.main_location(), "app_id": "sq0idp-simulated",
    }  # fmt: skip
    world.checkouts[checkout["id"]] = checkout
    _tell(world, "terminal.checkout.created", checkout)
    return checkout


def _pay(world: World, checkout: Json, amount: int) -> None:
    order = place(world, {
        "location_id": checkout["location_id"],
        "line_items": [{"quantity": "1", "name": "Custom Amount", "base_price_money": world.money(amount)}],
    })  # fmt: skip
    payment = take(
        world, checkout["location_id"], amount, order_id=order["id"], terminal_checkout_id=checkout["id"],
        reference_id=checkout.get("reference_id", ""),
    )  # fmt: skip
    checkout["payment_ids"] = [payment["id"]]


def _checkout(world: World, key: str) -> Json:
    if key not in world.checkouts:
        raise SquareSays(404, "NOT_FOUND", "Checkout not found")
    return world.checkouts[key]


def _end(world: World, checkout: Json, status: str, reason: str) -> None:
    checkout["status"], checkout["updated_at"] = status, world.stamp()
    if reason:
        checkout["cancel_reason"] = reason
    _tell(world, "terminal.checkout.updated", checkout)


def _deadline(checkout: Json) -> timedelta:
    found = re.fullmatch(r"PT(?:(\d+)M)?(?:(\d+)S)?", checkout["deadline_duration"])
    if found is None:
        return _LONGEST
    return min(_LONGEST, timedelta(minutes=int(found[1] or 0), seconds=int(found[2] or 0)))


def _tell(world: World, kind: str, checkout: Json) -> None:
    world.tell(kind, "checkout", checkout["id"], {"checkout": checkout})
