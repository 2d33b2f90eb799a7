"""A small shop with a provider of payments, for tests of money on real databases."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.channels.ports import ChannelPayment
from hub.ingest.session import ingest
from hub.money.days import reconcile_days
from hub.money.taking import take_payments
from hub.storage.database import Database
from hub.storage.money_lines import line_of
from hub.storage.money_records import Line
from hub.storage.money_tenders import catch_up
from hub.storage.schema_channels import channel_link, channel_part
from hub.storage.schema_money import money_line
from hub.storage.stores import SqlStores, open_stores
from protocol.documents import Settings
from protocol.events import EventData, SaleCompleted, SaleRefunded, Tender
from protocol.frame import Key
from protocol.ids import StoreId
from tests.unit.hub.journals import Journal, at, sale

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=ZONE)


def local(day: int, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    """A moment of November 2026 as the store's clock shows it."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=ZONE)


def november(day: int) -> date:
    """A day of November 2026."""
    return date(2026, 11, day)


class MoneyShop:
    """Stores whose tills take cards, and "square", which takes them there."""

    def __init__(
        self, database: Database, zone: str = "Asia/Ho_Chi_Minh", stores: tuple[str, ...] = ("hanoi",)
    ) -> None:
        self.database = database
        self.stores: SqlStores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
        self.tills = {store: Journal(store) for store in stores}
        self._told = dict.fromkeys(stores, 0)
        for store, till in self.tills.items():
            settings = Settings(store_name=store, time_zone=zone)
            self.stores.fleet.add_store(StoreId(store), settings, Key(b"f" * 32), at(0))
            self.stores.fleet.add_terminal(till.store, till.terminal, "", till.key, at(0))
            self.map(store, f"L-{store}")
        with database.write() as connection:
            connection.execute(sa.insert(channel_part).values(channel="square", part="payments"))

    def map(self, store: str, location: str) -> None:
        """Say which location of the provider a store is."""
        row = {"channel": "square", "kind": "location", "ours": store, "theirs": location, "by_hand": True, "at_us": 0}
        with self.database.write() as connection:
            connection.execute(sa.insert(channel_link).values(row))

    def till_says(self, data: EventData, when: datetime, store: str = "hanoi") -> None:
        """A till's event comes to the hub and is read for tenders."""
        till = self.tills[store]
        till.append(data, when)
        self._told[store] += 1
        ingest(self.stores.ledger, [till.batch(self._told[store], self._told[store])], NOW)
        catch_up(self.database, 10_000)

    def sell(  # noqa: PLR0913 - what differs between two sales
        self,
        number: int,
        amount: int,
        when: datetime,
        *,
        reference: str = "",
        store: str = "hanoi",
        day: date | None = None,
    ) -> None:
        """A receipt that a card paid."""
        self.till_says(card_sale(number, amount, day or when.date(), reference), when, store)

    def provider_says(self, *payments: ChannelPayment) -> int:
        """The provider tells of payments."""
        return take_payments(self.database, "square", payments, NOW)

    def reconcile(self, first: int, last: int, now: datetime = NOW) -> int:
        """Reconcile days of November."""
        return reconcile_days(self.database, sorted(self.tills), november(first), november(last), now)

    def lines(self) -> list[Line]:
        """All lines, by day and time."""
        query = sa.select(money_line).order_by(money_line.c.day, money_line.c.at_us, money_line.c.position)
        with self.database.read() as connection:
            return [line_of(row) for row in connection.execute(query)]

    def outcomes(self) -> list[tuple[int, str]]:
        """(day of November, outcome) of all lines."""
        return [(line.day.day, line.outcome) for line in self.lines()]


def card_sale(number: int, amount: int, day: date, reference: str = "") -> SaleCompleted:
    """A sale of one thing, by card."""
    made = sale(number, ("tea", 1000))
    tender = Tender(kind="card", amount=amount, reference=reference or None)
    return SaleCompleted(
        receipt_number=f"R{number}", business_day=day, currency="VND", cashier="an", lines=made.lines,
        tenders=(tender,), total=amount,
    )  # fmt: skip


def card_refund(number: int, of: str, amount: int, day: date) -> SaleRefunded:
    """Money that went back to a card."""
    made = sale(number, ("tea", 1000))
    return SaleRefunded(
        receipt_number=f"B{number}", business_day=day, currency="VND", cashier="an", lines=made.lines,
        tenders=(Tender(kind="card", amount=amount),), total=amount, original_receipt=of,
    )  # fmt: skip


def payment(  # noqa: PLR0913 - what differs between two payments
    key: str, amount: int, when: datetime, *, state: str = "completed", fee: int | None = None, reference: str = "",
    refund_of: str = "", location: str = "L-hanoi", version: str = "1",
) -> ChannelPayment:  # fmt: skip
    """A payment as the channel tells it."""
    return ChannelPayment(
        key=key, version=version, at=when, location=location, kind="card", state=state,  # type: ignore[arg-type]  # as given
        amount=amount, currency="VND", fee=fee, reference=reference, refund_of=refund_of,
    )  # fmt: skip
