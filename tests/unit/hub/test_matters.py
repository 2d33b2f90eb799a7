"""What follows from events for customers, vouchers, transfers, returns and shifts, in whatever order they come."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hub.ingest.session import ingest
from hub.matters.outcome import returned_lines
from hub.projections.matters import OVERDUE, forget_old_work, settle_all, settle_some, tell_overdue
from hub.storage import schema
from hub.storage.database import Database, open_database, parse_url
from hub.storage.records import DocumentPut
from hub.storage.stores import SqlStores, open_stores
from protocol.documents import Customer, DocumentBody, Payment, Pick, Purchase, Settings, Transfer, Voucher
from protocol.events import EventData, OrderHandedOver, OrderPicked, SaleCompleted, Tender
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, store_feed
from tests.unit.hub.journals import Journal, at
from tests.unit.hub.matter_facts import (
    by_voucher,
    came,
    delivered,
    given_back,
    goods,
    issued,
    on_account,
    paid_in,
    receipt_lines,
    saved,
    sent,
    shift_closed,
    shift_opened,
    sold,
)

HANOI, HUE = StoreId("hanoi"), StoreId("hue")
TILLS = (("hanoi", "till1"), ("hanoi", "till2"), ("hue", "till1"), ("hue", "till2"))


class Shop(NamedTuple):
    """A hub's database and its tills' journals."""

    database: Database
    stores: SqlStores
    tills: dict[tuple[str, str], Journal]

    def tell(self, till: tuple[str, str], seconds: float, data: EventData) -> None:
        """An event happens at a till and reaches the hub at once."""
        journal = self.tills[till]
        journal.append(data, at(seconds), event_id=f"{till}-{len(journal.events)}")
        ingest(self.stores.ledger, [journal.batch(len(journal.events), len(journal.events))], at(1000))

    def put(self, feed: FeedName, kind: str, key: str, body: DocumentBody, seconds: float = 0) -> None:
        """The office puts a document."""
        self.stores.documents.put(feed, kind, [DocumentPut(key, body)], at(seconds))

    def document(self, feed: FeedName, kind: str, key: str) -> DocumentBody | None:
        """A document as tills have it."""
        kinds = {"customer": Customer, "voucher": Voucher, "transfer": Transfer, "purchase": Purchase, "pick": Pick}
        settle_all(self.database, at(2000))
        found = self.stores.documents.documents(feed, kind, key=key)
        return msgspec.json.decode(found[0].body, type=kinds[kind]) if found else None

    def alarms(self) -> list[tuple[str, str, str]]:
        """Open alarms: kind, subject, text."""
        settle_all(self.database, at(2000))
        alarm = schema.alarm.c
        query = sa.select(alarm.kind, alarm.subject, alarm.text).where(alarm.closed_us.is_(None))
        with self.database.read() as connection:
            return sorted(tuple(row) for row in connection.execute(query))

    def picture(self) -> object:
        """Everything that the outside can see of matters, without revisions."""
        documents = [(d.feed, d.kind, d.key, d.body) for d in self.stores.documents.documents()]
        with self.database.read() as connection:
            shifts = [tuple(row) for row in connection.execute(sa.select(schema.shift))]
            states = [tuple(row) for row in connection.execute(sa.select(schema.matter))]
        return documents, self.alarms(), sorted(shifts), sorted(states)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with two stores and two tills each; to be copied, as making one takes half a second."""
    path = tmp_path_factory.mktemp("matters") / "empty.db"
    database = open_database(parse_url(f"sqlite:///{path}"))
    stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    for store in (HANOI, HUE):
        stores.fleet.add_store(store, Settings(store_name=store), Key(b"f" * 32), at(0))
    for place in TILLS:
        till = Journal(*place)
        stores.fleet.add_terminal(till.store, till.terminal, "", till.key, at(0))
    settle_all(database, at(0))
    database.close()
    return path


