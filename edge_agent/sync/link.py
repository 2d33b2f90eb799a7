"""The shell of the link: brings the session's bytes to the broker and back, for as long as the agent runs.

One task. Each round is one transaction in the database's thread: what came in is received, what is due is polled;
after the commit it is published. The session is thrown away and built anew after a rollback. Offline is normal here:
a lost connection is logged once, tried again with a jittered pause, and changes nothing at the counter.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from random import Random
from typing import TypeVar

from edge_agent.errors import JournalClosed, JournalError
from edge_agent.journal.clock import Checked, TillClock
from edge_agent.journal.database import Database
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.sync.broker import BrokerConnection, BrokerLost, BrokerSettings, Incoming
from edge_agent.sync.feeds import TerminalFeeds
from edge_agent.sync.heard import Heard, LinkCounters
from edge_agent.sync.identity import TerminalIdentity
from edge_agent.sync.loader import SnapshotLoader
from edge_agent.sync.presence import Health
from edge_agent.sync.session import SessionLimits, TerminalSession
from protocol.link import Publish
from protocol.messages import Answer, CommandAnswer, Cursor

_log = logging.getLogger(__name__)
T = TypeVar("T")

ROUND_MESSAGES_MAX = 64
ROUND_S = 0.01
"""After this long no further message is begun in a round: a cashier's scan may wait behind it for the database."""

CURSORS_KEPT = 1_000
PAUSE_FIRST_S = 0.25
PAUSE_MAX_S = 15.0
_BROKEN_PAUSE_S = 1.0
_TIDY_PAUSE_S = 0.02
ASK_S = 3.0
"""How long whoever asks the hub waits: a customer stands there, and an older hub never answers."""

ASKS_WAITING_MAX = 32


@dataclass(frozen=True)
class CursorSeen:
    """The hub's levels here count a terminal's journal up to here, since `applied_at` (this PC's clock)."""

    cursor: Cursor
    applied_at: datetime


@dataclass(frozen=True)
class _Question:
    kind: str
    key: str
    answered: asyncio.Future[Answer | None]


@dataclass(frozen=True)
class _Round:
    heard: tuple[Heard, ...]
    out: tuple[Publish, ...]
    wake_at_s: float | None
    asked: tuple[tuple[_Question, str | None], ...] = ()


