"""Setting a till up: what is plugged in, what a port says, and the lines that go into the configuration.

The page asks a `WorkshopLike` (the devices' room has one) and writes nothing itself: what is found is shown as lines
for the till's TOML file, which a person puts there. Who may see it holds the right "set_up".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from edge_agent.pages.speech import Speech
from edge_agent.till.rights import may
from edge_agent.till.view import CounterView

LISTEN_S = 6.0
_USUAL_BAUD = 9600
HOSTS_MAX = 16
_CONTROLS = {
    0x02: "STX",
    0x03: "ETX",
    0x04: "EOT",
    0x05: "ENQ",
    0x09: "TAB",
    0x0A: "LF",
    0x0D: "CR",
    0x1D: "GS",
    0x1E: "RS",
}
_FIRST_PRINTABLE, _DELETE = 0x20, 0x7F


class FoundLike(Protocol):
    """Something that a till could use; `stable` finds it again after a replug."""

    @property
    def kind(self) -> str:
        """`serial`, `keyboard`, `usb_printer`, `windows_printer` or `tcp_printer`."""
        ...

    @property
    def path(self) -> str:
        """How it is opened now."""
        ...

    @property
    def stable(self) -> str:
        """How it is found again."""
        ...

    @property
    def name(self) -> str:
        """What the system or its maker calls it."""
        ...


class ChunkLike(Protocol):
    """Bytes that came together."""

    @property
    def at_s(self) -> float:
        """Seconds after the beginning."""
        ...

    @property
    def data(self) -> bytes:
        """The bytes."""
        ...


class SuggestionLike(Protocol):
    """What bytes look like."""

    @property
    def code(self) -> str:
        """A code that `suggestion_words` knows."""
        ...

    @property
    def settings(self) -> Mapping[str, str | int]:
        """Keys of the configuration that fit."""
        ...


class HeardLike(Protocol):
    """What a port said."""

    @property
    def chunks(self) -> Sequence[ChunkLike]:
        """In the order in which they came."""
        ...

    @property
    def suggestions(self) -> Sequence[SuggestionLike]:
        """Best first."""
        ...


class WorkshopLike(Protocol):
    """What the page asks of the devices' room."""

    async def find(self, hosts: Sequence[str]) -> Sequence[FoundLike]:
        """Everything that is plugged in, and printers at these addresses."""
        ...

    async def listen(self, path: str, *, baud: int, seven_bits: bool, seconds: float) -> HeardLike | str:
        """What comes out of a port, or why it cannot be opened."""
        ...


def may_set_up(view: CounterView) -> bool:
    """Whether who is at the till may see and try its devices; where nobody signs in, everybody may."""
    if not view.has_staff:
        return True
    return view.person is not None and may(view.person.role, "set_up")


def hosts_of(text: str) -> tuple[str, ...]:
    """The addresses that were typed, at most HOSTS_MAX."""
    return tuple(text.replace(",", " ").replace(";", " ").split()[:HOSTS_MAX])


def lines_for(found: FoundLike) -> str:
    """The lines of the till's TOML file that name a device."""
    stable = found.stable
    match found.kind:
        case "serial":
            key = "port" if stable.startswith(("/", "COM", "\\")) else "usb"
            return _table("scanner", {"kind": "serial", key: stable})
        case "keyboard":
            key = "port" if stable.startswith("/") else "usb"
            return _table("scanner", {"kind": "evdev", key: stable})
        case "usb_printer":
            return _table("printer", {"connection": "usb", "usb": stable})
        case "windows_printer":
            return _table("printer", {"connection": "windows", "queue": stable})
        case _:
            host, _, port = stable.rpartition(":")
            return _table("printer", {"connection": "tcp", "host": host, "port": int(port)})


def lines_for_heard(path: str, baud: int, suggestion: SuggestionLike) -> str:
    """The lines for a port that was listened to."""
    table = "scale" if suggestion.code in {"toledo_8217", "cas"} else "scanner"
    settings: dict[str, str | int] = {
        "port": path,
        **({"baud": baud} if baud != _USUAL_BAUD else {}),
        **suggestion.settings,
    }
    return _table(table, settings)


def readable(data: bytes) -> list[tuple[str, bool]]:
    """Bytes for eyes: runs of plain text, and the names or hex of what has no sign; True marks the latter."""
    parts: list[tuple[str, bool]] = []
    for byte in data:
        plain = _FIRST_PRINTABLE <= byte < _DELETE
        text = chr(byte) if plain else _CONTROLS.get(byte, f"{byte:02X}")
        if plain and parts and not parts[-1][1]:
            parts[-1] = (parts[-1][0] + text, False)
        else:
            parts.append((text, not plain))
    return parts


def suggestion_words(code: str, speech: Speech) -> str:
    """Say what bytes look like."""
    _ = speech.gettext
    known = {
        "silent": _("Nothing came. Is it switched on, and is this its port?"),
        "scanner": _("That is a scanner."),
        "aim_ids": _("It says what kind of code each one is. Good: leave that on."),
        "parity": _("It sends seven bits with parity."),
        "wrong_speed": _("That looks like another speed. Try the next one."),
        "toledo_8217": _("That is a scale that speaks Toledo 8217."),
        "cas": _("That is a CAS scale."),
        "unknown": _("Something came, but nothing that the till knows."),
    }
    return known.get(code, code)


def _table(name: str, settings: Mapping[str, str | int]) -> str:
    rows = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items())
    return "\n".join((f"[{name}]", *rows))
