"""Availability out: physical counts at Square, absolute, all of a batch or none, so a refused batch is halved.

Square takes goods out of IN_STOCK when an order is paid. A sale after `occurred_at` of a count is subtracted from the
count; one before it is taken to be in it. So a count is lessened by what was paid there lately beyond what the hub had
heard to be ordered of each line (`CountedOrders.heard`): else it would give back those goods. An order that is not paid
yet may still grow, so it is quantities that are compared. Where the hub had heard of more than is paid, it is Square
that knows better, and the hub hears of it soon; until then too little is offered. Where the hub does not tell what it
heard, that is done for orders that are open only: a closed one may be counted already.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.channels.manifest import Connecting
from hub.channels.ports import CountedOrders, Pushed, StockTarget
from hub.channels.square.client import ONCE, SquareApi, SquareRefused, given
from hub.channels.square.orders_mapping import paid_lines
from hub.channels.square.words import Json, quantity, raw, stamp
from hub.errors import UnmappedWord

BATCH_MAX = 100
LATELY = timedelta(minutes=10)
"""So long may the hub not have heard of a sale; with webhooks it is seconds, by polling alone a minute or two."""

_LOCATIONS_MAX = 10
_LIMIT = 500


class Stock:
    """See `ports.StockSink`."""

    def __init__(self, api: SquareApi, connecting: Connecting) -> None:
        self._api = api
        self._connecting = connecting

    @property
    def batch_max(self) -> int:
        """Square takes a hundred changes at once."""
        return BATCH_MAX

    def push(self, targets: Sequence[StockTarget], counted: CountedOrders) -> Sequence[Pushed]:
        """Write counts. One answer for each target, in their order."""
        links = self._connecting.links()
        outcomes: dict[StockTarget, Pushed] = {}
        known: list[tuple[StockTarget, str]] = []
        for target in targets:
            try:
                known.append((target, links.to_theirs("item", target.sku).theirs))
            except UnmappedWord as error:
                outcomes[target] = Pushed(target, "refused", str(error))
        if known:
            now = stamp(self._connecting.now())
            unheard = self._unheard({target.location for target, _ in known}, counted)
            changes = [(target, self._count(target, key, unheard, now)) for target, key in known]
            self._write(changes, outcomes)
        return [outcomes[target] for target in targets]

    def _unheard(self, locations: set[str], counted: CountedOrders) -> Mapping[tuple[str, str], int]:
        """What was paid there lately and the hub has not heard of: thousandths by (location, variation)."""
        start = stamp(self._connecting.now() - LATELY)
        places = sorted(locations)
        found: Counter[tuple[str, str]] = Counter()
        for at in range(0, len(places), _LOCATIONS_MAX):
            for order in self._paid_since(start, places[at : at + _LOCATIONS_MAX]):
                if counted.heard is None and order.get("state") == "COMPLETED":
                    continue
                for line, (variation, of) in paid_lines(order).items():
                    found[order["location_id"], variation] += max(0, of - (counted.heard or {}).get(line, 0))
        return found

    def _paid_since(self, start: str, places: list[str]) -> Iterator[Json]:
        query: Any = {
            "filter": {
                "state_filter": {"states": ["OPEN", "COMPLETED"]},
                "date_time_filter": {"updated_at": {"start_at": start}},
            },
            "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
        }
        return self._api.pages(
            lambda square, cursor: square.orders.search(
                location_ids=places, query=query, limit=_LIMIT, request_options=ONCE, **given(cursor=cursor)
            ),
            "orders",
        )

    def _count(self, target: StockTarget, variation: str, unheard: Mapping[tuple[str, str], int], now: str) -> Json:
        left = max(0, target.available - unheard.get((target.location, variation), 0))
        return {
            "type": "PHYSICAL_COUNT",
            "physical_count": {
                "reference_id": f"tillwire:{self._connecting.name}",
                "catalog_object_id": variation,
                "state": "IN_STOCK",
                "location_id": target.location,
                "quantity": quantity(left),
                "occurred_at": now,
            },
        }

    def _write(self, changes: Sequence[tuple[StockTarget, Json]], outcomes: dict[StockTarget, Pushed]) -> None:
        """Write a batch; one that is refused is halved until the culprits stand alone with Square's words."""
        written: Any = [change for _, change in changes]
        once = hashlib.sha256(raw({"changes": written})).hexdigest()
        try:
            self._api.write(
                lambda square: square.inventory.batch_create_changes(
                    idempotency_key=once, changes=written, ignore_unchanged_counts=True, request_options=ONCE
                )
            )
        except SquareRefused as error:
            if len(changes) == 1:
                target = changes[0][0]
                outcomes[target] = Pushed(target, "refused", str(error))
                return
            half = len(changes) // 2
            self._write(changes[:half], outcomes)
            self._write(changes[half:], outcomes)
            return
        outcomes |= {target: Pushed(target, "done") for target, _ in changes}
