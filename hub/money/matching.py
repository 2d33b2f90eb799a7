"""Which payment belongs to which tender: by reference, by the refunded receipt, by amount and time. Pure.

Each step takes pairs one to one, the nearest in time first, from what the steps before left over. Ties are broken by
the ids, so the answer depends on what there is and not on the order in which it came.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hub.storage.money_records import FoundBy, Paid, Tendered

WINDOW = timedelta(minutes=15)
"""So far apart may a till and a provider date the same payment, where nothing but its amount tells it."""

SPAN = timedelta(days=3)
"""So far apart may they be at all: beyond it, even a reference is another one's that is used again."""

SHARED_MAX = 32
"""A reference that more tenders or payments than these have in common ("OK", "APPROVED") says nothing."""

NEAR_MAX = 32
"""So many tenders of the very same amount, before and after it, are looked at for one payment."""

_MOVED = ("completed", "pending")


@dataclass(frozen=True)
class Pair:
    """A tender and the payment that it is."""

    tender: Tendered
    payment: Paid
    found_by: FoundBy


@dataclass
class Matching:
    """What is paired, and what is left on either side."""

    tenders: dict[str, Tendered]
    payments: dict[tuple[str, str], Paid]
    pairs: list[Pair] = field(default_factory=list)

    def take(self, tender: Tendered, payment: Paid, found_by: FoundBy) -> bool:
        """Pair two, unless one of them is paired already."""
        place = (payment.channel, payment.key)
        if tender.key not in self.tenders or place not in self.payments:
            return False
        del self.tenders[tender.key], self.payments[place]
        self.pairs.append(Pair(tender, payment, found_by))
        return True

    def receipts(self) -> dict[tuple[str, str], str]:
        """Which receipt was paid by which payment, by channel and key."""
        return {(pair.payment.channel, pair.payment.key): pair.tender.receipt for pair in self.pairs}


def match(
    tenders: Iterable[Tendered],
    payments: Iterable[Paid],
    window: timedelta = WINDOW,
    receipts: Mapping[tuple[str, str], str] | None = None,
) -> Matching:
    """Pair tenders with payments. Tenders have distinct keys, payments distinct (channel, key).

    `receipts` are those of payments that are not among these, for refunds of long ago.
    """
    matching = Matching(
        {tender.key: tender for tender in sorted(tenders, key=lambda tender: tender.key)},
        {(paid.channel, paid.key): paid for paid in sorted(payments, key=lambda paid: (paid.channel, paid.key))},
    )
    _by_reference(matching)
    _by_amount_and_time(matching, window, lambda tender: tender.amount >= 0 and is_money(tender))
    # Now it is known what was paid for which receipt, and so which refund is of which.
    _by_refunded_receipt(matching, receipts or {})
    _by_amount_and_time(matching, window, is_money)
    # What a till tried and got no yes for explains money that nothing else explains, and is never preferred.
    _by_amount_and_time(matching, window, lambda tender: not is_money(tender))
    return matching


def is_money(tender: Tendered) -> bool:
    """Whether the till says that money moved; else it is a try that came to nothing, or to nobody knows what."""
    return tender.state in ("taken", "approved")


def _fits(tender: Tendered, payment: Paid) -> bool:
    """Whether they can be one at all: direction, currency, place."""
    return (
        (tender.amount < 0) == (payment.amount < 0)
        and tender.currency == payment.currency
        and (not payment.stores or tender.store in payment.stores)
        and abs(payment.at - tender.at) <= SPAN
    )


def _nearest(tender: Tendered, payment: Paid) -> tuple[object, ...]:
    return (
        payment.state not in _MOVED,
        tender.state != "taken",
        tender.kind != payment.kind,
        abs(payment.at - tender.at),
        tender.at,
        tender.key,
        payment.channel,
        payment.key,
    )


