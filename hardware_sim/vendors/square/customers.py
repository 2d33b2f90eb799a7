"""Customers: create, get, search by exact words or by time of change, update by version, delete."""

from __future__ import annotations

from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.words import Json, SquareSays, moment
from hardware_sim.vendors.square.world import World

_PAGE_MAX = 100
_FIELDS = (
    "given_name", "family_name", "company_name", "nickname", "email_address", "address", "phone_number",
    "reference_id", "note", "birthday",
)  # fmt: skip


def create(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Add a person; at least a name, an address or a number."""
    if not any(asked.get(name) for name in _FIELDS[:7]):
        raise SquareSays(400, "MISSING_REQUIRED_PARAMETER", "At least one of the names, email or phone is required.")
    key = asked.get("idempotency_key") or world.new_id("k")
    return world.only_once("customer", key, asked, lambda: {"customer": add(world, asked)})


def add(world: World, asked: Json) -> Json:
    """See `create`."""
    now = world.stamp()
    customer = {name: asked[name] for name in _FIELDS if asked.get(name)}
    customer |= {
        "id": world.new_id("CUSTOMER"), "created_at": now, "updated_at": now, "version": 0,
        "preferences": {"email_unsubscribed": False}, "creation_source": "THIRD_PARTY",
    }  # fmt: skip
    world.customers[customer["id"]] = customer
    world.tell("customer.created", "customer", customer["id"], {"customer": customer})
    return customer


def get(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """One person."""
    return {"customer": _customer(world, found[0])}


def update(world: World, found: tuple[str, ...], asked: Json) -> Json:
    """Change what is given, if the version is the newest or not told."""
    customer = _customer(world, found[0])
    if asked.get("version") not in (None, customer["version"]):
        raise SquareSays(409, "CONFLICT", "Customer was changed meanwhile.", field="version")
    customer.update({name: asked[name] for name in _FIELDS if name in asked})
    customer["version"] += 1
    customer["updated_at"] = world.stamp()
    world.tell("customer.updated", "customer", customer["id"], {"customer": customer})
    return {"customer": customer}


def delete(world: World, found: tuple[str, ...], _asked: Json) -> Json:
    """Forget a person."""
    customer = _customer(world, found[0])
    del world.customers[customer["id"]]
    world.tell("customer.deleted", "customer", customer["id"], {"customer": customer}, deleted=True)
    return {}


def search(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """People by exact address, number or reference, and by when they changed."""
    filters = (asked.get("query") or {}).get("filter") or {}
    span = filters.get("updated_at") or {}
    found = []
    for customer in world.customers.values():
        exact = [
            customer.get(name, "").lower() == filters[name]["exact"].lower()
            for name in ("email_address", "phone_number", "reference_id")
            if filters.get(name)
        ]
        at = moment(customer["updated_at"], "updated_at")
        late = bool(span.get("start_at")) and at < moment(span["start_at"], "query.filter.updated_at.start_at")
        if all(exact) and not late:
            found.append(customer)
    answer = page(world, "customers", found, asked, int(asked.get("limit", _PAGE_MAX)))
    return answer if answer["customers"] or "cursor" in answer else {}


def _customer(world: World, key: str) -> Json:
    if key not in world.customers:
        raise SquareSays(404, "NOT_FOUND", f"Customer with ID `{key}` not found.")
    return world.customers[key]
