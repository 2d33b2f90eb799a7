"""Two PCs with one identity, and a PC that was put back to an older copy of its disk; both while everybody sells.

Until the hub has found out, both histories give out the same receipt numbers, which nobody can help. All the rest is
held to: each sale of either is in the hub's log once, nothing of one history is taken for a part of the other, the
till goes on in a new epoch, and the hub's alarm and the till's own screen say what to do.
"""

from __future__ import annotations

import asyncio
import html
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from edge_agent.pages.translations import translations
from tests.demo.processes import ProcessFailed
from tests.faults.poison import hub_says, until_told
from tests.faults.rig import services
from tests.faults.rig.cashier import Cashier, Confirmed, LivePage
from tests.faults.rig.check import Verdict, compare
from tests.faults.rig.hub import rebuilt
from tests.faults.rig.hub_books import HubBooks, read_hub
from tests.faults.rig.plan import Place, Plan
from tests.faults.rig.stand import Rig, rig_of
from tests.faults.rig.till import Sold, TillBooks, TillProcess
from tests.faults.row import Fault, Row, Told, dice, step

_PUT_BACK = ("Came from a backup",)
_COPIED = ("Two PCs, one till", *_PUT_BACK)
"""A copy that hears first how far the other one came takes itself for put back. The hub finds out that both live."""

SELL_S = (1.0, 3.0)
FOUND_S_MAX = 90.0
_POLL_S = 0.1


@dataclass
class Twins:
    """A rig, and what is known of disks that are no longer there."""

    rig: Rig
    gone: dict[Place, list[TillBooks]] = field(default_factory=dict)

    async def sell(self, rng: Random) -> None:
        """All cashiers sell for a while."""
        async with self.rig.selling():
            await asyncio.sleep(rng.uniform(*SELL_S))

    def keep(self, till: TillProcess) -> None:
        """Remember a journal that will not be there any more."""
        self.gone.setdefault(till.place, []).append(till.books(self.rig.plan))

    async def verdict(self) -> Verdict:
        """The rig's exact check, with the journals of all lives of each till together."""
        return await asyncio.to_thread(self._verdict)

    def _verdict(self) -> Verdict:
        rig, lives = self.rig, dict[Place, list[TillBooks]]()
        for till in rig.tills:
            lives.setdefault(till.place, []).append(till.books(rig.plan))
        for place, books in self.gone.items():
            lives[place] += books
        engine = rig.hub.places.engine()
        try:
            return compare_lives(rig.confirmed, lives, read_hub(engine), rebuilt(rig.hub.places, rig.plan))
        finally:
            engine.dispose()


def compare_lives(
    confirmed: Sequence[Confirmed], lives: Mapping[Place, Sequence[TillBooks]], hub: HubBooks, rebuilt: Sequence[str]
) -> Verdict:
    """Hold everything against everything, as `rig.check.compare` does; the first of each till's lives is the present.

    A receipt number may be there once in each of two lives, as two sales: both must be in the hub, as often as that.
    """
    books = {place: _together(all_of_them) for place, all_of_them in lives.items()}
    numbers = Counter(sale.receipt for each in books.values() for sale in each.sold)
    twice = {number for number, times in numbers.items() if times > 1}
    found = compare([sale for sale in confirmed if sale.receipt not in twice], books, hub, rebuilt)
    sold = {(place, sale.receipt, sale.goods) for place, each in books.items() for sale in each.sold}
    lost = [
        f"{sale.place}: {sale.receipt} of {sale.goods} was on a screen and is in no journal"
        for sale in confirmed
        if sale.receipt in twice and (sale.place, sale.receipt, sale.goods) not in sold
    ]
    doubled = [words for words in found.doubled if not any(number in words for number in twice)]
    doubled += [
        f"{number} is in the hub's sales {hub.sales[number]} times, and was sold {numbers[number]} times"
        for number in sorted(twice)
        if hub.sales[number] != numbers[number]
    ]
    return Verdict((*found.lost, *lost), tuple(doubled))


def _together(lives: Sequence[TillBooks]) -> TillBooks:
    sold: dict[str, Sold] = {}
    for each in lives:
        sold.update({sale.event_id: sale for sale in each.sold})
    return replace(lives[0], sold=tuple(sold.values()))


Befall = Callable[[Twins, Random], Awaitable[None]]