def _by_reference(matching: Matching) -> None:
    by_word: defaultdict[str, list[Tendered]] = defaultdict(list)
    for tender in matching.tenders.values():
        for word in dict.fromkeys(tender.references):
            if word:
                by_word[word].append(tender)
    words = [(payment, word) for payment in matching.payments.values() for word in _words(payment)]
    count = Counter(word for _, word in words)
    found = [
        (tender, payment, word)
        for payment, word in words
        if count[word] <= SHARED_MAX and len(by_word.get(word, ())) <= SHARED_MAX
        for tender in by_word.get(word, ())
        if _fits(tender, payment)
    ]
    found.sort(key=lambda one: _nearest(one[0], one[1]))
    for tender, payment, _ in found:
        if tender.amount == payment.amount:
            matching.take(tender, payment, "reference")
    # Another amount under the same reference: only where it can mean nothing else.
    left = [one for one in found if _is_left(matching, one[0], one[1])]
    tenders_of, payments_of = defaultdict(set), defaultdict(set)
    for tender, payment, _ in left:
        tenders_of[payment.channel, payment.key].add(tender.key)
        payments_of[tender.key].add((payment.channel, payment.key))
    for tender, payment, _ in left:
        if len(tenders_of[payment.channel, payment.key]) == 1 == len(payments_of[tender.key]):
            matching.take(tender, payment, "reference")


def _words(payment: Paid) -> list[str]:
    """By which a till may have kept it; each once."""
    return [word for word in dict.fromkeys((payment.reference, payment.key, payment.order)) if word]


def _is_left(matching: Matching, tender: Tendered, payment: Paid) -> bool:
    return tender.key in matching.tenders and (payment.channel, payment.key) in matching.payments


def _by_refunded_receipt(matching: Matching, known: Mapping[tuple[str, str], str]) -> None:
    """A refund of a payment belongs to the refund of that payment's receipt."""
    receipts = {**known, **matching.receipts()}
    refunds: defaultdict[str, list[Tendered]] = defaultdict(list)
    for tender in matching.tenders.values():
        if tender.original and tender.amount < 0:
            refunds[tender.original].append(tender)
    found = [
        (tender, payment)
        for payment in matching.payments.values()
        if payment.refund_of and payment.state in _MOVED
        for tender in refunds.get(receipts.get((payment.channel, payment.refund_of), ""), ())[:SHARED_MAX]
        if _fits(tender, payment) and tender.amount == payment.amount
    ]
    for tender, payment in sorted(found, key=lambda one: _nearest(*one)):
        matching.take(tender, payment, "refund")


def _by_amount_and_time(matching: Matching, window: timedelta, wanted: Callable[[Tendered], bool]) -> None:
    buckets: defaultdict[tuple[str, int, str], list[Tendered]] = defaultdict(list)
    for tender in matching.tenders.values():
        if wanted(tender):
            buckets[tender.currency, tender.amount, tender.store].append(tender)
    for bucket in buckets.values():
        bucket.sort(key=lambda tender: (tender.at, tender.key))
    found = [
        (tender, payment)
        for payment in matching.payments.values()
        if payment.state in _MOVED
        for store in payment.stores
        for tender in _near(buckets.get((payment.currency, payment.amount, store), ()), payment, window)
    ]
    for tender, payment in sorted(found, key=lambda one: _nearest(*one)):
        matching.take(tender, payment, "amount_and_time")


def _near(bucket: Sequence[Tendered], payment: Paid, window: timedelta) -> Iterator[Tendered]:
    """Those within the window around a payment, the farthest left out where there are too many."""
    middle = bisect_left(bucket, payment.at, key=lambda tender: tender.at)
    first = max(middle - NEAR_MAX, bisect_left(bucket, payment.at - window, key=lambda tender: tender.at))
    last = min(middle + NEAR_MAX, bisect_right(bucket, payment.at + window, key=lambda tender: tender.at))
    return iter(bucket[first:last])
