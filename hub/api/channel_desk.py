"""What people may see of channels and do about them through the web part; each call may block."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from hub.storage.reading_channels import ChannelDetail, ChannelRow, LinkPage, LinkQuery

Again = Literal["out", "stock", "in"]
"""What is tried again: messages that wait in the outbox, levels that were refused, what came and was put aside."""


class ChannelDesk(Protocol):
    """Channels on the dashboard. What changes something raises HubError with words for a person."""

    def channels(self) -> Sequence[ChannelRow]:
        """All channels, by name."""
        ...

    def channel(self, name: str) -> ChannelDetail | None:
        """One channel; None if there is none of this name."""
        ...

    def links(self, name: str, query: LinkQuery) -> LinkPage:
        """A page of its links, or of our words that have none."""
        ...

    def link(self, name: str, kind: str, ours: str, theirs: str, now: datetime) -> None:
        """Map a word of ours to theirs by hand. Raises MappingRefused, UnknownChannel."""
        ...

    def unlink(self, name: str, kind: str, ours: str) -> bool:
        """Take a link away; False if there was none."""
        ...

    def again(self, name: str, what: Again, key: str, now: datetime) -> int:
        """Have parked things tried again: one by its key ("kind key" of what came in), all for ""; returns how many."""
        ...
