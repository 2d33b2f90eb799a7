"""Tenders and payments of a small shop, for tests about money."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from hub.storage.money_records import Paid, PaymentState, Tendered, TenderState

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
"""Twelve o'clock in Hanoi."""

DAY = date(2026, 11, 20)


def at(minutes: float) -> datetime:
    """A moment of the test's day."""
    return NOON + timedelta(minutes=minutes)


def tender(  # noqa: PLR0913 - what differs between two tenders
    number: int, amount: int, minutes: float = 0, *, reference: str = "", original: str = "",
    state: TenderState = "taken", kind: str = "card", receipt: str | None = None, attempt: str = "",
) -> Tendered:  # fmt: skip
    """A card tender of a receipt of its own."""
    return Tendered(
        key=f"hanoi/till1/1/{number}/0", store="hanoi", terminal="till1", day=DAY, at=at(minutes), kind=kind,
        amount=amount, currency="VND", receipt=f"R{number}" if receipt is None else receipt, original=original,
        references=(reference,) if reference else (), state=state, attempt=attempt,
    )  # fmt: skip


def paid(  # noqa: PLR0913 - what differs between two payments
    key: str, amount: int, minutes: float = 0, *, reference: str = "", state: PaymentState = "completed",
    fee: int | None = None, refund_of: str = "", stores: tuple[str, ...] = ("hanoi",), kind: str = "card",
) -> Paid:  # fmt: skip
    """A payment at the provider."""
    return Paid(
        channel="square", key=key, stores=stores, day=DAY, at=at(minutes), kind=kind, state=state, amount=amount,
        currency="VND", fee=fee, refund_of=refund_of, reference=reference,
    )  # fmt: skip


_AMOUNTS = st.sampled_from([50_000, 50_000, 90_000, -50_000, 120_000])
_WORDS = st.sampled_from(["", "", "a", "b", "c"])
_MINUTES = st.integers(-40, 40)


@st.composite
def tenders(draw: st.DrawFn) -> list[Tendered]:
    """Tenders and tries, often alike."""
    choices: list[TenderState] = ["taken", "taken", "taken", "approved", "unknown", "declined"]
    states = st.sampled_from(choices)
    rows = draw(st.lists(st.tuples(_AMOUNTS, _MINUTES, _WORDS, states, st.sampled_from(["", "R0", "R1"])), max_size=12))
    return [
        tender(
            number, amount, minutes, reference=word, state=state, original=original if state == "taken" else "",
            attempt="" if state == "taken" else f"t{number}", receipt=None if state == "taken" else original,
        )
        for number, (amount, minutes, word, state, original) in enumerate(rows)
    ]  # fmt: skip


@st.composite
def payments(draw: st.DrawFn) -> list[Paid]:
    """Payments and refunds in all states, of known and unknown places."""
    choices: list[PaymentState] = ["completed", "completed", "completed", "pending", "failed", "cancelled"]
    states = st.sampled_from(choices)
    fees = st.sampled_from([None, 0, 1_250])
    places = st.sampled_from([("hanoi",), ("hanoi",), ("hanoi", "hue"), ()])
    rows = draw(st.lists(st.tuples(_AMOUNTS, _MINUTES, _WORDS, states, fees, places), max_size=12))
    return [
        paid(
            f"p{number}", amount, minutes, reference=word, state=state, fee=fee, stores=stores,
            refund_of=f"p{number // 2}" if amount < 0 else "",
        )
        for number, (amount, minutes, word, state, fee, stores) in enumerate(rows)
    ]  # fmt: skip
