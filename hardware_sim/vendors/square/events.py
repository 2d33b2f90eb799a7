"""The search for events of the last 28 days: what repairs a webhook that got lost."""

from __future__ import annotations

from datetime import timedelta

from hardware_sim.vendors.square.paging import page
from hardware_sim.vendors.square.words import Json, moment
from hardware_sim.vendors.square.world import World

KEPT = timedelta(days=28)


def search_events(world: World, _found: tuple[str, ...], asked: Json) -> Json:
    """Find events by type and time, oldest first unless asked otherwise."""
    query = asked.get("query") or {}
    filters = query.get("filter") or {}
    span = filters.get("created_at") or {}
    start = moment(span["start_at"], "query.filter.created_at.start_at") if span.get("start_at") else None
    end = moment(span["end_at"], "query.filter.created_at.end_at") if span.get("end_at") else None
    types = filters.get("event_types")
    found = []
    for event in world.events:
        at = moment(event["created_at"], "created_at")
        if at < world.now() - KEPT or (start and at < start) or (end and at > end):
            continue
        if not types or event["type"] in types:
            found.append(event)
    if (query.get("sort") or {}).get("order") == "DESC":
        found.reverse()
    answer = page(world, "events", found, asked, int(asked.get("limit", 100)))
    answer["metadata"] = [{"event_id": event["event_id"], "api_version": "2025-08-20"} for event in answer["events"]]
    return answer
