"""Pages and cursors. A cursor belongs to its query; a page may be empty and carry one all the same."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from hardware_sim.vendors.square.words import Json, SquareSays
from hardware_sim.vendors.square.world import World


def page(world: World, name: str, found: Sequence[Json], query: Json, limit: int) -> Json:
    """One page of `found` under `name`, from where the query's cursor says."""
    mark = hashlib.sha256(
        json.dumps({key: value for key, value in query.items() if key != "cursor"}, sort_keys=True).encode()
    ).hexdigest()[:12]
    start = _start(query.get("cursor"), mark)
    if world.hollow > 0 and start < len(found):
        world.hollow -= 1
        return {name: [], "cursor": _cursor(start, mark)}
    end = start + max(1, min(limit, world.page_max))
    answer: Json = {name: list(found[start:end])}
    if end < len(found):
        answer["cursor"] = _cursor(end, mark)
    return answer


def _cursor(start: int, mark: str) -> str:
    return base64.urlsafe_b64encode(f"{start}:{mark}".encode()).decode()


def _start(cursor: str | None, mark: str) -> int:
    if not cursor:
        return 0
    try:
        start, _, of = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if of == mark:
            return int(start)
    except ValueError:
        pass
    raise SquareSays(400, "INVALID_CURSOR", "the cursor is of another query", field="cursor")