@contextmanager
def opened(empty: Path) -> Iterator[Shop]:
    """A shop of its own."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        shutil.copy(empty, path)
        database = Database(parse_url(f"sqlite:///{path}"))
        stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
        yield Shop(database, stores, {till: Journal(*till) for till in TILLS})
        database.close()


@pytest.fixture
def shop(empty: Path) -> Iterator[Shop]:
    """A shop for one test."""
    with opened(empty) as found:
        yield found


H1, H2, U1, U2 = TILLS


def test_a_customer_is_what_was_written_of_her_last_wherever(shop: Shop) -> None:
    """A till that was offline does not overwrite what another till, or the office, wrote later."""
    shop.tell(H1, 50, saved("c1", "Lan", "+84901"))
    shop.tell(U1, 20, saved("c1", "Lan (old)"))
    assert shop.document(GLOBAL_FEED, "customer", "c1") == Customer(customer="c1", name="Lan", phone="+84901")
    shop.put(GLOBAL_FEED, "customer", "c1", Customer(customer="c1", name="Lan Nguyễn", group="gold"), 60)
    shop.tell(H2, 55, saved("c1", "late"))
    assert shop.document(GLOBAL_FEED, "customer", "c1") == Customer(customer="c1", name="Lan Nguyễn", group="gold")
    shop.tell(H2, 70, saved("c1", "Lan Trần"))
    assert shop.document(GLOBAL_FEED, "customer", "c1") == Customer(customer="c1", name="Lan Trần", group="gold")


def test_what_a_customer_owes_adds_up_over_all_stores(shop: Shop) -> None:
    """Sold on account, paid, given back; what the office says she owes holds from then on."""
    shop.tell(H1, 1, sold("R1", ("tea", 3000), tenders=on_account(3000), customer="c1"))
    assert shop.document(GLOBAL_FEED, "customer", "c1") is None
    shop.tell(U1, 2, saved("c1", "Lan"))
    shop.tell(U1, 3, paid_in("P1", "c1", 1000))
    shop.tell(U2, 4, given_back("B1", "R1", ("tea", 500), tenders=on_account(500), customer="c1"))
    owing = shop.document(GLOBAL_FEED, "customer", "c1")
    assert isinstance(owing, Customer)
    assert owing.owes == 1500
    shop.put(GLOBAL_FEED, "customer", "c1", Customer(customer="c1", name="Lan", owes=200), 10)
    shop.tell(H2, 9, sold("R2", ("tea", 7000), tenders=on_account(7000), customer="c1"))
    shop.tell(H2, 11, sold("R3", ("tea", 50), tenders=on_account(50), customer="c1"))
    assert shop.document(GLOBAL_FEED, "customer", "c1") == Customer(customer="c1", name="Lan", owes=250)


def test_an_account_is_whose_the_tender_says_else_the_receipts(shop: Shop) -> None:
    """One pays for another: as the till itself counts it."""
    shop.put(GLOBAL_FEED, "customer", "c1", Customer(customer="c1", name="Lan"))
    shop.put(GLOBAL_FEED, "customer", "c2", Customer(customer="c2", name="Hoa"))
    both = (Tender(kind="account", amount=30, reference="c2"), Tender(kind="account", amount=70))
    shop.tell(H1, 1, sold("R1", ("tea", 100), tenders=both, customer="c1"))
    assert shop.document(GLOBAL_FEED, "customer", "c1") == Customer(customer="c1", name="Lan", owes=70)
    assert shop.document(GLOBAL_FEED, "customer", "c2") == Customer(customer="c2", name="Hoa", owes=30)


def test_a_voucher_shrinks_and_goes(shop: Shop) -> None:
    """Its document says what is left; at zero there is none; spent beyond that, somebody is told by which receipts."""
    shop.tell(H1, 1, issued("V1", 1000))
    shop.tell(U1, 2, sold("R1", ("tea", 400), tenders=by_voucher("V1", 400)))
    assert shop.document(GLOBAL_FEED, "voucher", "V1") == Voucher(code="V1", amount=600, currency="VND")
    shop.tell(H2, 3, sold("R2", ("tea", 600), tenders=by_voucher("V1", 600)))
    assert shop.document(GLOBAL_FEED, "voucher", "V1") is None
    assert shop.alarms() == []
    shop.tell(U2, 4, sold("R3", ("tea", 1), tenders=by_voucher("V1", 1)))
    assert shop.alarms() == [("voucher_overspent", "V1", "-1: R1 (hue/till1), R2 (hanoi/till2), R3 (hue/till2)")]
    shop.tell(U2, 5, given_back("B1", "R3", ("tea", 1), tenders=by_voucher("V1", 1)))
    assert shop.alarms() == []


def test_a_refund_onto_a_voucher_counts_once(shop: Shop) -> None:
    """Whether the till says that it issued the voucher or only that it paid by it."""
    shop.tell(H1, 1, given_back("B1", "", ("tea", 300), tenders=by_voucher("V1", 300)))
    assert shop.document(GLOBAL_FEED, "voucher", "V1") is None
    shop.tell(H1, 1, issued("V1", 300, receipt="B1"))
    assert shop.document(GLOBAL_FEED, "voucher", "V1") == Voucher(code="V1", amount=300, currency="VND")
    shop.tell(U1, 2, given_back("B2", "", ("tea", 50), tenders=by_voucher("V1", 50)))
    assert shop.document(GLOBAL_FEED, "voucher", "V1") == Voucher(code="V1", amount=350, currency="VND")


def test_a_transfer_goes_from_wanted_to_sent_to_nothing(shop: Shop) -> None:
    """The sender's task ends when it sends, the receiver's document when the goods are in."""
    wanted = Transfer(
        transfer="T1", from_store="hanoi", to_store="hue", lines=goods(("tea", 5000)), state="wanted"
    )  # fmt: skip
    shop.put(store_feed(HANOI), "transfer", "T1", wanted)
    assert shop.document(store_feed(HANOI), "transfer", "T1") == wanted
    shop.tell(H1, 1, sent("T1", "hue", ("tea", 4000), ("milk", 1000)))
    assert shop.document(store_feed(HANOI), "transfer", "T1") is None
    assert shop.document(store_feed(HUE), "transfer", "T1") == Transfer(
        transfer="T1", from_store="hanoi", to_store="hue", lines=goods(("tea", 4000), ("milk", 1000)), sent_at=at(1)
    )
    shop.tell(U1, 2, came("T1", "hanoi", ("tea", 4000)))
    assert shop.document(store_feed(HUE), "transfer", "T1") is None
    assert shop.alarms() == [("transfer_differs", "T1", "hanoi > hue: milk 1 > 0")]
    shop.tell(U1, 3, came("T1", "hanoi", ("milk", 1000)))
    assert shop.alarms() == []


def test_deliveries_and_web_orders_follow_what_the_store_did(shop: Shop) -> None:
    """What is still to come, and how far an order is; other stores' events of the same name change nothing."""
    feed = store_feed(HANOI)
    shop.put(feed, "purchase", "P1", Purchase(purchase="P1", supplier="X", lines=goods(("tea", 5000), ("milk", 1000))))
    shop.put(feed, "pick", "W1", Pick(order="W1", lines=goods(("tea", 1000))))
    shop.tell(U1, 1, delivered("P1", ("tea", 5000)))
    shop.tell(H1, 1, delivered("P1", ("tea", 2000), ("milk", 1000)))
    assert shop.document(feed, "purchase", "P1") == Purchase(purchase="P1", supplier="X", lines=goods(("tea", 3000)))
    shop.tell(H1, 2, delivered("P1", ("tea", 4000)))
    assert shop.document(feed, "purchase", "P1") is None
    shop.tell(H1, 5, OrderHandedOver(order="W1", lines=goods(("tea", 1000)), by="an"))
    shop.tell(H2, 4, OrderPicked(order="W1", lines=goods(("tea", 1000)), by="an"))
    assert shop.document(feed, "pick", "W1") == Pick(order="W1", lines=goods(("tea", 1000)), state="handed_over")


