"""What a cashier finds by typing, in memory and in SQLite alike."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils.db import Database

from edge_agent.journal.migrations import till_migrations
from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.port import Replica
from edge_agent.replica.search.finding import FOUND_MAX
from edge_agent.replica.search.words import words_of
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.till.codes import check_digit
from protocol.documents import Document, Item
from protocol.feed_receiver import Stage
from protocol.ids import GLOBAL_FEED
from tests.unit.edge_agent.conftest import STORE, TERMINAL
from tests.unit.edge_agent.replica.test_replica_contract import change, document

NAMES = (
    "Sữa tươi tiệt trùng Vinamilk 1 lít",
    "Sữa tươi Vinamilk ít đường 180ml",
    "Sữa chua Vinamilk có đường 100g",
    "Sữa đặc Ông Thọ 380g",
    "Sữa tắm Lifebuoy 850g",
    "Bò viên Vissan 500g",
    "Bơ lạt Tường An 200g",
    "Bột giặt Omo 3kg",
    "Nước mắm Nam Ngư 750ml",
    "Nước ngọt Coca-Cola 330 ml",
    "Kem đánh răng P/S 180g",
    "Mì gói Hảo Hảo tôm chua cay",
    "Cà phê Trung Nguyên 500g",
    "Thùng 24 lon bia Tiger 330ml",
)


def thing(sku: str, name: str, **more: object) -> Item:
    """An item with this name."""
    return Item(sku=sku, name=name, price=1000, currency="VND", **more)  # type: ignore[arg-type]  # by the caller


def barcode(number: int) -> str:
    """The EAN-13 of the shop's item of this number."""
    body = f"89346000{number:04d}"
    return body + str(check_digit(body))


def shop() -> list[Document]:
    """The items of NAMES; SKUs are SP001 and so on, barcodes 893460000001x (`barcode`), PLUs 1 and so on."""
    return [
        document(thing(f"SP{number:03d}", name, barcodes=(barcode(number),), plu=f"{number}"))
        for number, name in enumerate(NAMES, 1)
    ]


def found(replica: Replica, text: str, limit: int = 10) -> list[str]:
    """The names that a search finds, best first."""
    return [match.item.name for match in replica.search(text, limit)]


@pytest.fixture
def shelves(replica: Replica) -> Replica:
    """A replica that knows the shop."""
    replica.apply(GLOBAL_FEED, change(*shop()))
    return replica


@pytest.mark.parametrize(
    ("text", "best", "how"),
    [
        ("sua tuoi tiet trung", 0, "words"),
        ("Sữa tươi tiệt trùng", 0, "words"),
        ("SUA TUOI 180ML", 1, "words"),
        ("180 ml vinamilk", 1, "words"),
        ("vinamilk 1l", 0, "words"),
        ("vinamilk 1 lít", 0, "words"),
        ("1l sữa", 0, "words"),
        ("nam ng", 8, "prefix"),
        ("bò", 5, "words"),
        ("bơ", 6, "words"),
        ("cocacola", 9, "words"),
        ("coca cola", 9, "words"),
        ("ps", 10, "words"),
        ("kem p/s", 10, "words"),
        ("omo", 7, "words"),
        ("vinamlik 1l", 0, "typo"),
        ("vinamik 180", 1, "typo"),
        ("sua tuoj tiet", 0, "typo"),
        ("suwax tieetj trufng", 0, "typo"),
        ("su74a d9a85c", 3, "typo"),
        ("suatuoi tiet", 0, "typo"),
        ("hao hoa", 11, "typo"),
        ("trung nguyn", 12, "typo"),
        ("lifebouy", 4, "typo"),
        ("tiger bai lon", 13, "typo"),
        ("bot giat omo qwertyuiop", 7, "some"),
        ("SP009", 8, "code"),
        ("sp009", 8, "code"),
        (barcode(9), 8, "code"),
        ("9", 8, "code"),
    ],
)
def test_the_best_find_by_example(shelves: Replica, text: str, best: int, how: str) -> None:
    """With marks or without, begun, mistyped, in any order, with leftovers of Telex and VNI, by code."""
    first = shelves.search(text, 5)[0]
    assert (first.item.name, first.how) == (NAMES[best], how)


def test_a_letter_or_two_are_the_beginning_of_a_name(shelves: Replica) -> None:
    """Names that begin so come first; whole words in the middle of others after them, but before other marks."""
    assert found(shelves, "n", 2) == [NAMES[8], NAMES[9]]
    shelves.apply(GLOBAL_FEED, change(document(thing("B1", "Thịt bò")), document(thing("B2", "Bộp"))))
    assert found(shelves, "bò", 3) == [NAMES[5], "Thịt bò", NAMES[6]]


def test_codes_are_found_while_they_are_typed(shelves: Replica) -> None:
    """From three signs on, by SKU and by barcode, an exact one first."""
    assert found(shelves, "SP00") == list(NAMES[:9])
    assert found(shelves, "8934600000", 3) == list(NAMES[:3])
    assert found(shelves, "SP01", 2) == list(NAMES[9:11])


