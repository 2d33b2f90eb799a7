"""Room on the disk: levels, and a reserve that goes and comes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.room import BALLAST, BALLAST_BYTES, LOW_BYTES, SALE_BYTES, SHORT_BYTES, Room, level_of


class Disk:
    """A disk of any size. What the reserve takes is not counted: this measures what it is told."""

    def __init__(self, free: int) -> None:
        self.free = free

    def __call__(self) -> int:
        """How much is left."""
        return self.free


@given(st.integers(0, 2 * LOW_BYTES), st.integers(0, 2 * LOW_BYTES))
def test_less_room_is_never_told_as_more(one: int, other: int) -> None:
    """Levels follow the bytes."""
    order = ["full", "short", "low", "good"]
    less, more = sorted((one, other))
    assert order.index(level_of(less, has_ballast=True)) <= order.index(level_of(more, has_ballast=True))


@pytest.mark.parametrize(
    ("free", "level"),
    [
        (LOW_BYTES, "good"),
        (LOW_BYTES - 1, "low"),
        (SHORT_BYTES, "low"),
        (SHORT_BYTES - 1, "short"),
        (SALE_BYTES, "short"),
    ],
)
def test_each_level_begins_where_it_says(tmp_path: Path, free: int, level: str) -> None:
    """Thirty days, three days, one sale; the reserve is laid in while there is plenty."""
    disk = Disk(LOW_BYTES)
    room = Room(tmp_path, disk)
    assert room.look() == "good"
    assert (tmp_path / BALLAST).stat().st_size == BALLAST_BYTES
    disk.free = free
    assert room.look() == level


def test_the_reserve_goes_when_nothing_fits_and_comes_back_with_room(tmp_path: Path) -> None:
    """Between, the disk counts as full, however much of the reserve is left: nothing new is begun on it."""
    disk = Disk(LOW_BYTES)
    room = Room(tmp_path, disk)
    room.look()
    disk.free = SALE_BYTES - 1
    assert room.look() == "full"
    assert not (tmp_path / BALLAST).exists()
    disk.free = BALLAST_BYTES
    assert room.look() == "full"
    disk.free = BALLAST_BYTES + 2 * SALE_BYTES
    assert room.look() == "short"
    assert (tmp_path / BALLAST).exists()


def test_it_is_given_once(tmp_path: Path) -> None:
    """Whoever found the disk full tries again once, and not for ever."""
    room = Room(tmp_path, Disk(LOW_BYTES))
    room.look()
    assert [room.give_way(), room.give_way()] == [True, False]


def test_a_disk_that_never_had_room_has_no_reserve_and_says_full(tmp_path: Path) -> None:
    """A reserve that would take the last room from sales is not laid in."""
    assert Room(tmp_path, Disk(BALLAST_BYTES)).look() == "full"
    assert not (tmp_path / BALLAST).exists()
