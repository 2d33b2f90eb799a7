"""Scanners that type, in a real browser: read whatever the layout, kept out of the fields, told from a cashier."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from playwright.sync_api import BrowserContext, expect

from hardware_sim.wedge import KeyEvent, Layout, WedgeScanner
from tests.browser.wedge_stage import Stage, wedge_stage

MILK, NOODLES = "8934602100016", "8934563138165"
LAYOUTS: tuple[Layout, ...] = ("us", "azerty", "vietnamese", "input_method")
HAND_MS = 120


@pytest.fixture
def stage(context: BrowserContext) -> Iterator[Stage]:
    """The page, open; a script error or a violated policy fails the test."""
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    with wedge_stage(page) as opened:
        yield opened
    assert faults == []


def scan(text: str, seed: int = 1, **how: object) -> list[KeyEvent]:
    """The key events of one scan."""
    return WedgeScanner(**how).scan(text, Random(seed))  # type: ignore[arg-type]  # noqa: S311  a seed, no secret


def press(key: str, code: str, at_ms: float, *, held_ms: float = 90.0) -> list[KeyEvent]:
    """A person's key, held as long as fingers hold keys."""
    return [
        KeyEvent("down", code, key, key, ord(key.upper()), shift=False, time_ms=at_ms),
        KeyEvent("up", code, key, "", ord(key.upper()), shift=False, time_ms=at_ms + held_ms),
    ]


def together(*streams: list[KeyEvent]) -> list[KeyEvent]:
    """What the browser sees when several type at once."""
    return sorted((event for stream in streams for event in stream), key=lambda event: event.time_ms)


def later(events: list[KeyEvent], by_ms: float) -> list[KeyEvent]:
    """The same, later."""
    return [
        KeyEvent(e.kind, e.code, e.key, e.text, e.virtual_key, shift=e.shift, time_ms=e.time_ms + by_ms) for e in events
    ]


def replayed(stage: Stage, sequences: list[list[KeyEvent]]) -> list[tuple[list[str], str]]:
    """Scans and typed text that the pure part of the script makes of each sequence of events, without a field."""
    keys = [
        [{"type": e.kind, "code": e.code, "key": e.key, "time": e.time_ms, "shift": e.shift} for e in events]
        for events in sequences
    ]
    results = stage.page.evaluate("(all) => all.map((keys) => window.tillwireWedge.replay(keys))", keys)
    return [(result["scans"], result["typed"]) for result in results]


