"""The oversell study on generated trade: the order that must hold, the same again from the same seed, no look ahead."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hub.stock.sales_rate import RecentSales
from hub.stock.silence import TillSales, held_back
from tests.study.__main__ import main
from tests.study.chance import Chance, draw
from tests.study.chart import KINDS, chart
from tests.study.figures import Ratio, ratio
from tests.study.hub_view import HubView
from tests.study.oversell import Found, Settings, as_report, run_study
from tests.study.policies import Policy, constant, instant, policies, shipped
from tests.study.shops import Run, Shops, studied
from tests.study.trade import WEEK, Trade, folded, generated_trade

ROOT = Path(__file__).resolve().parents[2]
TRADE = generated_trade(stores=4, skus=300, weeks=4, baskets_per_day=40, seed=3)
SETTINGS = Settings(seed=1, seeds=2, web_share=0.3, probes=1000, more_outages=3)
FIRST = 2.0 * WEEK


@pytest.fixture(scope="module")
def found() -> Found:
    """The study, played once for the tests that read its figures."""
    return run_study(TRADE, SETTINGS, 1, lambda _done, _of: None)


def test_the_buffer_oversells_less_than_naive_availability(found: Found) -> None:
    """In both regimes at each risk, and the less the smaller the risk."""
    for by_name in found.by_regime.values():
        counts = [by_name[name].oversold_orders for name in
                  ("naive", "offline buffer, 5 %", "offline buffer, 1 %", "offline buffer, 0.1 %")]  # fmt: skip
        assert counts[0] > 0
        assert counts[1] < counts[0]
        assert counts == sorted(counts, reverse=True)


def test_the_buffer_withholds_less_than_a_safety_stock_of_the_same_effect(found: Found) -> None:
    """Each safety stock is beaten at some risk: no more oversold, a fraction of the goods and of the sales."""
    hard = found.by_regime["pickup"]
    buffers = [it for name, it in hard.items() if name.startswith("offline buffer")]
    for units in (1, 2, 3):
        stock = hard[f"safety stock {units}"]
        assert any(
            it.oversold_orders <= stock.oversold_orders
            and it.withheld.value < stock.withheld.value / 2
            and it.lost_web_sales.value < stock.lost_web_sales.value
            for it in buffers
        )


def test_the_buffer_costs_less_than_closing_the_store(found: Found) -> None:
    """Nothing offered while silent oversells nothing, and marks what any buffer may cost at most."""
    hard = found.by_regime["pickup"]
    closed, buffer = hard["closed while silent"], hard["offline buffer, 1 %"]
    assert closed.oversold_orders == 0
    assert closed.withheld_while_silent.value == 1
    assert buffer.withheld.value < closed.withheld.value
    assert buffer.lost_orders < closed.lost_orders


def test_the_same_seed_gives_the_same_figures(found: Found) -> None:
    """On one process or two, every figure is the same again; another seed gives others."""
    few = replace(SETTINGS, seeds=1)
    alone, beside = (as_report(run_study(TRADE, few, workers, lambda _done, _of: None)) for workers in (1, 2))
    assert alone == beside
    assert alone["naive"] != as_report(found)["naive"]


def decisions(trade: Trade, chance: Chance, policy: Policy) -> list[tuple[float, int, bool]]:
    """When and which order, and whether it was promised."""
    shops = Shops(TRADE, FIRST, 0.3)
    shops.trade = trade
    run = Run(shops, shops.start.copy(), policy, "pickup")
    run.decisions = []
    run.play(studied(shops, chance))
    return run.decisions


@pytest.mark.parametrize("policy", policies("pickup"), ids=lambda policy: policy.name)
def test_no_policy_sees_the_future_or_into_a_silent_store(policy: Policy) -> None:
    """Take away all that is sold in a silence and all that follows it: every answer until its end stays the same."""
    chance = draw(TRADE, FIRST, web_share=0.3, probes=100, seed=5, more_outages=4)
    store, (start, stop) = max(
        ((store, span) for store, spans in enumerate(chance.offline) for span in spans[:2]),
        key=lambda it: it[1][1] - it[1][0],
    )
    unseen = [line for line in TRADE.lines if start <= line[0] < stop and TRADE.shelves[line[1]].store == store]
    assert unseen
    hidden = Trade(
        TRADE.stores, TRADE.shelves,
        tuple(line for line in TRADE.lines if line[0] < stop and line not in unseen), TRADE.weeks, TRADE.source,
    )  # fmt: skip
    seen, blind = ([it for it in decisions(trade, chance, policy) if it[0] < stop] for trade in (TRADE, hidden))
    assert any(start <= at < stop and TRADE.shelves[shelf].store == store for at, shelf, _ in seen)
    assert seen == blind


def test_what_the_study_plays_is_what_the_hub_holds_back() -> None:
    """From the same sales, the policy's number of each shelf is that of the hub's own function, and as late."""
    store_of = tuple(shelf.store for shelf in TRADE.shelves)
    heard = 2.3 * WEEK
    lines = [(0.0, 0, 1), *(line for line in TRADE.lines if line[0] < heard)]
    hub = HubView.of(store_of, len(TRADE.stores))
    sold: dict[str, list[int]] = {str(shelf): [0, 0, 0] for shelf, store in enumerate(store_of) if store == 0}
    receipts: Counter[datetime] = Counter()
    for line in lines:
        hub.learn(line)
        at, shelf, units = line
        if store_of[shelf] == 0:
            sums = sold[str(shelf)]
            sums[:] = sums[0] + 1, sums[1] + units, sums[2] + units * units
            receipts[instant(at).replace(minute=0, second=0, microsecond=0)] += 1
    hub.falls_silent(0, heard)
    sales = TillSales({name: RecentSales(*sums) for name, sums in sold.items()}, receipts)
    hold = shipped(0.01)
    assert held_back([(instant(heard), sales)], instant(heard + 90), 0.01)
    for minutes in (5, 90, 3_000, 30_000):
        now = heard + minutes
        wanted = held_back([(instant(heard), sales)], instant(now), 0.01)
        played = {name: hold(hub, int(name), now) * 1_000 for name in sold}
        assert {name: quantity for name, quantity in played.items() if quantity} == wanted
    assert not any(hold(hub, int(name), heard + 1) for name in sold)


def test_goods_are_neither_made_nor_lost() -> None:
    """What is sold, promised and delivered adds up: a store that is never silent oversells nothing."""
    quiet = draw(TRADE, FIRST, web_share=0.3, probes=100, seed=5, more_outages=1e-9)
    shops = Shops(TRADE, FIRST, 0.3)
    for regime in ("pickup", "shipped"):
        outcome = shops.under(Policy("naive", "naive", constant(0)), regime, studied(shops, quiet))
        assert (outcome.oversold, outcome.lost, outcome.silent_orders) == (0, 0, 0)
        assert 0.9 < outcome.sold_at_counter / outcome.wanted_at_counter < 1


def test_rows_of_the_data_become_weeks_that_lie_over_each_other() -> None:
    """A Tuesday stays a Tuesday at its minute; weeks that fill no whole fold are left out."""
    rows = [
        (367, 1, 2, datetime(2017, 1, 3, 10, 0, 30)),  # noqa: DTZ001 - the data's clock is naive
        (406, 1, 1, datetime(2017, 1, 10, 10, 0)),  # noqa: DTZ001
        (367, 1, 1, datetime(2017, 12, 31, 10, 0)),  # noqa: DTZ001
    ]
    trade = folded(rows, [367, 406], 2, 2)
    tuesday = 2 * 1440 + 600
    assert trade.lines == ((tuesday, 1, 1), (tuesday + 0.5, 0, 2))
    assert [(shelf.store, shelf.sku) for shelf in trade.shelves] == [(0, 1), (1, 1)]
    assert len(folded(rows, [367, 406], 1, 2).stores) == 1


def test_the_interval_of_a_mean_is_students() -> None:
    """With equal weights, the jackknife of a ratio is the textbook interval of a mean."""
    it = ratio([1, 2, 3, 4], [1, 1, 1, 1])
    assert it.half is not None
    assert (it.value, round(it.half, 3)) == (2.5, round(3.182 * (5 / 3 / 4) ** 0.5, 3))
    assert ratio([1], [4]) == Ratio(0.25, None)
    assert ratio([0, 0], [0, 0]).value == 0


def test_the_picture_shows_every_kind_in_every_panel(found: Found) -> None:
    """Each policy that the picture names is marked four times, and text is escaped."""
    drawn = chart(found)
    marks = sum(len(kind.members) for kind in KINDS if kind.mark == "disc")
    assert drawn.count('r="5.5"') == 4 * marks + 1
    assert drawn.count("oversold orders (% of the naive policy&#x27;s)") == 4
    assert drawn.startswith("<svg ")


def report_of(*arguments: str) -> dict[str, Any]:
    """What the command prints with --json."""
    said = CliRunner().invoke(main, ["oversell", "--json", *arguments], catch_exceptions=False)
    assert said.exit_code == 0
    answer: dict[str, Any] = json.loads(said.stdout)
    return answer


def test_the_command_reports_three_policies_and_everything_else() -> None:
    """JSON has the three figures of the hard regime on top, and each policy of both regimes below."""
    tiny = ("--data", "generated", "--stores", "2", "--seeds", "1", "--workers", "1", "--probes", "100")
    answer = report_of(*tiny)
    for name in ("naive", "safety", "offline_buffer"):
        assert set(answer[name]) == {"oversold", "withheld", "lost_web_sales"}
    assert set(answer["regimes"]) == {"pickup", "shipped"}
    assert answer["naive"]["withheld"] == 0 < answer["offline_buffer"]["withheld"] < answer["safety"]["withheld"]


def test_the_command_says_how_to_get_the_data() -> None:
    """A Python that does not find the data set answers with a sentence and the remedy, not with a trace."""
    command = [sys.executable, "-E", "-m", "tests.study", "oversell"]
    said = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    assert (said.returncode, "./dev study oversell" in said.stderr, "Traceback" in said.stderr) == (3, True, False)


def test_every_option_of_the_command_explains_itself() -> None:
    """Each has a sentence and its environment variable; each with a default states it."""
    context = click.Context(
        main.commands["oversell"], info_name="oversell", parent=click.Context(main, info_name="study")
    )
    for option in context.command.params:
        assert isinstance(option, click.Option)
        assert option.help
        assert option.show_envvar
    said = CliRunner().invoke(main, ["oversell", "--help"]).stdout
    assert "TILLWIRE_STUDY_OVERSELL_SEEDS; default: 10" in " ".join(said.split())
