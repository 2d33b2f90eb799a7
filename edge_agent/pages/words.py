"""Codes into sentences: what a cashier reads about the link, units, and her own last action.

Every trouble is said in three parts: a label that fits a pill, what is the matter, what to do, as steps. Colours say
how soon somebody must act: "good", "look" (soon), "act" (now), "quiet" (nothing to say).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge_agent.pages import figures
from edge_agent.pages.notices import sentences
from edge_agent.pages.speech import Speech
from edge_agent.till.view import CounterView, CutView, HintView, LinkView, NoticeView

Tone = Literal["good", "look", "act", "quiet"]


@dataclass(frozen=True)
class Pill:
    """One thing that can be fine or not: what the top bar shows, and what it opens.

    `read` is the order that takes it away once somebody has read it; "" for what goes by itself.
    """

    key: str
    tone: Tone
    icon: str
    label: str
    happened: str
    remedy: tuple[str, ...] = ()
    read: str = ""


def link_pill(link: LinkView, now: datetime, speech: Speech) -> Pill:
    """Say how the till stands with the hub. Offline is amber: to sell offline is normal."""
    _, many = speech.gettext, speech.ngettext
    waiting = many("%(n)s to send", "%(n)s to send", link.backlog) % {"n": _count(link.backlog, speech)}
    if link.epoch_problem:
        return Pill(
            "link", "look", "refresh-cw", _("Joining the hub anew"),
            _("The hub does not recognise this till's journal and gives it a new one. Nothing that was sold is lost."),
            (_("You can go on selling."), _("If this stays for more than ten minutes, call your support.")),
        )  # fmt: skip
    if link.online:
        label = waiting if link.backlog else _("Online")
        if link.to_send_in_all:
            sent = _count(link.to_send_in_all - link.backlog, speech)
            label = _("%(sent)s of %(all)s sent") % {"sent": sent, "all": _count(link.to_send_in_all, speech)}
        happened = _("All sales have reached the hub.")
        if link.backlog:
            happened = _("The till is connected and is sending what it sold.")
        return Pill("link", "good", "wifi", label, happened)
    label = _("Offline")
    minutes = figures.minutes_between(link.since, now) if link.since is not None else 0
    if minutes:
        label = _("Offline %(time)s") % {"time": duration(minutes, speech)}
    if link.backlog:
        label = f"{label} · {waiting}"
    return Pill(
        "link", "look", "wifi-off", label,
        _("The till cannot reach the hub. It sells as usual and sends everything by itself later."),
        (
            _("Go on selling: prices and stock are in this till."),
            _("Check the network cable or the shop's router."),
            _("Do not switch the till off for the night before it was online again."),
        ),
    )  # fmt: skip


def duration(minutes: int, speech: Speech) -> str:
    """Write minutes as a cashier says them: "12 minutes", "3 h 05", "2 days"."""
    _, many = speech.gettext, speech.ngettext
    hours, days = minutes // 60, minutes // (24 * 60)
    if days:
        return many("%(n)s day", "%(n)s days", days) % {"n": days}
    if hours:
        return _("%(hours)s h %(minutes)02d") % {"hours": hours, "minutes": minutes % 60}
    return many("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def unit(name: str, speech: Speech) -> str:
    """Name a unit as it stands behind a quantity; a unit that we have no word for stays as it is."""
    _ = speech.gettext
    known = {
        "piece": _("pc"), "kg": _("kg"), "g": _("g"), "l": _("l"), "litre": _("l"), "ml": _("ml"), "m": _("m"),
        "metre": _("m"), "box": _("box"), "pack": _("pack"), "bottle": _("bottle"), "can": _("can"), "bag": _("bag"),
        "carton": _("carton"), "dozen": _("dozen"), "pair": _("pair"), "set": _("set"), "roll": _("roll"),
    }  # fmt: skip
    return known.get(name, name)


def tender(kind: str, speech: Speech) -> str:
    """Name a way of paying; one that we have no word for stays as it is."""
    _ = speech.gettext
    known = {
        "cash": _("Cash"), "card": _("Card"), "vietqr": "VietQR", "voucher": _("Voucher"), "account": _("On account"),
        "exchange": _("Exchange"),
    }  # fmt: skip
    return known.get(kind, kind)


def work_kind(kind: str, speech: Speech) -> str:
    """Name a store work."""
    _ = speech.gettext
    known = {
        "receive": _("Receiving"), "count": _("Counting"), "send": _("Sending"), "take_in": _("Taking in"),
        "write_off": _("Writing off"), "pick": _("Gathering an order"),
    }  # fmt: skip
    return known.get(kind, kind)


def cut_label(cut: CutView, speech: Speech) -> str:
    """Say what was taken off: the promotion's name, or the reason that was given."""
    _ = speech.gettext
    label = figures.shown_text(cut.label)
    if label:
        return label
    known = {"coupon": _("Coupon"), "line": _("Discount"), "receipt": _("Discount on all")}
    return known.get(cut.kind, _("Promotion"))


def hint(said: HintView, view: CounterView, speech: Speech) -> str:
    """Say what a promotion or a coupon wants said."""
    _, many = speech.gettext, speech.ngettext
    facts = {
        "label": figures.shown_text(said.label), "coupon": figures.shown_text(said.coupon),
        "amount": figures.money(said.missing, view.currency, speech.language), "n": said.missing,
    }  # fmt: skip
    if said.code == "one_more":
        return many("%(n)s more for: %(label)s", "%(n)s more for: %(label)s", said.missing) % facts
    known = {
        "spend_more": _("Buy for %(amount)s more: %(label)s"),
        "coupon_used": _("Coupon %(coupon)s: %(label)s"),
        "coupon_unknown": _("No promotion knows the coupon %(coupon)s"),
        "coupon_not_yet": _("Coupon %(coupon)s is not valid yet"),
        "coupon_over": _("Coupon %(coupon)s has expired"),
        "coupon_not_now": _("Coupon %(coupon)s does not count at this hour"),
        "coupon_not_for_customer": _("Coupon %(coupon)s is for other customers"),
        "coupon_no_goods": _("Coupon %(coupon)s: nothing on this receipt for it"),
        "coupon_no_gain": _("Coupon %(coupon)s: another promotion saves more"),
        "coupon_double": _("Coupon %(coupon)s counts once only"),
        "coupon_too_many": _("Coupon %(coupon)s is one too many"),
    }
    return known.get(said.code, _("Coupon %(coupon)s does not count")) % facts


def notice(said: NoticeView, view: CounterView, speech: Speech) -> str:
    """Say what the cashier's last action did. `detail` is what was read, or the name of what it was done to."""
    _ = speech.gettext
    detail = figures.shown_text(said.detail)
    total = figures.money(view.total, view.currency, speech.language)
    known = sentences(speech).get(said.code, _("The till says: %(code)s."))
    if said.code == "sale_done" and view.last_sale is not None and view.last_sale.total < 0:
        known = _("Given back. Receipt %(detail)s.")
    return known % {"detail": detail, "total": total, "code": said.code}


def _count(number: int, speech: Speech) -> str:
    return f"{number:,}".replace(",", figures.grouping_mark(speech.language))
