"""Stock out: a channel is told what it may offer, as state, and only what it does not know yet.

Changes are followed by their one order of numbers, so what changed ten times while the channel was away is told once,
as it is then. What could not be told is a row of its own with its next try; it holds up nothing else. Everything is
gone through (a walk) at first, when links change, when somebody asks, and once a day; fresh changes go before it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from hub.channels.backoff import Backoff, delay_s
from hub.channels.part import Opened
from hub.channels.ports import CountedOrders, Pushed, StockSink, StockTarget
from hub.errors import ChannelRefused, ChannelUnavailable, UnmappedWord
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import Offered, Want
from hub.storage.channel_stock import SqlChannelStock, Wanted

STOCK_PART = "stock"
PAGE_SKUS, CALLS_A_STEP = 500, 8
IDLE_S = 2.0
"""A look at the counter when nobody wakes us: at most so late is what another process numbered."""
AGAIN_AT_ONCE = 3
AGAIN_S = 1.0
PARKED_S = 600.0
"""What the channel refused is told again when its level changes, but not more often than this."""
WALK_EVERY = timedelta(hours=24)
WRITE_EVERY = timedelta(seconds=1)
"""A hub sells hundreds of times a second: a cursor that was written with each look would be half as many commits."""
_log = logging.getLogger(__name__)


class StockCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a channel's stock is. `walk` is the last SKU of a walk under way, None for none.

    `links` and `asked` are the versions that the last walk began with; `anew` tells also what is known there.
    """

    revision: int = 0
    links: int = -1
    asked: int = -1
    anew: bool = False
    walk: str | None = None
    walked_at: datetime | None = None


@dataclass(frozen=True)
class StockTools:
    """What stock parts work with. `observe` is told the seconds of each call; `chance` is 0 to 1."""

    stock: SqlChannelStock
    parts: SqlChannelParts
    chance: Callable[[], float]
    clock_s: Callable[[], float]
    observe: Callable[[str, float], None] = lambda _channel, _took_s: None


