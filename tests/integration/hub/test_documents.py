"""What tills tell and what the office puts, over real brokers and databases, until a till has it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from hub.app import Hub
from hub.storage.records import DocumentPut
from protocol.documents import Customer, Staff, Transfer
from protocol.ids import GLOBAL_FEED
from tests.integration.hub.conftest import eventually
from tests.integration.hub.test_hub import client_of
from tests.unit.hub.matter_facts import came, paid_in, saved, sent, sold


def test_goods_on_their_way_are_announced_and_taken_off_again(hub: Hub) -> None:
    """Sent by one till, on the other's feed a moment later; received, and gone."""
    sender, receiver = client_of(hub, "sender"), client_of(hub, "receiver")
    for till in (sender, receiver):
        till.start()
    try:
        sender.sell(sent("T1", "hanoi", ("tea", 3000)))
        eventually(lambda: ("transfer", "T1") in receiver.documents, "the transfer is announced")
        body = msgspec.json.decode(receiver.documents["transfer", "T1"].body, type=Transfer)
        assert (body.from_store, body.lines[0].quantity) == ("hanoi", 3000)
        receiver.sell(came("T1", "hanoi", ("tea", 3000)))
        eventually(lambda: receiver.documents["transfer", "T1"].deleted, "the transfer is closed")
        person = Staff(staff="an", name="An")
        moment = datetime.now(UTC)  # noqa: TID251 - the hub's clock
        hub.data.stores.documents.put(receiver.feed, "staff", [DocumentPut("an", person)], moment)
        eventually(lambda: ("staff", "an") in receiver.documents, "a new colleague is announced")
    finally:
        for till in (sender, receiver):
            till.stop()


def test_a_customer_is_the_same_in_all_stores(hub: Hub) -> None:
    """Entered at one till, paid at another: one document on the global feed, with what she owes."""
    one, two = client_of(hub, "one"), client_of(hub, "two")

    def owes() -> int | None:
        found = hub.data.stores.documents.documents(GLOBAL_FEED, "customer")
        return msgspec.json.decode(found[0].body, type=Customer).owes if found else None

    for till in (one, two):
        till.start()
    try:
        two.sell(paid_in("P1", "c1", 400))
        one.sell(saved("c1", "Lan"))
        eventually(lambda: owes() == -400, "a deposit")
        one.sell(sold("R1", ("tea", 1000)))
    finally:
        for till in (one, two):
            till.stop()
