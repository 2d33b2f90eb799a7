"""Money and customers of the sample hub's stores, in a database of their own: all that pages can show of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hub.api.office import MoneyOffice, PeopleOffice
from hub.channels.ports import ChannelCustomer, ChannelPayment
from hub.customers.people import Act, People
from hub.customers.register import Said
from hub.money.days import reconcile_days
from hub.money.taking import take_payments
from hub.storage.database import Database
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.money_decisions import MoneyDecisions
from hub.storage.money_records import FeeRule
from hub.storage.people_records import TILLS
from hub.storage.queries_money import MoneyFilter, MoneyQueries
from hub.storage.queries_people import PeopleQueries
from hub.storage.schema_channels import channel_link, channel_part
from hub.storage.schema_money import money_tender
from hub.storage.stores import open_stores
from protocol.documents import Settings
from protocol.frame import Key
from protocol.ids import StoreId
from tests.databases import sqlite_database
from tests.unit.hub.admin.sample_hub import SampleHub

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=ZONE)


def with_offices(hub: SampleHub, folder: Path, *, stores: int = 3, filled: bool = True) -> SampleHub:
    """Give a sample hub the pages about money and customers; `filled` or of a first day."""
    database = sqlite_database(folder / "offices.db")
    people = People(database, "VN")
    hub.money = MoneyOffice(MoneyQueries(database), MoneyDecisions(database))
    hub.people = PeopleOffice(PeopleQueries(database), people, SqlDocumentStore(database))
    if filled:
        _add_stores(database, stores)
        _add_money(database, hub.money)
        _add_people(people)
    return hub


def _add_stores(database: Database, stores: int) -> None:
    opened = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    links = []
    for number in range(1, stores + 1):
        store = f"st{number:02}"
        opened.fleet.add_store(StoreId(store), Settings(store_name=store), Key(b"f" * 32), NOW)
        links.append(
            {
                "channel": "square",
                "kind": "location",
                "ours": store,
                "theirs": f"L{number}",
                "by_hand": True,
                "at_us": 0,
            }
        )
    with database.write() as connection:
        connection.execute(sa.insert(channel_link), links)
        connection.execute(sa.insert(channel_part).values(channel="square", part="payments"))


def _at(hour: int, minute: int, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)


def _add_money(database: Database, office: MoneyOffice) -> None:
    office.queries.set_fee_rule(FeeRule("square", "", "VND", date(2026, 1, 1), 25_000))
    tenders, payments = [], []
    for number in range(60):
        day = DAY - timedelta(days=number % 3)
        store, amount = number % 2 + 1, 45_000 + 1_500 * number
        at = _at(9 + number % 12, number % 60, day)
        if number % 13 != 5:
            tenders.append(_tender(f"st{store:02}", day, number, at, amount))
        if number % 11 != 4:
            paid = amount + (20_000 if number % 17 == 9 else 0)
            fee = None if number % 5 == 0 else amount // 40 + (900 if number == 21 else 0)
            payments.append(
                _payment(
                    f"pay_{number:04}XkQ2mZ",
                    at + timedelta(seconds=40),
                    location=f"L{store}",
                    amount=paid,
                    fee=fee,
                    number=number,
                )
            )
    payments.append(_payment("pay_elsewhere", _at(12, 0), location="L99", amount=99_000, fee=None, number=900))
    payments.append(_payment("pay_twice", _at(12, 4), location="L2", amount=49_500, fee=None, number=3))
    with database.write() as connection:
        connection.execute(sa.insert(money_tender), tenders)
    take_payments(database, "square", payments, NOW)
    for stores in (("st01",), ("st02",), ("",)):
        reconcile_days(database, stores, DAY - timedelta(days=2), DAY, NOW)
    first = office.queries.lines(MoneyFilter(open=True), 3)
    office.decisions.add(first[0].position, "ask_cashier", "", "Lan", NOW)
    office.decisions.add(first[2].position, "settled", "trả bằng tiền mặt <sau>", "Hoa", NOW)


def _tender(store: str, day: date, number: int, at: datetime, amount: int) -> dict[str, object]:
    return {
        "store": store, "business_day": day.isoformat(), "terminal": "T1", "epoch": 1, "sequence": number + 1,
        "number": 0, "state": "taken", "kind": "card", "at_us": int(at.timestamp()) * 1_000_000, "amount": amount,
        "currency": "VND", "receipt": f"{store}-T1-1-{number:06}", "original": "", "reference": f"ref-{number}",
        "attempt": "",
    }  # fmt: skip


def _payment(  # noqa: PLR0913 - what differs between two payments
    key: str, at: datetime, *, location: str, amount: int, fee: int | None, number: int
) -> ChannelPayment:
    return ChannelPayment(
        key=key, version="1", at=at, location=location, kind="card", state="completed", amount=amount, currency="VND",
        fee=fee, reference=f"ref-{number}",
    )  # fmt: skip


def _add_people(people: People) -> None:
    tills = [
        Said(channel=TILLS, key=f"KH-{number:04}", version="1", name=name, phone=phone, email=email, consent=True)
        for number, (name, phone, email) in enumerate(
            [
                ("Trần Thị Minh Nguyệt", "+84901234321", ""), ("Nguyễn Văn <Bình>", "+84912345678", ""),
                ("Phạm Hoa", "+84334567890", "hoa@example.com"),
            ]
        )
    ]  # fmt: skip
    people.take_all(TILLS, tills, NOW - timedelta(days=3))
    for customer in (
        ChannelCustomer(key="cus_01", version="1", name="Minh Nguyệt", email="nguyet@example.com", consent=False),
        ChannelCustomer(key="cus_02", version="1", name="Bình N.", email="binh.nguyen@example.com"),
        ChannelCustomer(key="cus_03", version="1", name="Hoa", email="hoa@example.com", consent=True),
        ChannelCustomer(key="cus_01", version="2", name="Minh Nguyệt", email="nguyet@example.com", phone="0901234321"),
        ChannelCustomer(key="cus_02", version="2", name="Bình N.", email="binh.nguyen@example.com", phone="0912345678"),
    ):
        people.take("web", customer, NOW - timedelta(hours=5))
    [one] = people.take_all("web", [Said(channel="web", key="cus_03", version="1")], NOW)
    people.split(one, [("web", "cus_03")], Act("Lan", NOW - timedelta(hours=1), "mẹ và con"))
