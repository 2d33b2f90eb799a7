"""A shift's sums: what is in the receipts is in the report, and the drawer's cash is what moved in it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.shift import KINDS_MAX, Tally, close, expected_cash, sums_after, tally_after
from protocol.events import (
    AccountPaid,
    CartVoided,
    CashMoved,
    DrawerOpened,
    EventData,
    LineVoided,
    PriceCut,
    ReceiptReprinted,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    ShiftSums,
    StaffSignedIn,
    Tender,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
AMOUNTS = st.integers(0, 10**9)
LINES = st.tuples(AMOUNTS, st.sampled_from([0, 500, 800, 1000]), st.integers(0, 1000))
KINDS = st.sampled_from(["cash", "card", "vietqr", "voucher", "account", "exchange"])


@st.composite
def lines_of(draw: st.DrawFn) -> tuple[SaleLine, ...]:
    """Lines with taxes and cuts, as a receipt has them."""
    return tuple(
        SaleLine(
            sku="A", name="A", quantity=1000, unit_price=amount, amount=amount, tax_rate_bp=rate,
            tax=amount * rate // 10**4, cuts=(PriceCut(kind="line", amount=cut),) if cut else (),
        )
        for amount, rate, cut in draw(st.lists(LINES, min_size=1, max_size=4))
    )  # fmt: skip


@st.composite
def tenders_of(draw: st.DrawFn, total: int) -> tuple[Tender, ...]:
    """Ways of paying that add up to a total."""
    first = draw(st.integers(0, total))
    kinds = draw(st.tuples(KINDS, KINDS))
    return tuple(Tender(kind=kind, amount=amount) for kind, amount in zip(kinds, (first, total - first), strict=True))


@st.composite
def receipts(draw: st.DrawFn) -> SaleCompleted | SaleRefunded:
    """Something sold or given back."""
    lines = draw(lines_of())
    total, rounding = sum(line.amount for line in lines), draw(st.integers(0, 400))
    fact = SaleCompleted if draw(st.booleans()) else SaleRefunded
    return fact(
        receipt_number=draw(st.uuids()).hex, business_day=DAY, currency="VND", cashier=draw(st.sampled_from("ab")),
        lines=lines, tenders=draw(tenders_of(total + rounding)), total=total,
        tax_total=sum(line.tax for line in lines), rounding=rounding,
    )  # fmt: skip


@st.composite
def accounts(draw: st.DrawFn) -> AccountPaid:
    """Money for a customer's account."""
    amount = draw(AMOUNTS)
    return AccountPaid(
        receipt_number=draw(st.uuids()).hex, business_day=DAY, customer="c", currency="VND", cashier="a", amount=amount,
        tenders=draw(tenders_of(amount)),
    )  # fmt: skip


LINE = SaleLine(sku="A", name="A", quantity=1000, unit_price=1, amount=1)
OTHERS: st.SearchStrategy[EventData] = st.sampled_from(
    [
        DrawerOpened(by="a", why="no_sale"),
        ReceiptReprinted(receipt_number="r", by="a", copy_number=1),
        LineVoided(cart="c", by="a", line=LINE, currency="VND"),
        CartVoided(cart="c", by="a", reason="x", lines=(LINE,), total=1, currency="VND"),
        StaffSignedIn(staff="a", role="cashier"),
    ]
)
MOVES = st.integers(-(10**9), 10**9).map(
    lambda amount: CashMoved(by="a", amount=amount, currency="VND", reason="change")
)
FACTS: st.SearchStrategy[EventData] = receipts() | accounts() | MOVES | OTHERS
RUNNING = Tally(
    shift="s", number=3, business_day=DAY, opened_at=NOON, opened_by="a", currency="VND", float_amount=500_000
)


def running(facts: list[EventData]) -> Tally:
    """The tally of a shift in which all this happened."""
    tally = RUNNING
    for fact in facts:
        tally = tally_after(tally, fact)
    return tally


@given(st.lists(FACTS, max_size=20))
def test_the_drawer_should_hold_what_moved_in_it(facts: list[EventData]) -> None:
    """Float, plus cash tenders, less cash given back, plus what was put in, less what was taken out: to the dong."""
    cash = 500_000
    for fact in facts:
        if isinstance(fact, SaleCompleted | AccountPaid):
            cash += sum(tender.amount for tender in fact.tenders if tender.kind == "cash")
        elif isinstance(fact, SaleRefunded):
            cash -= sum(tender.amount for tender in fact.tenders if tender.kind == "cash")
        elif isinstance(fact, CashMoved):
            cash += fact.amount
    assert expected_cash(running(facts)) == cash


@given(st.lists(FACTS, max_size=20))
def test_the_report_agrees_with_itself(facts: list[EventData]) -> None:
    """Turnover is sold less given back and what the cashiers add up to; tenders and taxes add up to it as well."""
    sums = running(facts).sums
    assert sums.turnover == sums.sold - sums.refunded == sum(cashier.amount for cashier in sums.cashiers)
    assert sum(tender.amount for tender in sums.tenders) == sums.turnover + sums.rounding + sums.account_paid
    assert sum(tax.tax for tax in sums.taxes) == sums.tax_total
    assert sum(tax.taxed for tax in sums.taxes) == sums.turnover
    assert sum(cashier.sales for cashier in sums.cashiers) == sums.sales


@given(st.lists(FACTS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter_to_the_sums(facts: list[EventData], chance: object) -> None:
    """Two tills that saw the same day in another order report the same."""
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert running(facts).sums == running(shuffled).sums


def test_money_of_another_currency_is_not_added() -> None:
    """Dollars and dong are not one sum."""
    moved = CashMoved(by="a", amount=10, currency="USD", reason="tips")
    assert tally_after(RUNNING, moved) == RUNNING


def test_many_kinds_of_tenders_do_not_grow_a_report_without_end() -> None:
    """What comes beyond the bound is added up under one name; no amount is lost."""
    sums = ShiftSums()
    for number in range(100):
        sums = sums_after(
            sums,
            SaleCompleted(
                receipt_number="r", business_day=DAY, currency="VND", cashier=f"c{number}", lines=(LINE,),
                tenders=(Tender(kind=f"k{number}", amount=1),), total=1,
            ),
        )  # fmt: skip
    assert len(sums.tenders) == len(sums.cashiers) == KINDS_MAX + 1
    assert sum(tender.amount for tender in sums.tenders) == 100


def test_a_close_says_what_was_over() -> None:
    """Counted more than expected is over, less is short."""
    tally = tally_after(RUNNING, CashMoved(by="a", amount=-100_000, currency="VND", reason="bank"))
    report = close(tally, by="b", counted=390_000, notes=((200_000, 1), (100_000, 0)), blind=True, remark="x", at=NOON)
    assert (report.expected, report.counted, report.over, report.blind) == (400_000, 390_000, -10_000, True)
    assert [(note.value, note.count) for note in report.notes] == [(200_000, 1)]
    assert (report.opened_at, report.business_day, report.float_amount) == (NOON, DAY, 500_000)
