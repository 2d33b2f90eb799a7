"""Medusa's variants as items.

A variant's own changes (price, barcode, SKU) move its `updated_at`, a product's title moves only the product's. Some
changes (a price written by another route) move neither, and what is deleted is no more listed at all. So each time,
beside what is new, the known variants are gone through, a hundred at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from hub.channels.links import Link, Links
from hub.channels.medusa import polling
from hub.channels.medusa.answers import Answer, Variant
from hub.channels.medusa.client import MedusaClient
from hub.channels.medusa.mapping import Untranslatable, gone_item, item_of
from hub.channels.ports import ChannelItem, ChannelPlace, Page, Unread
from hub.errors import ChannelRefused

_LIMIT: Final = 100
_PRODUCTS: Final = 20
_FIELDS: Final = (
    "id,sku,title,barcode,ean,upc,updated_at,product_id,product.title,product.status,prices.amount,"
    "prices.currency_code,prices.min_quantity,prices.max_quantity,prices.rules,"
    "inventory_items.inventory_item_id,inventory_items.required_quantity"
)
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


class _Where(msgspec.Struct, frozen=True):
    variants: polling.Cursor
    products: polling.Cursor
    known: str = ""


class _ProductVariants(msgspec.Struct, frozen=True):
    id: str
    updated_at: datetime
    variants: tuple[polling.Stamped, ...] = ()


class MedusaCatalogue:
    """CatalogueSource."""

    def __init__(
        self, client: MedusaClient, links: Callable[[], Links], currency: str, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._links = links
        self._currency = currency
        self._now = now

    def changed(self, cursor: str) -> Page[ChannelItem]:
        """Variants that changed, then variants of products that changed, then a hundred of those that are known."""
        where = self._where(cursor)
        raws = self._client.get(
            "/admin/product-variants", Answer, [*polling.question(where.variants, _LIMIT), ("fields", _FIELDS)]
        ).variants
        step = polling.after(where.variants, _stamps(raws), _LIMIT, self._now())
        where = msgspec.structs.replace(where, variants=step.cursor)
        if step.more:
            return self._page(raws, [], where, more=True)
        found = self._client.get(
            "/admin/products",
            Answer,
            [*polling.question(where.products, _PRODUCTS), ("fields", "id,updated_at,variants.id,variants.updated_at")],
        ).products
        products = [msgspec.json.decode(raw, type=_ProductVariants) for raw in found]
        step = polling.after(where.products, [product.updated_at for product in products], _PRODUCTS, self._now())
        where = msgspec.structs.replace(where, products=step.cursor)
        seen = {msgspec.json.decode(raw, type=polling.Stamped).id for raw in raws}
        ids = [variant.id for product in products for variant in product.variants if variant.id not in seen]
        raws = (*raws, *self._by_id(ids))
        if step.more:
            return self._page(raws, [], where, more=True)
        return self._with_some_known(raws, where)

    def locations(self) -> Sequence[ChannelPlace]:
        """Medusa's stock locations."""
        answer = self._client.get("/admin/stock-locations", Answer, [("limit", 1_000), ("fields", "id,name")])
        return [ChannelPlace(place.id, place.name) for place in answer.stock_locations]

    def _where(self, cursor: str) -> _Where:
        if not cursor:
            start = self._now() - polling.SETTLED
            return _Where(polling.Cursor(_BEGINNING), polling.Cursor(start))
        try:
            return msgspec.json.decode(cursor, type=_Where)
        except msgspec.MsgspecError as error:
            raise ChannelRefused(f"the stored cursor {cursor!r} is not understood: {error}; start afresh") from error

    def _with_some_known(self, new: Sequence[msgspec.Raw], where: _Where) -> Page[ChannelItem]:
        """What is new, and the next hundred of the linked variants: those that are not there any more are gone."""
        linked = [link for link in self._links().of("item") if link.ours > where.known][:_LIMIT]
        where = msgspec.structs.replace(where, known=linked[-1].ours if len(linked) == _LIMIT else "")
        raws = self._by_id([link.theirs for link in linked])
        there = {msgspec.json.decode(raw, type=polling.Stamped).id for raw in raws}
        gone = [link for link in linked if link.theirs not in there]
        return self._page([*new, *raws], gone, where, more=False)

    def _by_id(self, ids: Sequence[str]) -> tuple[msgspec.Raw, ...]:
        found: list[msgspec.Raw] = []
        for start in range(0, len(ids), _LIMIT):
            chosen = [("id[]", one) for one in ids[start : start + _LIMIT]]
            found += self._client.get(
                "/admin/product-variants", Answer, [*chosen, ("limit", _LIMIT), ("fields", _FIELDS)]
            ).variants
        return tuple(found)

    def _page(
        self, raws: Iterable[msgspec.Raw], gone: Iterable[Link], where: _Where, *, more: bool
    ) -> Page[ChannelItem]:
        found = [gone_item(link.theirs, link.ours, self._currency) for link in gone]
        unread = []
        for raw in raws:
            try:
                variant = msgspec.json.decode(raw, type=Variant)
                if variant.product is None or variant.product.status == "published":
                    found.append(item_of(variant, self._currency))
            except (msgspec.MsgspecError, Untranslatable) as error:
                key = msgspec.json.decode(raw, type=polling.Stamped).id
                unread.append(Unread("item", key, str(error), bytes(raw)))
        return Page(found, msgspec.json.encode(where).decode(), more, unread)


def _stamps(raws: Iterable[msgspec.Raw]) -> list[datetime]:
    return [msgspec.json.decode(raw, type=polling.Stamped).updated_at for raw in raws]
