"""The shelf of files: made once, offered while worth it, found again, and gone when the database was put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.errors import StorageUnavailable
from hub.feed.offers import MAKING
from hub.feed.shelf import ShelfLimits, SnapshotShelf
from protocol.documents import Document
from protocol.ids import GLOBAL_FEED, FeedName
from protocol.messages import SnapshotOffer
from protocol.snapshot import SnapshotHead

LIMITS = ShelfLimits(offer_from=10, rest_s=0.0)


@dataclass
class Source:
    """A database with one feed, in which each revision changes one document."""

    revision: int = 20
    lineage: str = "db"
    made: int = 0
    broken: bool = False
    notes: dict[FeedName, str] = field(default_factory=dict)

    def changed(self, feed: FeedName, from_rev: int, count_max: int) -> int:
        """See SnapshotSource."""
        del feed
        return min(max(0, self.revision - from_rev), count_max)

    @contextmanager
    def whole(self, feed: FeedName) -> Iterator[tuple[SnapshotHead, Iterator[Document]]]:
        """See SnapshotSource."""
        if self.broken:
            raise StorageUnavailable("away")
        self.made += 1
        documents = [Document(kind="item", key=str(number), revision=number) for number in range(self.revision)]
        head = SnapshotHead(feed=feed, lineage="db", revision=self.revision, documents=len(documents))
        yield head, iter(documents)

    def note(self, feed: FeedName, digest: str) -> None:
        """See SnapshotSource."""
        self.notes[feed] = digest

    def noted(self, feed: FeedName) -> str:
        """See SnapshotSource."""
        return self.notes.get(feed, "")


class Shelf:
    """A running shelf; `wait` until it has made or given up what was asked."""

    def __init__(self, source: Source, folder: Path) -> None:
        self.now_s = 0.0
        self.shelf = SnapshotShelf(source, folder, limits=LIMITS, clock_s=lambda: self.now_s)
        self.shelf.url = "https://hub.example.com"
        self._made = threading.Event()
        self.shelf.made = self._made.set
        self.source = source

    def offer(self, from_rev: int = 0) -> SnapshotOffer | None:
        """What is offered, after a file was made if one had to be."""
        found = self.shelf.find(GLOBAL_FEED, from_rev, self.source.revision)
        if found is MAKING:
            assert self._made.wait(20)
            self._made.clear()
            found = self.shelf.find(GLOBAL_FEED, from_rev, self.source.revision)
        assert found is not MAKING
        return found


@contextmanager
def running(source: Source, folder: Path) -> Iterator[Shelf]:
    """A shelf for the time of a with block."""
    made = Shelf(source, folder)
    made.shelf.start()
    try:
        yield made
    finally:
        made.shelf.stop(10)


def test_a_file_is_made_once_and_offered_until_too_much_has_changed(tmp_path: Path) -> None:
    """What changed since is sent in parts; from ten changes on, another file is made."""
    source = Source()
    with running(source, tmp_path) as shelf:
        first = shelf.offer()
        assert first is not None
        assert (first.revision, first.documents, first.url) == (20, 20, "https://hub.example.com")
        source.revision += 9
        assert shelf.offer() == first
        source.revision += 1
        second = shelf.offer()
        assert second is not None
        assert second.revision == 30
        assert source.made == 2
        for offer in (first, second):
            path = shelf.shelf.file(GLOBAL_FEED, offer.digest)
            assert path is not None
            assert path.stat().st_size == offer.size_bytes
            assert path.stat().st_mode & 0o077 == 0, "customers are in it"


def test_who_is_not_far_behind_is_sent_parts(tmp_path: Path) -> None:
    """No file is made for nine changes."""
    with running(Source(), tmp_path) as shelf:
        assert shelf.offer(from_rev=11) is None
        assert shelf.source.made == 0


def test_a_restart_finds_the_file_again(tmp_path: Path) -> None:
    """A till in the middle of it goes on."""
    source = Source()
    with running(source, tmp_path) as shelf:
        before = shelf.offer()
    with running(source, tmp_path) as shelf:
        assert shelf.offer() == before or source.made == 2, "a question may come before it has looked"
        assert shelf.offer() == before, "made anew, the same state is the same file"


@pytest.mark.parametrize("harm", ["put_back", "damaged", "cut"])
def test_a_file_that_is_not_this_databases_or_not_whole_is_removed(tmp_path: Path, harm: str) -> None:
    """A database that was put back knows another note; a disk may have changed the file."""
    source = Source()
    with running(source, tmp_path) as shelf:
        shelf.offer()
    (file,) = tmp_path.iterdir()
    if harm == "put_back":
        source.notes[GLOBAL_FEED] = "0" * 64
    elif harm == "damaged":
        file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    else:
        file.rename(file.with_name("global.part"))
    source.revision = 40
    with running(source, tmp_path) as shelf:
        offer = shelf.offer()
        assert offer is not None
        assert offer.revision == 40
    assert [path.name.split(".")[1] for path in tmp_path.iterdir()] == ["40"]


def test_a_database_that_was_put_back_meanwhile_is_not_given_a_file_of_its_future(tmp_path: Path) -> None:
    """The file's revision is beyond the head: it is made anew."""
    source = Source()
    with running(source, tmp_path) as shelf:
        shelf.offer()
        source.revision = 15
        offer = shelf.offer()
        assert offer is not None
        assert offer.revision == 15


def test_what_cannot_be_made_is_sent_in_parts_for_a_while(tmp_path: Path) -> None:
    """No till waits for a file that does not come; after ten minutes it is tried again."""
    source = Source(broken=True)
    with running(source, tmp_path) as shelf:
        assert shelf.offer() is None
        source.broken = False
        assert shelf.offer() is None
        shelf.now_s = LIMITS.retry_s + 1
        assert shelf.offer() is not None


def test_old_files_do_not_pile_up(tmp_path: Path) -> None:
    """The newest and the one before."""
    source = Source()
    with running(source, tmp_path) as shelf:
        for _ in range(5):
            source.revision += 10
            assert shelf.offer() is not None
    assert len(list(tmp_path.iterdir())) == 2
