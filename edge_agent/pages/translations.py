"""The page's languages: gettext catalogues, compiled by the build, or read from their .po in a checkout.

English is the language of the message ids; its catalogue holds the plurals. Trap: a .mo that is older than its .po
is left aside, since a translator who corrected a sentence must see it at the next start.
"""

from __future__ import annotations

import io
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from edge_agent.pages.port import Language

FOLDER = Path(__file__).parent / "locale"
LANGUAGES: tuple[Language, ...] = ("vi", "en")


@cache
def translations(language: Language) -> GNUTranslations:
    """Return the catalogue of a language, read once."""
    return load(language, FOLDER)


def load(language: Language, folder: Path) -> GNUTranslations:
    """Read the catalogue of a language from a folder of locales."""
    source = folder / language / "LC_MESSAGES" / "pages.po"
    compiled = source.with_suffix(".mo")
    if compiled.is_file() and (not source.is_file() or compiled.stat().st_mtime_ns >= source.stat().st_mtime_ns):
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    with source.open("rb") as text:
        catalogue = read_po(text, locale=language, abort_invalid=True)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    return GNUTranslations(buffer)
