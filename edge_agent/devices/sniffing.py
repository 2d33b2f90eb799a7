"""What comes out of a serial port, raw, and what it looks like: for the person who sets a till up.

`listen` reads for some seconds; `suggest` is pure and says what it makes of the bytes: which settings would read them.
The port must be free: where the till's own driver has it, stop that first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from edge_agent.devices.errors import PortUnusable
from edge_agent.devices.serial_line import LINE_ERRORS, Line, open_line, problem_of, read_some

BYTES_MAX = 4096
SECONDS_MAX = 60.0

SuggestionCode = Literal["silent", "scanner", "aim_ids", "parity", "wrong_speed", "toledo_8217", "cas", "unknown"]

_GAP_S = 0.05
_NOISE_SHARE = 0.3
_PRINTABLE = frozenset(range(0x20, 0x7F)) | frozenset(b"\r\n\t\x02\x03\x1c\x1d\x1e\x04")
_AIM_ID = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
_TOLEDO = re.compile(rb"\x02 *(?:[0-9]+\.[0-9]+N?|\?.)\r", re.DOTALL)
_CAS = re.compile(rb"\x01\x02[SU][ -]......(?:kg|KG| g|g ).\x03\x04", re.DOTALL)
_SUFFIXES = (("crlf", b"\r\n"), ("cr", b"\r"), ("lf", b"\n"), ("tab", b"\t"))


@dataclass(frozen=True)
class Chunk:
    """Bytes that came together, and when, in seconds after the beginning."""

    at_s: float
    data: bytes


@dataclass(frozen=True)
class Suggestion:
    """What the bytes look like: a code that the page has words for, and the keys of the configuration that fit."""

    code: SuggestionCode
    settings: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sniffed:
    """What came, and what it looks like; `cut_off`: more came than is kept."""

    chunks: tuple[Chunk, ...]
    suggestions: tuple[Suggestion, ...]
    cut_off: bool = False


def listen(  # noqa: PLR0913  what to do with the port, by keyword
    path: str,
    line: Line,
    seconds: float,
    *,
    monotonic: Callable[[], float],
    ask: bytes = b"",
    ended: Callable[[], bool] = lambda: False,
) -> Sniffed:
    """Read a port for some seconds, at most SECONDS_MAX; blocks, so call it in a thread.

    `ask` is written first: W wakes a Toledo scale, ENQ a CAS. Raises PortUnusable.
    """
    begin_s = monotonic()
    chunks: list[Chunk] = []
    size = 0
    try:
        port = open_line(path, line)
        try:
            if ask:
                port.write(ask)
            while size < BYTES_MAX and monotonic() - begin_s < min(seconds, SECONDS_MAX) and not ended():
                if data := read_some(port)[: BYTES_MAX - size]:
                    size += len(data)
                    chunks.append(Chunk(round(monotonic() - begin_s, 3), data))
        finally:
            port.close()
    except LINE_ERRORS as exc:
        raise PortUnusable(path, problem_of(exc), str(exc)) from exc
    return Sniffed(tuple(chunks), suggest(chunks), cut_off=size >= BYTES_MAX)


def suggest(chunks: Sequence[Chunk]) -> tuple[Suggestion, ...]:
    """What the bytes look like, best first; never empty, never raises."""
    data = b"".join(chunk.data for chunk in chunks)
    if not data:
        return (Suggestion("silent"),)
    if _TOLEDO.search(data):
        return (Suggestion("toledo_8217", {"protocol": "toledo_8217"}),)
    if _CAS.search(data):
        return (Suggestion("cas", {"protocol": "cas"}),)
    parity = _parity_of(data)
    if parity is not None:
        clean = [Chunk(chunk.at_s, bytes(byte & 0x7F for byte in chunk.data)) for chunk in chunks]
        return (Suggestion("parity", {"byte_bits": 7, "parity": parity}), *suggest(clean))
    if sum(byte not in _PRINTABLE for byte in data) > _NOISE_SHARE * len(data):
        return (Suggestion("wrong_speed"),)
    scans = _scans(chunks)
    found = [Suggestion("scanner", {"suffix": _suffix(scans)})]
    if all(_AIM_ID.match(scan.lstrip(b"\x02")) for scan in scans):
        found.append(Suggestion("aim_ids"))
    return tuple(found) if any(byte > 0x20 for byte in data) else (Suggestion("unknown"),)  # noqa: PLR2004  the blank


def _parity_of(data: bytes) -> Literal["E", "O"] | None:
    """Whether every byte carries a parity bit of seven readable ones; some without it set is not enough to tell."""
    if not any(byte & 0x80 for byte in data) or any(byte & 0x7F not in _PRINTABLE for byte in data):
        return None
    odd = [byte.bit_count() % 2 for byte in data]
    return "O" if all(odd) else None if any(odd) else "E"


def _scans(chunks: Sequence[Chunk]) -> list[bytes]:
    """The bytes between silences."""
    scans: list[bytes] = []
    last_s = float("-inf")
    for chunk in chunks:
        if chunk.at_s - last_s > _GAP_S:
            scans.append(b"")
        scans[-1] += chunk.data
        last_s = chunk.at_s
    return scans


def _suffix(scans: Sequence[bytes]) -> str:
    if all(scan.startswith(b"\x02") and scan.endswith(b"\x03") for scan in scans):
        return "stx_etx"
    return next((name for name, end in _SUFFIXES if all(scan.endswith(end) for scan in scans)), "none")
