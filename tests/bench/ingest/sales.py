"""Sales as tills send them: sealed events in real frames, made before anything is measured.

Each store has two tills and sells from one catalogue; a basket has one to five lines (2.5 on average), as a grocer's
do. Frames carry their HMAC, batches are compressed as the till would.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from protocol.event import GENESIS, Digest, SealedEvent, seal, source_of
from protocol.events import SaleCompleted, SaleLine, Tender
from protocol.frame import Key, encode_batch
from protocol.ids import Sku, StoreId, TerminalId
from protocol.topics import terminal_topic

SKUS = 2_000
STOCK = 1_000_000_000
"""Thousandths of each SKU on every shelf before it begins: a shelf below zero has the hub ask for a count."""
TILLS_A_STORE = 2
_LINES = (1, 1, 2, 2, 3, 3, 3, 5)


@dataclass(frozen=True)
class Till:
    """A terminal of the bench, with its key from enrolment."""

    store: StoreId
    terminal: TerminalId
    key: Key

    @property
    def topic(self) -> str:
        """Where its journal goes."""
        return terminal_topic(self.store, self.terminal, "journal")


@dataclass(frozen=True)
class Message:
    """One message: its topic, its frame, and the last sequence in it."""

    till: Till
    frame: bytes
    last: int


def places(stores: int) -> Iterator[tuple[StoreId, TerminalId]]:
    """The stores and tills of the bench."""
    for store, till in itertools.product(range(stores), range(TILLS_A_STORE)):
        yield StoreId(f"s{store:03d}"), TerminalId(f"t{till + 1}")


def sale(number: int, dice: Random) -> SaleCompleted:
    """A paid receipt."""
    lines = tuple(_line(dice) for _ in range(dice.choice(_LINES)))
    total = sum(line.amount for line in lines)
    return SaleCompleted(
        receipt_number=f"{number:08d}", business_day=date(2026, 11, 28), currency="VND", cashier="lan", lines=lines,
        tenders=(Tender(kind="cash", amount=total),), total=total,
    )  # fmt: skip


def journal(till: Till, count: int, each: int, dice: Random, start: datetime) -> list[Message]:
    """A till's next `count` sales as messages of `each` events."""
    events: list[SealedEvent] = []
    previous = Digest(GENESIS)
    for sequence in range(1, count + 1):
        sealed = seal(
            sale(sequence, dice), previous=previous, epoch=1, sequence=sequence,
            event_id=f"{till.store}-{till.terminal}-{sequence}", time=start + timedelta(milliseconds=sequence),
            source=source_of(till.store, till.terminal),
        )  # fmt: skip
        previous = sealed.digest
        events.append(sealed)
    messages = []
    for begin in range(0, count, each):
        part = events[begin : begin + each]
        before = events[begin - 1].digest if begin else GENESIS
        frame = encode_batch(
            [event.raw for event in part], epoch=1, first=begin + 1, previous=before, sent_at=start,
            topic=till.topic, key=till.key,
        )  # fmt: skip
        messages.append(Message(till, frame, begin + len(part)))
    return messages


def sku_of(number: int) -> Sku:
    """The SKU of this number, below SKUS."""
    return Sku(f"SKU-{number:06d}")


def all_journals(tills: list[Till], sales: int, each: int, seed: int) -> dict[Till, list[Message]]:
    """So many sales, spread over all tills."""
    share = -(-sales // len(tills))
    start = datetime.now(UTC)  # noqa: TID251 - the bench's own clock: tills sell now
    return {
        till: journal(till, share, each, Random(seed * 1_000 + number), start)  # noqa: S311 - which goods, no secret
        for number, till in enumerate(tills)
    }


def _line(dice: Random) -> SaleLine:
    sku = sku_of(dice.randrange(SKUS))
    quantity, price = dice.choice((1, 1, 1, 2, 3)), dice.randrange(5, 200) * 500
    return SaleLine(
        sku=sku, name=f"Mặt hàng {sku}", quantity=quantity * 1_000, unit_price=price, amount=quantity * price,
        tax_rate_bp=800,
    )  # fmt: skip
