"""The whole till by keys alone, with the focus in sight, and readable by day and by night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import gallery
from tests.browser.real_till import RealTill, open_real_till

CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")
TABS_MAX = 80
# What shows the focus: a ring of the element's own, or the coloured edge of the field around it.
FOCUSED = """() => {
  const now = document.activeElement;
  if (!now || now === document.body) return { name: "", shown: false, inside: false };
  const field = now.closest(".amount, .find");
  const style = getComputedStyle(now);
  const edge = field && getComputedStyle(field).borderTopColor !== getComputedStyle(field.parentElement).borderTopColor;
  const rect = now.getBoundingClientRect();
  const top = document.elementFromPoint(rect.left + rect.width / 2, rect.top + rect.height / 2);
  const stop = [...document.querySelectorAll("button, input, a, select, textarea, [tabindex]")].indexOf(now);
  return {
    name: `${now.tagName.toLowerCase()}#${now.id}.${now.className} ${(now.innerText || now.name || "").slice(0, 30)}`,
    stop,
    shown: style.boxShadow !== "none" || Boolean(edge) || now.matches("h3"), // it waits for no key
    seen: !top || now.contains(top) || top.contains(now) || Boolean(field?.contains(top)),
    inside: Boolean(now.closest(".panel.open")),
  };
}"""


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RealTill]:
    """The shop of the gallery."""
    with open_real_till(tmp_path, gallery.stocked, has_terminal=True) as opened:
        yield opened


@pytest.fixture
def page(till: RealTill, context: BrowserContext) -> Page:
    """Its page."""
    context.set_default_timeout(20_000)
    opened = context.new_page()
    till.enter(opened)
    return opened


def test_every_panel_is_left_with_escape_and_walked_with_tab(till: RealTill, page: Page) -> None:
    """Tab reaches every stop, with a ring to see and nothing over it; Esc goes back to the find field."""
    faults: list[str] = []
    for scene, panel in gallery.walk(till, page):
        if not panel or scene.name in {"locked", "nobody"}:  # a locked till has one panel, and keeps it
            continue
        place = f"{scene.name} {panel}"
        stops: set[int] = set()
        for _ in range(TABS_MAX):
            now = page.evaluate(FOCUSED)
            if now["inside"]:
                if now["stop"] in stops:
                    break
                stops.add(now["stop"])
                faults += [f"{place}: no ring on {now['name']}"] if not now["shown"] else []
                faults += [f"{place}: {now['name']} is covered"] if not now["seen"] else []
            page.keyboard.press("Tab")
        faults += [f"{place}: no stop in it"] if not stops else []
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Escape")
        expect(page.locator(".panel.open")).to_have_count(0)
        expect(page.locator("#code")).to_be_focused()
    assert not faults, "\n".join(faults)


def test_each_function_key_opens_what_its_button_opens(till: RealTill, page: Page) -> None:
    """From F1 to F11, with goods on the receipt, and Esc after each."""
    gallery.sign_in(till, gallery.BAO, "9999")
    till.scan(gallery.MILK)
    expect(page.locator(".line")).to_have_count(1)
    keys = {
        "F1": "#panel-help", "F2": "#panel-pill-0", "F4": ".customer", "F5": ".menu", "F6": ".discount",
        "F7": ".return", "F8": "#panel-cash", "F9": ".hold", "F10": ".qr", "F11": ".card", "Shift+F8": ".pay",
        "*": "#panel-quantity", "/": ".tiles",
    }  # fmt: skip
    for key, panel in keys.items():
        page.keyboard.press(key)
        expect(page.locator(f".panel.open:is({panel}), .panel.open {panel}").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#code")).to_be_focused()
    page.keyboard.press("F3")
    expect(page.locator("#code")).to_be_focused()


def test_all_words_can_be_read_by_day_and_by_night(till: RealTill, page: Page) -> None:
    """Every word of every screen has the contrast that WCAG AA asks for, on what it really stands on."""
    faults: dict[str, str] = {}
    page.emulate_media(reduced_motion="reduce")
    for scene, panel in gallery.walk(till, page):
        for theme in ("light", "dark"):
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            for fault in page.evaluate(CONTRAST):
                faults.setdefault(f"{theme}: {fault}", f"{scene.name} {panel}")
    assert not faults, "\n".join(f"{where}: {fault}" for fault, where in faults.items())


def test_nothing_moves_for_who_asked_for_that(till: RealTill, page: Page) -> None:
    """With reduced motion no line slides and no sign turns; what the till says is read aloud all the same."""
    page.emulate_media(reduced_motion="reduce")
    gallery.sign_in(till, gallery.BAO, "9999")
    till.scan(gallery.MILK)
    expect(page.locator(".line.now")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
    expect(page.locator("#total output")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#notice[role=status]")).to_have_attribute("aria-live", "polite")
    till.scan("0000")
    expect(page.locator("#notice[role=status]")).to_have_attribute("aria-live", "assertive")
