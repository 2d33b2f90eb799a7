"""Reading the bodies of documents that the hub sent."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from protocol.documents import Item, Settings, Stock

Body = TypeVar("Body", Item, Stock, Settings)

_decoders = {struct: msgspec.json.Decoder(struct) for struct in (Item, Stock, Settings)}


def read_body(body: bytes | msgspec.Raw, struct: type[Body]) -> Body | None:
    """Read a document's body; None for one that this version cannot read (a newer hub's): as good as not there."""
    try:
        read = _decoders[struct].decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return read if isinstance(read, struct) else None
