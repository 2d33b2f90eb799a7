"""A language to speak: which catalogue, and how figures are written in it."""

from __future__ import annotations

from dataclasses import dataclass
from gettext import GNUTranslations

from edge_agent.pages.port import Language


@dataclass(frozen=True)
class Speech:
    """A language to speak: its catalogue and its way to write figures."""

    language: Language
    catalogue: GNUTranslations

    def gettext(self, text: str) -> str:
        """Translate."""
        return self.catalogue.gettext(text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """Translate, by number."""
        return self.catalogue.ngettext(one, many, number)
