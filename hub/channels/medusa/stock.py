"""Availability into Medusa: one batch at a time, absolute, or as deltas where our companion is installed.

Medusa has no compare-and-set. What protects against a parcel or an order in the middle of it:
levels are read before reservations, so that a parcel between the two makes the level too low and never too high;
orders that come later stay subtracted; and what changed between reading and setting is looked up afterwards and
pushed again. With the companion nothing can be overwritten, for it adds a delta under Medusa's own locks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from hub.channels.links import Links
from hub.channels.medusa import companion
from hub.channels.medusa.answers import Answer, Level, Reservation, Variant
from hub.channels.medusa.client import MedusaClient, MedusaRefused, Params
from hub.channels.medusa.left_lines import LeftLines
from hub.channels.medusa.levels import Read, Spot, is_untouched, kept_for_counted, reads, wanted
from hub.channels.medusa.mapping import only_item
from hub.channels.ports import CountedOrders, Pushed, StockTarget
from hub.errors import ChannelUnavailable, OutcomeUnknown, UnmappedWord

BATCH: Final = 200
_CHUNK: Final = 100
"""An id takes 60 letters of the address, and Node reads 16 kB of it."""
_TRIES: Final = 2
_ITEM_FIELDS = (
    "fields",
    "id,sku,location_levels.location_id,location_levels.stocked_quantity,location_levels.reserved_quantity",
)
_RESERVATION_FIELDS = ("fields", "id,line_item_id,inventory_item_id,location_id,quantity")
_RESERVATIONS: Final = 1_000


class MedusaStock:
    """StockSink."""

    def __init__(self, client: MedusaClient, links: Callable[[], Links], deltas: companion.Companion) -> None:
        self._client = client
        self._links = links
        self._companion = deltas
        self._left = LeftLines(client)
        self._items: dict[str, str] = {}
        self._locations: frozenset[str] = frozenset()

    @property
    def batch_max(self) -> int:
        """Medusa sets 200 levels in a quarter of a second; its answer and its locks grow with more."""
        return BATCH

    def push(self, targets: Sequence[StockTarget], counted: CountedOrders) -> Sequence[Pushed]:
        """Set all levels that Medusa has items and locations for; refuse the others with words."""
        spots, refused = self._spots(targets)
        for attempt in range(_TRIES):
            try:
                outcome = self._set({spot: target for target, spot in spots.items()}, counted)
                return [refused.get(target) or outcome[spots[target]] for target in targets]
            except ChannelUnavailable as error:
                # A deadlock of Medusa's own (500) has changed nothing, or put it back: once more, with new reads.
                again = not isinstance(error, OutcomeUnknown) and error.retry_after_s is None
                if attempt + 1 == _TRIES or not again:
                    raise
        raise AssertionError("the loop above returns or raises")

    def _set(self, targets: Mapping[Spot, StockTarget], counted: CountedOrders) -> dict[Spot, Pushed]:
        if not targets:
            return {}
        before = self._read(targets, counted)
        absent = {spot for spot, read in before.items() if read.stocked is None and not targets[spot].available}
        todo = {spot: target for spot, target in targets.items() if spot not in absent}
        answers = {spot: Pushed(targets[spot], "done") for spot in absent}
        if not todo:
            return answers
        if self._companion.is_there():
            return answers | self._add(todo, before)
        return answers | self._replace(todo, before, counted)

    def _replace(
        self, todo: Mapping[Spot, StockTarget], before: Mapping[Spot, Read], counted: CountedOrders
    ) -> dict[Spot, Pushed]:
        """Set absolute levels, then look whether something came in between."""
        changed = {spot for spot, target in todo.items() if wanted(target, before[spot]) != before[spot].stocked}
        answers = {spot: Pushed(target, "done") for spot, target in todo.items()}
        try:
            self._batch([(spot, before[spot], todo[spot]) for spot in sorted(changed)])
        except MedusaRefused:
            answers |= self._one_by_one([(spot, before[spot], todo[spot]) for spot in sorted(changed)])
        # Only what was raised for counted orders can be too high afterwards, and only there a parcel can have left.
        doubtful = [spot for spot in changed if before[spot].reserved or before[spot].counted]
        if doubtful:
            after = self._read({spot: todo[spot] for spot in doubtful}, counted)
            for spot in doubtful:
                set_to = wanted(todo[spot], before[spot])
                if answers[spot].outcome == "done" and (
                    not is_untouched(before[spot], after[spot]) or after[spot].stocked != set_to
                ):
                    answers[spot] = Pushed(todo[spot], "again", "Medusa's reservations changed meanwhile")
        return answers

    def _batch(self, entries: Sequence[tuple[Spot, Read, StockTarget]]) -> None:
        if not entries:
            return
        bodies = [
            (
                read.stocked is None,
                {
                    "inventory_item_id": spot.item,
                    "location_id": spot.location,
                    "stocked_quantity": wanted(target, read),
                },
            )
            for spot, read, target in entries
        ]
        self._client.post(
            "/admin/inventory-items/location-levels/batch",
            {"create": [body for new, body in bodies if new], "update": [body for new, body in bodies if not new]},
            Answer,
        )

    def _one_by_one(self, entries: Sequence[tuple[Spot, Read, StockTarget]]) -> dict[Spot, Pushed]:
        """A batch is refused whole for one item that is not there any more: find out which."""
        self._items.clear()
        self._locations = frozenset()
        answers = {}
        for entry in entries:
            try:
                self._batch([entry])
                answers[entry[0]] = Pushed(entry[2], "done")
            except MedusaRefused as refused:
                answers[entry[0]] = Pushed(entry[2], "refused", str(refused))
        return answers

    def _add(self, todo: Mapping[Spot, StockTarget], before: Mapping[Spot, Read]) -> dict[Spot, Pushed]:
        """Add the difference to what was read; the companion makes a missing level, and adds once per revision."""
        deltas = [
            companion.Delta(
                inventory_item_id=spot.item,
                location_id=spot.location,
                delta=wanted(target, before[spot]) - (before[spot].stocked or 0),
                revision=before[spot].revision,
            )
            for spot, target in sorted(todo.items())
        ]
        told = {Spot(one.inventory_item_id, one.location_id): one for one in self._companion.adjust(deltas)}
        answers = {}
        for spot, target in todo.items():
            one = told.get(spot)
            if one is None:
                answers[spot] = Pushed(target, "refused", "the companion did not answer for this level")
            elif not one.applied:
                answers[spot] = Pushed(target, "again", "an earlier try had been applied after all")
            elif one.reserved_quantity != before[spot].reserved:
                answers[spot] = Pushed(target, "again", "Medusa's reservations changed meanwhile")
            else:
                answers[spot] = Pushed(target, "done")
        return answers

    def _read(self, targets: Mapping[Spot, StockTarget], counted: CountedOrders) -> dict[Spot, Read]:
        """Levels first, then reservations: the other way round a parcel that leaves in between is offered again.

        What has left of counted lines comes last, for the same reason.
        """
        skus = {spot.item: target.sku for spot, target in targets.items()}
        items = sorted(skus)
        if self._companion.is_there():
            at_once = self._companion.read(items)
            levels, revisions, reservations = at_once.levels, at_once.revisions, at_once.reservations
        else:
            levels, revisions, reservations = self._levels(items), {}, self._reservations(items)
        left = self._left.of(reservations, counted)
        return reads(targets, levels, kept_for_counted(reservations, counted, skus, left), revisions)

    def _levels(self, items: Sequence[str]) -> dict[Spot, Level]:
        found = {}
        for ids in _chunks(items):
            params: Params = [*(("id[]", one) for one in ids), ("limit", _CHUNK), _ITEM_FIELDS]
            for item in self._client.get("/admin/inventory-items", Answer, params).inventory_items:
                found.update({Spot(item.id, level.location_id): level for level in item.location_levels})
        return found

    def _reservations(self, items: Sequence[str]) -> list[Reservation]:
        """All reservations of these items, each once: pages may overlap while orders come in."""
        found: dict[str, Reservation] = {}
        for ids in _chunks(items):
            params: Params = [*(("inventory_item_id[]", one) for one in ids), ("order", "id"), _RESERVATION_FIELDS]
            for page in self._client.pages("/admin/reservations", Answer, params, limit=_RESERVATIONS):
                found.update({one.id: one for one in page.reservations})
                if len(page.reservations) < _RESERVATIONS:
                    break
        return list(found.values())

    def _spots(self, targets: Sequence[StockTarget]) -> tuple[dict[StockTarget, Spot], dict[StockTarget, Pushed]]:
        """Where each target belongs; the rest is refused with words."""
        self._learn({target.sku for target in targets}, {target.location for target in targets})
        spots: dict[StockTarget, Spot] = {}
        refused: dict[StockTarget, Pushed] = {}
        for target in targets:
            item = self._items.get(target.sku)
            if item is None:
                words = (
                    f"Medusa has no inventory item {target.sku}: give a variant this SKU, and let it manage inventory"
                )
                refused[target] = Pushed(target, "refused", words)
            elif target.location not in self._locations:
                refused[target] = Pushed(target, "refused", f"Medusa has no stock location {target.location}")
            else:
                spots[target] = Spot(item, target.location)
        return spots, refused

    def _learn(self, skus: set[str], locations: set[str]) -> None:
        """Find items: by what the catalogue said of them, by their variant, else by SKU.

        The batch route takes any location, so it is looked whether there is one.
        """
        links = self._links()
        variants: dict[str, str] = {}
        unknown: dict[str, str] = {}
        for sku in sorted(skus - self._items.keys()):
            try:
                link = links.to_theirs("item", sku)
            except UnmappedWord:
                unknown[sku] = sku
                continue
            if item := link.more.get("inventory_item"):
                self._items[sku] = item
            else:
                variants[link.theirs] = sku
        self._learn_variants(variants)
        self._learn_skus(unknown)
        if not locations <= self._locations:
            places = self._client.get("/admin/stock-locations", Answer, [("limit", 1_000), ("fields", "id,name")])
            self._locations = frozenset(place.id for place in places.stock_locations)

    def _learn_variants(self, variants: Mapping[str, str]) -> None:
        """Links that a person made name a variant; one that takes several items, or several of one, has no level."""
        fields = "id,updated_at,inventory_items.inventory_item_id,inventory_items.required_quantity"
        for some in _chunks(sorted(variants)):
            params: Params = [*(("id[]", one) for one in some), ("limit", _CHUNK), ("fields", fields)]
            for raw in self._client.get("/admin/product-variants", Answer, params).variants:
                variant = msgspec.json.decode(raw, type=Variant)
                if item := only_item(variant):
                    self._items[variants[variant.id]] = item

    def _learn_skus(self, skus: Mapping[str, str]) -> None:
        for some in _chunks(sorted(skus)):
            params: Params = [*(("sku[]", one) for one in some), ("limit", _CHUNK), ("fields", "id,sku")]
            for found in self._client.get("/admin/inventory-items", Answer, params).inventory_items:
                if found.sku is not None and found.sku in skus:
                    self._items[skus[found.sku]] = found.id


def _chunks(words: Sequence[str]) -> Iterable[Sequence[str]]:
    return (words[start : start + _CHUNK] for start in range(0, len(words), _CHUNK))