def test_finished_work_leaves_the_tills_after_a_week(shop: Shop) -> None:
    """A list that only grows is read by nobody; an order that still waits stays, however old."""
    feed = store_feed(HANOI)
    for order in ("W1", "W2"):
        shop.put(feed, "pick", order, Pick(order=order, lines=goods(("tea", 1000))))
    shop.put(feed, "payment", "B1", Payment(payment="B1", kind="vietqr", amount=5, currency="VND"))
    shop.tell(H1, 5, OrderHandedOver(order="W1", lines=goods(("tea", 1000)), by="an"))
    settle_all(shop.database, at(6))
    assert forget_old_work(shop.database, at(0) + OVERDUE) == 0
    assert forget_old_work(shop.database, at(1) + OVERDUE) == 2
    assert [kept.key for kept in shop.stores.documents.documents(feed)] == ["W2"]


def test_returned_twice_names_receipts_and_tills_even_when_the_sale_comes_last(shop: Shop) -> None:
    """Two tills that were offline gave the same goods' money back; nobody can know until the sale has come, too."""
    shop.tell(H2, 20, given_back("B1", "R1", ("tea", 1000)))
    shop.tell(U1, 30, given_back("B2", "R1", ("tea", 1000)))
    assert shop.alarms() == []
    shop.tell(H1, 10, sold("R1", ("tea", 1000)))
    assert shop.alarms() == [("returned_twice", "R1", "Tea (tea): 1 < 2: B1 (hanoi/till2), B2 (hue/till1)")]


