"""Contrast of the design tokens, computed from tokens.css as WCAG 2.2 defines it."""

from __future__ import annotations

import re

import pytest

from hub.admin.templating import STATIC

TEXT_RATIO = 4.5
GRAPHIC_RATIO = 3.0
TOKEN = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})")
ON_PAPER = [(ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in ("paper", "card", "hover")]
ON_TINT = [(tone, f"{tone}-2") for tone in ("brand", "info", "warn", "bad")]
ON_CARD = [(tone, "card") for tone in ("brand", "info", "warn", "bad")]
LINES = [(f"plot-{name}", "card") for name in ("50", "95", "99", "goal")] + [("focus", "paper"), ("focus", "card")]


def themes() -> dict[str, dict[str, str]]:
    """The tokens of light, of dark by choice, and of dark by the system."""
    blocks = re.findall(r"{([^{}]*)}", (STATIC / "tokens.css").read_text("utf-8"))
    light, dark, system = (dict(TOKEN.findall(block)) for block in blocks)
    return {"light": light, "dark": dark, "system": system}


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    bright, dim = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), [*ON_PAPER, *ON_TINT, *ON_CARD, ("brand-ink", "brand")])
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    """4.5:1 for every text colour on every ground that it stands on."""
    tokens = themes()[theme]
    assert contrast(tokens[ink], tokens[ground]) >= TEXT_RATIO


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), LINES)
def test_lines_and_focus_can_be_seen(theme: str, ink: str, ground: str) -> None:
    """3:1 for graphics."""
    tokens = themes()[theme]
    assert contrast(tokens[ink], tokens[ground]) >= GRAPHIC_RATIO


def test_dark_is_dark_however_it_is_chosen() -> None:
    """The two blocks that CSS cannot share say the same."""
    assert themes()["dark"] == themes()["system"]
