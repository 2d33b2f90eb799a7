"""Customers over all channels: who may be one, who somebody is, merge, split, forget; each deed can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.admin.overview_pages import OverviewPages
from hub.admin.reading import Readings
from hub.admin.templating import Templates
from hub.admin.words import Words
from hub.api.office import PeopleOffice
from hub.api.port import WebPorts
from hub.api.problems import ProblemRaised
from hub.customers.erasing import erase_person
from hub.customers.normal import email_of, phone_of
from hub.customers.people import Act
from hub.customers.register import consent_for
from hub.errors import DecisionRefused
from hub.storage.people_records import TILLS, HistoryEntry

PAGE = 25
PAGES_MAX = 20_000
FOUND_MAX = 50
PersonId = Annotated[str, Path(max_length=64)]
Typed = Annotated[str, Form(max_length=200)]


class PeopleRoutes(OverviewPages):
    """The pages about persons."""

    def __init__(self, ports: WebPorts, readings: Readings, templates: Templates, office: PeopleOffice) -> None:
        super().__init__(ports, readings, templates)
        self._office = office

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/customers", self.customers, methods=["GET", "HEAD"])
        router.add_api_route("/customers/merge", self.merge, methods=["POST"])
        router.add_api_route("/customers/refuse", self.refuse, methods=["POST"])
        router.add_api_route("/customers/undo", self.undo, methods=["POST"])
        router.add_api_route("/customers/{person}", self.person, methods=["GET", "HEAD"])
        router.add_api_route("/customers/{person}/split", self.split, methods=["POST"])
        router.add_api_route("/customers/{person}/erase", self.erase, methods=["POST"])
        return router

    async def customers(
        self, request: Request, q: Annotated[str, Query(max_length=200)] = "",
        page: Annotated[int, Query(ge=1, le=PAGES_MAX)] = 1,
    ) -> Response:  # fmt: skip
        """Who may be one, the oldest proposals first; or those who were looked for."""
        queries, text = self._office.queries, q.strip()
        found = await run_in_threadpool(self._find, text) if text else []
        pairs, total = await run_in_threadpool(queries.proposals, PAGE, (page - 1) * PAGE)
        context = {
            "q": text, "found": found, "found_max": FOUND_MAX, "pairs": pairs, "total": total, "page": page,
            "size": PAGE, "pages": max(1, -(-total // PAGE)), "channel_name": channel_name,
        }  # fmt: skip
        return await self._page(request, "customers.html", context)

    async def person(self, request: Request, person: PersonId) -> Response:
        """One person: what each channel says of her, consent, and what was done by hand."""
        return await self._person(request, person)

    async def merge(self, request: Request, keep: Typed, other: Typed, by: Typed = "", note: Typed = "") -> Response:
        """Make two persons one."""
        return await self._do(
            request, keep, by, lambda act: self._office.people.merge(keep, other.strip(), act), note=note
        )

    async def refuse(self, request: Request, one: Typed, other: Typed, by: Typed = "", note: Typed = "") -> Response:
        """Say that two persons are two."""
        return await self._do(
            request, one, by, lambda act: self._office.people.keep_apart(one, other, act), note=note, to="/customers"
        )

    async def split(
        self, request: Request, person: PersonId, place: Annotated[list[str] | None, Form()] = None, by: Typed = "",
        note: Typed = "",
    ) -> Response:  # fmt: skip
        """Make some of a person's customers another person."""
        places = [(channel, key) for channel, _, key in (one.partition(":") for one in (place or ())[:500])]
        return await self._do(
            request, person, by, lambda act: self._office.people.split(person, places, act), note=note
        )

    async def undo(self, request: Request, person: Typed, number: Annotated[int, Form()], by: Typed = "") -> Response:
        """Take a deed back."""
        return await self._do(request, person, by, lambda act: self._office.people.undo(number, act))

    async def erase(self, request: Request, person: PersonId, by: Typed = "", note: Typed = "") -> Response:
        """Forget a person."""
        office = self._office
        return await self._do(
            request, person, by,
            lambda act: erase_person(office.people, office.queries, office.documents, person, act), note=note,
        )  # fmt: skip

    async def _do(  # noqa: PLR0913 - who, what, to whom, and where to go then
        self, request: Request, person: str, by: str, deed: Callable[[Act], object], *, note: str = "", to: str = ""
    ) -> Response:
        words = self._words(request)
        if not by.strip():
            return await self._person(request, person, error=words.say("Say who does it: your name."))
        try:
            await run_in_threadpool(deed, Act(by.strip(), self._ports.clock(), note.strip()))
        except DecisionRefused as error:
            said = words.say("This was not done, because something has changed, or cannot be:")
            return await self._person(request, person, error=f"{said} {error}")
        return RedirectResponse(to or f"/customers/{person}", 303)

    async def _person(self, request: Request, person: str, *, error: str = "") -> Response:
        view = await run_in_threadpool(self._office.queries.person, person)
        words = self._words(request)
        if view is None:
            raise ProblemRaised(404, "unknown-person", words.say("There is no such customer."))
        channels = list(dict.fromkeys(one.channel for one in view.identities))
        others = [next(one for one in proposal.pair if one != view.person.id) for proposal in view.proposals]
        known = [await run_in_threadpool(self._office.queries.person, other) for other in others[:PAGE]]
        undone = {entry.undoes for entry in view.history}
        context = {
            "view": view, "error": error, "channel_name": channel_name, "others": [one for one in known if one],
            "consents": {channel: consent_for(view.identities, channel) for channel in channels},
            "deed": deed_words, "can_undo": {
                entry.position
                for entry in view.history
                if entry.action in ("merge", "split", "apart") and entry.position not in undone
            },
        }  # fmt: skip
        return await self._page(request, "customer.html", context, status=422 if error else 200)

    def _find(self, text: str) -> object:
        exact = phone_of(text, self._office.people.region) or email_of(text) or text
        return self._office.queries.find(exact, FOUND_MAX)


def channel_name(words: Words, channel: str) -> str:
    """A channel as people call it."""
    return words.say("Tills") if channel == TILLS else channel


def deed_words(words: Words, entry: HistoryEntry) -> str:
    """What was done by hand, in a few words."""
    match entry.action:
        case "merge":
            return words.say("Two made one")
        case "split":
            return words.say("One made two")
        case "apart":
            return words.say("Said to be two")
        case "erase":
            return words.say("Forgotten")
        case _:
            return words.say("Taken back")
