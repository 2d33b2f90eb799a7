"""What happens in one round: goods, money, who is killed, when. All of it follows from the seed and the round's number.

Pure. What a round cannot fix is the machine's own pace: the same plan on another day may kill a few milliseconds
earlier or later. `moment` is therefore a share of the window that the run measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from tests.bench.goods import Good

Victim = Literal["agent", "browser", "both"]
Way = Literal["cash", "change", "card", "split", "three", "terminal", "part_terminal"]

LINES_MAX = 4
PIECES_MAX = 3
_WAYS: tuple[Way, ...] = ("cash", "change", "card", "split", "three", "terminal", "part_terminal")
_NOTES = (10_000, 20_000, 50_000, 100_000, 200_000, 500_000)
_ROWS_PER_SECOND = (2_400, 6_000, 20_000)
"""Printers from a slow one to one that is faster than any: other moments of a receipt's life are hit."""


@dataclass(frozen=True)
class Step:
    """One payment form. `kind` and `amount` are what it must become in the receipt."""

    order: str
    kind: str
    amount: int
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether it says itself how much of the whole it pays."""
        return bool({"part", "amount"} & dict(self.fields).keys())

    @property
    def asks_terminal(self) -> bool:
        """Whether a card terminal decides it."""
        return self.order == "start_card"


@dataclass(frozen=True)
class Round:
    """One round's plan.

    `goods` has (index, pieces); with `gives_back` a piece of an older receipt comes back instead, if there is one.
    `struck_step` is the payment step around which the kill comes, `moment` (0 to 1) says where in the window, which
    with `until_paper` goes on to where the receipt usually is on paper. `struck_again`: the agent is killed once more
    as soon as it is up. `twice`: the cashier presses twice. `printer_keeps`: after a broken line the printer waits for
    the rest of its command, and swallows what comes next. The card terminal takes its time, and with `terminal_drops`
    its first answer is lost.
    """

    number: int
    goods: tuple[tuple[int, int], ...]
    steps: tuple[Step, ...]
    gives_back: bool
    in_browser: bool
    victim: Victim
    struck_step: int
    moment: float
    twice: bool
    printer_keeps: bool
    rows_per_second: int
    struck_again: bool
    until_paper: bool
    terminal_takes_s: float
    terminal_drops: bool

    @property
    def strikes_agent(self) -> bool:
        """Whether the agent is killed."""
        return self.victim != "browser"

    @property
    def strikes_browser(self) -> bool:
        """Whether the browser is killed."""
        return self.victim != "agent"

    @property
    def total(self) -> int:
        """What is to pay, in minor units."""
        return sum(step.amount for step in self.steps)

    @property
    def is_cash(self) -> bool:
        """Whether the drawer may open."""
        return any(step.kind == "cash" for step in self.steps)


def plan_round(seed: int, number: int, stock: tuple[Good, ...], browser_share: float) -> Round:
    """Roll one round's dice."""
    dice = Random(f"{seed}/{number}")  # noqa: S311 - a plan, not a secret
    goods = _goods(dice, len(stock))
    total = sum(stock[index].item.price * pieces for index, pieces in goods)
    steps = _steps(dice, dice.choice(_WAYS), total)
    in_browser = dice.random() < browser_share
    victim: Victim = dice.choices(("agent", "browser", "both"), (45, 35, 20))[0] if in_browser else "agent"
    return Round(
        number=number,
        goods=goods,
        steps=steps,
        gives_back=dice.random() < 0.15,
        in_browser=in_browser,
        victim=victim,
        struck_step=dice.randrange(len(steps)),
        moment=dice.random(),
        twice=dice.random() < 0.2,
        printer_keeps=dice.random() < 0.3,
        rows_per_second=dice.choice(_ROWS_PER_SECOND),
        struck_again=dice.random() < 0.08,
        until_paper=dice.random() < 0.4,
        terminal_takes_s=dice.choice((0.0, 0.05, 0.2)),
        terminal_drops=dice.random() < 0.3,
    )


def refund_steps(steps: tuple[Step, ...], amount: int) -> tuple[Step, ...]:
    """The same ways for so much money that goes back: one as it is, several as cash and card."""
    approval = next((step.fields[:1] for step in steps if step.order == "pay_card"), (("approval", "R1"),))
    if len(steps) > 1:
        part = amount // 2
        return (
            _cash(part, ("given", str(part)), ("part", "true")),
            Step("pay_card", "card", amount - part, approval),
        )
    return (_cash(amount),) if steps[0].kind == "cash" else (Step("pay_card", "card", amount, approval),)


def _goods(dice: Random, known: int) -> tuple[tuple[int, int], ...]:
    chosen = dice.sample(range(known), dice.randint(1, LINES_MAX))
    return tuple((index, dice.randint(1, PIECES_MAX)) for index in chosen)


def _steps(dice: Random, way: Way, total: int) -> tuple[Step, ...]:
    approval = ("approval", f"A{dice.randrange(10**6):06d}")
    note = next((note for note in _NOTES if note > total), total + 1_000)
    part, first, second = _part(dice, total), _part(dice, total // 2), _part(dice, total // 2)
    cash_part = _cash(part, ("given", str(part)), ("part", "true"))
    ways: dict[Way, tuple[Step, ...]] = {
        "cash": (_cash(total, ("exact", str(total))),),
        "change": (_cash(total, ("given", str(note))),),
        "card": (Step("pay_card", "card", total, (approval,)),),
        "split": (cash_part, Step("pay_card", "card", total - part, (approval,))),
        "terminal": (Step("start_card", "card", total),),
        "part_terminal": (cash_part, Step("start_card", "card", total - part)),
        "three": (
            Step("pay_card", "card", first, (approval, ("amount", str(first)))),
            _cash(second, ("given", str(second)), ("part", "true")),
            _cash(total - first - second, ("given", str(total))),
        ),
    }
    return ways[way]


def _cash(amount: int, *fields: tuple[str, str]) -> Step:
    return Step("pay_cash", "cash", amount, fields)


def _part(dice: Random, most: int) -> int:
    """Some of it, never nothing and never all."""
    return max(1, dice.randrange(1, max(2, most)) // 100 * 100 or most // 2)
