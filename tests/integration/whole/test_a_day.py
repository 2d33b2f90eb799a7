"""A shop's day from the first PIN to the Z report, in a real browser, on real processes and simulated devices.

In the end six parties add up the day, each by itself: the cashier's notebook (what the page showed her), the journal,
the printed paper, the Z report, the till's running sums, and the hub. They must agree to the dong.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.demo.browser import chromium, open_page
from tests.demo.till_page import TillPage
from tests.integration.whole.conftest import run
from tests.integration.whole.day import agreement, papers, second_till, selling, shifts, shop, troubles
from tests.integration.whole.day.album import Album
from tests.integration.whole.day.day import Day
from tests.integration.whole.day.hands import Hands

NEEDED = "needs Chromium (./dev setup --system, or apt-get install chromium)"
LANGUAGE = os.environ.get("TILLWIRE_DAY_LANGUAGE", "vi")  # noqa: TID251 - which pictures somebody wants to look at
MORNING = (
    (papers.WATER,), (papers.BREAD, papers.MILK), (papers.TEA,), (papers.COLA, papers.COLA, papers.COLA),
    (papers.SAUCE, papers.OIL, papers.SALT), (papers.RICE,), (papers.COFFEE, papers.BREAD), (papers.EGGS,),
)  # fmt: skip
EVENING = (
    (papers.COLA, papers.BREAD), (papers.WATER, papers.WATER), (papers.MILK,), (papers.SUGAR, papers.SALT),
    (papers.TEA, papers.COFFEE), (papers.RICE, papers.OIL, papers.SAUCE),
)  # fmt: skip
RECEIPTS_AT_LEAST = 50


async def play(day: Day, second: TillPage) -> second_till.SecondDay:
    """The whole day."""
    await shifts.open_up(day)
    await day.album.take("ready")
    earlier = await day.sell(papers.EGGS, papers.RICE, papers.MILK, papers.COLA)
    await selling.ways_in(day)
    await selling.asked(day)
    await selling.price_asked(day)
    await selling.cheaper(day)
    await selling.held(day)
    for skus in MORNING:
        await day.sell(*skus)
    await shifts.move_cash(day, "in", 200_000, "Tiền lẻ")
    await selling.known_customer(day)
    await shifts.change_hands(day, papers.MAI)
    await selling.ways_to_pay(day)
    await selling.given_back(day, earlier)
    await selling.by_voucher(day, earlier)
    await selling.trained(day)
    neighbour = await second_till.open_up(second, day.stage)
    await troubles.no_network(day)
    await second_till.sell(neighbour)
    await troubles.network_back(day)
    await second_till.take_back(neighbour, day.book.receipts[1].number, 1, papers.MILK)
    await troubles.no_paper(day)
    await troubles.no_scanner(day)
    await troubles.loaded_anew(day)
    await selling.taken_off(day)
    await selling.on_paper(day, earlier)
    await shifts.open_drawer(day)
    for skus in EVENING:
        await day.sell(*skus)
    await shifts.move_cash(day, "out", 1_000_000, "Nộp ngân hàng")
    await shifts.x_report(day)
    return neighbour


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_day_in_the_shop(tmp_path: Path) -> None:
    """Fifty receipts and every trouble of a day; page, journal, paper, Z report, sums and hub agree to the dong."""
    executable = chromium()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NEEDED)  # noqa: TID251 - missing is a failure in CI only

    async def scenario() -> None:
        async with shop.open_shop(tmp_path / "shop", LANGUAGE) as stage:
            first, other = stage.tills
            async with TillPage(first.page_url) as looker, TillPage(other.page_url) as second:
                await shop.knows_everything(looker)
                await shop.knows_everything(second)
                async with open_page(first.page_url, executable) as page:
                    faults: list[str] = []
                    page.on("pageerror", lambda error: faults.append(str(error)))
                    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
                    day = Day(
                        stage, first, stage.lines[papers.STORE], Hands(page, first.scanner), Album(page, LANGUAGE)
                    )
                    try:
                        neighbour = await play(day, second)
                    except BaseException:
                        await day.album.take("failed")
                        raise
                    assert len(day.book.receipts) >= RECEIPTS_AT_LEAST
                    turnover = await shifts.close_up(day)
                    await second_till.close_up(neighbour)
                    assert faults == []
                await agreement.settled(stage, (looker, second))
                day.album.keep_paper(first.printer.receipts)
                said = await agreement.gather(day, neighbour, turnover)
                assert agreement.differences(said) == []
                noted = day.book.receipts[0]
                day.book.receipts[0] = replace(noted, total=noted.total + 1)
                assert agreement.differences(said), "a dong more in the notebook would not have been noticed"

    run(scenario)
