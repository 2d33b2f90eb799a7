"""Every screen and panel, in both languages, at every size of a till: nothing is cut, nothing is too small to touch."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser import gallery
from tests.browser.real_till import open_real_till

MEASURE = Path(__file__).with_name("measure.js").read_text("utf-8")
# An animation or a late font would make what is measured depend on luck.
SETTLED = """async () => {
  await document.fonts.ready;
  await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)));
}"""


@pytest.mark.parametrize("language", ["vi", "en"])
def test_all_words_fit_and_the_main_button_is_in_sight(tmp_path: Path, context: BrowserContext, language: str) -> None:
    """No cut or overflowing word, no target under 48 px, and what a panel is for needs no scrolling."""
    context.set_default_timeout(20_000)
    faults: dict[str, str] = {}
    seen = 0
    with open_real_till(tmp_path, gallery.stocked, has_terminal=True) as till:
        page = context.new_page()
        till.enter(page)
        gallery.speak(till, page, language)
        for scene, panel in gallery.walk(till, page):
            for width, height in gallery.SIZES:
                page.set_viewport_size({"width": width, "height": height})
                page.evaluate(SETTLED)
                for fault in page.evaluate(MEASURE):
                    faults.setdefault(fault, f"{scene.name} {panel} at {width}x{height}")
                seen += 1
            page.set_viewport_size({"width": 1024, "height": 768})
    assert seen == len(gallery.SIZES) * sum(len(scene.panels) for scene in gallery.SCENES)
    assert not faults, "\n".join(f"{where}: {fault}" for fault, where in faults.items())
