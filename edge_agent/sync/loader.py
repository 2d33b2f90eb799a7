"""Loads what the hub offers as a file, beside the cashier: fetch, check, stage step by step, then one switch.

One task, one feed after the other, the smaller first. Each step is a short transaction, and a rest follows, in which
whoever waits for the database has his turn: a scan never waits for more than one step. Wherever the agent is stopped,
it goes on there: the file lies in the data folder under its digest, and what is staged of it is counted in the tables.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from edge_agent.errors import JournalClosed, JournalError
from edge_agent.sync.feeds import TerminalFeeds, check_head
from edge_agent.sync.fetching import Fetcher, FetchFailed, FileGone, NoRoom, NoWay, WebReach
from edge_agent.sync.heard import Heard, Offered, Parts
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.loading import LoadingBoard
from protocol.documents import Document
from protocol.errors import BadSnapshot
from protocol.ids import FeedName
from protocol.messages import Loading
from protocol.snapshot import SnapshotReader

FOLDER = "snapshots"
STEP_S = 0.015
"""How long a step's transaction is to last; so long may a scan wait behind it, on a slow disk, too."""

STEP_DOCUMENTS = range(20, 401)
REST_S_MIN = 0.002
REST_SHARE = 0.25
DOCUMENT_BYTES = 2_000
"""What a document takes of the disk at most with its indexes and the log: 1.4 kB were measured of an item."""

ROOM_LEFT_BYTES = 64 << 20
"""What a load leaves of the disk: a week of sales, whatever comes."""

TRIES = 3
DAMAGED_MAX = 2
_RETRY_FIRST_S = 1.0
_RETRY_MAX_S = 30.0
_NO_ROOM_PAUSE_S = 30.0
_log = logging.getLogger(__name__)
T = TypeVar("T")


class OnFeeds(Protocol):
    """Runs `work` on the session's feeds in a transaction of its own; `asks`: the session has something to say then."""

    def __call__(self, work: Callable[[TerminalFeeds], T], /, *, asks: bool = False) -> Awaitable[T]:
        """Do it. Raises JournalError."""
        ...


@dataclass(frozen=True)
class LoaderPorts:
    """What a loader is given. `on_change` is called when `SnapshotLoader.view` has changed."""

    folder: Path
    reach: WebReach
    identity: TerminalIdentity
    elapsed_s: Callable[[], float]
    wall_s: Callable[[], float]
    new_nonce: Callable[[], str]
    free_bytes: Callable[[], int]
    on_change: Callable[[Loading | None], None]


class _Superseded(Exception):
    """What is being loaded is not what the hub offers now."""


