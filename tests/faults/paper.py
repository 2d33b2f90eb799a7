"""The printer is lost while it prints a receipt: its line breaks, its power goes, or it hangs, and it comes back later.

Sales go on meanwhile. What is known to be on paper is not printed again, what is not is printed once it is back, and
what the till cannot know it asks. Each question is answered by what lies in the printer's tray; in the end everybody
has each receipt once.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from random import Random

from hardware_sim.printer import SimulatedPrinter
from protocol.ids import TerminalId
from tests.demo.processes import ProcessFailed
from tests.endurance.books import Problem, paper_problems
from tests.endurance.fight import Fight, Windows
from tests.endurance.till import STOCK, KillableTill, TillFailed, till_on
from tests.endurance.witness import Witness
from tests.faults.row import Fault, Row, Told, dice, folder_of, step

AWAY_S = (0.2, 1.5)
MOMENT_S = (0.0, 0.9)
RECEIPT_BYTES = 60_000
SALE_S_MAX = 10.0
_ROWS_PER_SECOND = (2_400, 6_000, 20_000)
_DOUBLES = frozenset({"doubled", "receipts_doubled"})


async def _sell(till: KillableTill, rng: Random) -> None:
    """One to three goods, paid in cash; returns when the number is on the screen."""
    before = len(till.witness.seen)
    wanted = rng.randint(1, 3)
    for good in rng.choices(STOCK, k=wanted):
        await till.scanner.scan(good.code)
    await till.until(
        lambda: sum(line.quantity for line in till.cart().lines) == 1_000 * wanted, "the goods in the cart"
    )
    cart = till.cart()
    await till.give("pay_cash", sale_id=cart.sale_id, exact="", take=f"{cart.sale_id}-{cart.takes + 1}")
    await till.until(lambda: len(till.witness.seen) > before, "a receipt number on the screen", SALE_S_MAX)


async def _lose(printer: SimulatedPrinter, rng: Random) -> None:
    """Gone at some moment of the receipt, for some time, and back."""
    way = rng.choice(("line", "power", "hang"))
    faults = printer.faults
    if way == "line":
        faults.drop(after_bytes=rng.randint(1, RECEIPT_BYTES), reset=rng.random() < 0.5)
        await asyncio.sleep(rng.uniform(*MOMENT_S))
        faults.refuse()
    elif way == "power":
        await asyncio.sleep(rng.uniform(*MOMENT_S))
        faults.power_off()
    else:
        faults.stall(after_bytes=rng.randint(1, RECEIPT_BYTES))
        await asyncio.sleep(rng.uniform(*MOMENT_S))


async def _back(printer: SimulatedPrinter, rng: Random) -> None:
    await asyncio.sleep(rng.uniform(*AWAY_S))
    printer.faults.state.drop_left = None
    printer.faults.restore()
    await printer.wait_listening()


async def _one(fight: Fight, rng: Random) -> set[Problem]:
    till, printer = fight.till, fight.till.printer
    printer.rows_per_second = rng.choice(_ROWS_PER_SECOND)
    printer.machine.after_disconnect = rng.choice(("keep", "forget"))
    lost = asyncio.create_task(_lose(printer, rng))
    await _sell(till, rng)
    await lost
    await _sell(till, rng)
    await _back(printer, rng)
    await fight.print_out()
    await printer.wait_idle(timeout_s=SALE_S_MAX)
    books = fight.look()
    for job in books.jobs:
        await fight.look_of(job)
    return {*books.problems, *paper_problems(books, till.witness)}


async def printer_lost(seed: int, runs: int, told: Told) -> Row:
    """One till, `runs` receipts that are disturbed, and as many that are sold while the printer is away."""
    name = "printer-lost"
    known: set[Problem] = set()
    slowest_s = 0.0
    with tempfile.TemporaryDirectory(prefix="tillwire-paper-") as base:
        folder = folder_of(base, "t1")
        folder.mkdir()
        async with AsyncExitStack() as closers:
            witness = Witness(folder / "witness.jsonl")
            closers.callback(witness.close)
            till = await closers.enter_async_context(till_on(folder, TerminalId("t1"), witness))
            fight = Fight(till, None, Windows())
            await fight.open_shop()
            for run in range(runs):
                step(f"{name}: {run + 1} of {runs}, {fight.asked} questions")
                began_s = asyncio.get_running_loop().time()
                try:
                    found = await _one(fight, dice(name, seed, run))
                except (TillFailed, ProcessFailed) as error:
                    found = {("lost", str(error))}
                slowest_s = max(slowest_s, asyncio.get_running_loop().time() - began_s)
                for kind, words in sorted(found - known):
                    told(f"{name}, seed {seed}, run {run}: {kind}: {words}")
                known |= found
            if not fight.asked:
                told(f"{name}, seed {seed}: no receipt was hit in its middle, so this proves nothing")
                known.add(("lost", "nothing was struck"))
            doubled = sum(kind in _DOUBLES for kind, _ in known)
            return Row(name, runs, len(witness.seen), len(known) - doubled, doubled, slowest_s)


SCENARIOS = (Fault("printer-lost", "the printer is lost in the middle of a receipt, and comes back", printer_lost, 60),)