def test_a_refund_of_an_unknown_receipt_is_told_after_a_week_and_no_sooner(shop: Shop) -> None:
    """A till may be offline for days; then its sale comes and the alarm ends by itself."""
    shop.tell(H1, 20, given_back("B1", "R9", ("tea", 1000)))
    settle_all(shop.database, at(30))
    tell_overdue(shop.database, at(20) + OVERDUE)
    assert shop.alarms() == []
    tell_overdue(shop.database, at(21) + OVERDUE)
    assert shop.alarms() == [("return_unknown", "hanoi", "R9")]
    shop.tell(U1, 10, sold("R9", ("tea", 1000)))
    settle_all(shop.database, at(40))
    tell_overdue(shop.database, at(22) + OVERDUE)
    assert shop.alarms() == []


def test_a_shift_whose_sums_are_not_its_receipts_sums_is_told(shop: Shop) -> None:
    """The hub adds up what stands between opening and closing in that till's log, other tills' sales apart."""
    for till, cash in ((H1, 3000), (H2, 2999)):
        shop.tell(till, 1, sold("before", ("tea", 70_000)))
        shop.tell(till, 2, shift_opened("s1"))
        shop.tell(till, 3, sold(f"R-{till}", ("tea", 3000)))
        shop.tell(till, 4, shift_closed("s1", at(2), cash=cash, sales=1))
    assert shop.alarms() == [
        ("shift_differs", "hanoi/till2/s1", "VND: sold 2999 / 3000; turnover 2999 / 3000; cash 2999 / 3000")
    ]


def test_an_alarm_that_a_person_closed_stays_closed_until_something_changes(shop: Shop) -> None:
    """Nobody wants to close the same one each time that an event comes."""
    shop.tell(H1, 1, sold("R1", ("tea", 1000)))
    shop.tell(H1, 2, given_back("B1", "R1", ("tea", 2000)))
    assert len(shop.alarms()) == 1
    shop.stores.watch.close_alarms(None, at(5))
    with shop.database.write() as connection:
        connection.execute(sa.update(schema.matter).values(state="new"))
    assert shop.alarms() == []
    shop.tell(H2, 3, given_back("B2", "R1", ("tea", 1000)))
    assert len(shop.alarms()) == 1


def test_a_document_that_did_not_change_is_not_sent_again(shop: Shop) -> None:
    """An import of the same file every night must not fill every till's line."""
    customers = [DocumentPut(f"c{n}", Customer(customer=f"c{n}", name="A"), sets_rest=False) for n in range(1200)]
    assert shop.stores.documents.put(GLOBAL_FEED, "customer", customers, at(1)) == 1200
    head = shop.stores.feeds.heads()[GLOBAL_FEED]
    assert shop.stores.documents.put(GLOBAL_FEED, "customer", customers, at(2)) == 0
    assert shop.stores.feeds.heads()[GLOBAL_FEED] == head
    assert shop.stores.documents.delete(GLOBAL_FEED, "customer", ["c1", "c2", "nobody"], at(3)) == 2
    snapshot = shop.stores.feeds.snapshot(GLOBAL_FEED, head)
    assert [(d.key, d.deleted) for d in snapshot.documents] == [("c1", True), ("c2", True)]


_CODES = st.sampled_from(["V1", "V2"])
_AMOUNTS = st.integers(1, 900)
_PEOPLE = st.sampled_from(["c1", "c2"])
_RECEIPTS = st.sampled_from(["R1", "R2", "R3", "R4"])


def _by_voucher(number: str, code: str, amount: int) -> EventData:
    return sold(number, ("tea", 1000), tenders=by_voucher(code, amount))


def _on_account(number: str, customer: str, amount: int) -> EventData:
    return sold(number, ("tea", amount), ("milk", 1000), tenders=on_account(amount), customer=customer)


