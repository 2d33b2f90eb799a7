"""What a cashier reads about her devices, and about a receipt on its way to paper.

The codes are those of `devices/supervision.py`. A code that this build does not know falls back to the device's state,
so a newer driver never leaves a cashier without words. While a device is tried again its trouble stays told, so that a
pill does not blink.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from edge_agent.pages import figures
from edge_agent.pages.speech import Speech
from edge_agent.pages.words import Pill, Tone, duration
from edge_agent.till.view import DeviceView, PrintState

ICONS = {
    "scanner": "scan-barcode", "printer": "printer", "drawer": "banknote", "scale": "scale", "display": "monitor",
    "pick_printer": "printer", "terminal": "credit-card",
}  # fmt: skip


def device_pill(device: DeviceView, now: datetime, speech: Speech) -> Pill:
    """Say how a device is, since when, and what to do about it."""
    _, many = speech.gettext, speech.ngettext
    tone, label, happened, remedy = _words(device, speech)
    minutes = figures.minutes_between(device.since, now) if device.since is not None else None
    if device.problem == "drawer_open" and minutes == 0:
        tone, remedy = "quiet", ()  # it opens with every cash sale; only one that stays open is worth a look
    if tone != "good" and minutes:
        happened = _("%(sentence)s Since %(time)s.") % {"sentence": happened, "time": duration(minutes, speech)}
    if device.waiting:
        waiting = many("%(n)s receipt waits", "%(n)s receipts wait", device.waiting) % {"n": device.waiting}
        happened = f"{happened} {waiting}."
        if tone != "good":
            short = _("%(n)s waiting") % {"n": device.waiting}
            label = f"{label} · {short}"
            remedy = (*remedy, _("What waits is printed by itself afterwards."))
    return Pill(device.kind, tone, ICONS[device.kind], label, happened, remedy)


def print_state(state: PrintState, devices: tuple[DeviceView, ...], speech: Speech) -> tuple[Tone, str]:
    """Say what became of the receipt on paper."""
    _ = speech.gettext
    printer = next((device for device in devices if device.kind == "printer"), None)
    if state == "printed":
        return "good", _("Printed")
    if state == "cancelled":
        return "quiet", _("Not printed")
    if state == "unknown":
        return "look", _("Please look whether it was printed")
    if printer is not None and printer.state not in {"ready", "degraded"}:
        tone, label, *_rest = _words(printer, speech)
        waiting = _("%(trouble)s: the receipt waits") % {"trouble": label}
        return ("quiet", _("Printing…")) if tone == "quiet" else ("look", waiting)
    return ("look", _("Waits for the printer")) if state == "held" else ("quiet", _("Printing…"))


_Words = tuple[Tone, str, str, tuple[str, ...]]


def _words(device: DeviceView, speech: Speech) -> _Words:
    """Tone, label, what happened, and the steps of the remedy."""
    _ = speech.gettext
    find: Callable[[str, Speech], _Words | None]
    find = {
        "scanner": _scanner_words, "printer": _printer_words, "pick_printer": _printer_words, "drawer": _drawer_words,
        "scale": _scale_words, "display": _display_words, "terminal": _terminal_words,
    }[device.kind]  # fmt: skip
    problem = device.problem or ("paper_" + device.paper if device.paper in {"low", "out"} else "")
    for code in (problem, device.state):
        found = find(code, speech)
        if found is not None:
            return found
    return "act", _("Trouble"), _("The device reports a fault."), (_("Switch it off and on again."),)


def _scanner_words(code: str, speech: Speech) -> _Words | None:
    _ = speech.gettext
    meanwhile = _("Meanwhile type the digits below the bars, then Enter.")
    away: _Words = (
        "look", _("No scanner"), _("The till does not find the scanner."),
        (_("Plug its cable in again; any USB socket will do."), meanwhile),
    )  # fmt: skip
    bad: _Words = (
        "look", _("Scanner reads badly"), _("What the scanner sends is unreadable."),
        (_("Clean its window and check its cable."), meanwhile),
    )  # fmt: skip
    table: dict[str, _Words] = {
        "ready": ("good", _("Scanner"), _("The scanner is connected. Scan at any time."), ()),
        "opening": ("quiet", _("Scanner connects"), _("The scanner is being connected."), ()),
        "absent": away, "backoff": away, "fault": away, "connection_lost": away,
        "broken_line": bad, "degraded": bad,
        "in_use": (
            "look", _("Scanner taken"), _("Another program on this PC uses the scanner."),
            (_("Close the other program; the till takes the scanner by itself."), meanwhile),
        ),
        "no_permission": (
            "act", _("Scanner locked"), _("This PC does not let the till use the scanner."),
            (meanwhile, _("Call your support: the till lacks the right to its port.")),
        ),
    }  # fmt: skip
    return table.get(code)


def _printer_words(code: str, speech: Speech) -> _Words | None:
    _ = speech.gettext
    away: _Words = (
        "look", _("No printer"), _("The receipt printer does not answer."),
        (_("Is it switched on?"), _("Check its cables, at both ends.")),
    )  # fmt: skip
    fault: _Words = (
        "act", _("Printer trouble"), _("The printer reports a fault."),
        (_("Open the cover and pull out jammed paper."), _("Switch it off and on again.")),
    )  # fmt: skip
    table: dict[str, _Words] = {
        "ready": ("good", _("Printer"), _("The printer is ready and has paper."), ()),
        "opening": ("quiet", _("Printer connects"), _("The printer is being connected."), ()),
        "absent": away, "backoff": away, "unreachable": away, "no_answer": away, "connection_lost": away,
        "fault": fault, "printer_error": fault, "degraded": fault,
        "in_use": (
            "look", _("Printer taken"), _("Another program on this PC uses the printer."),
            (_("Close the other program; the till takes the printer by itself."),),
        ),
        "no_permission": (
            "act", _("Printer locked"), _("This PC does not let the till use the printer."),
            (_("You can go on selling."), _("Call your support: the till lacks the right to the printer.")),
        ),
        "paper_out": (
            "act", _("Paper out"), _("The printer has no paper."),
            (_("Open the cover."), _("Put in a roll, its end towards you."), _("Close the cover.")),
        ),
        "paper_low": (
            "look", _("Paper low"), _("The roll is nearly used up."), (_("Have a new roll at hand."),),
        ),
        "cover_open": (
            "act", _("Printer open"), _("The printer's cover is open."), (_("Close it until it clicks."),),
        ),
        "offline": (
            "look", _("Printer paused"), _("The printer was set offline."), (_("Press its feed or online button."),),
        ),
        "stalled": (
            "look", _("Printer stuck"), _("The printer took a part of a receipt and then nothing more."),
            (_("Switch it off and on again."),),
        ),
        "no_font": (
            "act", _("Receipts cannot be drawn"), _("A part of the till's program is missing: the receipts' letters."),
            (_("You can go on selling."), _("Call your support: the till must be installed again.")),
        ),
    }  # fmt: skip
    return table.get(code)


def _drawer_words(code: str, speech: Speech) -> _Words | None:
    _ = speech.gettext
    away: _Words = (
        "look", _("No drawer"), _("The till cannot open the cash drawer."),
        (_("Check the cable from the drawer to the printer."), _("Meanwhile open it with its key.")),
    )  # fmt: skip
    table: dict[str, _Words] = {
        "ready": ("good", _("Drawer"), _("The cash drawer is closed."), ()),
        "opening": ("quiet", _("Drawer connects"), _("The cash drawer is being connected."), ()),
        "absent": away, "backoff": away, "fault": away, "degraded": away, "no_answer": away, "unreachable": away,
        "drawer_jammed": (
            "look", _("Drawer stuck"), _("The cash drawer was told to open and did not move."),
            (_("Is it locked? Open it with its key."), _("Check the cable from the drawer to the printer.")),
        ),
        "drawer_open": ("look", _("Drawer open"), _("The cash drawer is open."), (_("Close it."),)),
    }  # fmt: skip
    return table.get(code)


def _scale_words(code: str, speech: Speech) -> _Words | None:
    _ = speech.gettext
    meanwhile = _("Meanwhile weigh elsewhere and type the weight.")
    away: _Words = (
        "look", _("No scale"), _("The scale does not answer."),
        (_("Is it switched on?"), _("Check its cables, at both ends."), meanwhile),
    )  # fmt: skip
    bad: _Words = (
        "look", _("Scale reads badly"), _("What the scale sends is unreadable."),
        (
            _("Switch it off and on again."), _("Call your support: the line's settings may not be the scale's."),
            meanwhile,
        ),
    )  # fmt: skip
    table: dict[str, _Words] = {
        "ready": ("good", _("Scale"), _("The scale is connected."), ()),
        "opening": ("quiet", _("Scale connects"), _("The scale is being connected."), ()),
        "absent": away, "backoff": away, "fault": away, "connection_lost": away, "no_answer": away,
        "broken_line": bad, "degraded": bad,
        "in_use": (
            "look", _("Scale taken"), _("Another program on this PC uses the scale."),
            (_("Close the other program; the till takes the scale by itself."), meanwhile),
        ),
        "no_permission": (
            "act", _("Scale locked"), _("This PC does not let the till use the scale."),
            (meanwhile, _("Call your support: the till lacks the right to its port.")),
        ),
    }  # fmt: skip
    return table.get(code)


def _display_words(code: str, speech: Speech) -> _Words | None:
    _ = speech.gettext
    away: _Words = (
        "look", _("No display"), _("The customer display does not answer."),
        (_("Check its cables, at both ends."), _("You can go on selling.")),
    )  # fmt: skip
    table: dict[str, _Words] = {
        "ready": ("good", _("Display"), _("The customer display is connected."), ()),
        "opening": ("quiet", _("Display connects"), _("The customer display is being connected."), ()),
        "absent": away, "backoff": away, "fault": away, "degraded": away, "connection_lost": away, "no_answer": away,
        "in_use": (
            "look", _("Display taken"), _("Another program on this PC uses the customer display."),
            (_("Close the other program; the till takes the display by itself."),),
        ),
        "no_permission": (
            "act", _("Display locked"), _("This PC does not let the till use the customer display."),
            (_("You can go on selling."), _("Call your support: the till lacks the right to its port.")),
        ),
    }  # fmt: skip
    return table.get(code)


def _terminal_words(code: str, speech: Speech) -> _Words | None:
    _ = speech.gettext
    meanwhile = _("Meanwhile type the amount on the terminal and its approval code here, or take another payment.")
    away: _Words = (
        "look", _("No card terminal"), _("The till does not reach the card terminal."),
        (_("Is it switched on, and on the same network?"), _("Check its cable or Wi-Fi."), meanwhile),
    )  # fmt: skip
    silent: _Words = (
        "look", _("Card terminal silent"), _("The card terminal was reached and does not answer."),
        (_("Look at its screen: it may be busy or ask for something."), _("Switch it off and on again."), meanwhile),
    )  # fmt: skip
    refused: _Words = (
        "act", _("Cards refused"), _("Whoever takes card payments does not let this till in."),
        (_("Call your support: the key or the terminal's name in the till's settings is wrong."), meanwhile),
    )  # fmt: skip
    table: dict[str, _Words] = {
        "ready": ("good", _("Card terminal"), _("The card terminal answers."), ()),
        "opening": ("quiet", _("Terminal connects"), _("The card terminal is being asked whether it is there."), ()),
        "absent": away, "backoff": away, "fault": away, "unreachable": away, "connection_lost": away,
        "no_permission": refused,
        "degraded": silent, "no_answer": silent, "broken_line": silent,
    }  # fmt: skip
    return table.get(code)
