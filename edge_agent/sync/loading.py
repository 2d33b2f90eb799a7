"""How far a first load is, over both feeds, as one number for the cashier and the hub. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from protocol.ids import FeedName
from protocol.messages import Loading

FETCH_SHARE = 0.25
"""On a shop's line of 20 Mbit/s, fetching is about so much of the time; putting it into the tables is the rest."""


@dataclass(frozen=True)
class FeedLoad:
    """One feed: so many documents, this share of which is there (0 to 1)."""

    documents: int
    done: float = 0.0
    way: str = "snapshot"
    problem: str = ""
    is_complete: bool = False


@dataclass
class LoadingBoard:
    """Both feeds. Bounded by their number."""

    _feeds: dict[FeedName, FeedLoad] = field(default_factory=dict)

    def fetched(self, feed: FeedName, documents: int, share: float) -> None:
        """This share of the file is here."""
        self._put(feed, FeedLoad(documents, FETCH_SHARE * share))

    def staged(self, feed: FeedName, documents: int, done: int) -> None:
        """So many of its documents are in the tables."""
        share = done / documents if documents else 1.0
        self._put(feed, FeedLoad(documents, FETCH_SHARE + (1 - FETCH_SHARE) * share))

    def parts(self, feed: FeedName, done: int, total: int) -> None:
        """So many documents have come over the link."""
        known = self._feeds.get(feed)
        problem = known.problem if known is not None else ""
        self._put(feed, FeedLoad(total, done / total if total else 1.0, "link", problem))

    def trouble(self, feed: FeedName, problem: str, *, way: str = "snapshot") -> None:
        """What keeps the feed from going on ("" for nothing any more), or why it goes over the link."""
        known = self._feeds.get(feed)
        if known is not None:
            self._put(feed, replace(known, problem=problem, way=way))

    def finished(self, feed: FeedName) -> None:
        """The feed is as the hub says."""
        known = self._feeds.get(feed)
        if known is not None:
            # Kept at its weight until all is done: a number that runs backwards tells nothing.
            self._put(feed, replace(known, done=1.0, problem="", is_complete=True))
        if all(load.is_complete for load in self._feeds.values()):
            self._feeds.clear()

    def is_loading(self, feed: FeedName) -> bool:
        """Whether this feed is on the board."""
        return feed in self._feeds

    def view(self) -> Loading | None:
        """What to show; None when nothing is being loaded."""
        loads = self._feeds.values()
        if not loads:
            return None
        weight = sum(load.documents for load in loads) or 1
        percent = int(100 * sum(load.documents * min(1.0, load.done) for load in loads) / weight)
        going = [load for load in loads if not load.is_complete]
        problem = next((load.problem for load in going if load.problem), "")
        way = "link" if any(load.way == "link" for load in going) else "snapshot"
        return Loading(way=way, percent=min(percent, 99), problem=problem)

    def _put(self, feed: FeedName, load: FeedLoad) -> None:
        self._feeds[feed] = load
