"""What a person should look at: alarms, silent stores and faulty devices, in words, with what to do. Pure.

The list is the first thing on the dashboard, so it uses no word that only we know, and every entry opens something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from hub.admin.shift_words import differences_in_words
from hub.admin.stations import TONES, StoreView, Tone
from hub.admin.words import Words
from hub.storage.reading import AlarmKind, AlarmRow

OFFLINE_TOLD = timedelta(minutes=2)
"""A till that is gone for less, with nothing waiting, is probably just restarting."""


@dataclass(frozen=True)
class Entry:
    """One line of the list. `key` is stable while the matter lasts; `at` dates it."""

    key: str
    tone: Tone
    badge: str
    subject: str
    text: str
    remedy: str
    href: str
    link: str
    at: datetime | None


def entries(words: Words, views: Sequence[StoreView], alarms: Sequence[AlarmRow], now: datetime) -> list[Entry]:
    """Everything that needs a look, the worst first, then the newest."""
    names = {view.row.store: view.row.name for view in views}
    found = [alarm_entry(words, alarm, names) for alarm in alarms]
    for view in views:
        found += _offline(words, view, now)
        found += _devices(words, view)
    newest_first = sorted(found, key=lambda entry: entry.at.timestamp() if entry.at else 0.0, reverse=True)
    return sorted(newest_first, key=lambda entry: TONES[entry.tone])


def alarm_entry(words: Words, alarm: AlarmRow, names: Mapping[str, str]) -> Entry:
    """An alarm in words."""
    store = names.get(alarm.store, alarm.store)
    place = f"{store} · {alarm.terminal}" if alarm.terminal else store
    write = _ALARMS.get(alarm.kind, _unknown)
    badge, text, remedy, link = write(words, alarm)
    if alarm.kind == "oversold":
        href = f"/orders/{quote(alarm.subject, safe='')}" if alarm.subject else "/orders"
    elif alarm.kind == "negative_stock":
        href = f"/stock/level?{urlencode({'sku': alarm.sku, 'store': alarm.store})}"
    elif alarm.kind == "shift_differs":
        href = f"/shifts?{urlencode({'store': alarm.store})}"
    elif alarm.kind == "channel_aside":
        href, place = f"/channels/{alarm.subject}", alarm.subject
    elif alarm.kind == "parked":
        href = "/alarms#parked"
    else:
        href = f"/stores/{alarm.store}" if alarm.store else "/alarms"
    return Entry(f"alarm-{alarm.id}", alarm.severity, badge, place, text, remedy, href, link, alarm.at)


def _offline(words: Words, view: StoreView, now: datetime) -> list[Entry]:
    if view.live or view.tone != "warn":
        return []
    if view.online == 0 and view.last_seen_at is not None:
        key, subject = f"offline-{view.row.store}", view.row.name
        return _silent(words, view, (key, subject), view.backlog, now - view.last_seen_at)
    found = []
    for till in view.terminals:
        if not till.row.online and till.row.last_seen_at is not None:
            key = f"offline-{view.row.store}-{till.row.terminal}"
            subject = f"{view.row.name} · {till.row.terminal}"
            found += _silent(words, view, (key, subject), till.row.backlog, now - till.row.last_seen_at)
    return found


def _silent(words: Words, view: StoreView, who: tuple[str, str], backlog: int, silence: timedelta) -> list[Entry]:
    if backlog == 0 and silence < OFFLINE_TOLD:
        return []
    waiting = words.say_many("%(count)s sale waits there safely.", "%(count)s sales wait there safely.", backlog)
    text = words.say("Not seen for %(span)s.", span=words.span(silence))
    return [
        Entry(
            key=who[0],
            tone="warn",
            badge=words.say("Offline"),
            subject=who[1],
            text=f"{text} {waiting}" if backlog else text,
            remedy=words.say("It goes on selling. Check its internet line; what waits comes in by itself."),
            href=f"/stores/{view.row.store}",
            link=words.say("Open"),
            at=None,
        )
    ]


def _devices(words: Words, view: StoreView) -> list[Entry]:
    found = [
        (
            f"{number}",
            device.terminal,
            device.tone,
            words.say("Device"),
            f"{device.device}: {device.text}.",
            device.remedy,
        )
        for number, device in enumerate(view.devices)
        if device.tone in {"bad", "warn"}
    ]
    says = words.say("The till's own page says what to do.")
    found += [
        ("said", till.row.terminal, "warn", words.say("Till"), till.problem, says)
        for till in view.terminals
        if till.problem
    ]
    return [
        Entry(
            key=f"device-{view.row.store}-{terminal}-{number}",
            tone=tone,
            badge=badge,
            subject=f"{view.row.name} · {terminal}",
            text=text,
            remedy=remedy,
            href=f"/stores/{view.row.store}",
            link=words.say("Open"),
            at=None,
        )
        for number, terminal, tone, badge, text, remedy in found
    ]


_Written = tuple[str, str, str, str]


def _fork(words: Words, _: AlarmRow) -> _Written:
    text = words.say("This till sent two different histories; its PC was probably copied or restored.")
    remedy = words.say("Nothing is lost: the odd entries are set aside. Make sure that only one PC runs as this till.")
    return words.say("Copied PC"), text, remedy, words.say("Open")


def _parked(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say_many(
        "%(count)s entry is set aside because the hub cannot read it yet.",
        "%(count)s entries are set aside because the hub cannot read them yet.",
        alarm.count,
    )
    remedy = words.say("Update the hub, then count them in on the alarms page.")
    return words.say("Set aside"), text, remedy, words.say("Show")


def _broken(words: Words, _: AlarmRow) -> _Written:
    text = words.say("The till's journal is damaged; it has begun a new one and goes on selling.")
    remedy = words.say("Check the PC's disk, and keep its data folder until the day is reconciled.")
    return words.say("Damaged"), text, remedy, words.say("Open")


def _restored(words: Words, _: AlarmRow) -> _Written:
    text = words.say("The till came back from an old backup and has begun a new journal.")
    remedy = words.say("Nothing to do for sales that had arrived. Compare its last receipts with the sales list.")
    return words.say("Restored"), text, remedy, words.say("Open")


def _oversold(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say(
        "Web order %(order)s wants goods that no store has: %(facts)s", order=alarm.subject, facts=alarm.text
    )
    remedy = words.say("Order more, move stock, or tell the customer. The hub asks again by itself when goods come.")
    return words.say("Oversold"), text, remedy, words.say("Open")


def _negative(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say("%(sku)s is at %(quantity)s.", quantity=_amount(words, alarm), sku=alarm.sku)
    remedy = words.say("More left the shelf than was booked in. Count it at the till.")
    return words.say("Count"), text, remedy, words.say("See stock")


_KEY_REASONS = ("forged", "unknown_terminal")
"""See hub.storage.refusals: the alarm's text counts the reasons."""


