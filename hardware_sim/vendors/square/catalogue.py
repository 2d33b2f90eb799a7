"""Items and their variations: list, search (deleted ones too) and batch upsert, one at a time."""

from __future__ import annotations

from copy import deepcopy

from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.words import Json, SquareSays, moment
from hardware_sim.vendors.square.world import World

_LIST_MAX = 100
_SEARCH_MAX = 1_000
_REQUEST_MAX = 10_000
_BATCH_MAX = 1_000


def listing(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """All objects that are there; deleted ones are left out."""
    types = asked["types"].split(",") if asked.get("types") else None
    found = [
        _shown(world, each)
        for each in world.objects.values()
        if not each.get("is_deleted") and (types is None or each["type"] in types)
    ]
    return page(world, "objects", found, asked, _LIST_MAX)


def search(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Objects that changed after `begin_time` (exclusive), by type, with their related ones if asked."""
    begin = moment(asked["begin_time"], "begin_time") if asked.get("begin_time") else None
    types = asked.get("object_types")
    found = [
        _shown(world, each)
        for each in world.objects.values()
        if (types is None or each["type"] in types)
        and (asked.get("include_deleted_objects") or not each.get("is_deleted"))
        and (begin is None or moment(each["updated_at"], "updated_at") > begin)
    ]
    answer = page(world, "objects", found, asked, int(asked.get("limit", _SEARCH_MAX)))
    answer["latest_time"] = world.stamp()
    if asked.get("include_related_objects"):
        answer["related_objects"] = _related(world, answer["objects"])
    return answer


def batch_upsert(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Add or change objects; ids that begin with `#` are made real and told in `id_mappings`."""
    if world.busy_writing:
        raise SquareSays(429, "RATE_LIMITED", "Another catalog write is in progress.", category="RATE_LIMIT_ERROR")
    batches = asked.get("batches") or []
    if sum(len(batch["objects"]) for batch in batches) > _REQUEST_MAX:
        raise SquareSays(400, "ARRAY_LENGTH_TOO_LONG", f"at most {_REQUEST_MAX} objects", field="batches")
    if any(len(batch["objects"]) > _BATCH_MAX for batch in batches):
        raise SquareSays(400, "ARRAY_LENGTH_TOO_LONG", f"at most {_BATCH_MAX} objects", field="batches.objects")
    return world.only_once("catalog", asked["idempotency_key"], asked, lambda: _upsert(world, batches))


def _upsert(world: World, batches: list[Json]) -> Json:
    mappings: list[Json] = []
    written = [_put(world, each, mappings) for batch in batches for each in batch["objects"]]
    shown = {"catalog_version": {"updated_at": world.stamp()}}
    world.tell("catalog.version.updated", "catalog_version", world.new_id("c-"), shown)
    return {
        "objects": [_shown(world, each) for each in written], "updated_at": world.stamp(), "id_mappings": mappings,
    }  # fmt: skip


def _put(world: World, given: Json, mappings: list[Json]) -> Json:
    each = deepcopy(given)
    known = world.objects.get(each["id"])
    if each["id"].startswith("#"):
        each["id"] = world.new_id("OBJECT")
        mappings.append({"client_object_id": given["id"], "object_id": each["id"]})
    elif known is None:
        raise SquareSays(400, "NOT_FOUND", f"Object `{each['id']}` not found.", field="id")
    elif known["version"] != each.get("version"):
        raise SquareSays(400, "CONFLICT", f"Object version does not match latest of `{each['id']}`.")
    each["version"], each["updated_at"], each["is_deleted"] = world.number(), world.stamp(), False
    each.setdefault("present_at_all_locations", True)
    for variation in (each.get("item_data") or {}).pop("variations", []):
        variation["item_variation_data"]["item_id"] = each["id"]
        _put(world, variation, mappings)
    world.objects[each["id"]] = each
    return each


def _shown(world: World, each: Json) -> Json:
    if each["type"] != "ITEM":
        return each
    variations = [
        one
        for one in world.objects.values()
        if one["type"] == "ITEM_VARIATION"
        and one["item_variation_data"]["item_id"] == each["id"]
        and not one.get("is_deleted")
    ]
    return {**each, "item_data": {**each["item_data"], "variations": variations}}


def _related(world: World, found: list[Json]) -> list[Json]:
    ids: dict[str, None] = {}
    for each in found:
        if each["type"] == "ITEM_VARIATION":
            item = world.objects[each["item_variation_data"]["item_id"]]
            ids[item["id"]] = None
            ids.update(dict.fromkeys(item["item_data"].get("tax_ids", ())))
        elif each["type"] == "ITEM":
            ids.update(dict.fromkeys(each["item_data"].get("tax_ids", ())))
    return [_shown(world, world.objects[key]) for key in ids if key in world.objects]
