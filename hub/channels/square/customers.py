"""People, both ways. Square has no list of the deleted: its events of the last 28 days tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.channels.manifest import Connecting
from hub.channels.ports import ChannelCustomer, Page, Unread
from hub.channels.square.client import ONCE, SquareApi, SquareRefused, given
from hub.channels.square.mapping import customer_of, person_of
from hub.channels.square.rounds import OVERLAP, after, again, begun
from hub.channels.square.words import Json, Round, moment, raw, stamp
from hub.errors import ChannelRefused, OutcomeUnknown

_LIMIT = 100
_TRIES_MAX = 4
_PEOPLE, _GONE = "people", "~gone"


class Customers:
    """See `ports.CustomerSync`."""

    def __init__(self, api: SquareApi, connecting: Connecting) -> None:
        self._api = api
        self._connecting = connecting

    def changed(self, cursor: str) -> Page[ChannelCustomer]:
        """Everybody at first, then who changed, then who was deleted."""
        stages = [_PEOPLE, _GONE]
        start = cursor or Round(since="").text()
        at = begun(start, stages, self._connecting.now())
        if not at.since and at.stage == _GONE:  # nobody was ever read from here, so nobody can be gone
            return Page((), Round(since=stamp(moment(at.began) - OVERLAP)).text())
        found, unread, page = self._people(at) if at.stage == _PEOPLE else self._gone(at)
        if not at.since:
            done = Round(since=stamp(moment(at.began) - OVERLAP))
            following = msgspec.structs.replace(at, page=page) if page else done
            return Page(found, following.text(), more=bool(page), unread=unread)
        ahead, more = after(at, page, stages)
        return Page(found, ahead.text(), more=more, unread=unread)

    def find(self, email: str, phone: str) -> Sequence[ChannelCustomer]:
        """Those who have exactly this address, or exactly this number."""
        found: dict[str, ChannelCustomer] = {}
        for name, word in (("email_address", email), ("phone_number", phone)):
            if word:
                found |= {each["id"]: customer_of(each) for each in self._exactly(name, word)}
        return list(found.values())

    def put(self, customer: ChannelCustomer) -> str:
        """Add or change a person. One who has our id already, or is the only one with her address, is changed."""
        key = customer.key or self._known(customer)
        fields = person_of(customer)
        if not key:
            once = hashlib.sha256(raw({"add": customer.ours or fields})).hexdigest()[:64]
            answer = self._api.write(
                lambda square: square.customers.create(idempotency_key=once, request_options=ONCE, **fields)
            )
            return str(answer["customer"]["id"])
        for _ in range(_TRIES_MAX):
            known = self._api.read(lambda square: square.customers.get(customer_id=key, request_options=ONCE))
            change = _difference(known["customer"], fields)
            if not change or self._changed(key, change, known["customer"].get("version")):
                return key
        raise OutcomeUnknown(f"channel {self._connecting.name}: customer {key} changed {_TRIES_MAX} times meanwhile")

    def _people(self, at: Round) -> tuple[list[ChannelCustomer], list[Unread], str | None]:
        query: Any = {"filter": {"updated_at": {"start_at": at.since}}} if at.since else None
        answer = self._api.page(
            lambda square: square.customers.search(
                limit=_LIMIT, request_options=ONCE, **given(cursor=at.page, query=query)
            )
        )
        if answer is None:
            return self._people(again(at))
        found = [customer_of(each) for each in answer.get("customers") or ()]
        return found, [], answer.get("cursor")

    def _gone(self, at: Round) -> tuple[list[ChannelCustomer], list[Unread], str | None]:
        query: Any = {
            "filter": {"event_types": ["customer.deleted"], "created_at": {"start_at": at.since}},
            "sort": {"order": "ASC"},
        }
        try:
            answer = self._api.read(
                lambda square: square.events.search_events(
                    limit=_LIMIT, request_options=ONCE, **given(cursor=at.page, query=query)
                )
            )
        except SquareRefused:
            return [], [], None  # the seller's application keeps no events; the webhook tells of it all the same
        found = []
        for event in answer.get("events") or ():
            data = event.get("data") or {}
            person = {"updated_at": event.get("created_at"), **((data.get("object") or {}).get("customer") or {})}
            found.append(customer_of({**person, "id": person.get("id") or data.get("id")}, deleted=True))
        return found, [], answer.get("cursor")

    def _exactly(self, name: str, word: str) -> list[Json]:
        query: Any = {"filter": {name: {"exact": word}}}
        return list(
            self._api.pages(
                lambda square, cursor: square.customers.search(
                    limit=_LIMIT, request_options=ONCE, **given(cursor=cursor, query=query)
                ),
                "customers",
            )
        )

    def _known(self, customer: ChannelCustomer) -> str:
        """Who it is at Square already: by our id, else by address, else by number; "" if nobody, refused if several."""
        words = (("reference_id", customer.ours), ("email_address", customer.email), ("phone_number", customer.phone))
        for name, word in words:
            found = [
                each
                for each in (self._exactly(name, word) if word else ())
                if name == "reference_id" or (each.get("reference_id") or customer.ours) == customer.ours
            ]
            if len(found) > 1:
                keys = ", ".join(sorted(each["id"] for each in found))
                raise ChannelRefused(
                    f"channel {self._connecting.name}: {name} is of several people at Square ({keys}); merge them there"
                )
            if found:
                return str(found[0]["id"])
        return ""

    def _changed(self, key: str, change: Json, version: int | None) -> bool:
        try:
            self._api.write(
                lambda square: square.customers.update(
                    customer_id=key, request_options=ONCE, **given(version=version), **change
                )
            )
        except SquareRefused as error:
            if error.codes & {"CONFLICT", "VERSION_MISMATCH"}:
                return False
            raise
        return True


def _difference(known: Json, fields: Json) -> Json:
    """What is to be changed. A name that only stands in other fields there is no other name."""
    read = customer_of(known)
    same = {
        "given_name": read.name, "email_address": read.email, "phone_number": read.phone, "reference_id": read.ours,
    }  # fmt: skip
    change = {name: value for name, value in fields.items() if same[name] != value}
    if "given_name" in change and known.get("family_name"):
        change["family_name"] = ""
    return change
