"""The store's quick keys with names and prices, looked up when items or settings have changed, not at each scan."""

from __future__ import annotations

from edge_agent.replica.port import Replica
from edge_agent.till.pricing import unit_price_of
from edge_agent.till.view import QuickKeyView
from protocol.documents import Item, QuickKey, Settings
from protocol.ids import GLOBAL_FEED


class QuickKeysKept:
    """The newest keys. Any thread may ask: what is kept is a tuple that is replaced and never changed."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[object, ...], tuple[QuickKeyView, ...]] | None = None

    def of(self, replica: Replica, settings: Settings) -> tuple[QuickKeyView, ...]:
        """The keys whose items there are, in the store's order."""
        if not settings.quick_keys:
            return ()
        state = replica.feed_state(GLOBAL_FEED)
        source = (settings.quick_keys, settings.price_list, state.lineage, state.revision)
        kept = self._kept
        if kept is None or kept[0] != source:
            items = ((key, replica.item(key.sku)) for key in settings.quick_keys)
            kept = source, tuple(_view(key, item, settings.price_list) for key, item in items if item is not None)
            self._kept = kept
        return kept[1]


def _view(key: QuickKey, item: Item, price_list: str) -> QuickKeyView:
    return QuickKeyView(
        sku=item.sku, label=key.label or item.name, page=key.page, colour=key.colour or item.colour,
        symbol=key.symbol or item.symbol, price=unit_price_of(item, price_list),
    )  # fmt: skip
