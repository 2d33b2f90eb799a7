"""Telling a channel of a person: the senders of the outbox's rows of kind "customer"."""

from __future__ import annotations

from functools import partial

import msgspec

from hub.channels.outbox_part import Senders, Sent
from hub.channels.part import Opened
from hub.channels.ports import ChannelCustomer, CustomerSync
from hub.customers.telling import CUSTOMER
from hub.errors import ChannelRefused
from hub.storage.channel_records import OutboxRow


def customer_senders(opened: Opened) -> Senders:
    """What tells a channel of persons; nothing for one that knows none."""
    customers = opened.channel.customers
    return {} if customers is None else {CUSTOMER: partial(_send, customers)}


def _send(customers: CustomerSync, row: OutboxRow, may_be_known: bool) -> Sent:
    del may_be_known  # what is empty stays as it is there, so the same twice is the same once
    try:
        customer = msgspec.json.decode(row.body, type=ChannelCustomer)
    except msgspec.DecodeError as error:
        raise ChannelRefused(f"cannot be read any more: {error}; it was written by another release") from error
    if customer.deleted:
        # No port deletes a person: a channel has orders of hers. So a person does it there, and finds it among
        # what is parked.
        raise ChannelRefused(
            f"customer {customer.key} asked to be forgotten: delete her there by hand, then give this up"
        )
    return Sent(customers.put(customer))
