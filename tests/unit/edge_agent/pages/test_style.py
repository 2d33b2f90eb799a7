"""The colours can be read, in light and in dark, and the style keeps to the tokens."""

from __future__ import annotations

import re

import pytest

from edge_agent.pages.app import STATIC

AA_TEXT = 4.5
AA_LARGE = 3.0
_TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")

# What stands on what, and how large it is.
PAIRS = [
    *[(ink, ground, AA_TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in ("paper", "card", "raised")],
    ("ink", "brand-2", AA_TEXT),
    ("ink-2", "brand-2", AA_TEXT),
    ("ink-3", "brand-2", AA_TEXT),
    ("brand", "card", AA_TEXT),
    ("brand", "paper", AA_TEXT),
    ("brand", "brand-2", AA_TEXT),
    ("brand-ink", "brand", AA_TEXT),
    ("brand-ink", "brand-3", AA_TEXT),
    ("warn", "card", AA_TEXT),
    ("warn", "warn-2", AA_TEXT),
    ("warn", "brand-2", AA_TEXT),
    ("ink", "warn-2", AA_TEXT),
    ("ink-2", "warn-2", AA_TEXT),
    ("bad", "card", AA_TEXT),
    ("bad", "bad-2", AA_TEXT),
    ("ink", "bad-2", AA_TEXT),
    ("ink-2", "bad-2", AA_TEXT),
    ("ink-2", "line", AA_TEXT),
    ("warn-dot", "warn-2", 1.5),
    ("info", "info-2", AA_TEXT),
    ("ink", "info-2", AA_TEXT),
    ("ink-2", "info-2", AA_TEXT),
    ("card", "info", AA_TEXT),
    ("train-ink", "train", AA_TEXT),
    ("train-ink", "train-2", AA_TEXT),
    ("badge-ink", "warn-dot", AA_TEXT),
    ("warn", "warn-2", AA_TEXT),
]  # fmt: skip


def tokens(dark: bool) -> dict[str, str]:
    """The colours of one theme by name."""
    text = (STATIC / "tokens.css").read_text("utf-8")
    return {name: (night if dark else day) for name, day, night in _TOKEN.findall(text)}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, WCAG 2.2."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_is_written_can_be_read(dark: bool) -> None:
    """Every text colour on every ground that it is used on reaches WCAG AA."""
    colours = tokens(dark)
    poor = {
        f"{ink} on {ground}": round(contrast(colours[ink], colours[ground]), 2)
        for ink, ground, least in PAIRS
        if contrast(colours[ink], colours[ground]) < least
    }
    assert poor == {}


def test_colours_come_from_the_tokens() -> None:
    """No style sheet names a colour of its own, so that a theme is one file."""
    sheets = [sheet for sheet in STATIC.glob("*.css") if sheet.name != "tokens.css"]
    assert sheets
    style = re.sub(r"/\*.*?\*/", "", "".join(sheet.read_text("utf-8") for sheet in sheets), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", style) == []
    used = set(re.findall(r"var\(--([\w-]+)\)", style))
    defined = set(re.findall(r"--([\w-]+):", (STATIC / "tokens.css").read_text("utf-8") + style))
    assert used - defined == set()


def test_scripts_need_no_eval_and_no_foreign_address() -> None:
    """Our scripts stay within the strict policy and speak to the till alone."""
    for script in STATIC.glob("*.js"):
        text = script.read_text("utf-8")
        assert not re.search(r"\beval\(|new Function|innerHTML|https?://", text), script.name
        assert text.count("\n") < 400
