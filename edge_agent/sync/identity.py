"""Who this terminal is on the link, and with which keys it proves it. Made at enrolment, read from a 0600 file."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.frame import Key
from protocol.ids import StoreId, TerminalId


@dataclass(frozen=True)
class TerminalIdentity:
    """A terminal's names and its 32-byte keys. Keys are never shown, not even in a repr."""

    store: StoreId
    terminal: TerminalId
    terminal_key: Key = field(repr=False)
    store_feed_key: Key = field(repr=False)
    global_feed_key: Key = field(repr=False)