async def clone(twins: Twins, rng: Random) -> None:
    """The folder of a till is copied to a second PC, and both are switched on."""
    rig = twins.rig
    till = rng.choice(rig.tills)
    epoch = till.epoch()
    await till.kill()
    folder = till.folder.with_name(f"{till.folder.name}-copy-{rng.randrange(10**9)}")
    twin = TillProcess(till.place, folder, (till.folder / "data" / "credentials.json").read_bytes(), till.road)
    await asyncio.to_thread(_put, till.folder / "data", folder / "data")
    async with AsyncExitStack() as closers:
        closers.push_async_callback(twin.stop)
        await asyncio.gather(till.restart(), twin.restart())
        page = await closers.enter_async_context(LivePage(twin.page_url()))
        codes = tuple(item.barcodes[0] for item in rig.plan.items)
        cashier = Cashier(till.place, page, codes, Random(rng.random()), rig.plan.pause_s, rig.confirmed.append)  # noqa: S311 - what customers buy
        rig.tills.append(twin)
        rig.cashiers.append(cashier)
        await twins.sell(rng)
        await _until(lambda: max(till.epoch(), twin.epoch()) > epoch, f"{till.place}: no new epoch for its clone")
        await twins.sell(rng)
        await _rest(rig)
        own = next(one.page for one in rig.cashiers if one.place == till.place)
        await _told(twins, till, "fork", (own, page), _COPIED)
        rig.tills.remove(twin)
        rig.cashiers.remove(cashier)
        twins.keep(twin)


async def restore(twins: Twins, rng: Random) -> None:
    """A till's folder is put back to an older copy, from which the hub has heard more since."""
    rig = twins.rig
    till = rng.choice(rig.tills)
    await till.kill()
    backup = till.folder.with_name(f"{till.folder.name}-backup")
    await asyncio.to_thread(_put, till.folder / "data", backup)
    await till.restart()
    epoch = till.epoch()
    await twins.sell(rng)
    await _rest(rig)
    await till.kill()
    twins.keep(till)
    await asyncio.to_thread(_put, backup, till.folder / "data")
    await asyncio.to_thread(shutil.rmtree, backup)
    await till.restart()
    await twins.sell(rng)
    await _until(lambda: till.epoch() > epoch, f"{till.place}: no new epoch after it was put back")
    await twins.sell(rng)
    await _rest(rig)
    own = next(one.page for one in rig.cashiers if one.place == till.place)
    await _told(twins, till, "restored", (own,), _PUT_BACK)


async def _told(twins: Twins, till: TillProcess, kind: str, pages: Sequence[LivePage], labels: Sequence[str]) -> None:
    """An alarm at the hub, and a till's own screen, say what happened; all alarms are closed for the next one."""
    await until_told(twins.rig, kind, till.place)
    await hub_says(twins.rig, "alarm", "close")
    words = {word for label in labels for word in (label, translations("vi").gettext(label))}
    screens = [html.unescape(await page.get_text("/")) for page in pages]
    if not any(word in screen for screen in screens for word in words):
        raise ProcessFailed(f"{till.place}: no screen says {' or '.join(labels)}")


async def _rest(rig: Rig) -> None:
    took_s, waiting = await rig.settled()
    if waiting:
        raise ProcessFailed(f"not at rest after {took_s:.0f} s: {waiting}")


async def _until(done: Callable[[], bool], words: str) -> None:
    try:
        async with asyncio.timeout(FOUND_S_MAX):
            while not await asyncio.to_thread(done):  # noqa: ASYNC110 - another process cannot set our event
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise ProcessFailed(f"{words} within {FOUND_S_MAX:.0f} s") from None


def _put(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


async def play(name: str, befall: Befall, seed: int, runs: int, told: Told) -> Row:
    """One rig, on which it happens `runs` times, to one till after the other."""
    if why := services.missing():
        return Row(name, skipped=why)
    lost, doubled, slowest_s = 0, 0, 0.0
    known: set[str] = set()
    async with rig_of(Plan(), (name, seed)) as rig:
        twins = Twins(rig)
        for run in range(runs):
            step(f"{name}: {run + 1} of {runs}, {len(rig.confirmed)} sales")
            began_s = asyncio.get_running_loop().time()
            try:
                await befall(twins, dice(name, seed, run))
            except ProcessFailed as error:
                told(f"{name}, seed {seed}, run {run}: {error}")
                return Row(name, run + 1, len(rig.confirmed), lost + 1, doubled, slowest_s)
            slowest_s = max(slowest_s, asyncio.get_running_loop().time() - began_s)
            verdict = await twins.verdict()
            for words in verdict.sentences:
                if words not in known:
                    told(f"{name}, seed {seed}, run {run}: {words}")
            lost += len(set(verdict.lost) - known)
            doubled += len(set(verdict.doubled) - known)
            known.update(verdict.lost, verdict.doubled)
        return Row(name, runs, len(rig.confirmed), lost, doubled, slowest_s)


def _fault(name: str, befall: Befall, about: str) -> Fault:
    async def scenario(seed: int, runs: int, told: Told) -> Row:
        return await play(name, befall, seed, runs, told)

    return Fault(name, about, scenario, 10)


SCENARIOS = (
    _fault("cloned-till", clone, "a till's disk is copied, and both PCs sell under one name"),
    _fault("restored-backup", restore, "a till's disk is put back to an older copy, and it sells on"),
)
