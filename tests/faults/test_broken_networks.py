"""Broken networks, poison, copied disks and lost printers in small: real processes, a few strikes each."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from random import Random

import pytest

from tests.faults import clones, messages, paper, partitions, poison, weak_lines, wrong_clocks
from tests.faults.clones import compare_lives
from tests.faults.network import faketime, namespaces
from tests.faults.network.between import lined_with_hub, streeted
from tests.faults.network.mqtt_stage import Odds
from tests.faults.rig import services
from tests.faults.rig.campaign import Campaign, Strike, play
from tests.faults.rig.cashier import Confirmed
from tests.faults.rig.plan import OPENING, Plan
from tests.faults.rig.stand import Rig
from tests.faults.rig.till import Sold
from tests.faults.row import Row
from tests.faults.test_check import GOODS, HUB, PLACE, SEEN, TILL

SEED = 7
SMALL = Plan(stores=1)

slow = pytest.mark.slow
needs_services = pytest.mark.skipif(bool(services.missing()), reason=services.missing())
needs_namespaces = pytest.mark.skipif(bool(namespaces.missing()), reason=namespaces.missing())


def one_after_the_other(*strikes: Strike) -> Strike:
    """All of them in one."""

    async def strike(rig: Rig, rng: Random) -> None:
        for each in strikes:
            await each(rig, rng)

    return strike


def clean(row: Row, told: list[str]) -> None:
    """Nothing was lost, nothing doubled, and something was sold."""
    assert (row.skipped, row.lost, row.doubled, told) == ("", 0, 0, [])
    assert row.sales


@slow
@needs_services
@pytest.mark.timeout(300)
def test_tills_sell_on_lines_that_lose_shuffle_swallow_and_tear_and_with_a_hub_that_is_sent_poison() -> None:
    """Messages vanish, come twice and late, connections end within packets, strangers send garbage; all arrives."""
    told: list[str] = []
    strike = one_after_the_other(
        messages.spell(Odds(lose=0.2, double=0.2, reorder=0.2)), partitions.partition("black_hole"), partitions.tear,
        poison.garbage_frames, poison.poison_events,
    )  # fmt: skip
    clean(asyncio.run(play(Campaign("small", strike, SMALL, rig=lined_with_hub), SEED, 1, told.append)), told)


@slow
@needs_services
@needs_namespaces
@pytest.mark.timeout(300)
def test_a_store_sells_behind_a_kernel_that_loses_and_refuses_its_packets() -> None:
    """Three of ten are lost, then its link comes and goes."""
    told: list[str] = []
    strike = one_after_the_other(weak_lines.lose_packets, partitions.street_flap)
    clean(asyncio.run(play(Campaign("small-street", strike, SMALL, rig=streeted), SEED, 1, told.append)), told)


@slow
@needs_services
@pytest.mark.timeout(300)
def test_a_till_that_is_put_back_to_a_backup_sells_on_in_a_new_epoch() -> None:
    """Found, told at the hub and at the till, and nothing of either life is lost or merged wrongly."""
    told: list[str] = []
    clean(asyncio.run(clones.play("restored-backup", clones.restore, SEED, 1, told.append)), told)


@slow
@pytest.mark.timeout(300)
def test_a_printer_that_is_lost_in_mid_receipt_prints_each_receipt_once() -> None:
    """Sales go on; what nobody can know is asked."""
    told: list[str] = []
    clean(asyncio.run(paper.printer_lost(SEED, 3, told.append)), told)


@slow
@needs_services
@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(faketime.missing()), reason=faketime.missing())
def test_a_hub_whose_clock_is_set_by_a_year_dates_no_sale() -> None:
    """Tills keep the time that they know, and nothing is lost."""
    told: list[str] = []
    campaign = Campaign("small-clock", wrong_clocks.at_the_hub, SMALL, rig=wrong_clocks.clocked)
    clean(asyncio.run(play(campaign, SEED, 1, told.append)), told)


# --- the check of lives can tell

LATER = dataclasses.replace(TILL, sold=(TILL.sold[0], Sold("e3", "r2", GOODS)))
"""The first till was put back to where it had sold r1, and sold another r2."""

LEFT = OPENING - 6_000
BOTH = dataclasses.replace(
    HUB, events=Counter(("e1", "e2", "e3")), sales=Counter(("r1", "r2", "r2")), moved={**HUB.moved, "e3": GOODS},
    levels={("s1", "SKU000"): LEFT}, ledger={("s1", "SKU000"): LEFT},
)  # fmt: skip
NOW = dataclasses.replace(LATER, stock={"SKU000": LEFT}, documents={"SKU000": LEFT})
BOTH_SEEN = (*SEEN, Confirmed(PLACE, "r2", GOODS))


def test_a_number_that_two_lives_have_given_out_is_no_double() -> None:
    """Both sales are in the hub, under their own ids."""
    assert not compare_lives(BOTH_SEEN, {PLACE: [NOW, TILL]}, BOTH, ()).sentences


def test_what_is_lost_or_doubled_in_either_life_is_told() -> None:
    """A hub that lacks one of them, merges both, or counts one twice; a sale that is in no journal."""
    lives = {PLACE: [NOW, TILL]}
    lacking = dataclasses.replace(BOTH, events=Counter(("e1", "e3")), sales=Counter(("r1", "r2")))
    assert compare_lives(BOTH_SEEN, lives, lacking, ()).lost
    merged = dataclasses.replace(BOTH, sales=Counter(("r1", "r2")))
    assert compare_lives(BOTH_SEEN, lives, merged, ()).doubled
    twice = dataclasses.replace(BOTH, events=BOTH.events + Counter(("e3",)))
    assert compare_lives(BOTH_SEEN, lives, twice, ()).doubled
    assert compare_lives((*BOTH_SEEN, Confirmed(PLACE, "r2", (("SKU000", 1_000),))), lives, BOTH, ()).lost
    assert compare_lives((*BOTH_SEEN, Confirmed(PLACE, "r9", GOODS)), lives, BOTH, ()).lost
