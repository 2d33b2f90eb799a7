"""The connector of the pretended shop: what a vendor's folder would hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from hub.channels.manifest import Connecting
from hub.channels.ports import (
    Channel,
    ChannelItem,
    ChannelOrder,
    ChannelPlace,
    CountedOrders,
    HandedOver,
    Page,
    Pushed,
    StockTarget,
    TillReceipt,
)
from hub.errors import ChannelRefused, ChannelUnauthorised, ChannelUnavailable, OutcomeUnknown
from protocol.documents import Item

TIMEOUT_S = 5.0


class PretendChannel:
    """All ports of the pretended shop."""

    batch_max = 10

    def __init__(self, connecting: Connecting) -> None:
        self._connecting = connecting
        self._client = httpx.Client(
            base_url=connecting.settings.get("url", "http://shop"), transport=connecting.transport, timeout=TIMEOUT_S,
            headers={"authorization": connecting.secrets.get("token", "t1")},
        )  # fmt: skip

    def push(self, targets: Sequence[StockTarget], counted: CountedOrders) -> Sequence[Pushed]:
        """See StockSink."""
        links = self._connecting.links()
        for target in targets:
            links.to_theirs("item", target.sku)
        levels = [target._asdict() for target in targets]
        lines = {line: {"quantity": one.quantity, "each": one.each} for line, one in counted.lines.items()}
        answers = self._call("POST", "/levels", {"levels": levels, "counted": lines})
        return [Pushed(target, **answer) for target, answer in zip(targets, answers, strict=True)]

    def record(self, receipt: TillReceipt, *, may_be_known: bool) -> str:
        """See SaleSink."""
        body = {"key": receipt.key, "store": receipt.store, "total": receipt.data.total, "original": receipt.original}
        return self._once("/sales", receipt.key, body, may_be_known=may_be_known)

    def hand_over(self, parcel: HandedOver, *, may_be_known: bool) -> str:
        """See OrderSource."""
        body = {"key": parcel.key, "order": parcel.order, "goods": parcel.goods}
        return self._once("/parcels", parcel.key, body, may_be_known=may_be_known)

    def cancel(self, order: str, *, may_be_known: bool) -> None:
        """See OrderSource."""
        if not (may_be_known and self._call("GET", f"/cancel?key={order}")):
            self._call("POST", "/cancel", {"order": order})

    def changed(self, cursor: str) -> Page[ChannelOrder]:
        """See OrderSource: it has no orders of its own to tell."""
        return Page((), cursor)

    def order(self, order: str) -> ChannelOrder | None:
        """See OrderSource."""
        del order
        return None

    def close(self) -> None:
        """End the connections."""
        self._client.close()

    def items(self) -> Sequence[ChannelItem]:
        """All that it sells."""
        found: dict[str, str] = self._call("GET", "/items")
        return [ChannelItem(key, "1", Item(sku=sku, name=sku, price=1, currency="VND")) for key, sku in found.items()]

    def places(self) -> Sequence[ChannelPlace]:
        """Its locations."""
        return [ChannelPlace(key, name) for key, name in self._call("GET", "/places").items()]

    def _once(self, path: str, key: str, body: object, *, may_be_known: bool) -> str:
        if may_be_known and (found := self._call("GET", f"{path}?key={key}")):
            return str(found[0])
        return str(self._call("POST", path, body)["id"])

    def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of a test's own making
        try:
            answer = self._client.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ChannelUnavailable(f"cannot be reached: {error}") from error
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"no answer: {error}") from error
        match answer.status_code:
            case 200:
                return answer.json()
            case 401:
                raise ChannelUnauthorised(answer.text)
            case 429:
                asked = answer.headers.get("retry-after")
                raise ChannelUnavailable(answer.text, None if asked is None else float(asked))
            case status if status >= 500:
                raise OutcomeUnknown(f"{status} {answer.text}")
            case _:
                raise ChannelRefused(answer.text)


class PretendCatalogue:
    """What it sells, as a port."""

    def __init__(self, channel: PretendChannel) -> None:
        self._channel = channel

    def changed(self, cursor: str) -> Page[ChannelItem]:
        """See CatalogueSource: all of it, on one page."""
        return Page(self._channel.items(), cursor or "1")

    def locations(self) -> Sequence[ChannelPlace]:
        """See CatalogueSource."""
        return self._channel.places()


def open_pretend(connecting: Connecting) -> Channel:
    """Connect it with all of its ports."""
    channel = PretendChannel(connecting)
    return Channel(
        stock=channel, orders=channel, sales=channel, catalogue=PretendCatalogue(channel), close=channel.close
    )  # fmt: skip
