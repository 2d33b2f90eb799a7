"""The files of feeds' states: made once for all who ask, kept while worth fetching, found again after a restart.

A thread of its own makes them, one at a time and with pauses, so that journals and feeds go on meanwhile. A file is
worth fetching until so much has changed since that the rest would again be too much to send. Its name says all about
it; that the database still knows it (`SnapshotSource.note`) shows that the database was not put back behind it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hub.errors import HubError, StorageError
from hub.feed.offers import MAKING, Making
from hub.storage.port import SnapshotSource
from protocol.ids import FeedName
from protocol.messages import SnapshotOffer
from protocol.snapshot import compressed, path_of

KEPT_A_FEED = 2
"""The newest, and the one before, which somebody may still be fetching."""

_NAME = re.compile(r"(?P<feed>[A-Za-z0-9_-]+)\.(?P<revision>\d+)\.(?P<documents>\d+)\.(?P<digest>[0-9a-f]{64})\.zst")
_HASHED_BYTES = 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShelfLimits:
    """From how many changed documents on a file is offered; how long the maker rests after each piece of 256 KB.

    A piece is some milliseconds of work; a store's sale waits no longer for it than for another sale.
    """

    offer_from: int = 5_000
    rest_s: float = 0.01
    retry_s: float = 600.0


@dataclass(frozen=True)
class SnapshotFile:
    """A file on the shelf."""

    path: Path
    feed: FeedName
    revision: int
    documents: int
    digest: str
    size_bytes: int


class SnapshotShelf:
    """See `Offers`. Before `start`, set `url`, the address of the hub's web as tills reach it ("": nobody has said).

    `made` is called, in the shelf's thread, when there is a new file or it is clear that there will be none.
    """

    def __init__(
        self,
        source: SnapshotSource,
        folder: Path,
        *,
        limits: ShelfLimits,
        clock_s: Callable[[], float],
    ) -> None:
        self._source = source
        self._folder = folder
        self.url = ""
        self._limits = limits
        self._clock_s = clock_s
        self.made: Callable[[], object] = lambda: None
        self._lock = threading.Lock()
        self._files: dict[FeedName, list[SnapshotFile]] = {}
        self._wanted: dict[FeedName, None] = {}
        self._failed_at_s: dict[FeedName, float] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Start the thread. Until it has looked through its folder, nothing is offered that was made before."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread; a file that is being made is given up."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def find(self, feed: FeedName, from_rev: int, head: int) -> SnapshotOffer | Literal[Making.MAKING] | None:
        """See Offers. Called from the control thread."""
        least = self._limits.offer_from
        with self._lock:
            if feed in self._wanted:
                return MAKING
            file = self._files.get(feed, [])[-1:]
            failed_at_s = self._failed_at_s.get(feed)
        if failed_at_s is not None and self._clock_s() - failed_at_s < self._limits.retry_s:
            return None
        if least <= 0 or self._source.changed(feed, from_rev, least) < least:
            return None
        if not file or file[0].revision > head or self._source.changed(feed, file[0].revision, least) >= least:
            with self._lock:
                self._wanted[feed] = None
            self._wake.set()
            return MAKING
        found = file[0]
        return SnapshotOffer(
            path=path_of(feed, found.digest), digest=found.digest, size_bytes=found.size_bytes,
            documents=found.documents, revision=found.revision, url=self.url,
        )  # fmt: skip

    def file(self, feed: FeedName, digest: str) -> Path | None:
        """Where a file is, for the web."""
        with self._lock:
            return next((file.path for file in self._files.get(feed, ()) if file.digest == digest), None)

    def _run(self) -> None:
        with contextlib.suppress(OSError, StorageError):
            self._look_through()
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            while (feed := self._next()) is not None and not self._stopping.is_set():
                self._try_to_make(feed)

    def _next(self) -> FeedName | None:
        with self._lock:
            return next(iter(self._wanted), None)

    def _try_to_make(self, feed: FeedName) -> None:
        began_s = self._clock_s()
        file: SnapshotFile | None = None
        try:
            file = self._make(feed)
        except (HubError, OSError) as error:
            # Tills are sent parts instead: slower, and nothing is lost.
            text = "a snapshot could not be made; tills get the feed in parts"
            _log.error(text, extra={"action": "snapshot_failed", "feed": feed, "problem": str(error)})
        except Exception:  # noqa: BLE001 - our own mistake in one feed must not take the file from all others
            _log.exception("a snapshot could not be made", extra={"action": "snapshot_failed", "feed": feed})
        with self._lock:
            self._wanted.pop(feed, None)
            self._failed_at_s.pop(feed, None)
            if file is None:
                self._failed_at_s[feed] = self._clock_s()
            else:
                self._put(file)
        if file is not None:
            facts = {
                "feed": feed, "revision": file.revision, "documents": file.documents, "bytes": file.size_bytes,
                "seconds": round(self._clock_s() - began_s, 3),
            }  # fmt: skip
            _log.info("a snapshot was made", extra={"action": "snapshot_made", **facts})
        self.made()

    def _make(self, feed: FeedName) -> SnapshotFile | None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f"{feed}.part"
        part.unlink(missing_ok=True)
        digest, size = hashlib.sha256(), 0
        # Customers are in it: for the hub's own user only.
        with (
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
            self._source.whole(feed) as (head, documents),
        ):
            for piece in compressed(head, documents):
                out.write(piece)
                digest.update(piece)
                size += len(piece)
                if self._stopping.wait(self._limits.rest_s):
                    return None
        name = f"{feed}.{head.revision}.{head.documents}.{digest.hexdigest()}.zst"
        path = part.replace(self._folder / name)
        self._source.note(feed, digest.hexdigest())
        return SnapshotFile(path, feed, head.revision, head.documents, digest.hexdigest(), size)

    def _put(self, file: SnapshotFile) -> None:
        files = [each for each in self._files.get(file.feed, []) if each.digest != file.digest]
        files.append(file)
        for old in files[:-KEPT_A_FEED]:
            _remove(old.path)
        self._files[file.feed] = files[-KEPT_A_FEED:]

    def _look_through(self) -> None:
        """Take up what a former run has made, if it is whole and this database's; remove everything else."""
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            match = _NAME.fullmatch(path.name)
            if match is None:
                _remove(path)
                continue
            feed, digest = FeedName(match["feed"]), match["digest"]
            if self._source.noted(feed) != digest or _digest_of(path) != digest:
                _remove(path)
                continue
            file = SnapshotFile(
                path, feed, int(match["revision"]), int(match["documents"]), digest, path.stat().st_size
            )  # fmt: skip
            with self._lock:
                self._put(file)


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_HASHED_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _remove(path: Path) -> None:
    # Windows keeps a file that somebody is being sent; the next look removes it.
    with contextlib.suppress(OSError):
        path.unlink()
