"""The run: several tills fight at once, each has its own rounds; rounds that are over are not played again."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from playwright.async_api import async_playwright

from protocol.events import SaleCompleted, SaleRefunded
from protocol.ids import TerminalId
from tests.demo.browser import chromium
from tests.endurance.chromium import KillableChromium
from tests.endurance.fight import Fight, Windows
from tests.endurance.plan import Round, plan_round
from tests.endurance.till import STOCK, till_on
from tests.endurance.witness import Witness


@dataclass(frozen=True)
class Options:
    """What was asked for. Round `first` is the first one; `tills` fight at once."""

    folder: Path
    times: int
    first: int
    seed: int
    tills: int
    browser_share: float


@dataclass(frozen=True)
class Teller:
    """Who hears how it goes: rounds that are over, and what is wrong."""

    stepped: Callable[[], None]
    wrong: Callable[[str], None]


async def run(options: Options, teller: Teller) -> dict[str, Any]:
    """Fight all rounds; returns the report. A signal to end cancels it, and nothing is left running."""
    began = monotonic()
    me = asyncio.current_task()
    assert me is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    windows = Windows()
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright()) if options.browser_share > 0 else None
        fights = []
        for index in range(options.tills):
            folder = options.folder / f"till-{index + 1}"
            folder.mkdir(parents=True, exist_ok=True)
            witness = Witness(folder / "witness.jsonl")
            stack.callback(witness.close)
            till = await stack.enter_async_context(till_on(folder, TerminalId(f"t{index + 1}"), witness))
            browser = None
            executable = chromium()
            if playwright is not None and executable is not None:
                browser = KillableChromium(playwright, executable, folder / "chromium", witness.saw)
                stack.push_async_callback(browser.kill)
            fights.append(Fight(till, browser, windows))
        numbers = range(options.first, options.first + options.times)
        async with asyncio.TaskGroup() as group:
            for index, fight in enumerate(fights):
                own = [n for n in numbers if n % options.tills == index]
                group.create_task(_fight_on(fight, own, options, teller))
        return _report(fights, options, windows, seconds=monotonic() - began)


async def _fight_on(fight: Fight, numbers: list[int], options: Options, teller: Teller) -> None:
    done = {entry["number"] for entry in fight.till.witness.rounds}
    for _ in done & set(numbers):
        teller.stepped()
    await fight.open_shop()
    for number in numbers:
        if number not in done:
            plan = plan_round(options.seed, number, STOCK, options.browser_share)
            await _one(fight, plan, options, teller)


async def _one(fight: Fight, plan: Round, options: Options, teller: Teller) -> None:
    before = (fight.agent_kills, fight.browser_kills, fight.asked)
    began = monotonic()
    problems = await fight.round(plan)
    agents, browsers, asked = (
        now - old for now, old in zip((fight.agent_kills, fight.browser_kills, fight.asked), before, strict=True)
    )
    fight.till.witness.finished(
        number=plan.number, agent_kills=agents, browser_kills=browsers, asked=asked,
        seconds=round(monotonic() - began, 3), problems=problems,
    )  # fmt: skip
    for kind, words in problems:
        teller.wrong(
            f"seed {options.seed} round {plan.number}, till {fight.till.terminal}: {kind}: {words}\n"
            f"  the plan: {plan}\n  again: ./dev kills --seed {options.seed} --first {plan.number} --times 1 "
            f"--tills 1 --browser-share {options.browser_share}; the till's folder: {fight.till.folder}"
        )
    teller.stepped()


def _report(fights: list[Fight], options: Options, windows: Windows, *, seconds: float) -> dict[str, Any]:
    rounds = [entry for fight in fights for entry in fight.till.witness.rounds]
    receipts = [fact for fight in fights for fact in fight.look().receipts.values()]
    kinds = Counter(kind for entry in rounds for kind, _ in entry["problems"])
    agents, browsers = (sum(entry[key] for entry in rounds) for key in ("agent_kills", "browser_kills"))
    took = sorted(entry["seconds"] for entry in rounds)
    return {
        "kills": agents + browsers, "agent_kills": agents, "browser_kills": browsers,
        "rounds": len(rounds),
        "sales": sum(isinstance(fact, SaleCompleted) for fact in receipts),
        "refunds": sum(isinstance(fact, SaleRefunded) for fact in receipts),
        "lost": kinds["lost"], "doubled": kinds["doubled"],
        "receipts_missing": kinds["receipts_missing"], "receipts_doubled": kinds["receipts_doubled"],
        "asked": sum(entry["asked"] for entry in rounds),
        "drawer_opened_again": kinds["drawer"], "parts_wrong": kinds["parts"],
        "books_wrong": kinds["books"], "screens_wrong": kinds["screen"],
        "seen": sum(len(fight.till.witness.seen) for fight in fights),
        "press_to_seen_ms": {seen: round(windows.usual_s(seen) * 1000, 1) for seen in ("page", "browser", "paper")},
        "round_s": {"p50": took[len(took) // 2], "max": took[-1]} if took else {},
        "seed": options.seed, "seconds": round(seconds, 1),
        "ok": not kinds,
    }  # fmt: skip


def forget(folder: Path) -> None:
    """Begin anew."""
    shutil.rmtree(folder, ignore_errors=True)
