"""What was sold and counted while a till was away, and what the levels must be in the end.

The oracle shares no code with the hub: a count is a checkpoint in event time, everything sold later comes off it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from protocol.event import GENESIS, Digest, seal, source_of
from protocol.events import EventData, SaleCompleted
from protocol.frame import encode_batch
from protocol.stock_events import CountedLine, StockCounted
from tests.bench.ingest.sales import SKUS, Message, Till, sale

DAYS = 30
COUNTED_ON = (10, 20)
"""Days, from the first one away, at whose ends shelves are counted: by the till that is away, and by another one."""

COUNTED_SKUS = 200


@dataclass(frozen=True)
class Fact:
    """One event: what, and when it was."""

    data: EventData
    at: datetime


def away(sales: int, ended: datetime, dice: Random) -> Iterator[Fact]:
    """What a till sells in thirty days offline, evenly, with a count of some shelves after ten days."""
    began = ended - timedelta(days=DAYS)
    counted_at = began + timedelta(days=COUNTED_ON[0])
    is_counted = False
    for number in range(sales):
        at = began + timedelta(days=DAYS) * ((number + 0.5) / sales)
        if not is_counted and at > counted_at:
            is_counted = True
            yield count("away", counted_at, range(COUNTED_SKUS), dice)
        yield Fact(sale(number + 1, dice), at)


def count(session: str, at: datetime, skus: Iterable[int], dice: Random) -> Fact:
    """A count of some shelves, all at one moment."""
    lines = tuple(CountedLine(sku=f"SKU-{sku:06d}", quantity=dice.randrange(500) * 1_000, at=at) for sku in skus)
    return Fact(StockCounted(session=session, lines=lines, by="lan"), at)


def live(till: Till, sales: int, began: datetime, dice: Random, *, counts: bool) -> list[Fact]:
    """What another till does meanwhile; with `counts` it first says what it counted ten days ago, on more shelves."""
    facts = []
    if counts:
        at = began - timedelta(days=DAYS - COUNTED_ON[1])
        facts.append(count(f"by-{till.terminal}", at, range(COUNTED_SKUS // 2, COUNTED_SKUS * 2), dice))
    return [*facts, *(Fact(sale(number + 1, dice), began + timedelta(seconds=number)) for number in range(sales))]


def messages(till: Till, facts: Sequence[Fact]) -> list[Message]:
    """One message an event, as a till sends that is online."""
    made, previous = [], Digest(GENESIS)
    for sequence, fact in enumerate(facts, 1):
        sealed = seal(
            fact.data, previous=previous, epoch=1, sequence=sequence, time=fact.at,
            event_id=f"{till.store}-{till.terminal}-{sequence}", source=source_of(till.store, till.terminal),
        )  # fmt: skip
        frame = encode_batch(
            [sealed.raw], epoch=1, first=sequence, previous=previous, sent_at=fact.at, topic=till.topic, key=till.key
        )
        made.append(Message(till, frame, sequence))
        previous = sealed.digest
    return made


def levels_after(journals: Iterable[tuple[str, Sequence[Fact]]]) -> dict[tuple[str, str], int]:
    """Levels by (store, SKU), in thousandths."""
    counted: dict[tuple[str, str], tuple[datetime, int]] = {}
    sold: list[tuple[tuple[str, str], datetime, int]] = []
    for store, facts in journals:
        for fact in facts:
            if isinstance(fact.data, StockCounted):
                for line in fact.data.lines:
                    place = (store, line.sku)
                    if place not in counted or counted[place][0] < line.at:
                        counted[place] = (line.at, line.quantity)
            elif isinstance(fact.data, SaleCompleted):
                sold += [((store, line.sku), fact.at, line.quantity) for line in fact.data.lines]
    levels = {place: quantity for place, (_, quantity) in counted.items()}
    for place, at, quantity in sold:
        if place not in counted or counted[place][0] < at:
            levels[place] = levels.get(place, 0) - quantity
    return levels


assert COUNTED_SKUS * 2 <= SKUS
