"""Which of a channel's words is which of ours: SKUs, locations, taxes, tenders, states. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from hub.errors import UnmappedWord

LinkKind = Literal["item", "location", "tax", "tender", "state", "customer", "order", "sale"]
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)


@dataclass(frozen=True)
class Link:
    """`ours` is `theirs` there. `more` is what else the channel needs to name it (a variant's product)."""

    kind: LinkKind
    ours: str
    theirs: str
    more: Mapping[str, str] = field(default_factory=dict)


LookUp = Callable[[LinkKind, str | None, str | None], Sequence[Link]]
"""Asks for links of a kind by our word or by theirs, where they are too many to be kept at hand."""


class Links:
    """The links of one channel, looked up both ways. Several of our words may be one of theirs (a pooled location).

    `look_up` is asked for what is not among `links`.
    """

    def __init__(self, channel: str, links: Iterable[Link], look_up: LookUp | None = None) -> None:
        self.channel = channel
        self._look_up = look_up
        self._ours: dict[LinkKind, dict[str, Link]] = {kind: {} for kind in LINK_KINDS}
        self._theirs: dict[tuple[LinkKind, str], list[Link]] = {}
        for link in links:
            self._ours[link.kind][link.ours] = link
            self._theirs.setdefault((link.kind, link.theirs), []).append(link)

    def to_theirs(self, kind: LinkKind, ours: str) -> Link:
        """Their word for one of ours. Raises UnmappedWord."""
        link = self._ours[kind].get(ours)
        if link is None and self._look_up is not None:
            link = next(iter(self._look_up(kind, ours, None)), None)
        if link is None:
            raise UnmappedWord(self.channel, kind, ours, theirs=False)
        return link

    def to_ours(self, kind: LinkKind, theirs: str) -> Link:
        """Our word for one of theirs; the first by name where several are. Raises UnmappedWord."""
        found = self._of_theirs(kind, theirs)
        if not found:
            raise UnmappedWord(self.channel, kind, theirs, theirs=True)
        return min(found, key=lambda link: link.ours)

    def all_ours(self, kind: LinkKind, theirs: str) -> list[str]:
        """All of our words for one of theirs, sorted; none if it is not mapped."""
        return sorted(link.ours for link in self._of_theirs(kind, theirs))

    def of(self, kind: LinkKind) -> list[Link]:
        """All links of a kind that is kept at hand (not sales, orders, people), by our word."""
        return sorted(self._ours[kind].values(), key=lambda link: link.ours)

    def _of_theirs(self, kind: LinkKind, theirs: str) -> Sequence[Link]:
        found: Sequence[Link] = self._theirs.get((kind, theirs), ())
        return self._look_up(kind, None, theirs) if not found and self._look_up is not None else found
