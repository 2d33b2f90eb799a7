"""Logging in and out, and the viewer's language and theme.

A login link opens a form that holds its one-time token and sends it by POST: a program that only looks at links
(a chat's preview, a mail filter) does not use the token up.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.admin import session
from hub.admin.guard import COOKIE, Sessions
from hub.admin.templating import THEMES, Templates
from hub.admin.words import LANGUAGES
from hub.api.port import WebPorts
from hub.api.settings import WebSettings

YEAR_S = 365 * 24 * 3600
TOO_MANY = 429


class AccessRoutes:
    """The forms around the dashboard."""

    def __init__(self, ports: WebPorts, settings: WebSettings, sessions: Sessions, templates: Templates) -> None:
        self._ports = ports
        self._settings = settings
        self._sessions = sessions
        self._templates = templates

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/login", self.show_login, methods=["GET"])
        router.add_api_route("/login", self.log_in, methods=["POST"])
        router.add_api_route("/logout", self.log_out, methods=["POST"])
        router.add_api_route("/language", self.set_language, methods=["POST"])
        router.add_api_route("/theme", self.set_theme, methods=["POST"])
        return router

    async def show_login(self, request: Request, token: str = "", next: str = "/") -> Response:  # noqa: A002
        """The login form; `next` is the name that the address has."""
        if self._sessions.current(request) is not None:
            return RedirectResponse(local_address(next), 303)
        return self._form(request, next, token=token[: session.TEXT_MAX])

    async def log_in(
        self,
        request: Request,
        key: Annotated[str, Form()] = "",
        token: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",  # noqa: A002 - the name of the form's field
    ) -> Response:
        """Check the key or the link's token, and begin a session."""
        words = self._templates.viewer(request).words
        if self._sessions.wait_s(request) > 0:
            text = words.say("Too many tries. Wait a minute, then try again.")
            return self._form(request, next, error=text, status=TOO_MANY)
        if token:
            if not await self._redeem(token):
                text = words.say("This link was used or is too old. Make a new one, or use the key.")
                return self._form(request, next, error=text, status=401)
        elif not await self._sessions.verify(request, key.strip()):
            text = words.say("That is not the admin access key. Make a new one on the hub: tillwire-hub admin key")
            return self._form(request, next, error=text, status=401)
        return self._begin(next)

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        ticket = self._sessions.current(request)
        if ticket is not None:
            self._sessions.end(ticket)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=self._settings.https)
        # the back button shows nothing of what was there
        response.headers["clear-site-data"] = '"cache"'
        return response

    async def set_language(
        self,
        language: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",  # noqa: A002 - the name of the form's field
    ) -> Response:
        """Remember the language and show the page again."""
        response = RedirectResponse(local_address(next), 303)
        if language in LANGUAGES:
            self._remember(response, "language", language)
        return response

    async def set_theme(
        self,
        theme: Annotated[str, Form()] = "",
        next: Annotated[str, Form()] = "/",  # noqa: A002 - the name of the form's field
    ) -> Response:
        """Remember the theme and show the page again."""
        response = RedirectResponse(local_address(next), 303)
        if theme in THEMES:
            self._remember(response, "theme", theme)
        return response

    async def _redeem(self, token: str) -> bool:
        identity = self._ports.identity
        ticket = session.read(identity.session_secret, "login", token, self._ports.clock())
        return ticket is not None and await run_in_threadpool(identity.redeem_login_token, ticket.id, ticket.expires_at)

    def _begin(self, wanted: str) -> Response:
        lifetime = timedelta(hours=self._settings.session_hours)
        ticket = session.Ticket(secrets.token_urlsafe(16), self._ports.clock() + lifetime)
        response = RedirectResponse(local_address(wanted), 303)
        response.set_cookie(
            COOKIE,
            session.sign(self._ports.identity.session_secret, "session", ticket),
            max_age=int(lifetime.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=self._settings.https,
        )
        return response

    def _form(self, request: Request, wanted: str, *, token: str = "", error: str = "", status: int = 200) -> Response:
        headers = {"retry-after": "60"} if status == TOO_MANY else {}
        context = {"next": local_address(wanted), "token": token, "error": error}
        return self._templates.page(request, "login.html", context, status=status, headers=headers)

    def _remember(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(name, value, max_age=YEAR_S, httponly=True, samesite="strict", secure=self._settings.https)


def local_address(text: str) -> str:
    """The address if it is a path of this hub, else the first page: a login must not send people elsewhere."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return text if ours and text.isprintable() and "\\" not in text else "/"
