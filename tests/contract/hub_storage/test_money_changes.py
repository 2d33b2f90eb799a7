"""A large day is written down in short transactions: true at each step, and whatever comes between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from hub.errors import StorageUnavailable
from hub.money.days import TRIES_MAX, reconcile_days
from hub.storage.database import Database
from hub.storage.moments import to_us
from hub.storage.money_changes import LINES_AT_ONCE
from hub.storage.money_lines import stale_days
from hub.storage.money_records import Line
from hub.storage.schema_money import money_day, money_tender
from tests.contract.hub_storage.money_shop import NOW, MoneyShop, local, november, payment

MANY = 2 * LINES_AT_ONCE + 100
DAY = november(20)


class Died(BaseException):
    """A process was killed."""


class Watched(Database):
    """A process's own connection: something happens before its n-th transaction that writes, counted from 1."""

    def __init__(self, database: Database, acts: Mapping[int, Callable[[], object]]) -> None:
        self.url, self.is_sqlite = database.url, database.is_sqlite
        self.writing, self.reading = database.writing, database.reading
        self.acts = acts
        self.number = 0

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """See Database."""
        self.number += 1
        self.acts.get(self.number, lambda: None)()
        with super().write() as connection:
            yield connection


def filled(database: Database) -> MoneyShop:
    """A shop with one large day; of every hundredth tender the provider knows nothing."""
    shop = MoneyShop(database)
    tenders = [
        {
            "store": "hanoi", "terminal": "T1", "epoch": 9, "sequence": number, "number": 0, "state": "taken",
            "kind": "card", "amount": 1_000 + number, "currency": "VND", "receipt": f"R{number}", "original": "",
            "attempt": "", "reference": "", "business_day": DAY.isoformat(), "at_us": to_us(moment(number)),
        }
        for number in range(MANY)
    ]  # fmt: skip
    with database.write() as connection:
        connection.execute(sa.insert(money_tender), tenders)
    shop.provider_says(
        *(payment(f"p{number}", 1_000 + number, moment(number)) for number in range(MANY) if number % 100)
    )
    return shop


def moment(number: int) -> datetime:
    """When the n-th was sold."""
    return local(20, 8) + timedelta(seconds=10 * number)


def reconcile(database: Database) -> int:
    """Do the day."""
    return reconcile_days(database, ["hanoi"], DAY, DAY, NOW)


def must_be_whole(shop: MoneyShop) -> list[Line]:
    """Each tender and payment is in one line, and the day's sums are those of its lines."""
    lines = shop.lines()
    assert len({line.tender for line in lines if line.tender}) == MANY
    assert sum(line.tendered for line in lines) == sum(1_000 + number for number in range(MANY))
    with shop.database.read() as connection:
        sums = connection.execute(sa.select(sa.func.sum(money_day.c.lines), sa.func.sum(money_day.c.tendered))).one()
        assert tuple(map(int, sums)) == (len(lines), sum(line.tendered for line in lines))
        assert not stale_days(connection, 10)
    return lines


def test_a_large_day_is_written_in_parts_and_is_whole_in_the_end(database: Database) -> None:
    """Other writers get their turn between; done again, nothing is touched."""
    shop = filled(database)
    watched = Watched(database, {})
    assert reconcile(watched) == MANY
    assert watched.number >= 3
    first = must_be_whole(shop)
    assert reconcile(database) == 0
    assert must_be_whole(shop) == first


@pytest.mark.parametrize("part", [2, 3])
def test_killed_between_two_parts_it_is_done_again(database: Database, part: int) -> None:
    """The day is marked until its last part is written, so whoever comes next finishes it."""
    shop = filled(database)

    def die() -> None:
        raise Died

    before = Watched(database, {})
    database.state("money", "")
    database.state("money hanoi", "0")
    with pytest.raises(Died):
        reconcile(Watched(database, {before.number + 2 + part: die}))
    assert len(shop.lines()) == (part - 1) * LINES_AT_ONCE
    with database.read() as connection:
        assert set(stale_days(connection, 10)) == {("hanoi", DAY)}
    assert reconcile(database) > 0
    must_be_whole(shop)


def test_what_comes_between_two_parts_is_seen_the_next_time(database: Database) -> None:
    """A payment that is told while the day is written leaves its mark there."""
    shop = filled(database)
    late = payment("late", 1_000, moment(0))
    reconcile(Watched(database, {4: lambda: shop.provider_says(late)}))
    with database.read() as connection:
        assert set(stale_days(connection, 10)) == {("hanoi", DAY)}
    assert reconcile(database) == 1
    assert next(line for line in must_be_whole(shop) if line.payment == "late").outcome == "matched"


def test_another_process_in_between_is_noticed(database: Database) -> None:
    """It has written all meanwhile: the first looks anew, and finds nothing left to do."""
    shop = filled(database)
    seen: list[int] = []
    assert reconcile(Watched(database, {4: lambda: seen.append(reconcile(database))})) == 0
    assert seen == [MANY - LINES_AT_ONCE]
    must_be_whole(shop)


def test_who_is_always_overtaken_gives_up_for_now(database: Database) -> None:
    """A bound, with an error that says to try again."""
    shop = filled(database)
    number = iter(range(100))

    def other() -> None:
        reconcile(database)
        shop.provider_says(payment(f"more{next(number)}", 5, local(20)))

    acts = dict.fromkeys(range(3, 3 + 2 * TRIES_MAX), other)
    with pytest.raises(StorageUnavailable, match="try again"):
        reconcile(Watched(database, acts))
    reconcile(database)
    must_be_whole(shop)
