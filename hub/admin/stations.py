"""How stores, tills and devices are: from rows to words, a tone, and what to do about it. Pure.

Tones: "" is fine, "info" is worth knowing, "warn" look soon, "bad" act now. Offline is "warn": selling offline is
normal, and the sales wait safely at the till.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from hub.admin.catching_up import CatchUp, Place
from hub.admin.words import Words
from hub.storage.reading import StoreRow, TerminalRow

Tone = Literal["", "info", "warn", "bad"]
NOBODY: Mapping[Place, CatchUp] = MappingProxyType({})
TONES: Mapping[Tone, int] = {"bad": 0, "warn": 1, "info": 2, "": 3}


@dataclass(frozen=True)
class DeviceView:
    """One device of one till that is not as it should be."""

    terminal: str
    device: str
    text: str
    remedy: str
    tone: Tone


@dataclass(frozen=True)
class TerminalView:
    """A till, its state in words, its devices that need a hand, and what is wrong with its journal ("" is nothing)."""

    row: TerminalRow
    state: str
    tone: Tone
    devices: Sequence[DeviceView]
    problem: str = ""


@dataclass(frozen=True)
class StoreView:
    """A store with its tills added up."""

    row: StoreRow
    state: str
    tone: Tone
    online: int
    backlog: int
    oldest_unsent_at: datetime | None
    last_seen_at: datetime | None
    terminals: Sequence[TerminalView]

    @property
    def devices(self) -> Sequence[DeviceView]:
        """All devices of the store that need a hand, the worst first."""
        found = [device for terminal in self.terminals for device in terminal.devices]
        return sorted(found, key=lambda device: TONES[device.tone])

    @property
    def live(self) -> bool:
        """Whether every till of the store is connected."""
        return bool(self.terminals) and self.online == len(self.terminals)

    @property
    def worst(self) -> Tone:
        """The tone of the store's square: the worst of its own, its tills' and its devices'."""
        said: list[Tone] = ["warn" for till in self.terminals if till.problem]
        return min((self.tone, *said, *(device.tone for device in self.devices)), key=TONES.__getitem__)


def store_views(
    words: Words,
    stores: Sequence[StoreRow],
    terminals: Sequence[TerminalRow],
    now: datetime,
    catching_up: Mapping[Place, CatchUp] = NOBODY,
) -> list[StoreView]:
    """All stores, those that need attention first, then by name."""
    tills: defaultdict[str, list[TerminalRow]] = defaultdict(list)
    for terminal in terminals:
        tills[terminal.store].append(terminal)
    views = [store_view(words, row, tills[row.store], now, catching_up) for row in stores]
    return sorted(views, key=lambda view: (TONES[view.worst], -view.backlog, view.row.name))


def store_view(
    words: Words,
    row: StoreRow,
    terminals: Sequence[TerminalRow],
    now: datetime,
    catching_up: Mapping[Place, CatchUp] = NOBODY,
) -> StoreView:
    """One store."""
    online = sum(terminal.online for terminal in terminals)
    seen = [terminal.last_seen_at for terminal in terminals if terminal.last_seen_at is not None]
    unsent = [terminal.oldest_unsent_at for terminal in terminals if terminal.oldest_unsent_at is not None]
    last_seen_at = max(seen, default=None)
    state, tone = _store_state(words, len(terminals), online, last_seen_at, now)
    return StoreView(
        row=row,
        state=state,
        tone=tone,
        online=online,
        backlog=sum(terminal.backlog for terminal in terminals),
        oldest_unsent_at=min(unsent, default=None),
        last_seen_at=last_seen_at,
        terminals=[
            terminal_view(words, terminal, now, catching_up.get((terminal.store, terminal.terminal)))
            for terminal in terminals
        ],
    )


def terminal_view(words: Words, row: TerminalRow, now: datetime, catch_up: CatchUp | None = None) -> TerminalView:
    """One till. Devices of a till that is offline are not told: nobody knows how they are."""
    problem = _problem(words, row.problem)
    if row.online:
        devices = [_device_view(words, row.terminal, device, state) for device, state in sorted(row.devices.items())]
        state, tone = _live_state(words, catch_up)
        return TerminalView(row, state, tone, [device for device in devices if device.tone], problem)
    if row.last_seen_at is None:
        return TerminalView(row, words.say("never seen"), "info", [], problem)
    state = words.say("offline %(span)s", span=words.span(now - row.last_seen_at))
    return TerminalView(row, state, "warn", [], problem)


def _live_state(words: Words, catch_up: CatchUp | None) -> tuple[str, Tone]:
    if catch_up is None:
        return words.say("live"), ""
    if catch_up.left is None:
        return words.say("catching up"), "info"
    return words.say("catching up, about %(span)s left", span=words.span(catch_up.left)), "info"


def _problem(words: Words, code: str) -> str:
    """A till's own word for what is wrong, in ours; a word of a newer till is shown as it came."""
    known = {
        "epoch_fork": words.say("Another PC sells under its name; it asks for a journal of its own."),
        "epoch_restored": words.say("It came back from an old backup; it asks for a new journal."),
        "epoch_broken": words.say("Its journal is damaged; it asks for a new one."),
        "epoch_unknown_epoch": words.say("This hub does not know its journal; it asks for a new one."),
        "events_set_aside": words.say("Damaged entries of its journal were set aside; call support."),
        "sales_missing": words.say("Its journal was damaged, and not all of its sales could be read; call support."),
        "journal_rebuilt": words.say("Its journal was damaged; all of its sales were saved. Have its disk looked at."),
        "disk_full": words.say("Its disk is full; it begins no new receipts."),
        "disk_short": words.say("Its disk has room for less than three days of sales."),
        "clock_behind": words.say("Its clock is behind its last sale."),
    }
    return known.get(code, code)


def _store_state(
    words: Words, count: int, online: int, last_seen_at: datetime | None, now: datetime
) -> tuple[str, Tone]:
    if count == 0:
        return words.say("no till yet"), "info"
    if online == count:
        return words.say("live"), ""
    if online:
        return words.say("%(online)s of %(count)s tills live", online=online, count=count), "warn"
    if last_seen_at is None:
        return words.say("never seen"), "info"
    return words.say("offline %(span)s", span=words.span(now - last_seen_at)), "warn"


def _device_view(words: Words, terminal: str, device: str, state: str) -> DeviceView:
    kind = device.partition(":")[0].partition("-")[0]
    names = {
        "scanner": words.say("Scanner"),
        "printer": words.say("Printer"),
        "drawer": words.say("Cash drawer"),
        "scale": words.say("Scale"),
    }
    states: Mapping[str, tuple[str, Tone]] = {
        "ready": (words.say("ready"), ""),
        "absent": (words.say("not found"), "bad"),
        "opening": (words.say("starting"), "info"),
        "degraded": (words.say("needs a hand"), "warn"),
        "fault": (words.say("does not work"), "bad"),
        "backoff": (words.say("not reached, trying again"), "warn"),
    }
    text, tone = states.get(state, (state, "warn"))
    remedies = {
        "scanner": words.say("Check its cable and that it is on. Codes can be typed until then."),
        "printer": words.say("Look at paper, cover and power. Receipts wait and print when it is back."),
        "drawer": words.say("Check the cable between printer and drawer. The key opens it until then."),
    }
    name = names.get(kind, device)
    remedy = remedies.get(kind, words.say("Check its cable and power; the till's own page says more."))
    return DeviceView(terminal, name, text, remedy, tone)