class SnapshotLoader:
    """One for each agent. `start` it with the way to the session; tell it what the link has heard."""

    def __init__(self, ports: LoaderPorts) -> None:
        self._ports = ports
        self._board = LoadingBoard()
        self._offers: dict[FeedName, Offered] = {}
        self._damaged: dict[FeedName, int] = {}
        self._gone: dict[FeedName, int] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.view: Loading | None = None

    def start(self, on_feeds: OnFeeds, on_loaded: Callable[[Heard], None]) -> None:
        """Begin to load what is offered; `on_loaded` hears what a file has changed."""
        self._task = asyncio.create_task(self._run(on_feeds, on_loaded), name="snapshots")

    async def stop(self) -> None:
        """End; what was fetched and staged stays."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def offered(self, offered: Offered) -> None:
        """The hub offers a file, perhaps the one that is being loaded."""
        self._offers[offered.feed] = offered
        if not self._board.is_loading(offered.feed):
            self._board.fetched(offered.feed, offered.offer.documents, 0.0)
        self._tell()
        self._news.set()

    def heard_parts(self, parts: Parts) -> None:
        """A large answer comes over the link, or a feed is complete."""
        if parts.done >= parts.total:
            self._board.finished(parts.feed)
        else:
            self._board.parts(parts.feed, parts.done, parts.total)
        self._tell()

    async def _run(self, on_feeds: OnFeeds, on_loaded: Callable[[Heard], None]) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._offers:
                offered = min(self._offers.values(), key=lambda each: each.offer.size_bytes)
                is_settled = False
                try:
                    await self._load(offered, on_feeds, on_loaded)
                    is_settled = True
                except JournalClosed:
                    return
                except _Superseded:
                    pass
                except JournalError as error:
                    _log.warning("snapshot: waits for the books", extra={"problem": str(error)})
                except Exception:  # noqa: BLE001 - a mistake of ours here must not keep the till without goods
                    _log.exception("snapshot: unexpected error")
                    with contextlib.suppress(JournalError):
                        await self._decline(offered, "damaged", on_feeds)
                # Whatever it was: the hub offers it again when the link comes anew, or something else.
                now = self._offers.get(offered.feed)
                if now is offered or (is_settled and now is not None and now.offer.digest == offered.offer.digest):
                    del self._offers[offered.feed]

    async def _load(self, offered: Offered, on_feeds: OnFeeds, on_loaded: Callable[[Heard], None]) -> None:
        path = self._ports.folder / FOLDER / f"{offered.feed}.{offered.offer.digest}"
        await asyncio.to_thread(_remove_others, path, offered.feed)
        began_s = self._ports.elapsed_s()
        try:
            await self._fetch(offered, path)
            fetched_s = self._ports.elapsed_s()
            heard = await self._stage(offered, path, on_feeds)
        except NoWay as error:
            text = "snapshot: comes over the link instead"
            _log.warning(text, extra={"feed": offered.feed, "why": error.problem, "problem": str(error)})
            await self._decline(offered, error.problem, on_feeds)
            return
        except FileGone:
            await self._ask_again(offered, on_feeds)
            return
        await asyncio.to_thread(path.unlink, missing_ok=True)
        self._board.finished(offered.feed)
        self._tell()
        facts = {
            "feed": offered.feed, "documents": offered.offer.documents, "bytes": offered.offer.size_bytes,
            "fetch_s": round(fetched_s - began_s, 2), "apply_s": round(self._ports.elapsed_s() - fetched_s, 2),
        }  # fmt: skip
        _log.info("snapshot: loaded", extra=facts)
        self._gone.pop(offered.feed, None)
        if heard is not None:
            on_loaded(heard)

    # --- the file

    async def _fetch(self, offered: Offered, path: Path) -> None:
        ports, offer = self._ports, offered.offer
        fetcher = Fetcher(
            ports.reach, ports.identity, offered, path,
            elapsed_s=ports.elapsed_s, wall_s=ports.wall_s, new_nonce=ports.new_nonce,
        )  # fmt: skip

        def told(share: float) -> None:
            self._check(offered)
            self._board.fetched(offered.feed, offer.documents, share)
            self._tell()

        failures, pause_s = 0, _RETRY_FIRST_S
        while True:
            await self._await_room(offered, fetcher.size_bytes)
            before = fetcher.size_bytes
            try:
                await fetcher.fetch(told)
                if await fetcher.is_whole():
                    return
                self._note_damage(offered)
            except NoRoom:
                self._board.trouble(offered.feed, "no_room")
                self._tell()
                pause_s = _NO_ROOM_PAUSE_S
            except FetchFailed as error:
                # Bytes that came are a way that works, however often it breaks.
                failures = 0 if fetcher.size_bytes > before or not error.counts else failures + 1
                facts = {"feed": offered.feed, "problem": str(error), "bytes": fetcher.size_bytes}
                _log.info("snapshot: interrupted", extra=facts)
                if failures >= TRIES:
                    raise NoWay("web_unreachable", str(error)) from error
                pause_s = max(error.after_s, min(_RETRY_MAX_S, _RETRY_FIRST_S * 2.0**failures))
            await asyncio.sleep(pause_s)
            self._check(offered)

    def _note_damage(self, offered: Offered) -> None:
        count = self._damaged[offered.feed] = self._damaged.get(offered.feed, 0) + 1
        _log.warning("snapshot: damaged, thrown away", extra={"feed": offered.feed})
        if count >= DAMAGED_MAX:
            self._damaged.pop(offered.feed)
            raise NoWay("damaged", "what the hub sends is not what it told of")

    async def _await_room(self, offered: Offered, have: int) -> None:
        offer = offered.offer
        wanted = offer.size_bytes - have + offer.documents * DOCUMENT_BYTES + ROOM_LEFT_BYTES
        while self._ports.free_bytes() < wanted:
            self._board.trouble(offered.feed, "no_room")
            self._tell()
            await asyncio.sleep(_NO_ROOM_PAUSE_S)
            self._check(offered)
        self._board.trouble(offered.feed, "")

    # --- into the tables

    async def _stage(self, offered: Offered, path: Path, on_feeds: OnFeeds) -> Heard | None:
        """Put it into the tables and switch; None if it has been overtaken."""
        feed, digest = offered.feed, offered.offer.digest
        done = await on_feeds(lambda feeds: feeds.staged(feed, digest))
        if done is None:
            raise _Superseded
        with await asyncio.to_thread(path.open, "rb") as file:
            try:
                reader = await asyncio.to_thread(SnapshotReader, file)
                head = reader.head
                check_head(head, done)
                await asyncio.to_thread(reader.skip, done)
                step = STEP_DOCUMENTS.start
                while documents := await asyncio.to_thread(reader.take, step):
                    took_s = await self._step(offered, documents, on_feeds)
                    step = next_step(step, took_s)
                    done += len(documents)
                    self._board.staged(feed, head.documents, done)
                    self._tell()
            except (BadSnapshot, OSError) as error:
                raise NoWay("damaged", str(error)) from error
        return await on_feeds(lambda feeds: feeds.take_snapshot(feed, digest, head), asks=True)

    async def _step(self, offered: Offered, documents: tuple[Document, ...], on_feeds: OnFeeds) -> float:
        self._check(offered)
        began_s = self._ports.elapsed_s()
        if not await on_feeds(lambda feeds: feeds.stage(offered.feed, offered.offer.digest, documents)):
            raise _Superseded
        took_s = self._ports.elapsed_s() - began_s
        await asyncio.sleep(max(REST_S_MIN, took_s * REST_SHARE))
        return took_s

    # --- and so on

    async def _decline(self, offered: Offered, problem: str, on_feeds: OnFeeds) -> None:
        self._board.trouble(offered.feed, problem, way="link")
        self._tell()
        await on_feeds(lambda feeds: feeds.decline(offered.feed, offered.offer.digest), asks=True)

    async def _ask_again(self, offered: Offered, on_feeds: OnFeeds) -> None:
        count = self._gone[offered.feed] = self._gone.get(offered.feed, 0) + 1
        _log.info("snapshot: the hub has another one", extra={"feed": offered.feed})
        if count > TRIES:
            # Several hubs behind one address, perhaps, each with files of its own.
            self._gone.pop(offered.feed)
            await self._decline(offered, "web_unreachable", on_feeds)
            return
        await asyncio.sleep(_RETRY_FIRST_S)
        await on_feeds(lambda feeds: feeds.ask_again(offered.feed, offered.offer.digest), asks=True)

    def _check(self, offered: Offered) -> None:
        """Whether it is still worth it: the same file may have been offered again meanwhile."""
        current = self._offers.get(offered.feed)
        if current is None or current.offer.digest != offered.offer.digest:
            raise _Superseded

    def _tell(self) -> None:
        view = self._board.view()
        if view != self.view:
            self.view = view
            self._ports.on_change(view)


def next_step(step: int, took_s: float) -> int:
    """How many documents to take next, after so many took so long; it changes by a half at most."""
    wanted = step * STEP_S / max(took_s, 0.001)
    return int(min(max(wanted, step / 2, STEP_DOCUMENTS.start), step * 1.5 + 1, STEP_DOCUMENTS.stop - 1))


def _remove_others(path: Path, feed: FeedName) -> None:
    """Files of this feed that nobody will ask for again."""
    with contextlib.suppress(OSError):
        for other in path.parent.glob(f"{feed}.*"):
            if other != path:
                other.unlink(missing_ok=True)
