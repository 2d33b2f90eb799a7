"""What a cashier reads about the PC itself: its disk, its clock, and a journal that was damaged or is another's too.

What is well has no pill. Each trouble says what happened and what to do; what happened once stays until somebody has
said that it was read.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from edge_agent.pages import figures
from edge_agent.pages.speech import Speech
from edge_agent.pages.words import Pill, duration
from edge_agent.till.health import DamageView, HealthView
from edge_agent.till.view import LinkView

READ = "trouble_read"
"""The order that takes a pill away which somebody has read."""


def health_pills(health: HealthView, link: LinkView, now: datetime, speech: Speech) -> tuple[Pill, ...]:
    """Say what is wrong with this PC, the most urgent first. `now` is in the store's time zone."""
    found = (
        _disk_pill(health, speech), _damage_pill(health.damage, link, now.tzinfo, speech),
        _twin_pill(health, link, speech), _clock_pill(health, speech),
    )  # fmt: skip
    return tuple(pill for pill in found if pill is not None)


def _disk_pill(health: HealthView, speech: Speech) -> Pill | None:
    _ = speech.gettext
    room = (
        _("Do not delete anything in the till's own folder: sales are in there."),
        _("Call your support: other files have to leave this disk."),
    )
    if health.disk == "low":
        return Pill(
            "disk", "look", "triangle-alert", _("Disk filling up"),
            _("This PC's disk has room for less than a month of sales."), (_("Go on selling."), *room),
        )  # fmt: skip
    if health.disk == "short":
        return Pill(
            "disk", "act", "triangle-alert", _("Disk nearly full"),
            _("This PC's disk has room for less than three days of sales."), (_("Go on selling."), *room),
        )  # fmt: skip
    if health.disk == "full":
        return Pill(
            "disk", "act", "triangle-alert", _("Disk full"),
            _("This PC's disk is full. What has begun can be paid; no new receipt can be begun."),
            (
                _("Take the money for the receipt on the screen, and close the shift if you must."),
                *room,
                _("As soon as there is room, the till sells again by itself."),
            ),
        )  # fmt: skip
    return None


def _clock_pill(health: HealthView, speech: Speech) -> Pill | None:
    _ = speech.gettext
    if health.clock == "good":
        return None
    if health.clock == "behind":
        return Pill(
            "clock", "look", "clock", _("Clock wrong?"),
            _("This PC's clock is behind the last sale, and the hub has not told the time yet."),
            (
                _("Set this PC's clock, or connect the till to the network."),
                _("You can go on selling: sales keep their order, and their times are marked as doubtful."),
            ),
        )  # fmt: skip
    off = duration(abs(health.clock_off_min), speech)
    ahead = (
        _("This PC's clock is %(time)s ahead.")
        if health.clock_off_min > 0
        else _("This PC's clock is %(time)s behind.")
    )
    right = _("Sales are written down with the right time, which the hub has told.")
    return Pill(
        "clock", "look", "clock", _("Clock wrong"), f"{ahead % {'time': off}} {right}",
        (_("You can go on selling."), _("Have this PC's clock set, and its battery looked at if it happens again.")),
    )  # fmt: skip


def _damage_pill(damage: DamageView | None, link: LinkView, zone: tzinfo | None, speech: Speech) -> Pill | None:
    if damage is None:
        return None
    _, many = speech.gettext, speech.ngettext
    happened = [
        _("At %(time)s the till found its journal damaged, kept it and made a new one.")
        % {"time": f"{damage.at.astimezone(zone):%Y-%m-%d %H:%M}"},
        many(
            "%(n)s entry that had not been sent was saved.",
            "%(n)s entries that had not been sent were saved.",
            damage.saved,
        )
        % {"n": damage.saved},
    ]
    if damage.at_least and not damage.missing:
        happened.append(_("Nobody can say whether entries are missing."))
    elif damage.missing:
        happened.append(
            (_("At least %(n)s could not be read.") if damage.at_least else _("%(n)s could not be read."))
            % {"n": damage.missing}
        )
    if damage.aside:
        happened.append(_("%(n)s are doubtful and were put aside.") % {"n": damage.aside})
    matters = [words for code, words in _matters(speech).items() if code in damage.lost]
    if matters:
        happened.append(_("Not all of this could be read: %(matters)s.") % {"matters": ", ".join(matters)})
    is_lost = bool(damage.missing or damage.at_least or damage.aside)
    steps = [_("You can go on selling.")]
    if not link.online and "catalogue" in damage.lost:
        steps.append(_("Connect the till to the network: goods that it does not know come from the hub."))
    if is_lost:
        steps.append(_("Keep the paper receipts of today and yesterday: support compares them with the hub."))
    if "shift" in damage.lost or "payments" in damage.lost:
        steps.append(_("Count the drawer, and look at the card terminal's own list before you take a payment again."))
    steps.append(
        _("Call your support, and say that the damaged file is in the folder %(folder)s. Do not delete it.")
        % {"folder": figures.shown_text(damage.folder)}
    )
    label = _("Sales missing") if is_lost else _("Journal repaired")
    return Pill(
        "journal", "act" if is_lost else "look", "triangle-alert", label, " ".join(happened), tuple(steps), READ
    )


def _matters(speech: Speech) -> dict[str, str]:
    _ = speech.gettext
    return {
        "cart": _("the receipt on the screen"), "held": _("held receipts"), "shift": _("the shift's sums"),
        "papers": _("what was to be printed"), "payments": _("payments under way"),
        "receipts": _("old receipts to look up"), "catalogue": _("goods and prices"), "work": _("store work"),
        "customers": _("new customers"), "settings": _("this till's settings"),
    }  # fmt: skip


def _twin_pill(health: HealthView, link: LinkView, speech: Speech) -> Pill | None:
    _ = speech.gettext
    why = link.epoch_problem or health.twin
    if why == "fork":
        return Pill(
            "twin", "act", "monitor", _("Two PCs, one till"),
            _("Another PC sells under this till's name, or did: it was copied from this one, or enrolled twice."),
            (
                _("You can go on selling. Nothing that was sold is lost."),
                _("Find the other PC and switch it off; support gives it a name of its own."),
            ),
            "" if link.epoch_problem else READ,
        )  # fmt: skip
    if why == "restored":
        return Pill(
            "twin", "look", "monitor", _("Came from a backup"),
            _("This PC was put back to an older state. The hub has what this till had sent before."),
            (
                _("You can go on selling."),
                _("What was sold after the backup and never sent is not here: compare with the paper receipts."),
                _("Call your support, and say when the PC was put back."),
            ),
            "" if link.epoch_problem else READ,
        )  # fmt: skip
    return None