@pytest.mark.parametrize("caps_lock", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_scan_is_read_whatever_the_keyboard_layout(stage: Stage, layout: Layout, caps_lock: bool) -> None:
    """Digits, letters of both cases and signs, on a US, French or Vietnamese layout, with Caps Lock, under an IME."""
    stage.focus("text")
    for text in (MILK, "Ab-12/xY.9", "]E0" + NOODLES):
        stage.play(scan(text, layout=layout, caps_lock=caps_lock))
    assert stage.told("scans") == [MILK, "Ab-12/xY.9", "]E0" + NOODLES]
    assert stage.value("text") == ""
    assert stage.told("submits") == 0


@pytest.mark.parametrize("field", ["text", "pin", "number"])
def test_no_digit_of_a_scan_reaches_the_focused_field(stage: Stage, field: str) -> None:
    """Amount, PIN, search: the field keeps what it had, and its input event, which may act on it, never fires."""
    stage.page.locator(f"#{field}").fill("12")
    stage.page.evaluate("window.inputs = []; window.keys = []")
    stage.focus(field)
    for seed in range(5):
        stage.play(scan(MILK, seed))
    assert stage.told("scans") == [MILK] * 5
    assert stage.value(field) == "12"
    assert stage.told("inputs") == []
    assert stage.told("keys") == []


def test_a_code_that_starts_with_a_letter_is_taken_back(stage: Stage) -> None:
    """A letter goes on at once, so that typing words is not slowed; when it was a scan's, the field gets it back."""
    stage.page.locator("#text").fill("phở gà")
    stage.page.locator("#text").evaluate("(field) => field.setSelectionRange(3, 4)")
    stage.play(scan("LOT-2026-11"))
    assert stage.told("scans") == ["LOT-2026-11"]
    assert stage.value("text") == "phở gà"
    assert stage.page.locator("#text").evaluate("(field) => [field.selectionStart, field.selectionEnd]") == [3, 4]


def test_typing_by_hand_is_left_alone(stage: Stage) -> None:
    """Words, amounts, Enter: the field, its input events and the form see just what they would see without us."""
    stage.focus("text")
    stage.page.keyboard.type("com 50000", delay=HAND_MS)
    expect(stage.page.locator("#text")).to_have_value("com 50000")
    assert stage.told("inputs") == ["com 50000"[: length + 1] for length in range(9)]
    stage.page.keyboard.press("Enter")
    expect(stage.page.locator("#text")).to_have_value("com 50000")
    assert stage.told("submits") == 1
    assert stage.told("scans") == []


def test_a_short_burst_with_enter_is_typing(stage: Stage) -> None:
    """A quick "123" and Enter is a quantity: it is in the field before Enter acts."""
    stage.focus("number")
    stage.play(scan("123", gap_ms=(10.0, 20.0)))
    assert stage.told("scans") == []
    assert stage.value("number") == "123"
    assert stage.told("submits") == 1


def test_a_slow_code_is_typing(stage: Stage) -> None:
    """A person who types the digits below the bars, then Enter, has typed them."""
    stage.focus("text")
    stage.play(scan(NOODLES, gap_ms=(90.0, 140.0)))
    assert stage.told("scans") == []
    assert stage.value("text") == NOODLES
    assert stage.told("submits") == 1


def test_a_cashier_who_types_during_a_scan_spoils_neither(stage: Stage) -> None:
    """Her key goes into the field, the code is whole: a scanner lets go of each key, a hand holds it."""
    stage.focus("text")
    for index, at_ms in enumerate((0.5, 31.0, 77.0)):
        own = press("5", "Digit5", at_ms)
        stage.play(together(later(scan(MILK, index, gap_ms=(10.0, 20.0)), 1.0), own))
    assert stage.told("scans") == [MILK] * 3
    expect(stage.page.locator("#text")).to_have_value("555")


def test_the_second_end_of_a_scan_presses_no_button(stage: Stage) -> None:
    """Set to CR and LF, or to Enter and Tab, a scanner must not submit the form, nor move the focus."""
    stage.focus("text")
    stage.play(scan(MILK, suffix=("Enter", "Enter")))
    stage.play(scan(NOODLES, suffix=("Tab",)))
    stage.play(scan(MILK, suffix=("Enter", "Tab")))
    assert stage.told("scans") == [MILK, NOODLES, MILK]
    assert stage.told("submits") == 0
    expect(stage.page.locator("#text")).to_be_focused()


def test_a_scan_is_heard_without_any_field(stage: Stage) -> None:
    """With the focus on a button, or nowhere, a scan is read and presses nothing, blanks in it included."""
    stage.focus("go")
    stage.play(scan("AB 12 34"))
    stage.page.evaluate("document.activeElement.blur()")
    stage.play(scan(MILK))
    assert stage.told("scans") == ["AB 12 34", MILK]
    assert stage.told("submits") == 0


def test_what_an_input_method_was_composing_is_taken_back(stage: Stage) -> None:
    """A Vietnamese input method takes the keys and writes on its own; the field is put right when the scan is known."""
    stage.page.locator("#text").fill("bánh ")
    stage.page.evaluate("document.getElementById('text').setSelectionRange(5, 5)")
    events = scan(MILK, layout="input_method")
    start_s = stage.play(events[:8])
    stage.keyboard.send("Input.imeSetComposition", {"text": "8934", "selectionStart": 4, "selectionEnd": 4})
    assert stage.value("text") == "bánh 8934"
    stage.play(events[8:], start_s=start_s)
    assert stage.told("scans") == [MILK]
    expect(stage.page.locator("#text")).to_have_value("bánh ")
    stage.page.keyboard.type("mì", delay=HAND_MS)
    expect(stage.page.locator("#text")).to_have_value("bánh mì")


def test_a_key_of_an_input_method_overtakes_no_held_digit(stage: Stage) -> None:
    """A digit, then at once a letter that an input method takes: they arrive in the order in which they were typed."""
    digit = press("5", "Digit5", 0.0)
    taken = [KeyEvent("down", "KeyA", "Process", "", 229, shift=False, time_ms=40.0)]
    (result,) = stage.page.evaluate(
        "(keys) => [window.tillwireWedge.replay(keys)]",
        [
            {"type": e.kind, "code": e.code, "key": "a" if e.key == "Process" else e.key, "time": e.time_ms}
            | {"composing": e.key == "Process"}
            for e in together(digit, taken)
        ],
    )
    assert (result["scans"], result["typed"]) == ([], "5a")


def test_an_element_can_be_left_alone(stage: Stage) -> None:
    """Where data-wedge says off, a scan is typed like anything else."""
    stage.focus("notes")
    stage.play(scan(NOODLES))
    assert stage.told("scans") == []
    assert stage.value("notes") == NOODLES + "\n"


def test_without_a_listener_nothing_is_captured(stage: Stage) -> None:
    """A page that wants no scans gets its keys."""
    stage.page.evaluate("window.stop()")
    stage.focus("text")
    stage.play(scan(MILK))
    assert stage.value("text") == MILK
    assert stage.told("submits") == 1


def test_any_scan_with_gaps_of_a_scanner_is_read(stage: Stage) -> None:
    """500 scans of any text, gaps of 2 to 55 ms, any layout: each is read, and nothing is typed."""
    dice = Random(7)  # noqa: S311  a seed, no secret
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-./+%$ ]"
    texts = [dice.choice(signs[:-2]) + "".join(dice.choices(signs, k=dice.randint(3, 40))) for _ in range(500)]
    events = [
        WedgeScanner(layout=LAYOUTS[index % 4], caps_lock=index % 3 == 0).scan(text, dice)
        for index, text in enumerate(texts)
    ]
    assert replayed(stage, events) == [([text], "") for text in texts]


def test_any_typing_of_a_hand_is_typed(stage: Stage) -> None:
    """200 texts typed with gaps of 80 to 300 ms, some keys overlapping: all arrives, in order, and is no scan."""
    dice = Random(8)  # noqa: S311  a seed, no secret
    texts = ["".join(dice.choices("0123456789abcdefgh", k=dice.randint(1, 30))) for _ in range(200)]
    sequences = []
    for text in texts:
        now_ms, events = 0.0, []
        for sign in text:
            code = f"Digit{sign}" if sign.isdigit() else f"Key{sign.upper()}"
            events.append(press(sign, code, now_ms, held_ms=dice.uniform(60, 150)))
            now_ms += dice.uniform(80, 300)
        sequences.append(together(*events, later(scan(""), now_ms)))
    assert replayed(stage, sequences) == [([], text) for text in texts]
