"""From one reading of the books, and what devices and the link say, to the picture that everybody is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from edge_agent.counter.books import Outcome, Till
from edge_agent.counter.facts import Facts
from edge_agent.till.health import HealthView
from edge_agent.till.rights import Person
from edge_agent.till.view import CounterView, DeviceView, LinkView, NoticeCode, NoticeView, PersonView
from protocol.messages import Loading

LONG_BACKLOG = 200
"""So many events take longer than a second or two: worth telling how far they are."""

_DEVICES = ("scanner", "printer", "drawer", "scale", "terminal", "display", "pick_printer")


class Drawing:
    """The picture of now, and who waits for the next one. On the event loop only."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._revision = 0
        self._devices: dict[str, DeviceView] = {}
        self._watchers: set[asyncio.Event] = set()
        self._view: CounterView | None = None
        self.facts: Facts | None = None
        self.notice: NoticeView | None = None
        self.online = False
        self.online_since: datetime | None = None
        self.health = HealthView()
        self.loading: Loading | None = None
        self._backlog_was = 0

    def view(self) -> CounterView:
        """The picture of now; there is one as soon as the books were read and `draw` was called."""
        assert self._view is not None, "Counter.start was not awaited"
        return self._view

    async def changes(self) -> AsyncIterator[CounterView]:
        """The picture of now, then each later one; what nobody fetched in time is left out."""
        changed = asyncio.Event()
        self._watchers.add(changed)
        try:
            while True:
                yield self.view()
                await changed.wait()
                changed.clear()
        finally:
            self._watchers.discard(changed)

    def set_device(self, device: DeviceView) -> None:
        """A device's state has changed."""
        self._devices[device.kind] = device
        self.draw()

    def devices(self) -> tuple[DeviceView, ...]:
        """The devices as they were last told, scanner first."""
        return tuple(self._devices[kind] for kind in _DEVICES if kind in self._devices)

    def note(self, code: NoticeCode, *, good: bool, detail: str = "", panel: str = "") -> None:
        """The notice of the next picture."""
        serial = self.notice.serial + 1 if self.notice is not None else 1
        self.notice = NoticeView(serial, code, good, detail, panel)

    def note_outcome(self, outcome: Outcome) -> None:
        """The same, for what came of an order; nothing where it says nothing."""
        if outcome.notice is not None:
            self.note(outcome.notice, good=outcome.good, detail=outcome.detail, panel=outcome.panel)

    def draw(self) -> None:
        """Make the next picture and tell everybody; nothing before the books were read."""
        if self.facts is None:
            return
        self._revision += 1
        link = LinkView(
            online=self.online, backlog=self.facts.backlog, since=self.online_since,
            oldest_unsent_at=self.facts.oldest_unsent_at, epoch_problem=self.facts.epoch_problem,
            loading=self.loading, to_send_in_all=self._to_send_in_all(self.facts.backlog),
        )  # fmt: skip
        view = make_view(
            self.facts, self._till, revision=self._revision, link=link, devices=self.devices(), notice=self.notice
        )
        health = replace(self.health, damage=self.facts.damage, twin=self.facts.twin)
        self._view = replace(view, health=health)
        for watcher in self._watchers:
            watcher.set()

    def _to_send_in_all(self, backlog: int) -> int:
        """How many events the backlog had when the link came; 0 unless it is one that takes its time."""
        if not self.online or backlog == 0:
            self._backlog_was = 0
        elif backlog >= LONG_BACKLOG or self._backlog_was:
            self._backlog_was = max(self._backlog_was, backlog)
        return self._backlog_was


def make_view(  # noqa: PLR0913 - a picture is put together from these parts
    facts: Facts,
    till: Till,
    *,
    revision: int,
    link: LinkView,
    devices: tuple[DeviceView, ...],
    notice: NoticeView | None,
) -> CounterView:
    """Make the picture."""
    cart, sums = facts.cart.cart, facts.cart.sums
    view = CounterView(
        revision=revision,
        store=till.store,
        store_name=facts.settings.store_name,
        terminal=till.terminal,
        cashier=facts.person.name if facts.person is not None else "",
        language=facts.language,
        currency=facts.cart.currency,
        sale_id=cart.sale_id,
        lines=facts.cart.lines,
        item_count=cart.item_count,
        total=sums.total,
        tax_total=sums.tax_total,
        link=link,
        devices=devices,
        items_known=facts.items.count,
        notice=notice,
        has_terminal=till.has_terminal,
    )
    return _with_payment(_with_receipt(_with_people(view, facts), facts), facts)


def _with_people(view: CounterView, facts: Facts) -> CounterView:
    """Who is there, what waits for somebody, and what is under way beside the receipt."""
    return replace(
        view,
        person=_person(facts.person),
        has_staff=facts.has_staff,
        waiting=facts.waiting,
        shift=facts.shift,
        requires_shift=facts.settings.require_shift,
        work=facts.work,
        questions=facts.questions,
        quick_keys=facts.cart.quick_keys,
        held_count=facts.cart.held_count,
    )


def _with_receipt(view: CounterView, facts: Facts) -> CounterView:
    """What belongs to the receipt in the making, its lines and totals aside."""
    cart = facts.cart.cart
    return replace(
        view,
        pending_quantity=cart.multiplier,
        gross_total=facts.cart.sums.gross_total,
        cuts=facts.cart.cuts,
        taxes=facts.cart.taxes,
        tax_included=facts.cart.tax_included,
        hints=facts.cart.hints,
        customer=facts.cart.customer,
        asking=facts.cart.asking,
        weight=facts.cart.weight,
        training=cart.training,
        note=cart.note,
        gift=cart.gift,
        coupons=cart.coupons,
    )


def _with_payment(view: CounterView, facts: Facts) -> CounterView:
    """What is to pay, what is in, and the sale that was paid last."""
    return replace(
        view,
        cash_total=facts.cart.sums.cash_total,
        left=facts.payment.due.left,
        cash_left=facts.payment.due.cash,
        payments=facts.payment.payments,
        attempt=facts.payment.attempt,
        take=facts.payment.take,
        late_payments=facts.payment.late,
        tenders=facts.settings.tenders,
        last_sale=facts.last_sale,
    )


def _person(person: Person | None) -> PersonView | None:
    return PersonView(person.id, person.name, person.role) if person is not None else None