def _bad_frames(words: Words, alarm: AlarmRow) -> _Written:
    if alarm.text and not any(reason in alarm.text for reason in _KEY_REASONS):
        return _unusable_frames(words, alarm)
    text = words.say_many(
        "%(count)s message with a wrong signature was refused.",
        "%(count)s messages with a wrong signature were refused.",
        alarm.count,
    )
    remedy = words.say("Its key is old or somebody imitates it. Give it a new one: tillwire-hub terminal renew")
    return words.say("Not trusted"), text, remedy, words.say("Open")


def _unusable_frames(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say_many(
        "%(count)s message that no till of ours writes was refused.",
        "%(count)s messages that no till of ours writes were refused.",
        alarm.count,
    )
    remedy = words.say("No sale is touched. Look who else can reach the broker, and keep it to the tills.")
    return words.say("Not trusted"), text, remedy, words.say("Open")


def _clock(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say_many(
        "%(count)s entry was dated by a clock that nobody had checked since the PC started.",
        "%(count)s entries were dated by a clock that nobody had checked since the PC started.",
        alarm.count,
    )
    remedy = words.say("Dates may be wrong if that PC's clock was. Switch on its automatic time.")
    return words.say("Clock"), text, remedy, words.say("Open")


def _returned_twice(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say(
        "More came back of receipt %(receipt)s than was sold. %(facts)s", receipt=alarm.subject, facts=alarm.text
    )
    remedy = words.say("Compare these receipts, and ask the tills named here; some may have been offline.")
    return words.say("Returned twice"), text, remedy, words.say("Open")


def _return_unknown(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say("For a week nobody has known the receipts that were given back here: %(facts)s", facts=alarm.text)
    remedy = words.say("Look for a till that is still offline; else ask who allowed these returns.")
    return words.say("Unknown receipt"), text, remedy, words.say("Open")


def _voucher_overspent(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say(
        "More was paid by voucher %(code)s than it was worth. %(facts)s", code=alarm.subject, facts=alarm.text
    )
    remedy = words.say("It was used at tills that did not know of each other. Look at these receipts.")
    return words.say("Voucher"), text, remedy, words.say("Open")


def _transfer_differs(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say(
        "Of transfer %(transfer)s something else came than was sent. %(facts)s",
        transfer=alarm.subject, facts=alarm.text,
    )  # fmt: skip
    remedy = words.say("Count these goods in both stores, then write off what is lost.")
    return words.say("Transfer"), text, remedy, words.say("Open")


def _handed_over_twice(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say(
        "Web order %(order)s was handed over more than once. %(facts)s", order=alarm.subject, facts=alarm.text
    )
    remedy = words.say(
        "Ask these people whether the goods left once or twice, then count them at the till: the count puts the level "
        "right."
    )
    return words.say("Handed over twice"), text, remedy, words.say("Open")


def _channel_aside(words: Words, alarm: AlarmRow) -> _Written:
    text = words.say("Something came from this channel and could not be taken in. %(facts)s", facts=alarm.text)
    remedy = words.say("Map what is missing, or mend it there; then it is taken in by itself, or when you replay it.")
    return words.say("Channel"), text, remedy, words.say("Open")


def _shift_differs(words: Words, alarm: AlarmRow) -> _Written:
    facts = differences_in_words(words, alarm.text)
    text = words.say("A shift's report and its receipts do not add up (till / hub): %(facts)s", facts=facts)
    remedy = words.say("Keep the report on paper and call support: receipts may be missing in the hub.")
    return words.say("Shift"), text, remedy, words.say("Show")


def _unknown(words: Words, alarm: AlarmRow) -> _Written:
    remedy = words.say("Update the hub: this page is older than the alarm.")
    return words.say("Alarm"), alarm.kind, remedy, words.say("Open")


def _amount(words: Words, alarm: AlarmRow) -> str:
    return words.quantity(alarm.quantity)


_ALARMS: Mapping[AlarmKind, Callable[[Words, AlarmRow], _Written]] = {
    "fork": _fork,
    "parked": _parked,
    "broken_chain": _broken,
    "restored": _restored,
    "oversold": _oversold,
    "negative_stock": _negative,
    "bad_frames": _bad_frames,
    "clock": _clock,
    "returned_twice": _returned_twice,
    "return_unknown": _return_unknown,
    "voucher_overspent": _voucher_overspent,
    "transfer_differs": _transfer_differs,
    "shift_differs": _shift_differs,
    "handed_over_twice": _handed_over_twice,
    "channel_aside": _channel_aside,
}
