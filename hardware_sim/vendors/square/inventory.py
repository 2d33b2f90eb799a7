"""Counts and changes of stock.

A level is the newest physical count by `occurred_at`, with the adjustments that occurred after it: so Square describes
it ("estimated from the known history of physical counts and adjustments"); an adjustment that occurred before the count
is contained in it.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.words import Json, SquareSays, decimal, moment, plain, stamp
from hardware_sim.vendors.square.world import Stir, World

_CHANGES_MAX = 100
_PAGE_MAX = 1_000
_OLDEST = timedelta(hours=24)
_WRITABLE = {"IN_STOCK", "SOLD", "WASTE", "NONE", "UNLINKED_RETURN"}


def level(world: World, variation: str, location: str) -> Decimal | None:
    """What is in stock, None if nobody ever counted or moved it."""
    stirs = sorted(world.stirs.get((variation, location), ()))
    if not stirs:
        return None
    quantity = Decimal(0)
    for stir in stirs:
        quantity = stir.quantity if stir.kind == "count" else quantity + stir.quantity
    return quantity


def stir(world: World, change: Json, number: int) -> None:
    """Take a change that was checked into the history, and tell."""
    what = _told(change)
    amount = Decimal(what["quantity"])
    kind: Literal["count", "move"] = "count"
    if change["type"] == "ADJUSTMENT":
        kind = "move"
        into, out_of = what["to_state"] == "IN_STOCK", what["from_state"] == "IN_STOCK"
        amount = amount if into and not out_of else -amount if out_of and not into else Decimal(0)
    key = (what["catalog_object_id"], what["location_id"])
    entry = Stir(moment(what["occurred_at"], "occurred_at"), number, kind, amount, change)
    world.stirs.setdefault(key, []).append(entry)
    count = _count(world, *key)
    world.tell("inventory.count.updated", "inventory_counts", world.new_id("inv-"), {"inventory_counts": [count]})


def batch_create(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Write counts and adjustments: all of them or none."""
    changes = asked.get("changes") or []
    if not changes or len(changes) > _CHANGES_MAX:
        raise SquareSays(400, "ARRAY_LENGTH_TOO_LONG", f"1 to {_CHANGES_MAX} changes", field="changes")
    return world.only_once("inventory", asked["idempotency_key"], asked, lambda: _write(world, asked, changes))


def counts(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Levels; what was never counted or moved is missing."""
    after = moment(asked["updated_after"], "updated_after") if asked.get("updated_after") else None
    found = []
    for (variation, location), stirs in world.stirs.items():
        if not _asked_for(asked, variation, location):
            continue
        if after is None or any(moment(_told(each.change)["created_at"], "created_at") > after for each in stirs):
            found.append(_count(world, variation, location))
    return page(world, "counts", found, asked, int(asked.get("limit", _PAGE_MAX)))


def changes(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """The history, oldest first."""
    after = moment(asked["updated_after"], "updated_after") if asked.get("updated_after") else None
    entries = [
        each
        for (variation, location), stirs in world.stirs.items()
        if _asked_for(asked, variation, location)
        for each in stirs
        if each.change["type"] in (asked.get("types") or ("PHYSICAL_COUNT", "ADJUSTMENT"))
    ]
    found = [
        each.change
        for each in sorted(entries)
        if after is None or moment(_told(each.change)["created_at"], "created_at") > after
    ]
    return page(world, "changes", found, asked, int(asked.get("limit", _PAGE_MAX)))


def physical_count(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """One count of the history."""
    return {"count": _entry(world, "PHYSICAL_COUNT", found[0])}


def adjustment(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """One adjustment of the history."""
    return {"adjustment": _entry(world, "ADJUSTMENT", found[0])}


def _entry(world: World, kind: str, key: str) -> Json:
    for stirs in world.stirs.values():
        for each in stirs:
            if each.change["type"] == kind and _told(each.change)["id"] == key:
                return _told(each.change)
    raise SquareSays(404, "NOT_FOUND", f"Could not find inventory change with id {key}.")


def _write(world: World, asked: Json, wanted: list[Json]) -> Json:
    checked = [_checked(world, each, f"changes[{place}]") for place, each in enumerate(wanted)]
    written = []
    for change in checked:
        what = _told(change)
        if (
            change["type"] == "PHYSICAL_COUNT"
            and asked.get("ignore_unchanged_counts", True)
            and level(world, what["catalog_object_id"], what["location_id"]) == Decimal(what["quantity"])
        ):
            continue
        stir(world, change, world.number())
        written.append(change)
    touched = {(_told(each)["catalog_object_id"], _told(each)["location_id"]) for each in checked}
    return {"counts": [_count(world, *key) for key in sorted(touched)], "changes": written}


def _checked(world: World, given: Json, where: str) -> Json:
    kind = given.get("type")
    part = {"PHYSICAL_COUNT": "physical_count", "ADJUSTMENT": "adjustment"}.get(str(kind))
    if part is None or part not in given:
        raise SquareSays(400, "INVALID_VALUE", f"`{kind}` cannot be written", field=f"{where}.type")
    what = dict(given[part])
    field = f"{where}.{part}" if world.names_the_item else ""
    if what.get("catalog_object_id") not in world.objects or world.objects[what["catalog_object_id"]].get("is_deleted"):
        raise SquareSays(
            400, "NOT_FOUND", "Unable to find catalog object.", field=field and f"{field}.catalog_object_id"
        )
    if what.get("location_id") not in world.locations:
        raise SquareSays(400, "INVALID_VALUE", "Unable to find location.", field=field and f"{field}.location_id")
    states = [what["state"]] if part == "physical_count" else [what.get("from_state"), what.get("to_state")]
    if any(state not in _WRITABLE for state in states):
        raise SquareSays(400, "INVALID_VALUE", f"{states}: not writable", field=field)
    if decimal(what.get("quantity", ""), f"{field}.quantity") < 0:
        raise SquareSays(400, "VALUE_TOO_LOW", "below 0", field=f"{field}.quantity")
    at = moment(what.get("occurred_at", ""), f"{field}.occurred_at")
    if at > world.now() or at < world.now() - _OLDEST:
        raise SquareSays(400, "INVALID_TIME", "older than 24 hours, or in the future", field=f"{field}.occurred_at")
    what |= {"id": world.new_id("CHANGE"), "catalog_object_type": "ITEM_VARIATION", "created_at": world.stamp()}
    what["source"] = {"product": "EXTERNAL_API", "application_id": world.application, "name": "A program"}
    return {"type": kind, part: what}


def _told(change: Json) -> Json:
    found: Json = change["physical_count"] if change["type"] == "PHYSICAL_COUNT" else change["adjustment"]
    return found


def _asked_for(asked: Json, variation: str, location: str) -> bool:
    objects, locations = asked.get("catalog_object_ids"), asked.get("location_ids")
    return (not objects or variation in objects) and (not locations or location in locations)


def _count(world: World, variation: str, location: str) -> Json:
    return {
        "catalog_object_id": variation, "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK",
        "location_id": location, "quantity": plain(level(world, variation, location) or Decimal(0)),
        "calculated_at": stamp(world.now()),
    }  # fmt: skip
