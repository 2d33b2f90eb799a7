"""People, both ways. Medusa compares addresses letter by letter, so they are written in lower case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from hub.channels.medusa import polling
from hub.channels.medusa.answers import Answer, Customer
from hub.channels.medusa.client import MedusaClient, MedusaRefused, Params
from hub.channels.medusa.mapping import customer_body, customer_of, e164
from hub.channels.ports import ChannelCustomer, Page, Unread
from hub.errors import ChannelUnavailable

_LIMIT: Final = 100
_FIELDS: Final = ("fields", "id,email,phone,first_name,last_name,has_account,metadata,updated_at")


class MedusaCustomers:
    """CustomerSync."""

    def __init__(self, client: MedusaClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now

    def changed(self, cursor: str) -> Page[ChannelCustomer]:
        """A page of people, oldest change first; from the first customer on."""
        where = polling.read_cursor(cursor, datetime.fromisoformat("2000-01-02T00:00:00+00:00"))
        raws = self._client.get("/admin/customers", Answer, [*polling.question(where, _LIMIT), _FIELDS]).customers
        stamps = [msgspec.json.decode(raw, type=polling.Stamped) for raw in raws]
        step = polling.after(where, [one.updated_at for one in stamps], _LIMIT, self._now())
        found = []
        unread = []
        for stamp, raw in zip(stamps, raws, strict=True):
            try:
                found.append(customer_of(msgspec.json.decode(raw, type=Customer)))
            except msgspec.MsgspecError as error:
                unread.append(Unread("customer", stamp.id, str(error), bytes(raw)))
        return Page(found, polling.write_cursor(step.cursor), step.more, unread)

    def find(self, email: str, phone: str) -> Sequence[ChannelCustomer]:
        """Those with this address or number, people with an account first: of one address there may be two."""
        questions: list[Params] = []
        if email:
            questions.append([("email", email.strip().lower()), ("limit", _LIMIT), _FIELDS])
        if phone:
            questions.append([("q", phone), ("limit", _LIMIT), _FIELDS])
        found: dict[str, Customer] = {}
        for question in questions:
            for raw in self._client.get("/admin/customers", Answer, question).customers:
                one = msgspec.json.decode(raw, type=Customer)
                if (email and (one.email or "").lower() == email.strip().lower()) or (
                    phone and e164(one.phone or "") == phone
                ):
                    found[one.id] = one
        return [customer_of(one) for one in sorted(found.values(), key=lambda one: (not one.has_account, one.id))]

    def put(self, customer: ChannelCustomer) -> str:
        """Change, or look and then add; who was added by somebody else in between is changed."""
        key = customer.key or self._same(customer)
        body = customer_body(customer)
        if not key:
            try:
                return self._written("/admin/customers", body)
            except MedusaRefused:
                key = self._same(customer)
                if not key:
                    raise
        return self._written(f"/admin/customers/{key}", body)

    def _same(self, customer: ChannelCustomer) -> str:
        """Somebody with her address; only who has no address is looked for by number: families share those."""
        found = self.find(customer.email, "" if customer.email else customer.phone)
        return found[0].key if found else ""

    def _written(self, path: str, body: object) -> str:
        written = self._client.post(path, body, Answer).customer
        if written is None:
            raise ChannelUnavailable("Medusa took a customer and does not say which")
        return written.id
