"""What can be read of channels, for people: how each is, what waits, what was parked, which word is whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.storage.channel_asides import Aside
from hub.storage.channel_records import LinkRow, OfferRow, OutboxRow, PartState

MAPPED = ("item", "location", "tax", "tender", "state")
"""The kinds of links that make up a channel's mapping; the others grow by themselves."""
OWN_WORDS = ("item", "location")
"""Those whose words of ours are known, so that what is not mapped can be listed."""


@dataclass(frozen=True)
class ChannelRow:
    """A channel at a glance. `waiting` and `parked` go out, `aside` came in; `oldest_at` is of what waits to go out."""

    name: str
    kind: str
    enabled: bool
    parts: Mapping[str, PartState] = field(default_factory=dict)
    waiting: int = 0
    oldest_at: datetime | None = None
    parked: int = 0
    aside: int = 0
    unmapped: Mapping[str, int] = field(default_factory=dict)

    @property
    def fine_at(self) -> datetime | None:
        """When something of it last worked."""
        return max((part.fine_at for part in self.parts.values() if part.fine_at), default=None)

    @property
    def failing(self) -> Mapping[str, PartState]:
        """Parts that do not work now."""
        return {name: part for name, part in self.parts.items() if part.problem}


@dataclass(frozen=True)
class ChannelDetail:
    """One channel, with the first of each kind of trouble."""

    row: ChannelRow
    out: Sequence[OutboxRow] = ()
    offers: Sequence[OfferRow] = ()
    asides: Sequence[Aside] = ()
    out_parked: int = 0
    offers_parked: int = 0


@dataclass(frozen=True)
class LinkQuery:
    """Which links, or with `missing` which of our words have none; `search` is how a word of either side begins."""

    kind: str = "item"
    search: str = ""
    missing: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class LinkPage:
    """A page of links; of words without one, `names` says what they mean and `rows` have no counterpart."""

    rows: Sequence[LinkRow]
    total: int
    names: Mapping[str, str] = field(default_factory=dict)
