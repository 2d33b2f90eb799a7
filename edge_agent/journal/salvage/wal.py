"""The write-ahead log as bytes: which of its frames are whole, and whether SQLite would pass over some that are.

SQLite reads a log up to the first frame that is not whole and forgets the rest without a word. After a power cut that
is right: what follows was never synced. But a log that was synced and has a damaged byte in it loses every later
sale the same way, and `quick_check` says "ok". Each frame carries the running checksum, so a frame can be checked
against the one before it, even behind a damaged one.

Format: https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = (0x377F0682, 0x377F0683)
_PAGE_SIZES = frozenset(1 << bits for bits in range(9, 17))
_COMMITS_PROVE = 2
"""The commit of the damaged frame's own transaction may have been under way; one more shows that it was synced."""


@dataclass(frozen=True)
class Frame:
    """A frame of this log's generation. `whole`: its checksum follows from the frame before it."""

    index: int
    page: int
    is_commit: bool
    pages_after: int
    whole: bool
    body: bytes


@dataclass(frozen=True)
class Log:
    """`header_whole`: SQLite would read this log at all. `frames`: those that carry its salts, in order."""

    page_size: int
    header_whole: bool
    frames: tuple[Frame, ...]

    @property
    def seen(self) -> tuple[Frame, ...]:
        """What SQLite would read: up to the last commit before the first frame that is not whole."""
        if not self.header_whole:
            return ()
        until = next((place for place, frame in enumerate(self.frames) if not _follows(frame, place)), len(self.frames))
        return _committed(self.frames[:until])

    @property
    def whole(self) -> tuple[Frame, ...]:
        """What can be read: every whole frame up to the last commit that is whole."""
        return _committed(tuple(frame for frame in self.frames if frame.whole))


def _follows(frame: Frame, place: int) -> bool:
    return frame.whole and frame.index == place


def read_log(content: bytes, page_size: int) -> Log:
    """Read a `-wal` file; `page_size` is the database's, for a log whose header cannot be believed."""
    if len(content) < _HEADER.size + _FRAME.size:
        return Log(page_size, header_whole=True, frames=())
    magic, _, size, _, salt1, salt2, sum1, sum2 = _HEADER.unpack_from(content)
    big_endian = bool(magic & 1)
    header_whole = (
        magic in _MAGIC and size in _PAGE_SIZES and _checksum(content[:24], (0, 0), big_endian) == (sum1, sum2)
    )
    if not header_whole:
        _, _, salt1, salt2, _, _ = _FRAME.unpack_from(content, _HEADER.size)
        big_endian, size = False, page_size
    frames = tuple(_frames(content, size, (salt1, salt2), (sum1, sum2), big_endian=big_endian))
    return Log(size, header_whole, frames)


def _frames(
    content: bytes, page_size: int, salts: tuple[int, int], seed: tuple[int, int], *, big_endian: bool
) -> Iterator[Frame]:
    step = _FRAME.size + page_size
    view = memoryview(content)
    for index, at in enumerate(range(_HEADER.size, len(content) - step + 1, step)):
        page, pages_after, salt1, salt2, sum1, sum2 = _FRAME.unpack_from(content, at)
        if (salt1, salt2) == salts:
            body = view[at + _FRAME.size : at + step]
            found = _checksum(body, _checksum(view[at : at + 8], seed, big_endian), big_endian)
            whole = found == (sum1, sum2) and page > 0
            yield Frame(index, page, pages_after > 0, pages_after, whole, bytes(body))
        seed = (sum1, sum2)


def _committed(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    last = max((place for place, frame in enumerate(frames) if frame.is_commit), default=-1)
    return frames[: last + 1]


def passed_over(log: Log, in_database: Callable[[int], bytes]) -> str:
    """Why SQLite would lose what this log has on it; "" if it loses nothing that is known to have been synced.

    `in_database` gives a page as the database file itself has it.
    """
    if not log.frames:
        return ""
    seen, whole = _newest(log.seen), _newest(log.whole)
    lost = [page for page, body in whole.items() if (seen[page] if page in seen else in_database(page)) != body]
    if not lost:
        return ""  # a generation that is in the database already, half overwritten by a next one that never was
    first_bad = next((frame.index for place, frame in enumerate(log.frames) if not _follows(frame, place)), 0)
    behind = [frame for frame in log.frames if frame.is_commit and frame.index >= first_bad]
    needed = _COMMITS_PROVE if log.header_whole else 1
    if len(behind) < needed:
        return ""
    where = f"frame {first_bad + 1}" if log.header_whole else "its header"
    return f"the write-ahead log is damaged at {where}, with {len(behind)} transactions behind it"


def overlay(log: Log) -> dict[int, bytes]:
    """The newest whole state of each page that is in the log, by page number from 1."""
    return _newest(log.whole)


def _newest(frames: tuple[Frame, ...]) -> dict[int, bytes]:
    return {frame.page: frame.body for frame in frames}


def _checksum(content: bytes | memoryview, seed: tuple[int, int], big_endian: bool) -> tuple[int, int]:
    words = array("I", bytes(content))
    if big_endian != (sys.byteorder == "big"):
        words.byteswap()
    first, second = seed
    for place in range(0, len(words), 2):
        first = (first + words[place] + second) & 0xFFFFFFFF
        second = (second + words[place + 1] + first) & 0xFFFFFFFF
    return first, second
