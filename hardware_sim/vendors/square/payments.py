"""Payments and refunds. A list of payments without a location is about the main location only; fees come later."""

from __future__ import annotations

from hardware_sim.vendors.square.orders import settle
from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.words import Json, SquareSays, moment
from hardware_sim.vendors.square.world import World

_PAGE_MAX = 100


def take(world: World, location: str, amount: int, source: str = "CARD", **more: object) -> Json:
    """Take a payment; `more` is what else stands in it (order_id, status, reference_id, tip_money ...)."""
    now = world.stamp()
    payment: Json = {
        "id": world.new_id("PAYMENT"), "created_at": now, "updated_at": now, "amount_money": world.money(amount),
        "status": "COMPLETED", "source_type": source, "location_id": location, "version_token": world.new_id("v"),
    }  # fmt: skip
    payment.update(more)
    tip = payment.get("tip_money", {}).get("amount", 0)
    payment["total_money"] = world.money(amount + tip)
    if source == "CARD":
        payment["card_details"] = {
            "status": "CAPTURED" if payment["status"] == "COMPLETED" else "FAILED",
            "card": {"card_brand": "VISA", "last_4": "1111"}, "entry_method": "EMV",
            "auth_result_code": f"A{world.number() % 100_000:05d}",
        }  # fmt: skip
    elif source == "CASH":
        payment["cash_details"] = {"buyer_supplied_money": world.money(amount), "change_back_money": world.money(0)}
    elif source == "EXTERNAL":
        payment["external_details"] = {"type": "OTHER", "source": "a bank"}
    world.payments[payment["id"]] = payment
    _tell(world, "payment.created", payment)
    if payment["status"] == "COMPLETED" and payment.get("order_id"):
        settle(world, world.orders[payment["order_id"]], payment)
    return payment


def touch(world: World, payment: Json) -> None:
    """It changed."""
    payment["updated_at"], payment["version_token"] = world.stamp(), world.new_id("v")
    _tell(world, "payment.updated", payment)


def get(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """One payment."""
    return {"payment": payment_of(world, found[0])}


def payment_of(world: World, key: str) -> Json:
    """The payment of an id; raises SquareSays."""
    if key not in world.payments:
        raise SquareSays(404, "NOT_FOUND", f"Could not find payment with id: {key}")
    return world.payments[key]


def cancel(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """Void what is approved and not yet captured."""
    payment = payment_of(world, found[0])
    if payment["status"] != "APPROVED":
        raise SquareSays(400, "BAD_REQUEST", f"Payment is {payment['status']}", field="payment_id")
    payment["status"] = "CANCELED"
    touch(world, payment)
    return {"payment": payment}


def listing(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Payments of a location (the main one if none is named), by time of making or of change."""
    place = asked.get("location_id") or world.main_location()
    found = [each for each in world.payments.values() if each["location_id"] == place]
    return _listed(world, "payments", found, asked)


def refund_listing(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Refunds of all locations, or of one."""
    place = asked.get("location_id")
    found = [each for each in world.refunds.values() if not place or each["location_id"] == place]
    return _listed(world, "refunds", found, asked)


def refund(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Give money back, at most what is left of the payment."""
    return world.only_once("refund", asked["idempotency_key"], asked, lambda: {"refund": give_back(world, asked)})


def give_back(world: World, asked: Json) -> Json:
    """See `refund`."""
    payment = payment_of(world, asked.get("payment_id", ""))
    amount = asked["amount_money"]["amount"]
    given = payment.get("refunded_money", {}).get("amount", 0)
    if payment["status"] != "COMPLETED" or amount <= 0 or given + amount > payment["total_money"]["amount"]:
        raise SquareSays(
            400, "REFUND_AMOUNT_INVALID", "The requested refund amount exceeds the amount available to refund.",
            category="REFUND_ERROR", field="amount_money.amount",
        )  # fmt: skip
    now = world.stamp()
    found: Json = {
        "id": f"{payment['id']}_{world.new_id('REFUND')}", "status": "COMPLETED", "location_id": payment["location_id"],
        "amount_money": asked["amount_money"], "payment_id": payment["id"], "created_at": now, "updated_at": now,
    }  # fmt: skip
    if payment.get("order_id"):
        found["order_id"] = payment["order_id"]
    if asked.get("reason"):
        found["reason"] = asked["reason"]
    world.refunds[found["id"]] = found
    payment["refunded_money"] = world.money(given + amount)
    payment.setdefault("refund_ids", []).append(found["id"])
    touch(world, payment)
    world.tell("refund.created", "refund", found["id"], {"refund": found})
    return found


def _listed(world: World, name: str, found: list[Json], asked: Json) -> Json:
    seen = world.now() - world.lag
    field = asked.get("sort_field", "CREATED_AT").lower()
    spans = {"created_at": ("begin_time", "end_time"), "updated_at": ("updated_at_begin_time", "updated_at_end_time")}
    kept = []
    for each in found:
        outside = moment(each["updated_at"], "updated_at") > seen
        for of, (begin, end) in spans.items():
            at = moment(each[of], of)
            outside |= bool(asked.get(begin)) and at < moment(asked[begin], begin)
            outside |= bool(asked.get(end)) and at > moment(asked[end], end)
        if not outside:
            kept.append(each)
    kept.sort(key=lambda each: (each[field], each["id"]))
    if asked.get("sort_order", "DESC") == "DESC":
        kept.reverse()
    limit = int(asked.get("limit", _PAGE_MAX))
    return page(world, name, kept, asked, min(limit, _PAGE_MAX))


def _tell(world: World, kind: str, payment: Json) -> None:
    world.tell(kind, "payment", payment["id"], {"payment": payment})
