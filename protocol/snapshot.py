"""A feed's whole state as one compressed file, for terminals that would have to be sent too much in parts.

    zstd( head line, then one document a line )

JSON lines: the head says of which feed, at which revision of which lineage, and up to where the levels count each
journal. All is read in one snapshot of the hub's database. Nothing in it tells when it was made, so the same state
makes the same bytes, and a download that was cut off goes on after the file was made anew.

Neither side ever holds more than some documents of it. Deleted documents are left out: the file replaces everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec
import zstandard

from protocol.documents import Document
from protocol.errors import BadSnapshot
from protocol.ids import FeedName
from protocol.messages import Cursor

LEVEL = 6
WINDOW_LOG = 21
"""2 MB of memory at the till; a larger window makes the file hardly smaller."""

LINE_BYTES_MAX = 1024 * 1024
"""A document has some hundred bytes; a frame's part would be refused at the same size."""

_WRITE_BYTES = 256 * 1024
_READ_BYTES = 64 * 1024


class SnapshotHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line. `documents` lines follow, each (kind, key) once."""

    feed: str
    lineage: str
    revision: int
    documents: int
    cursors: tuple[Cursor, ...] = ()


_encoder = msgspec.json.Encoder()
_heads = msgspec.json.Decoder(SnapshotHead)
_documents = msgspec.json.Decoder(Document)


def path_of(feed: FeedName, digest: str) -> str:
    """Where on the hub's web a snapshot is."""
    return f"/v1/snapshots/{feed}/{digest}"


def compressed(head: SnapshotHead, documents: Iterable[Document]) -> Iterator[bytes]:
    """The file, piece by piece; b"" where there is nothing to write yet, so that the caller may take a breath."""
    parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=WINDOW_LOG)
    chunker = zstandard.ZstdCompressor(compression_params=parameters).chunker(chunk_size=_WRITE_BYTES)
    pending = bytearray(_encoder.encode(head) + b"\n")
    for document in documents:
        _encoder.encode_into(document, pending, -1)
        pending += b"\n"
        if len(pending) >= _WRITE_BYTES:
            yield b"".join(chunker.compress(pending))
            pending.clear()
    yield from chunker.compress(pending)
    yield from chunker.finish()  # type: ignore[no-untyped-call]  # its stub lacks the type


class SnapshotReader:
    """Reads a file: `head` first, then iterate over the documents. Raises BadSnapshot for anything that is no snapshot.

    `skip` leaves out that many documents, which is far cheaper than reading them.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._lines = _lines(file)
        try:
            self.head = _heads.decode(next(self._lines, b""))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadSnapshot(f"the first line is no head: {error}") from error
        self._read = 0

    def skip(self, count: int) -> None:
        """Leave out the next `count` documents."""
        for _ in range(count):
            self._next_line()

    def take(self, count: int) -> tuple[Document, ...]:
        """The next documents, fewer than `count` only at the end."""
        left = min(count, self.head.documents - self._read)
        try:
            return tuple(_documents.decode(self._next_line()) for _ in range(left))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadSnapshot(f"document {self._read} cannot be read: {error}") from error

    def _next_line(self) -> bytes:
        line = next(self._lines, None)
        if line is None:
            raise BadSnapshot(f"{self._read} documents, but the head says {self.head.documents}")
        self._read += 1
        return line


def _lines(file: BinaryIO) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor(max_window_size=1 << WINDOW_LOG).stream_reader(file, read_size=_READ_BYTES)
    rest = b""
    try:
        while piece := reader.read(_READ_BYTES):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > LINE_BYTES_MAX:
                raise BadSnapshot(f"a line of more than {LINE_BYTES_MAX} bytes")
    except zstandard.ZstdError as error:
        raise BadSnapshot(f"cannot be unpacked: {error}") from error
    if rest:
        raise BadSnapshot("the last line is cut off")