_FACTS: st.SearchStrategy[EventData] = st.one_of(
    st.builds(issued, _CODES, _AMOUNTS),
    st.builds(_by_voucher, _RECEIPTS, _CODES, _AMOUNTS),
    st.builds(_on_account, _RECEIPTS, _PEOPLE, _AMOUNTS),
    st.builds(saved, _PEOPLE, st.sampled_from(["Lan", "Hoa"])),
    st.builds(paid_in, st.just("P"), _PEOPLE, _AMOUNTS),
    st.builds(lambda original, a: given_back("B", original, ("tea", a)), _RECEIPTS, _AMOUNTS),
    st.builds(lambda q: sent("T1", "hue", ("tea", q)), _AMOUNTS),
    st.builds(lambda q: came("T1", "hanoi", ("tea", q)), _AMOUNTS),
    st.builds(lambda q: delivered("P1", ("tea", q)), _AMOUNTS),
    st.builds(shift_opened, st.just("s1")),
    st.builds(lambda cash: shift_closed("s1", at(0), cash=cash, sales=1), _AMOUNTS),
)


# Without shrinking: each try costs a database, and the facts of a failure are few anyway.
@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    facts=st.lists(st.tuples(st.sampled_from(TILLS), st.integers(1, 100), _FACTS), max_size=14),
    seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)),
)
def test_the_order_of_arrival_changes_nothing(
    empty: Path, facts: Sequence[tuple[tuple[str, str], int, EventData]], seeds: tuple[int, int]
) -> None:
    """Tills come and go, are settled now and then, the office puts its documents in between: the end is the same."""
    pictures = []
    for seed in seeds:
        with opened(empty) as shop:
            _play(shop, facts, random.Random(seed))  # noqa: S311 - a test's dice
            pictures.append(shop.picture())
    assert pictures[0] == pictures[1]


def _play(shop: Shop, facts: Sequence[tuple[tuple[str, str], int, EventData]], chance: random.Random) -> None:
    for number, (till, seconds, said) in enumerate(facts):
        # A receipt's number is given once.
        fact = msgspec.structs.replace(said, receipt_number=f"R{number}") if isinstance(said, SaleCompleted) else said
        shop.tills[till].append(fact, at(seconds), event_id=f"{till}-{len(shop.tills[till].events)}")
    sent_up_to = dict.fromkeys(TILLS, 0)
    office: list[tuple[FeedName, str, str, DocumentBody]] = [
        (store_feed(HANOI), "purchase", "P1", Purchase(purchase="P1", supplier="X", lines=goods(("tea", 700)))),
        (GLOBAL_FEED, "voucher", "V2", Voucher(code="V2", amount=50, currency="VND")),
        (GLOBAL_FEED, "customer", "c2", Customer(customer="c2", name="Office", owes=10)),
    ]
    while office or any(sent_up_to[till] < len(shop.tills[till].events) for till in TILLS):
        if office and chance.random() < 0.3:
            # Said as of one moment, whenever the hub comes to hear of it.
            feed, kind, key, body = office.pop(chance.randrange(len(office)))
            shop.put(feed, kind, key, body, seconds=50)
        till = chance.choice(TILLS)
        journal, first = shop.tills[till], sent_up_to[till] + 1
        if first <= len(journal.events):
            sent_up_to[till] = last = chance.randrange(first, len(journal.events) + 1)
            ingest(shop.stores.ledger, [journal.batch(first, last)], at(1000))
        if chance.random() < 0.4:
            settle_some(shop.database, at(1000 + chance.randrange(100)))
    settle_all(shop.database, at(2000))


@given(
    st.lists(st.tuples(st.sampled_from(["tea", "milk"]), st.integers(0, 5), st.none() | st.integers(1, 4)), max_size=6)
)
def test_what_came_back_is_never_lost_between_lines(returns: list[tuple[str, int, int | None]]) -> None:
    """Whatever lines refunds name, all that came back of a SKU on the receipt stands at one of its lines."""
    sale = sold("R1", ("tea", 2), ("milk", 3), ("tea", 1))
    refunds = []
    for number, (sku, quantity, line) in enumerate(returns):
        fact = given_back(f"B{number}", "R1", (sku, quantity))
        lines = tuple(msgspec.structs.replace(entry, original_line=line) for entry in receipt_lines((sku, quantity)))
        refunds.append(msgspec.structs.replace(fact, lines=lines))
    found = returned_lines(sale, refunds)
    for sku in ("tea", "milk"):
        of_sku = [number for number, line in enumerate(sale.lines, 1) if line.sku == sku]
        assert sum(found[number] for number in of_sku) == sum(q for name, q, _ in returns if name == sku)