class Link:
    """The link of one till. `on_change` is called when the books were changed by it, `on_online` when it comes or goes.

    `elapsed_s` must be the clock that `clock` was made with. `on_command` carries a hub's command out ("lock") and
    says if it could; the hub is told.
    """

    def __init__(  # noqa: PLR0913 - ports and clocks, all by keyword
        self,
        settings: BrokerSettings,
        identity: TerminalIdentity,
        database: Database,
        clock: TillClock,
        *,
        nonce: str,
        health: Callable[[], Health],
        on_change: Callable[[], None],
        on_online: Callable[[bool, datetime], None],
        elapsed_s: Callable[[], float],
        wall: Callable[[], datetime],
        rng: Random,
        limits: SessionLimits | None = None,
        on_command: Callable[[str], Awaitable[bool]] | None = None,
        loader: SnapshotLoader | None = None,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._database = database
        self._clock = clock
        self._nonce = nonce
        self._health = health
        self._on_change = on_change
        self._on_online = on_online
        self._elapsed_s = elapsed_s
        self._wall = wall
        self._rng = rng
        self._limits = replace(limits or SessionLimits(), snapshots=loader is not None)
        self._loader = loader
        self._upset = False
        self._on_command = on_command
        self._done: list[CommandAnswer] = []
        self._session: TerminalSession | None = None
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._told_offline = False
        self._questions: deque[_Question] = deque()
        self._open: dict[str, _Question] = {}
        self._is_online = False
        self.counters = LinkCounters()
        self.cursors: deque[CursorSeen] = deque(maxlen=CURSORS_KEPT)
        self.dropped = 0

    def start(self) -> None:
        """Begin to look for the broker."""
        if self._loader is not None:
            self._loader.start(self._on_feeds, lambda heard: self._after((heard,)))
        self._task = asyncio.create_task(self._run(), name="link")

    async def stop(self) -> None:
        """Say good-bye if there is somebody to hear it, and end."""
        if self._loader is not None:
            await self._loader.stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """The journal has grown, or health has changed."""
        self._news.set()

    async def ask(self, kind: str, key: str) -> Answer | None:
        """Ask the hub ("receipt", "availability"). None at once without a link, and after three seconds of silence.

        An answer with a `problem` is one: the hub knows no such thing, or no such question.
        """
        if not self._is_online or len(self._questions) >= ASKS_WAITING_MAX:
            return None
        question = _Question(kind, key, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        self._news.set()
        try:
            async with asyncio.timeout(ASK_S):
                return await question.answered
        except TimeoutError:
            return None
        finally:
            self._open = {request: open_ for request, open_ in self._open.items() if open_ is not question}

    async def _run(self) -> None:
        while True:
            try:
                await self._one_connection()
            except BrokerLost as error:
                self._lost(str(error))
            except JournalClosed:
                return
            except JournalError as error:
                self._session = None
                self._lost(f"the books cannot be used: {error}")
                await asyncio.sleep(_BROKEN_PAUSE_S)
            except Exception:  # noqa: BLE001 - whatever it was, syncing has to go on
                # Our own mistake must not end syncing for the day; the session is rebuilt from the disk.
                self._session = None
                _log.exception("link: unexpected error")
                await asyncio.sleep(_BROKEN_PAUSE_S)
            await self._rest(self._pause_s())

    async def _rest(self, pause_s: float) -> None:
        """Wait before the next try, and meanwhile clear up what a replaced catalogue left."""
        until_s = self._elapsed_s() + pause_s
        with contextlib.suppress(JournalError):
            while self._elapsed_s() < until_s and await self._database.run(lambda c: self._built(c).tidy()):  # noqa: ASYNC110 - a sale may go between
                await asyncio.sleep(_TIDY_PAUSE_S)
        await asyncio.sleep(max(0.0, until_s - self._elapsed_s()))

    async def _one_connection(self) -> None:
        first = await self._database.run(self._prepare)
        connection = BrokerConnection(self._settings, first.will(), self._news.set)
        try:
            await connection.open(first.subscriptions())
            await self._database.run(lambda c: self._built(c).connect(self._elapsed_s()))
            self._online()
            await self._serve(connection)
        finally:
            self._is_online = False
            self._give_up_questions()
            self._on_online(False, self._wall())  # noqa: FBT003 - on_online(False) reads well
            # A cancelled agent says good-bye; a lost connection cannot.
            await asyncio.shield(connection.close(first.will()))

    async def _serve(self, connection: BrokerConnection) -> None:
        waiting: deque[Incoming] = deque()
        while True:
            self._news.clear()
            waiting.extend(connection.take(ROUND_MESSAGES_MAX - len(waiting)))
            questions = tuple(question for question in self._questions if not question.answered.done())
            answers, self._done = tuple(self._done), []
            work = partial(self._round, incoming=waiting, health=self._health(), questions=questions, answers=answers)
            done = await self._database.run(work)
            for publish in done.out:
                connection.publish(publish)
            self._note_asked(done.asked)
            self._after(done.heard)
            await self._obey(done.heard)
            self.dropped += connection.dropped
            connection.dropped = 0
            if connection.lost is not None:
                raise BrokerLost(connection.lost)
            if self._upset:
                self._upset = False
                raise JournalError("a step of loading was taken back")
            if not waiting and not connection.has_news:
                await self._wait(done.wake_at_s)

    async def _on_feeds(self, work: Callable[[TerminalFeeds], T], /, *, asks: bool = False) -> T:
        """See `loader.OnFeeds`."""
        try:
            return await self._database.run(lambda connection: work(self._built(connection).feeds))
        except JournalError:
            self._session = None
            self._upset = asks = True
            raise
        finally:
            if asks:
                self._news.set()

    async def _wait(self, wake_at_s: float | None) -> None:
        timeout_s = None if wake_at_s is None else max(0.0, wake_at_s - self._elapsed_s())
        # Not asyncio.wait_for: before Python 3.12 it drops a cancellation that comes just after the news, as a stopping
        # agent's does after its devices' last words. The link then went on for ever, and so did the agent.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()

    # --- in the database's thread

    def _built(self, connection: sqlite3.Connection) -> TerminalSession:
        if self._session is None:
            identity = self._identity
            self._session = TerminalSession(
                identity,
                SqliteJournal(connection),
                SqliteReplica(connection, identity.store, identity.terminal),
                nonce=self._nonce,
                limits=self._limits,
                counters=self.counters,
            )
        return self._session

    def _prepare(self, connection: sqlite3.Connection) -> TerminalSession:
        session = self._built(connection)
        session.disconnect()
        return session

    def _round(
        self,
        connection: sqlite3.Connection,
        *,
        incoming: deque[Incoming],
        health: Health,
        questions: tuple[_Question, ...],
        answers: tuple[CommandAnswer, ...],
    ) -> _Round:
        """Receive what fits into the time, in order; the rest stays in `incoming`, which is ours until we return."""
        session = self._built(connection)
        session.report(health)
        for answer in answers:
            session.answer_command(answer)
        now_s, wall = self._elapsed_s(), self._wall()
        asked = tuple((question, session.ask(question.kind, question.key, now_s)) for question in questions)
        heard: list[Heard] = []
        while incoming and (not heard or self._elapsed_s() - now_s < ROUND_S):
            message = incoming.popleft()
            heard.append(
                session.receive(message.topic, message.payload, retained=message.retained, now_s=now_s, wall=wall)
            )
        return _Round(tuple(heard), tuple(session.poll(now_s, wall)), session.wake_at_s(), asked)

    # --- on the event loop

    def _after(self, heard: tuple[Heard, ...]) -> None:
        now = self._wall()
        for one in heard:
            self.cursors.extend(CursorSeen(cursor, now) for cursor in one.cursors)
            if one.clock is not None:
                self._clock.learn(Checked(one.clock.hub_time, one.clock.wall, one.clock.at_s))
            if one.answer is not None:
                _settle(self._open.pop(one.answer.id, None), one.answer)
            if self._loader is not None and one.offered is not None:
                self._loader.offered(one.offered)
            if self._loader is not None and one.parts is not None:
                self._loader.heard_parts(one.parts)
        if any(one.acked or one.feed is not None for one in heard):
            self._on_change()

    async def _obey(self, heard: tuple[Heard, ...]) -> None:
        for command in (one.command for one in heard if one.command is not None):
            carry_out = self._on_command
            is_done = carry_out is not None and await carry_out(command.verb)
            self._done.append(CommandAnswer(id=command.id, ok=is_done, text="" if is_done else "not carried out"))
            self._news.set()

    def _note_asked(self, asked: tuple[tuple[_Question, str | None], ...]) -> None:
        taken = {id(question) for question, _ in asked}
        self._questions = deque(q for q in self._questions if id(q) not in taken and not q.answered.done())
        for question, request in asked:
            if request is None:
                _settle(question, None)
            elif not question.answered.done():
                self._open[request] = question

    def _give_up_questions(self) -> None:
        # What was asked on a lost link will not be answered; nobody should wait for it.
        for question in (*self._questions, *self._open.values()):
            _settle(question, None)
        self._questions.clear()
        self._open.clear()

    def _online(self) -> None:
        self._is_online = True
        self._failures = 0
        self._told_offline = False
        _log.info("link: online", extra={"broker": f"{self._settings.host}:{self._settings.port}"})
        self._on_online(True, self._wall())  # noqa: FBT003 - as above

    def _lost(self, why: str) -> None:
        self._failures += 1
        if not self._told_offline:
            self._told_offline = True
            _log.warning(
                "link: offline, selling goes on",
                extra={"broker": f"{self._settings.host}:{self._settings.port}", "why": why},
            )

    def _pause_s(self) -> float:
        # Jittered, so that a hub that comes back is not met by all its tills in the same second.
        full = min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(self._failures, 10))
        return full * self._rng.uniform(0.5, 1.0)


def _settle(question: _Question | None, answer: Answer | None) -> None:
    if question is not None and not question.answered.done():
        question.answered.set_result(answer)
