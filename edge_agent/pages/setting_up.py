"""What the two panels of setting up show; the devices' room is asked only for who may set up, and only when told to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_agent.pages.environment import speech_of
from edge_agent.pages.workshop import (
    LISTEN_S,
    FoundLike,
    HeardLike,
    SuggestionLike,
    WorkshopLike,
    hosts_of,
    lines_for,
    lines_for_heard,
    may_set_up,
    readable,
    suggestion_words,
)
from edge_agent.till.view import CounterView

PANELS = frozenset({"setup", "setup_listen"})
SPEEDS = (9600, 19200, 38400, 57600, 115_200)


@dataclass(frozen=True)
class SetupView:
    """Whether the panel may be seen, and what was found; None: nobody has looked yet."""

    allowed: bool
    found: Sequence[FoundLike] | None = None
    lines: Callable[[FoundLike], str] = lines_for


@dataclass(frozen=True)
class ListenView:
    """Whether the panel may be seen, and what a port said, or why it could not be opened; None: not asked yet."""

    allowed: bool
    heard: HeardLike | str | None
    lines: Callable[[SuggestionLike], str]
    words: Callable[[str], str]
    readable: Callable[[bytes], list[tuple[str, bool]]] = readable


async def set_up(
    name: str, view: CounterView, fields: Mapping[str, str], workshop: WorkshopLike | None
) -> SetupView | ListenView:
    """Answer one of PANELS."""
    allowed = may_set_up(view)
    if name == "setup":
        looks = allowed and workshop is not None and fields.get("find")
        found = await workshop.find(hosts_of(fields.get("hosts", ""))) if looks and workshop is not None else None
        return SetupView(allowed, found)
    path, typed = fields.get("path", ""), fields.get("baud", "")
    baud = int(typed) if typed.isdecimal() and int(typed) in SPEEDS else SPEEDS[0]
    heard: HeardLike | str | None = None
    if allowed and workshop is not None and path and fields.get("go"):
        known = {found.path for found in await workshop.find(())}
        heard = (
            await workshop.listen(path, baud=baud, seven_bits=bool(fields.get("seven")), seconds=LISTEN_S)
            if path in known  # nothing but a port of this PC is ever opened, whatever an address says
            else "no such port"
        )
    speech = speech_of(view.language)
    return ListenView(
        allowed, heard, lambda each: lines_for_heard(path, baud, each), lambda code: suggestion_words(code, speech)
    )