class StockPart:
    """See Part. One of them runs for a channel, in all hub processes together: nobody else writes these levels."""

    def __init__(self, opened: Opened, sink: StockSink, tools: StockTools) -> None:
        self._opened = opened
        self._name = opened.name
        self._sink = sink
        self._stock = tools.stock
        self._tools = tools
        self._backoff = Backoff()
        self._most = sink.batch_max
        self._walk_skus = 1
        self._calls = 0
        self._known = StockCursor()
        self._written = ""
        self._written_at: datetime | None = None

    def step(self, now: datetime) -> float:
        """See Part."""
        cursor = self._begin_walk(self._cursor(), now)
        page = min(PAGE_SKUS, CALLS_A_STEP * self._skus_at_once())
        changed = self._stock.changed(self._name, cursor.revision, page)
        if changed.upto > cursor.revision:
            self._push(changed.skus, now)
            self._save(cursor, now, revision=changed.upto)
            return 0.0
        if due := self._stock.due(self._name, now, self._skus_at_once()):
            self._push(due, now)
            return 0.0
        if cursor.walk is not None:
            return self._walk(cursor, now)
        self._save(cursor, now)
        next_due = self._stock.next_due(self._name)
        return IDLE_S if next_due is None else max(0.05, min(IDLE_S, (next_due - now).total_seconds()))

    def _begin_walk(self, cursor: StockCursor, now: datetime) -> StockCursor:
        """A walk under way is finished first: links that come page by page would else make it begin for ever."""
        if cursor.walk is not None:
            return cursor
        head = self._stock.head(self._name)
        old = cursor.walked_at is None or now - cursor.walked_at >= WALK_EVERY
        moved = (cursor.links, cursor.asked) != (head.links, head.asked)
        if not moved and not old:
            return cursor
        _log.info("all of a channel's stock is gone through", extra={"channel": self._name})
        self._stock.forget_unlinked(self._name)
        if moved:
            self._stock.replay(self._name, now)
        self._written_at = None
        return self._save(
            cursor,
            now,
            # At first the walk tells everything as it is: changes before it need not be followed one by one.
            revision=head.revision if cursor.walked_at is None else cursor.revision,
            links=head.links, asked=head.asked, anew=head.asked > max(cursor.asked, 0), walk="", walked_at=now,
        )  # fmt: skip

    def _walk(self, cursor: StockCursor, now: datetime) -> float:
        """About one call at a time, so that a fresh change waits for no more; where nothing is news, more at once."""
        assert cursor.walk is not None
        skus = self._stock.linked(self._name, cursor.walk, max(self._skus_at_once(), self._walk_skus))
        if not skus:
            self._save(cursor, now, walk=None, anew=False)
            return 0.0
        calls = self._calls
        self._push(skus, now, anew=cursor.anew)
        self._walk_skus = min(PAGE_SKUS, 2 * len(skus)) if self._calls == calls else 1
        self._save(cursor, now, walk=skus[-1])
        return 0.0

    def _cursor(self) -> StockCursor:
        """How far this is: what is remembered, unless another process has gone on from what was written."""
        text = self._tools.parts.state(self._name, STOCK_PART).cursor
        if text != self._written or not text:
            self._known = msgspec.json.decode(text, type=StockCursor) if text else StockCursor()
            self._written, self._written_at = text, None
        return self._known

    def _save(self, cursor: StockCursor, now: datetime, **changes: object) -> StockCursor:
        """Remember how far this is, and write it down once a second: what is gone through again is not told again."""
        self._known = msgspec.structs.replace(cursor, **changes)
        text = msgspec.json.encode(self._known).decode()
        if text != self._written and (self._written_at is None or now - self._written_at >= WRITE_EVERY):
            self._tools.parts.save_cursor(self._name, STOCK_PART, text, self._opened.holder)
            self._written, self._written_at = text, now
        return self._known

    def _skus_at_once(self) -> int:
        """So many SKUs make about one call."""
        places = {link.theirs for link in self._opened.links().of("location")}
        return max(1, min(PAGE_SKUS, self._most // max(1, len(places))))

    def _push(self, skus: Sequence[str], now: datetime, *, anew: bool = False) -> None:
        """Tell what is not known there, or all of it. Raises ChannelError: what was told before it is noted."""
        rest: Sequence[str] = skus
        while rest:
            size = self._skus_at_once()
            asked, rest = rest[:size], rest[size:]
            for _ in range(1 + AGAIN_AT_ONCE):
                asked = self._tell(asked, now, anew=anew)
                if not asked:
                    break

    def _tell(self, skus: Sequence[str], now: datetime, *, anew: bool) -> Sequence[str]:
        """Tell what these are now; returns those that are to be told again at once."""
        wanted = self._stock.wanted(self._name, skus, now)
        news = [want for want in wanted.levels if anew or _is_news(want, now)]
        again: set[str] = set()
        while news:
            batch, news = news[: self._most], news[self._most :]
            for found in self._call(batch, wanted, now):
                self._stock.record(self._name, found, now)
                again.update(one.want.sku for one in found if one.state == "due" and one.due_at == now)
        return sorted(again)

    def _call(self, batch: Sequence[Want], wanted: Wanted, now: datetime) -> Iterator[Sequence[Offered]]:
        """One call, or several where the whole is refused because of one of them."""
        counted = CountedOrders(wanted.lines, wanted.heard)
        targets = {StockTarget(want.sku, want.location, want.available): want for want in batch}
        try:
            answers = self._timed(list(targets), counted)
        except (ChannelRefused, UnmappedWord) as error:
            if len(batch) == 1:
                yield [_parked(batch[0], str(error), now)]
                return
            middle = len(batch) // 2
            for half in (batch[:middle], batch[middle:]):
                yield from self._call(half, wanted, now)
            return
        except ChannelUnavailable as error:
            # Whether the channel is away or chokes on one of these, fewer at once will show.
            self._most = max(1, len(batch) // 2)
            if len(batch) == 1:
                wait_s = delay_s(self._backoff, batch[0].attempts + 1, self._tools.chance(), error.retry_after_s)
                yield [Offered(batch[0], "due", str(error), now + timedelta(seconds=wait_s))]
            raise
        self._most = min(self._sink.batch_max, self._most * 2)
        answered = {answer.target: answer for answer in answers}
        yield [_noted(want, answered.get(target), now) for target, want in targets.items()]

    def _timed(self, targets: Sequence[StockTarget], counted: CountedOrders) -> Sequence[Pushed]:
        self._calls += 1
        begun_s = self._tools.clock_s()
        answers = self._sink.push(targets, counted)
        self._tools.observe(self._name, self._tools.clock_s() - begun_s)
        return answers


def make_stock_part(tools: StockTools, opened: Opened) -> StockPart | None:
    """The stock part of a channel that takes stock; None for others."""
    return None if opened.channel.stock is None else StockPart(opened, opened.channel.stock, tools)


def _is_news(want: Want, now: datetime) -> bool:
    """What waits for its next try is left until then: it is told as it is by that time, and delays nothing else."""
    if want.state in ("parked", "due"):
        return want.due_at is None or want.due_at <= now
    return (want.sent, want.sent_counted) != (want.available, want.counted)


def _noted(want: Want, answer: Pushed | None, now: datetime) -> Offered:
    match answer:
        case Pushed(outcome="done"):
            return Offered(want, "done")
        case Pushed(outcome="refused", words=words):
            return _parked(want, words, now)
        case _:
            words = answer.words if answer is not None else "the channel did not say what became of it"
            at_once = want.attempts < AGAIN_AT_ONCE
            return Offered(want, "due", words, now if at_once else now + timedelta(seconds=AGAIN_S))


def _parked(want: Want, words: str, now: datetime) -> Offered:
    return Offered(want, "parked", words, now + timedelta(seconds=PARKED_S))
