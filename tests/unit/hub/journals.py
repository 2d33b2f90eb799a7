"""A till's journal for tests of the hub: real sealed events and real frames, kept in a list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hub.ingest.plan import IncomingBatch
from hub.storage.records import EpochKey
from protocol.event import GENESIS, Digest, SealedEvent, reseal, seal, source_of
from protocol.events import CountedLine, EventData, SaleCompleted, SaleLine, StockCounted, Tender
from protocol.frame import Key, decode_batch, encode_batch
from protocol.ids import StoreId, TerminalId
from protocol.topics import terminal_topic

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment of the test's day."""
    return START + timedelta(seconds=seconds)


def sale(number: int, *lines: tuple[str, int], currency: str = "VND") -> SaleCompleted:
    """A paid receipt of (SKU, thousandths) lines at 1,000 each."""
    sold = tuple(
        SaleLine(sku=sku, name=sku, quantity=quantity, unit_price=1_000, amount=quantity) for sku, quantity in lines
    )
    total = sum(line.amount for line in sold)
    return SaleCompleted(
        receipt_number=f"R{number:06d}",
        business_day=date(2026, 11, 22),
        currency=currency,
        cashier="an",
        lines=sold,
        tenders=(Tender(kind="cash", amount=total),),
        total=total,
    )


def count(sku: str, quantity: int, when: datetime) -> StockCounted:
    """A count of one SKU."""
    return StockCounted(session="c1", lines=(CountedLine(sku=sku, quantity=quantity, at=when),), by="an")


class Journal:
    """One terminal's journal in one epoch."""

    def __init__(
        self, store: str = "hanoi", terminal: str = "till1", *, epoch: int = 1, key: bytes = b"k" * 32
    ) -> None:
        self.store = StoreId(store)
        self.terminal = TerminalId(terminal)
        self.epoch = epoch
        self.key = Key(key)
        self.events: list[SealedEvent] = []

    @property
    def epoch_key(self) -> EpochKey:
        """Which cursor at the hub belongs to this journal."""
        return EpochKey(self.store, self.terminal, self.epoch)

    @property
    def topic(self) -> str:
        """Where its batches go."""
        return terminal_topic(self.store, self.terminal, "journal")

    def append(self, data: EventData, when: datetime, *, event_id: str = "") -> SealedEvent:
        """Seal one more event; its id is made from its place unless given."""
        sequence = len(self.events) + 1
        sealed = seal(
            data,
            previous=self.digest(sequence - 1),
            epoch=self.epoch,
            sequence=sequence,
            event_id=event_id or f"{self.terminal}-{self.epoch}-{sequence}",
            time=when,
            source=source_of(self.store, self.terminal),
        )
        self.events.append(sealed)
        return sealed

    def adopt(self, raw: bytes) -> SealedEvent:
        """Seal an event of another epoch again into this one."""
        sequence = len(self.events) + 1
        sealed = reseal(raw, previous=self.digest(sequence - 1), epoch=self.epoch, sequence=sequence)
        self.events.append(sealed)
        return sealed

    def digest(self, sequence: int) -> Digest:
        """The digest at a sequence; 0 is the start."""
        return self.events[sequence - 1].digest if sequence else GENESIS

    def frame(self, first: int, last: int, *, sent_at: datetime = START) -> bytes:
        """Events first..last as they travel."""
        return encode_batch(
            [event.raw for event in self.events[first - 1 : last]],
            epoch=self.epoch,
            first=first,
            previous=self.digest(first - 1),
            sent_at=sent_at,
            topic=self.topic,
            key=self.key,
        )

    def batch(self, first: int, last: int) -> IncomingBatch:
        """Events first..last as the hub's session has read them."""
        return IncomingBatch(self.epoch_key, decode_batch(self.frame(first, last), topic=self.topic, key=self.key))