@pytest.mark.parametrize(
    "text", ["", "   ", "zzzzzz", "***", '"', "sua AND NOT", "NEAR(sua", "-", "\x00", "😀", "'; --"]
)
def test_nothing_typed_is_an_error(shelves: Replica, text: str) -> None:
    """Signs of any query language are just signs."""
    assert len(shelves.search(text, 3)) <= 3


@given(st.text(max_size=200), st.integers(-1, 1000))
def test_no_text_raises_and_limits_are_kept(text: str, limit: int) -> None:
    """Whatever leans on the keyboard."""
    with closing(_empty()) as connection:
        replica = SqliteReplica(connection, STORE, TERMINAL)
        replica.apply(GLOBAL_FEED, change(*shop()[:3]))
        assert len(replica.search(text, limit)) <= min(max(limit, 0), FOUND_MAX)


def test_every_item_is_found_by_its_own_words_in_any_order(shelves: Replica) -> None:
    """The words of a name, shuffled, folded, find it first or among its likes."""
    for name in NAMES:
        words = list(words_of(name))
        random.Random(name).shuffle(words)  # noqa: S311 - no secret
        assert name in found(shelves, " ".join(words))


def test_what_changes_is_found_as_it_is_now(shelves: Replica) -> None:
    """A new name, a deleted item, a changed price: the index follows the documents."""
    shelves.apply(GLOBAL_FEED, change(document(thing("SP001", "Trà đào Cozy"))))
    assert found(shelves, "tra dao") == ["Trà đào Cozy"]
    assert NAMES[0] not in found(shelves, "tiet trung")
    gone = Document(kind="item", key="SP001", revision=3, deleted=True)
    shelves.apply(GLOBAL_FEED, change(gone))
    assert found(shelves, "tra dao") == []
    dearer = thing("SP002", NAMES[1])
    shelves.apply(GLOBAL_FEED, change(document(dearer)))
    assert shelves.search("tuoi 180ml", 1)[0].item == dearer


def test_a_whole_state_is_searched_when_it_counts_and_not_before(shelves: Replica) -> None:
    """While it is put together, the old catalogue is what is found; afterwards only the new one, tidied or not."""
    shelves.stage(GLOBAL_FEED, Stage("r1", (document(thing("n1", "Trà đào Cozy")),), replace=True))
    assert found(shelves, "tra dao cozy") == []
    assert found(shelves, "nam ngu") == [NAMES[8]]
    shelves.apply(GLOBAL_FEED, change(document(thing("n2", "Trà chanh")), request="r1", replace=True))
    for _ in range(3):
        assert found(shelves, "tra") == ["Trà chanh", "Trà đào Cozy"]
        assert found(shelves, "nam ngu") == []
        assert found(shelves, "SP009") == []
        shelves.tidy(5)


def test_a_label_finds_its_item_by_plu(shelves: Replica) -> None:
    """Zeros in front are the label's, not the item's."""
    item = shelves.by_plu("00009")
    assert item is not None
    assert item.name == NAMES[8]
    assert shelves.by_plu("") is None
    assert shelves.by_plu("99") is None


VOCABULARY = [
    "sữa",
    "sua",
    "tươi",
    "tuổi",
    "vinamilk",
    "bò",
    "bơ",
    "bột",
    "nước",
    "1l",
    "180ml",
    "coca-cola",
    "ngọt",
    "a",
]
TYPED = [
    *VOCABULARY,
    "sua",
    "tuoi",
    "vinamlik",
    "suatuoi",
    "nuoc",
    "nuco",
    "coca",
    "cocacola",
    "xyzzy",
    "180",
    "v",
    "ngotj",
]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4), min_size=1, max_size=12),
    st.lists(st.lists(st.sampled_from(TYPED), min_size=1, max_size=4), min_size=1, max_size=4),
)
def test_the_index_finds_what_looking_at_every_item_finds(names: list[list[str]], queries: list[list[str]]) -> None:
    """Same items, same order, same reasons."""
    documents = [document(thing(f"s{number}", " ".join(words))) for number, words in enumerate(names)]
    memory = MemoryReplica(STORE, TERMINAL)
    with closing(_empty()) as connection:
        sqlite = SqliteReplica(connection, STORE, TERMINAL)
        for replica in (memory, sqlite):
            for part in _parts(documents, 5):
                replica.apply(GLOBAL_FEED, change(*part))
        for query in queries:
            text = " ".join(query)
            assert memory.search(text, 20) == sqlite.search(text, 20)


def _parts(documents: Sequence[Document], size: int) -> Iterator[Sequence[Document]]:
    return itertools.takewhile(bool, (documents[first : first + size] for first in range(0, 1000, size)))


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    till_migrations("").apply(Database(connection, execute_plugins=False))
    return connection
