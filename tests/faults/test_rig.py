"""The rig in small: a few strikes at real processes cost nothing, and what is stolen from the hub's books is seen."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
import sqlalchemy as sa

from tests.faults import company, database, kills, machine
from tests.faults.rig import disks, services
from tests.faults.rig.campaign import Campaign, play
from tests.faults.rig.plan import Plan
from tests.faults.rig.stand import Rig

SEED = 7
SMALL = Plan(stores=1)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(services.missing()), reason=services.missing()),
]


def played(campaign: Campaign, runs: int) -> None:
    """Play it; nothing may be lost or doubled."""
    told: list[str] = []
    row = asyncio.run(play(campaign, SEED, runs, told.append))
    assert (row.skipped, row.lost, row.doubled, told) == ("", 0, 0, [])
    assert row.runs == runs
    assert row.sales


def test_two_hubs_and_their_services_are_struck_in_turn_while_tills_sell() -> None:
    """Anything dies, PostgreSQL hangs, is locked, read-only, restarted; every confirmed sale is everywhere, once."""
    turns = iter(
        (kills.kill_anything, database.read_only, database.locked, company.strike_one_of_two, database.restart)
    )

    async def strike(rig: Rig, rng: Random) -> None:
        await next(turns)(rig, rng)

    played(Campaign("in-turn", strike, SMALL, calm_s=(0.1, 0.4), rig=company.two_hubs), 5)


@pytest.mark.skipif(bool(disks.missing()), reason=disks.missing())
def test_a_database_that_commits_carelessly_forgets_at_a_power_cut_and_the_tills_send_it_again() -> None:
    """The control of power cuts: what was acknowledged is gone. Nothing else is wrong when all is at rest again."""
    told: list[str] = []
    row = asyncio.run(machine.careless(SEED, 1, told.append))
    assert told
    assert row.lost == len(told)
    assert all("was acknowledged before the power went" in words for words in told), told


async def steal(rig: Rig, _rng: Random) -> None:
    """Take one sale out of the hub's log and its ledger, and copy another one, as a hub that errs would."""
    while len(rig.confirmed) < 5:  # noqa: ASYNC110 - cashiers sell beside us
        await asyncio.sleep(0.05)
    waited_s, waiting = await rig.settled()
    assert not waiting, (waited_s, waiting)
    engine = rig.hub.places.engine()
    with engine.begin() as connection:
        first, second = connection.execute(
            sa.text("SELECT terminal, sequence FROM sale ORDER BY position LIMIT 2")
        ).fetchall()
        for table, column in (("event", "terminal"), ("movement", "source")):
            connection.execute(
                sa.text(f"DELETE FROM {table} WHERE {column} = :t AND sequence = :s"),  # noqa: S608 - our own words
                {"t": first[0], "s": first[1]},
            )
        connection.execute(
            sa.text(
                "INSERT INTO sale (store, terminal, epoch, sequence, kind, at_us, received_us, latency_ms,"
                " receipt_number, business_day, currency, total, item_count) SELECT store, terminal, epoch, sequence,"
                " kind, at_us, received_us, latency_ms, receipt_number, business_day, currency, total, item_count"
                " FROM sale WHERE terminal = :t AND sequence = :s"
            ),
            {"t": second[0], "s": second[1]},
        )
    engine.dispose()


def test_a_sale_that_is_stolen_from_the_hub_and_one_that_is_copied_are_counted() -> None:
    """The control: the same check on the same processes sees a loss and a double, and says which they are.

    And whatever was started for it is ended.
    """
    told: list[str] = []
    rigs: list[Rig] = []

    async def harm(rig: Rig, rng: Random) -> None:
        rigs.append(rig)
        await steal(rig, rng)

    row = asyncio.run(play(Campaign("theft", harm, SMALL, calm_s=(0.0, 0.1)), SEED, 1, told.append))
    assert not any(program.running for rig in rigs for program in rig.programs)
    assert row.lost >= 1
    assert row.doubled == 1
    assert any("is in the journal and not in the hub's log" in words for words in told), told
    assert any("is in the hub's sales 2 times" in words for words in told), told


def test_the_embedded_hub_is_killed_with_its_broker() -> None:
    """SQLite and the broker inside die with the hub."""
    played(Campaign("kill-hub-embedded", kills.kill_hub, Plan("embedded", stores=1)), 1)
