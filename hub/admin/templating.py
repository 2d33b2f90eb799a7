"""Templates in the viewer's language, and the addresses of static files with their fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hub.admin.shift_words import differences_in_words
from hub.admin.words import LANGUAGES, NONE, Words, choose_language, translations
from hub.api.settings import WebSettings

HERE = Path(__file__).parent
STATIC = HERE / "static"
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Viewer:
    """Who looks: language, chosen theme ("" follows the system), and where."""

    words: Words
    theme: str
    address: str
    logged_in: bool


def viewer_of(request: Request, settings: WebSettings) -> Viewer:
    """The viewer of a request, from cookies and Accept-Language."""
    language = choose_language(
        request.cookies.get("language"), request.headers.get("accept-language"), settings.language
    )
    theme = request.cookies.get("theme", "")
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    logged_in = "tillwire.session" in request.scope
    return Viewer(Words(language), theme if theme in THEMES else "", address, logged_in)


class Templates:
    """Renders pages; one Jinja environment for each language. `tabs` are the pages that not every hub has."""

    def __init__(self, settings: WebSettings, tabs: frozenset[str] = frozenset()) -> None:
        self._settings = settings
        self._tabs = tabs
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def viewer(self, request: Request) -> Viewer:
        """The viewer of a request."""
        return viewer_of(request, self._settings)

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, object] | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Render a template as the answer."""
        viewer = self.viewer(request)
        text = (
            self._environments[viewer.words.language]
            .get_template(template)
            .render(
                viewer=viewer,
                words=viewer.words,
                settings=self._settings,
                languages=LANGUAGES,
                tabs=self._tabs,
                **(context or {}),
            )
        )
        vary = {"vary": "Cookie, Accept-Language, HX-Request", **(headers or {})}
        return HTMLResponse(text, status, headers=vary)


class CachedStatic(StaticFiles):
    """Static files; what is asked for with its fingerprint never changes and is kept for a year."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file with Cache-Control."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they are
        scope: Scope = args[2] if len(args) > 2 else kwargs["scope"]  # type: ignore[assignment]  # noqa: PLR2004 - the third
        fingerprinted = b"v" in (key.encode() for key in parse_qs(scope["query_string"].decode("latin-1")))
        age = "max-age=31536000, immutable" if fingerprinted else "max-age=3600"
        response.headers["cache-control"] = f"public, {age}"
        return response


@cache
def asset(path: str) -> str:
    """The address of a static file, with a fingerprint of its bytes while it is there."""
    file = STATIC / path
    if not file.is_file():
        return f"/static/{path}"
    return f"/static/{path}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:12]}"


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # the i18n extension adds this method to the environment; newstyle escapes what is filled in
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["shift_differences"] = lambda text, words: differences_in_words(words, text)
    environment.filters["store_name"] = lambda store, names: names.get(store, store)
    environment.globals.update(asset=asset, NONE=NONE, query=lambda **values: urlencode(values))
    return environment
