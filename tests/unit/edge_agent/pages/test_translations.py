"""Every sentence of the page exists in both languages, and none is left over from an earlier page."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from edge_agent.pages import translations
from edge_agent.pages.port import Language

PAGES = Path(translations.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "many": (1, 2)}
REMEDY = "see docs/reference/cashier-page.md, Sentences"


def extracted(*, plural_only: bool = False) -> set[str]:
    """All sentences in the sources (or those with a plural), by their English singular."""
    with (translations.FOLDER / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]  # Babel's own reader
    found: set[str] = set()
    for _name, _line, message, _comments, _context in extract_from_dir(PAGES, methods, options, KEYWORDS):
        if isinstance(message, str):
            found.update(() if plural_only else (message,))
        else:
            found.add(message[0])
    return found


def sources(language: Language) -> list[Path]:
    """A language's .po files, one for each matter."""
    return sorted((translations.FOLDER / language / "LC_MESSAGES").glob("*.po"))


def messages(language: Language) -> list[Message]:
    """All messages of a language; one that stands in two catalogues comes twice."""
    found = []
    for path in sources(language):
        with path.open("rb") as source:
            catalogue: Catalog = read_po(source, locale=language, abort_invalid=True)
        found += [message for message in catalogue if message.id]
    return found


def name(message: Message) -> str:
    """A message's English singular."""
    return message.id if isinstance(message.id, str) else str(message.id[0])


def texts(message: Message) -> list[str]:
    """A message's translation, all plural forms; empty texts for a fuzzy one, which nobody has confirmed."""
    if message.fuzzy or not message.string:
        return [""]
    return [message.string] if isinstance(message.string, str) else [str(text) for text in message.string]


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_catalogues_are_complete_and_hold_nothing_stale(language: Language) -> None:
    """A cashier never reads half a sentence in the other language. An English sentence is its own translation."""
    translated = {name(message) for message in messages(language) if language == "en" or all(texts(message))}
    needed = extracted(plural_only=language == "en")
    assert needed - translated == set(), f"not translated into {language}; {REMEDY}"
    assert translated - extracted() == set(), f"no longer used; {REMEDY}"


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_no_sentence_has_two_translations(language: Language) -> None:
    """A sentence stands in one catalogue only, or correcting one would change nothing."""
    names = [name(message) for message in messages(language)]
    assert sorted({each for each in names if names.count(each) > 1}) == []


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_translations_keep_what_is_filled_in(language: Language) -> None:
    """Names and amounts that a sentence carries are carried by its translation too."""
    for message in messages(language):
        for text in filter(None, texts(message)):
            assert set(re.findall(r"%\(\w+\)", text)) == set(re.findall(r"%\(\w+\)", name(message))), name(message)


def test_a_checkout_without_compiled_catalogues_speaks_vietnamese(tmp_path: Path) -> None:
    """The .po is enough; what the build compiles is only faster."""
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    folder.joinpath("pages.po").write_bytes((translations.FOLDER / "vi/LC_MESSAGES/pages.po").read_bytes())
    assert translations.load("vi", tmp_path).gettext("Cash") == "Tiền mặt"


def test_a_stale_compiled_catalogue_is_left_aside(tmp_path: Path) -> None:
    """A corrected sentence is shown at the next start, although an older .mo lies beside it."""
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    compiled = folder / "pages.mo"
    compiled.write_bytes(b"old and broken")
    source = folder / "pages.po"
    source.write_bytes((translations.FOLDER / "vi/LC_MESSAGES/pages.po").read_bytes())
    os.utime(compiled, (1, 1))
    assert translations.load("vi", tmp_path).gettext("Cash") == "Tiền mặt"
