"""What a feed's file promises: whole or not at all, the same bytes for the same state, and never much memory."""

from __future__ import annotations

import io

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from protocol.documents import Document
from protocol.errors import BadSnapshot
from protocol.messages import Cursor
from protocol.snapshot import LINE_BYTES_MAX, SnapshotHead, SnapshotReader, compressed

BODIES = st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=3)
DOCUMENTS = st.lists(
    st.builds(
        lambda kind, key, revision, body: Document(
            kind=kind, key=key, revision=revision, body=msgspec.Raw(msgspec.json.encode(body))
        ),
        st.sampled_from(("item", "customer")), st.text(min_size=1, max_size=20), st.integers(0, 2**62), BODIES,
    ),
    max_size=60,
)  # fmt: skip
CURSORS = (Cursor(terminal="t1", epoch=2, sequence=7),)


def head_of(documents: list[Document]) -> SnapshotHead:
    """The head of a file with these documents."""
    return SnapshotHead(feed="global", lineage="db", revision=9, documents=len(documents), cursors=CURSORS)


def file_of(documents: list[Document]) -> bytes:
    """The file."""
    return b"".join(compressed(head_of(documents), documents))


def facts(documents: list[Document] | tuple[Document, ...]) -> list[tuple[str, str, int, bytes]]:
    """Documents as what they say."""
    return [(each.kind, each.key, each.revision, bytes(each.body)) for each in documents]


@given(DOCUMENTS, st.integers(1, 70), st.integers(0, 60))
def test_what_goes_in_comes_out_from_wherever_one_begins(documents: list[Document], step: int, done: int) -> None:
    """Read in any steps, after any number that is there already."""
    done = min(done, len(documents))
    reader = SnapshotReader(io.BytesIO(file_of(documents)))
    assert reader.head == head_of(documents)
    reader.skip(done)
    read: list[Document] = []
    while part := reader.take(step):
        assert len(part) <= step
        read += part
    assert facts(read) == facts(documents[done:])


@given(DOCUMENTS)
def test_the_same_state_makes_the_same_bytes(documents: list[Document]) -> None:
    """So a download goes on after the file was made anew, on this hub or another one."""
    assert file_of(documents) == file_of(documents)


@given(DOCUMENTS, st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_off_is_never_taken_for_whole(documents: list[Document], share: float) -> None:
    """Wherever it ends."""
    whole = file_of(documents)
    cut = io.BytesIO(whole[: int(len(whole) * share)])
    with pytest.raises(BadSnapshot):  # noqa: PT012 - which of the steps raises depends on the place
        reader = SnapshotReader(cut)
        reader.skip(len(documents))
        reader.take(1)
        assert cut.read() == b""
        raise BadSnapshot("only the frame's own end was cut off: all documents were read and compared") from None


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    """A few kilobytes can unpack to gigabytes."""
    bomb = zstandard.ZstdCompressor().compress(b"x" * (64 * LINE_BYTES_MAX))
    assert len(bomb) < 16 * 1024
    with pytest.raises(BadSnapshot, match="more than"):
        SnapshotReader(io.BytesIO(bomb))


def test_a_head_that_promises_more_than_there_is_is_found_out() -> None:
    """The number of documents is part of what must be right."""
    lying = SnapshotHead(feed="global", lineage="db", revision=1, documents=2)
    reader = SnapshotReader(io.BytesIO(b"".join(compressed(lying, [Document(kind="item", key="a", revision=1)]))))
    with pytest.raises(BadSnapshot, match="1 documents"):
        reader.take(2)
