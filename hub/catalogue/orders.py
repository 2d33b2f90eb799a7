"""Reading web orders as channels write them, for the command and the API. Pure: text in, orders or a named place out.

A quantity is either `quantity`, a decimal text in units as availability is answered ("2", "0.5"), or `quantity_milli`
in thousandths; never both, so that nobody's 2 becomes two thousandths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from hub.catalogue.documents import NUL, objects_of, read_struct
from hub.errors import ImportFailed
from hub.matters.orders import LINES_MAX, OrderedLine, OrderHead, PlacedOrder
from protocol.errors import ProtocolError
from protocol.ids import sku, store_id
from protocol.quantity import QUANTITY_MAX, format_quantity, parse_quantity
from protocol.scalars import Word


class WrittenLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it is written."""

    sku: Word
    quantity: str | None = None
    quantity_milli: int | None = None


class WrittenOrder(OrderHead, frozen=True, kw_only=True):
    """An order as it is written; see `PlacedOrder`."""

    lines: Annotated[tuple[WrittenLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


def read_orders(name: str, text: str) -> Sequence[PlacedOrder]:
    """Read a file: `.json` is one order or a list, anything else one a line. Raises ImportFailed: nothing is taken."""
    found: dict[str, PlacedOrder] = {}
    for place, raw in objects_of(name, text):
        order = read_order(f"{name}:{place}", raw)
        if found.setdefault(order.order, order) != order:
            raise ImportFailed(
                f"{name}:{place}: order {order.order} is in the file twice, differently; keep one of them"
            )
    return list(found.values())


def read_order(place: str, raw: Mapping[str, object]) -> PlacedOrder:
    """Read one order. Raises ImportFailed, which names `place`, field and remedy."""
    written = read_struct(place, raw, WrittenOrder)
    words = (written.order, written.channel, written.number, written.store, written.customer, written.note)
    if any(NUL in word for word in words):
        raise ImportFailed(f"{place}: a text has a zero character; take it out")
    if written.way == "pickup" and not written.store:
        raise ImportFailed(f"{place}: field store: a pick-up needs the store that the customer chose")
    try:
        if written.store:
            store_id(written.store)
    except ProtocolError as error:
        raise ImportFailed(f"{place}: field store: {error}") from error
    return PlacedOrder(
        **{name: getattr(written, name) for name in OrderHead.__struct_fields__},
        lines=tuple(_line(f"{place}: field lines.{number}", line) for number, line in enumerate(written.lines, 1)),
    )  # fmt: skip


def _line(place: str, line: WrittenLine) -> OrderedLine:
    if (line.quantity is None) == (line.quantity_milli is None):
        raise ImportFailed(f'{place}: give quantity (a text in units, such as "2") or quantity_milli (thousandths)')
    try:
        quantity = parse_quantity(line.quantity) if line.quantity is not None else line.quantity_milli or 0
        name = sku(line.sku)
    except ProtocolError as error:
        raise ImportFailed(f"{place}: {error}") from error
    if not 0 < quantity <= QUANTITY_MAX:
        raise ImportFailed(f"{place}.quantity: {format_quantity(quantity)}: must be more than 0, and no typing error")
    return OrderedLine(sku=name, quantity=quantity)
