"""What was parked and is replayed reaches all that follow the journals: once, and whatever they are at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.channels.told import SALE_TYPE as SALE
from hub.ingest.replay import replay
from hub.money.days import reconcile_days
from hub.storage.channel_journals import JOURNAL_PART, SqlChannelJournals, ToTell
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.database import Database
from hub.storage.money_tenders import catch_up, is_behind
from tests.channel_chain import HANOI, TEA, Chain
from tests.channel_stage import START
from tests.contract.hub_storage.money_shop import NOW, MoneyShop, card_sale, local, november, payment
from tests.contract.hub_storage.test_money_changes import Watched
from tests.unit.hub.matter_facts import given_back, sold
from tests.unread import take_unread

NAMED = pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])


def told(chain: Chain) -> list[str]:
    """The receipts that the shop has, in the order in which it was told."""
    return [str(kept["key"]) for kept in chain.shop.sales.values()]


@NAMED
def test_a_replayed_sale_is_told_once(database: Database, named: bool) -> None:
    """Not while it is parked, and not as something that nobody can read; what came behind it did not wait."""
    chain = Chain(database)
    process = chain.process()
    late = chain.tell_unread(HANOI, sold("R1", (TEA, 1_000)), named=named)
    chain.tell(HANOI, sold("R2", (TEA, 1_000)))
    chain.run(process, rounds=4)
    assert told(chain) == ["e2"]
    assert chain.count_in() == 1
    chain.run(process, rounds=4)
    assert chain.count_in() == 0
    chain.run(process, rounds=4)
    assert told(chain) == ["e2", late]
    assert {row.state for row in chain.outbox.rows("web")} == {"done"}


@NAMED
def test_a_refund_follows_its_replayed_sale(database: Database, named: bool) -> None:
    """It waits while its sale is parked, as it does while that till is offline."""
    chain = Chain(database)
    process = chain.process()
    late = chain.tell_unread(HANOI, sold("R1", (TEA, 1_000)), named=named)
    chain.tell(HANOI, given_back("B1", "R1", (TEA, 1_000)))
    chain.run(process, rounds=4)
    assert told(chain) == []
    chain.count_in()
    chain.run(process, rounds=4)
    assert told(chain) == [late, "e2"]


def test_a_refund_of_a_sale_that_is_about_to_be_told_waits_for_it(database: Database) -> None:
    """The sale counts since the replay, and its cursor is beyond it; yet the channel was not told."""
    chain = Chain(database)
    chain.tell_unread(HANOI, sold("R1", (TEA, 1_000)))
    process = chain.process()
    chain.run(process, rounds=2)
    chain.count_in()
    assert chain.journals.passed_receipts("web", {"R1"}) == frozenset()
    chain.run(process, rounds=2)
    assert chain.journals.passed_receipts("web", {"R1"}) == {"R1"}


@NAMED
@pytest.mark.parametrize("journal", ["new", "known"])
def test_a_replay_between_reading_and_writing_is_not_lost(database: Database, named: bool, journal: str) -> None:
    """The channel has read past what is parked; it is replayed; then the channel writes how far it has come."""
    chain = Chain(database)
    journals, parts = SqlChannelJournals(database), SqlChannelParts(database)
    parts.take("web", JOURNAL_PART, "a", START, START + timedelta(hours=1))
    if journal == "known":
        chain.tell(HANOI, sold("R0", (TEA, 1_000)))
        journals.write("web", "a", journals.news("web", [SALE], 10), ToTell(), START)
    late = chain.tell_unread(HANOI, sold("R1", (TEA, 1_000)), named=named)
    chain.tell(HANOI, sold("R2", (TEA, 1_000)))
    before = journals.news("web", [SALE], 10)
    assert chain.count_in() == 1
    journals.write("web", "a", before, ToTell(), START)
    after = journals.news("web", [SALE], 10)
    assert ([event.id for event in after.events], after.more) == ([late], True)
    journals.write("web", "a", after, ToTell(), START)
    last = journals.news("web", [SALE], 10)
    assert (last.events, last.again, last.more) == ([], (), False)


def test_a_channel_is_not_told_what_was_parked_before_it_was_set_up(database: Database) -> None:
    """As little as all else from before."""
    chain = Chain(database)
    chain.tell_unread(HANOI, sold("R1", (TEA, 1_000)))
    SqlChannelSetups(database).add("later", "pretend", {}, chain.clock.now + timedelta(seconds=1))
    chain.count_in()
    assert chain.journals.news("later", [SALE], 10).again == ()
    assert len(chain.journals.news("web", [SALE], 10).again) == 1
    SqlChannelSetups(database).remove("web")
    assert chain.journals.news("web", [SALE], 10).again == ()


def test_what_is_replayed_and_no_sale_is_passed_over(database: Database) -> None:
    """However many: in parts."""
    chain = Chain(database)
    for number in range(5):
        chain.tell_unread(HANOI, given_back(f"B{number}", "", (TEA, 100)))
    chain.count_in()
    journals, parts = SqlChannelJournals(database), SqlChannelParts(database)
    parts.take("web", JOURNAL_PART, "a", START, START + timedelta(hours=1))
    sizes = []
    while (news := journals.news("web", [SALE], 2)).again:
        assert (news.events, news.upto) == ([], {})
        sizes.append(len(news.again))
        journals.write("web", "a", news, ToTell(), START)
    assert sizes == [2, 2, 1]


@NAMED
@pytest.mark.parametrize("when", ["after", "while it is read"])
def test_tenders_of_a_replayed_sale_are_reconciled(database: Database, named: bool, when: str) -> None:
    """Until then its payment stands alone; also if it is replayed while the journal is read past it."""
    shop = MoneyShop(database)
    till = shop.tills["hanoi"]
    sealed = till.append(card_sale(1, 50_000, november(20)), local(20))
    take_unread(shop.stores.ledger, till.epoch_key, sealed, NOW, named=named)

    def count_in_there() -> None:
        assert replay(shop.stores.ledger, shop.stores.ledger, till.store, NOW) == 1

    if when == "after":
        catch_up(database, 100)
        shop.provider_says(payment("p", 50_000, local(20)))
        shop.reconcile(20, 20)
        assert shop.outcomes() == [(20, "missing_here")]
        assert not is_behind(database)
        count_in_there()
    else:
        shop.provider_says(payment("p", 50_000, local(20)))
        catch_up(Watched(database, {1: count_in_there}), 100)
    assert is_behind(database)
    assert catch_up(database, 100) == 1
    assert not is_behind(database)
    reconcile_days(database, ["hanoi"], november(20), november(20), NOW)
    assert shop.outcomes() == [(20, "matched")]
