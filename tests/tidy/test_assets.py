"""The fetched assets: complete, with their licences, without foreign addresses, and able to write Vietnamese."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from installers.assets import catalogues, fetch
from tests.tidy.checkout import ROOT

PLAN = tomllib.loads((ROOT / "installers/assets/assets.toml").read_text("utf-8"))
PAGES = [ROOT / PLAN["destinations"][name] for name in ("till", "hub")]
RECEIPT_FONTS = sorted((ROOT / PLAN["destinations"]["receipt"] / "fonts").glob("*.ttf"))
# Vowels with every mark and tone, Đ, and the sign of the dong.
BASES = "aăâeêioôơuưy"
TONES = "\u0300\u0301\u0303\u0309\u0323"
LOWER = "".join(unicodedata.normalize("NFC", base + tone) for base in BASES for tone in ("", *TONES)) + "đ"
VIETNAMESE = LOWER + LOWER.upper() + "₫"


def test_all_destinations_are_complete() -> None:
    """What `./dev` fetched belongs to the lock and the list that are committed."""
    assert not fetch.stale(ROOT)


@pytest.mark.parametrize("place", PAGES, ids=lambda place: str(place.relative_to(ROOT).parts[0]))
def test_pages_find_what_they_name(place: Path) -> None:
    """Every icon of the list is a symbol of the sprite, and every font that a style sheet names is there."""
    symbols = re.findall(r'<symbol id="([^"]+)"', (place / "icons.svg").read_text("utf-8"))
    assert symbols == PLAN["icons"]["names"]
    fonts = re.findall(r"url\(([^)]+)\)", (place / "fonts.css").read_text("utf-8"))
    assert len(fonts) == sum(len(font["weights"]) * len(font["subsets"]) for font in PLAN["font"])
    assert all((place / font).is_file() for font in fonts)


@pytest.mark.parametrize("place", PAGES, ids=lambda place: str(place.relative_to(ROOT).parts[0]))
def test_style_sheets_call_nowhere(place: Path) -> None:
    """A till without a network shows its page whole: no style sheet names an address."""
    comment = re.compile(r"/\*.*?\*/", re.DOTALL)
    sheets = {sheet: comment.sub("", sheet.read_text("utf-8")) for sheet in place.glob("*.css")}
    assert sheets
    assert not [sheet for sheet, rules in sheets.items() if "//" in rules]


@pytest.mark.parametrize("destination", ["till", "hub", "receipt"])
def test_every_package_ships_with_its_licence(destination: str) -> None:
    """Who gets our wheel gets the licence of each part in it."""
    entries = [*PLAN["file"], *PLAN["font"], PLAN["icons"]]
    packages = {entry["package"] for entry in entries if destination in entry["for"]}
    licences = [path.name for path in (ROOT / PLAN["destinations"][destination] / "licences").glob("*.txt")]
    for package in packages:
        assert any(name.startswith(package.removeprefix("@").replace("/", "-")) for name in licences), package


@pytest.mark.parametrize("path", RECEIPT_FONTS, ids=lambda path: path.stem)
def test_receipts_can_say_everything_in_vietnamese(path: Path) -> None:
    """Every letter has an outline of its own, none is the empty box, and all are equally wide."""
    font = ImageFont.truetype(str(path), 24)
    missing = drawn(font, "\U0010fffd")
    pictures = {letter: drawn(font, letter) for letter in VIETNAMESE}
    assert len(VIETNAMESE) == 2 * (12 * 6 + 1) + 1
    assert not [letter for letter, picture in pictures.items() if not different(picture, missing)]
    assert {font.getlength(letter) for letter in VIETNAMESE} == {font.getlength("0")}


def test_receipts_have_a_regular_and_a_bold_hand() -> None:
    """The total is set in bold, the rest in regular."""
    assert [path.stem for path in RECEIPT_FONTS] == ["JetBrainsMono-Bold", "JetBrainsMono-Regular"]


def test_an_icon_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """A wrong name in the list says where to correct it."""
    with pytest.raises(fetch.AssetError, match=r"'no-such'.*assets\.toml"):
        fetch.sprite(["no-such"], tmp_path)


def test_only_the_wanted_subsets_of_a_font_are_kept() -> None:
    """A style sheet of many subsets becomes one of those that we ship, and names no second format."""
    face = "@font-face {{ src: url(./files/f-{0}-400-normal.woff2) format('woff2'), url(./files/f-{0}.woff); }}\n"
    css, files = fetch.font_faces(face.format("latin") + face.format("greek"), ["latin"])
    assert files == ["f-latin-400-normal.woff2"]
    assert css.strip() == "@font-face { src: url(fonts/f-latin-400-normal.woff2) format('woff2'); }"


def test_translations_are_compiled_once_and_again_after_a_change(tmp_path: Path) -> None:
    """A .po without a .mo, or newer than it, is found; a compiled one is left alone."""
    source = catalogue(tmp_path, 'msgid "Pay"\nmsgstr "Thanh toán"\n')
    assert catalogues.stale(tmp_path) == [source]
    assert "Thanh toán".encode() in catalogues.compile_catalogue(source).read_bytes()
    assert catalogues.stale(tmp_path) == []


def test_a_faulty_translation_names_file_and_line(tmp_path: Path) -> None:
    """A translation that lost its placeholder stops the build instead of a cashier."""
    source = catalogue(tmp_path, '#, python-format\nmsgid "%(n)d sales"\nmsgstr "đơn"\n\nmsgid "x\n')
    with pytest.raises(catalogues.CatalogueError, match=r"pages\.po"):
        catalogues.compile_catalogue(source)


def catalogue(root: Path, entries: str) -> Path:
    """Write a small catalogue where the product keeps its own, and return it."""
    source = root / "edge_agent/pages/locale/vi/LC_MESSAGES/pages.po"
    source.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nLanguage: vi\\n"\n\n'
    source.write_text(head + entries, "utf-8")
    return source


def drawn(font: ImageFont.FreeTypeFont, letter: str) -> Image.Image:
    """The letter in black and white, as a receipt printer gets it."""
    picture = Image.new("L", (32, 48))
    ImageDraw.Draw(picture).text((4, 4), letter, font=font, fill=255)
    return picture


def different(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures of one size differ in any dot."""
    return ImageChops.difference(one, other).getbbox() is not None
