"""`customer`, the part about persons: who is who over all channels, and what people decide about it."""

from __future__ import annotations

from collections.abc import Sequence

import click
import msgspec

from hub.channels.registry import Registry
from hub.cli.documents import customer
from hub.cli.opening import Invocation, pass_invocation
from hub.config import now
from hub.customers.erasing import erase_person
from hub.customers.normal import email_of, phone_of
from hub.customers.people import Act, People
from hub.customers.register import consent_for
from hub.customers.till_customers import take_some
from hub.errors import DecisionRefused
from hub.running.data import OpenData
from hub.running.people import people_of
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.moments import to_us
from hub.storage.people_records import TILLS, HistoryEntry, Identity, Place
from hub.storage.queries_people import PeopleQueries, PersonView

__all__ = ["customer"]

by_option = click.option("--by", required=True, help="Who does it.")
note_option = click.option("--note", default="", help="Why.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
limit_option = click.option("--limit", default=100, help="How many at most.")


@customer.group("match")
def match() -> None:
    """Look at persons who may be one: they share an address or a number."""


@match.command("list")
@limit_option
@json_option
@pass_invocation
def list_matches(invocation: Invocation, *, limit: int, as_json: bool) -> None:
    """List open proposals, the oldest first."""
    with invocation.data() as data:
        _follow_tills(invocation, data)
        found, total = PeopleQueries(data.database).proposals(limit)
    for pair in found:
        if as_json:
            body = {"one": _json(pair.one), "other": _json(pair.other), "shared": pair.shared, "why": pair.proposal.why}
            click.echo(msgspec.json.encode(body).decode())
        else:
            click.echo(f"{_line(pair.one)}\n{_line(pair.other)}\n    both have {', '.join(pair.shared)}")
    if not as_json:
        more = f", {total - len(found)} more" if total > len(found) else ""
        click.echo(f"{len(found)} proposals{more}." if found else "None: nobody shares an address or a number.")


@match.command("refuse")
@click.argument("one")
@click.argument("other")
@by_option
@note_option
@pass_invocation
def refuse(invocation: Invocation, one: str, other: str, *, by: str, note: str) -> None:
    """Say that two persons are two, whatever they share; it is not proposed again."""
    with invocation.data() as data:
        number = _people(invocation, data).keep_apart(one, other, Act(by, now(), note))
    _tell_done(number, "They stay two.")


@customer.command("merge")
@click.argument("keep")
@click.argument("other")
@by_option
@note_option
@pass_invocation
def merge(invocation: Invocation, keep: str, other: str, *, by: str, note: str) -> None:
    """Make OTHER the person KEEP: her customers of all channels move, what she said of consent stays as she said it."""
    with invocation.data() as data:
        number = _people(invocation, data).merge(keep, other, Act(by, now(), note))
    _tell_done(number, f"{other} is {keep} now.")


@customer.command("split")
@click.argument("person")
@click.argument("places", metavar="CHANNEL:KEY...", nargs=-1, required=True)
@by_option
@note_option
@pass_invocation
def split(invocation: Invocation, person: str, places: tuple[str, ...], *, by: str, note: str) -> None:
    """Make some of a person's customers another person."""
    with invocation.data() as data:
        number, new = _people(invocation, data).split(person, [_place(text) for text in places], Act(by, now(), note))
    _tell_done(number, f"{', '.join(places)}: now person {new}.")


@customer.command("undo")
@click.argument("number", type=int)
@by_option
@note_option
@pass_invocation
def undo(invocation: Invocation, number: int, *, by: str, note: str) -> None:
    """Take a merge, a split or a refusal back; NUMBER is the one that it told."""
    with invocation.data() as data:
        _people(invocation, data).undo(number, Act(by, now(), note))
    click.echo("Taken back; both stay on record.")


@customer.command("find")
@click.argument("text")
@limit_option
@json_option
@pass_invocation
def find(invocation: Invocation, text: str, *, limit: int, as_json: bool) -> None:
    """Find persons by e-mail address, phone number, a customer's or a person's id, or the beginning of the name."""
    with invocation.data() as data:
        _follow_tills(invocation, data)
        queries = PeopleQueries(data.database)
        found = queries.find(phone_of(text, _people(invocation, data).region) or email_of(text) or text, limit)
    for view in found:
        click.echo(msgspec.json.encode(_json(view)).decode() if as_json else _line(view))
    if not found and not as_json:
        click.echo("Nobody.")


@customer.command("show")
@click.argument("person")
@json_option
@pass_invocation
def show(invocation: Invocation, person: str, *, as_json: bool) -> None:
    """Show a person: her customers in all channels, consent for each, and what was done by hand."""
    with invocation.data() as data:
        _follow_tills(invocation, data)
        view = PeopleQueries(data.database).person(person)
    if view is None:
        raise DecisionRefused(f"person {person}: there is none of this id; `tillwire-hub customer find` finds them")
    if as_json:
        click.echo(msgspec.json.encode(_json(view)).decode())
        return
    click.echo(_line(view))
    for one in view.identities:
        click.echo(f"    {_shown(one)}")
    for channel in dict.fromkeys(one.channel for one in view.identities):
        consent = consent_for(view.identities, channel)
        click.echo(
            f"    consent for {_channel(channel)}: {'not said' if consent is None else 'yes' if consent else 'no'}"
        )
    for entry in view.history:
        click.echo(f"    {_entry(entry)}")


@customer.command("history")
@limit_option
@json_option
@pass_invocation
def history(invocation: Invocation, *, limit: int, as_json: bool) -> None:
    """List what was done by hand, newest first."""
    with invocation.data() as data:
        found = PeopleQueries(data.database).history(limit)
    for entry in found:
        click.echo(msgspec.json.encode(entry).decode() if as_json else _entry(entry))
    if not found and not as_json:
        click.echo("Nothing yet.")


@customer.command("erase")
@click.argument("person")
@by_option
@note_option
@click.confirmation_option(prompt="Name, address and number are forgotten for good. Go on?", help="Do not ask.")
@pass_invocation
def erase(invocation: Invocation, person: str, *, by: str, note: str) -> None:
    """Forget a person's name, address and number, here, at the tills and in the channels; sales stay."""
    with invocation.data() as data:
        documents = SqlDocumentStore(data.database)
        erase_person(_people(invocation, data), PeopleQueries(data.database), documents, person, Act(by, now(), note))
    click.echo(f"{person} is forgotten. This cannot be taken back.")


@customer.command("ignore")
@click.argument("value", required=False)
@click.option("--by", default="", help="Who says so.")
@click.option("--not", "heed", is_flag=True, help="Take it back.")
@pass_invocation
def ignore(invocation: Invocation, value: str | None, *, by: str, heed: bool) -> None:
    """Say that an address or a number names nobody, such as the shop's own; without VALUE, list those."""
    with invocation.data() as data:
        queries = PeopleQueries(data.database)
        if value is None:
            for one in queries.ignored():
                click.echo(one)
            return
        known = email_of(value) or phone_of(value, _people(invocation, data).region)
        if not known:
            raise click.UsageError(f"{value!r} is neither an e-mail address nor a phone number")
        if heed:
            click.echo(f"{known} names somebody again." if queries.heed(known) else f"{known} was not ignored.")
            return
        queries.ignore(known, by, to_us(now()))
    click.echo(f"{known} names nobody from now on; persons that it has joined stay: split them by hand.")


def _people(invocation: Invocation, data: OpenData) -> People:
    return people_of(data.database, Registry(invocation.config().channels.packages))


def _follow_tills(invocation: Invocation, data: OpenData) -> None:
    """What tills and imports said lately, should no hub run."""
    people = _people(invocation, data)
    while take_some(data.database, people, now()):
        pass


def _place(text: str) -> Place:
    channel, colon, key = text.partition(":")
    if not colon or not key:
        raise click.UsageError(f"{text!r}: write CHANNEL:KEY, as `tillwire-hub customer show` has it")
    return (TILLS if channel == "till" else channel), key


def _channel(channel: str) -> str:
    return "till" if channel == TILLS else channel


def _shown(one: Identity) -> str:
    words = [word for word in (one.name, one.email, one.phone) if word]
    state = ["deleted"] if one.deleted else ["erased"] if one.erased else []
    return f"{_channel(one.channel)}:{one.key}\t{', '.join([*words, *state])}"


def _line(view: PersonView) -> str:
    values = dict.fromkeys(value for one in view.identities for value in (one.email, one.phone) if value)
    channels = ",".join(dict.fromkeys(_channel(one.channel) for one in view.identities)) or "-"
    state = "" if view.person.state == "alive" else f"\t{view.person.state}"
    return f"{view.person.id}\t{view.name or '-'}\t{' '.join(values) or '-'}\t{channels}{state}"


def _entry(entry: HistoryEntry) -> str:
    undoes = f" (takes back {entry.undoes})" if entry.undoes is not None else ""
    at = entry.at.isoformat(timespec="seconds")
    who = f"{entry.person}\t{entry.other or '-'}\t{entry.note}"
    return f"{entry.position}\t{at}\t{entry.by}\t{entry.action}{undoes}\t{who}"


def _json(view: PersonView) -> dict[str, object]:
    channels: Sequence[str] = sorted({one.channel for one in view.identities})
    return {
        "person": view.person.id, "state": view.person.state, "name": view.name,
        "identities": [msgspec.to_builtins(one) for one in view.identities],
        "consent": {_channel(channel): consent_for(view.identities, channel) for channel in channels},
        "history": [msgspec.to_builtins(entry) for entry in view.history],
    }  # fmt: skip


def _tell_done(number: int, words: str) -> None:
    click.echo(f"{words} `tillwire-hub customer undo {number} --by NAME` takes it back.")
