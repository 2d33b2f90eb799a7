"""What became of each tender and each payment: one line for each, with an outcome that says what to do. Pure.

The lines add up: their `tendered` are all that the tills took, their `paid` are all that the providers completed, and
so the sum of the lines' differences is what the providers have more than the tills.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from hub.money.fees import expected_fee
from hub.money.matching import WINDOW, Pair, is_money, match
from hub.storage.money_records import FeeRule, Line, Note, Outcome, Paid, Tendered, TenderState

LATE = timedelta(hours=72)
"""So late may a provider that worked offline still tell of a payment (Square's own bound)."""

_MS = timedelta(milliseconds=1)
_PROVIDER: Mapping[str, Note] = {"failed": "provider_failed", "cancelled": "provider_cancelled"}
_TRIED: Mapping[TenderState, Note] = {
    "unknown": "tried_unknown", "declined": "tried_declined", "cancelled": "tried_cancelled",
}  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What reconciling goes by. `providers` says which channel takes a store's tenders of a kind: (store, kind).

    `receipts` are those of earlier payments, by channel and key, for the refunds that come now.
    """

    now: datetime
    providers: Mapping[tuple[str, str], str] = field(default_factory=dict)
    fee_rules: Sequence[FeeRule] = ()
    receipts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    window: timedelta = WINDOW


def reconcile(tenders: Iterable[Tendered], payments: Iterable[Paid], terms: Terms) -> list[Line]:
    """One line for each payment and each tender, a pair of them in one; ordered by day, store, time and ids.

    Tries that came to nothing on both sides have no line. The order of the arguments does not matter.
    """
    matching = match(fold_tries(tenders), payments, terms.window, terms.receipts)
    receipts = {**terms.receipts, **matching.receipts()}
    references = {pair.payment.reference for pair in matching.pairs if pair.payment.reference}
    lines = [_pair(pair, terms) for pair in matching.pairs]
    for payment in matching.payments.values():
        about = receipts.get((payment.channel, payment.refund_of), "") if payment.refund_of else ""
        lines.append(_payment_alone(payment, about, terms, repeated=payment.reference in references))
    lines += [_tender_alone(tender, terms) for tender in matching.tenders.values() if is_money(tender)]
    return sorted(lines, key=_order)


def fold_tries(tenders: Iterable[Tendered]) -> list[Tendered]:
    """Tries belong to the tender that they ended in, whose references they add to; other tries become one each.

    An approved try without a receipt is money that came without a sale (a transfer that was late).
    """
    taken: dict[tuple[str, str], list[Tendered]] = {}
    tries: dict[tuple[str, str], list[Tendered]] = {}
    for tender in sorted(tenders, key=lambda one: (one.at, one.key)):
        if tender.state == "taken":
            taken.setdefault((tender.store, tender.receipt), []).append(tender)
        else:
            tries.setdefault((tender.store, tender.attempt or tender.key), []).append(tender)
    folded: dict[str, Tendered] = {one.key: one for group in taken.values() for one in group}
    for group in tries.values():
        words = tuple(dict.fromkeys(word for one in group for word in (one.attempt, *one.references) if word))
        said = next((one for one in group if one.receipt and (one.store, one.receipt) in taken), None)
        if said is None:
            best = next((one for one in group if one.state == "approved"), group[-1])
            folded[best.key] = msgspec.structs.replace(best, references=words)
            continue
        if not any(one.state == "approved" for one in group):
            continue  # it was tried, and the receipt was then paid in another way
        same = [t for t in taken[said.store, said.receipt] if (t.kind, abs(t.amount)) == (said.kind, abs(said.amount))]
        for tender in same:
            known = folded[tender.key]
            folded[tender.key] = msgspec.structs.replace(
                known, references=tuple(dict.fromkeys((*known.references, *words)))
            )
    return list(folded.values())


def _pair(pair: Pair, terms: Terms) -> Line:
    tender, payment = pair.tender, pair.payment
    counts = payment.state == "completed"
    is_taken = is_money(tender)
    expected = expected_fee(terms.fee_rules, payment) if counts else None
    outcome: Outcome
    note: Note = "no_sale" if tender.state == "approved" else _TRIED.get(tender.state, "")
    if payment.state in _PROVIDER:
        outcome, note = ("missing_there" if is_taken else "void"), _PROVIDER[payment.state]
    elif payment.state == "pending":
        outcome = "pending"
    elif not is_taken:
        outcome = "missing_here"
    elif tender.amount != payment.amount:
        outcome = "amount_differs"
    elif expected is not None and payment.fee is not None and abs(payment.fee - expected) > 1:
        outcome = "fee_differs"  # providers round by rules of their own: one minor unit is no difference
    else:
        outcome = "matched"
    return Line(
        outcome=outcome, store=tender.store, day=tender.day, channel=payment.channel, currency=tender.currency,
        at=tender.at, kind=tender.kind, tender=tender.key if is_taken else None, payment=payment.key,
        tendered=tender.amount if is_taken else 0, paid=payment.amount if counts else 0,
        fee=payment.fee, fee_expected=expected, found_by=pair.found_by, note=note,
        apart_ms=(payment.at - tender.at) // _MS, terminal=tender.terminal, receipt=tender.receipt,
        reference=payment.reference or payment.key, about=tender.original,
    )  # fmt: skip


def _payment_alone(payment: Paid, about: str, terms: Terms, *, repeated: bool) -> Line:
    outcome: Outcome
    note: Note = "" if payment.stores else "unmapped"
    if payment.state in _PROVIDER:
        outcome, note = "void", _PROVIDER[payment.state]
    elif payment.state == "pending":
        outcome = "pending"
    else:
        outcome = "refund_of" if about else "missing_here"
        if repeated and not note:
            note = "same_reference"
    counts = payment.state == "completed"
    return Line(
        outcome=outcome, store=payment.stores[0] if payment.stores else "", day=payment.day, channel=payment.channel,
        currency=payment.currency, at=payment.at, kind=payment.kind, payment=payment.key,
        paid=payment.amount if counts else 0, fee=payment.fee,
        fee_expected=expected_fee(terms.fee_rules, payment) if counts else None, note=note,
        reference=payment.reference or payment.key, about=about,
    )  # fmt: skip


def _tender_alone(tender: Tendered, terms: Terms) -> Line:
    note: Note = "may_come" if terms.now - tender.at < LATE else "no_sale" if tender.state == "approved" else ""
    return Line(
        outcome="missing_there", store=tender.store, day=tender.day,
        channel=terms.providers.get((tender.store, tender.kind), ""), currency=tender.currency, at=tender.at,
        kind=tender.kind, tender=tender.key, tendered=tender.amount, note=note, terminal=tender.terminal,
        receipt=tender.receipt, reference=next(iter(tender.references), ""), about=tender.original,
    )  # fmt: skip


def _order(line: Line) -> tuple[object, ...]:
    return line.day, line.store, line.at, line.tender or "", line.channel, line.payment or ""
