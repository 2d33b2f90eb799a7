"""`money`: what tills took held against what payment providers told, day by day, and what people decide about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic

import click
import msgspec

from hub.admin.money_csv import csv_parts, plain_amount
from hub.channels.registry import Registry
from hub.cli.opening import Invocation, pass_invocation
from hub.config import now
from hub.errors import HubError, UnknownStore
from hub.money.days import DAYS_AT_ONCE, reconcile_days
from hub.money.remedies import remedies
from hub.running.data import OpenData
from hub.running.payments import ask_payments
from hub.storage.money_decisions import MoneyDecisions
from hub.storage.money_places import UNMAPPED, Places, places_now
from hub.storage.money_records import ACTIONS, OUTCOMES, DaySum, FeeRule, KeptLine
from hub.storage.money_tenders import catch_up
from hub.storage.queries_money import MoneyFilter, MoneyQueries
from protocol.money import parse_amount

EXIT_DIFFERS = 4
"""All was reconciled, and something differs that nobody has dealt with."""

READ_AT_ONCE = 10_000
DAYS_MAX = 400
LIST_MAX = 100_000
_DAY = timedelta(days=1)
_Span = tuple[tuple[str, ...], date, date]
"""Stores that are reconciled together, and their first and last day."""

_DATE = click.DateTime(["%Y-%m-%d"])
store_option = click.option("--store", "store_name", metavar="STORE", help="Only this store; default: all.")
channel_option = click.option("--channel", help="Only this provider; default: all.")
from_option = click.option("--from", "first", type=_DATE, help="The first day, as 2026-11-20.")
to_option = click.option("--to", "last", type=_DATE, help="The last day; default: yesterday, by each store's calendar.")


@click.group()
def money() -> None:
    """Hold what tills took against what payment providers told."""


@money.command("reconcile")
@channel_option
@store_option
@from_option
@to_option
@click.option("--ask", is_flag=True, help="Ask the providers for these days first, should a poll have missed some.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all lines to this file."
)
@pass_invocation
def reconcile(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation, *, channel: str | None, store_name: str | None, first: datetime | None,
    last: datetime | None, ask: bool, as_json: bool, csv_file: Path | None,
) -> None:  # fmt: skip
    """Reconcile the last four closed days, or those from --from to --to.

    Ends with exit code 4 when something differs that nobody has dealt with yet.
    """
    with invocation.data() as data:
        places = _places(data, store_name, channel)
        if not places.channels:
            click.echo("No channel tells of payments yet: connect one that does, then call this again.", err=True)
            return
        spans = _spans(places, store_name, (_day(first), _day(last)))
        days = (min(start for _, start, _ in spans), max(end for _, _, end in spans))
        if ask:
            _ask(data, Registry(invocation.config().channels.packages), places, channel, days)
        _read_journals(data)
        _reconcile(data, spans)
        wanted = MoneyFilter(store=store_name, channel=channel or "", first=days[0], last=days[1])
        queries = MoneyQueries(data.database)
        sums = queries.days(wanted, LIST_MAX)
        if csv_file is not None:
            _write(csv_file, queries, wanted)
        if as_json:
            click.echo(json.dumps(_report(sums, days), ensure_ascii=False, indent=2))
        else:
            _show(sums, queries.lines(_opened(wanted), LINES_SHOWN), places)
    if any(one.undecided for one in sums):
        raise SystemExit(EXIT_DIFFERS)


LINES_SHOWN = 50


@money.command("lines")
@channel_option
@store_option
@from_option
@to_option
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only these.")
@click.option("--all", "every", is_flag=True, help="Also what fits, and what somebody has dealt with.")
@click.option("--limit", default=100, help="How many at most, those that somebody has to look at first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_invocation
def lines(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation, *, channel: str | None, store_name: str | None, first: datetime | None,
    last: datetime | None, outcome: str | None, every: bool, limit: int, as_json: bool,
) -> None:  # fmt: skip
    """List what differs, with what can be done about it."""
    with invocation.data() as data:
        _places(data, store_name, channel)
        wanted = MoneyFilter(
            store=store_name, channel=channel or "", first=_day(first), last=_day(last), outcome=outcome or "",
            open=not every and outcome is None,
        )  # fmt: skip
        found = MoneyQueries(data.database).lines(wanted, limit)
    for kept in found:
        click.echo(msgspec.json.encode(_json_line(kept)).decode() if as_json else _line(kept))
    if not found and not as_json:
        click.echo("None.")


@money.command("decide")
@click.argument("line", type=int)
@click.argument("action", type=click.Choice(ACTIONS))
@click.option("--by", required=True, help="Who decides.")
@click.option("--note", default="", help="Why; needed for `settled`.")
@pass_invocation
def decide(invocation: Invocation, *, line: int, action: str, by: str, note: str) -> None:
    """Write down what is done about a difference; LINE is its number in `money lines`.

    The hub books nothing by itself: a sale is entered at a till, money is given back at the provider.
    """
    if action == "settled" and not note.strip():
        raise click.UsageError("settled by hand needs a --note that says why")
    with invocation.data() as data:
        number = MoneyDecisions(data.database).add(line, action, note.strip(), by, now())
    click.echo(f"Decision {number}: {action}. `tillwire-hub money undo {number} --by NAME` takes it back.")


@money.command("undo")
@click.argument("decision", type=int)
@click.option("--by", required=True, help="Who takes it back.")
@click.option("--note", default="", help="Why.")
@pass_invocation
def undo(invocation: Invocation, *, decision: int, by: str, note: str) -> None:
    """Take a decision back; both stay on record."""
    with invocation.data() as data:
        MoneyDecisions(data.database).undo(decision, note.strip(), by, now())
    click.echo(f"Decision {decision} is taken back.")


@money.command("decisions")
@click.option("--limit", default=100, help="How many at most, newest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_invocation
def decisions(invocation: Invocation, *, limit: int, as_json: bool) -> None:
    """List decisions, newest first."""
    with invocation.data() as data:
        found = MoneyDecisions(data.database).decisions(limit)
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one).decode())
            continue
        about = one.payment or one.tender or ""
        taken_back = f" (takes back {one.undoes})" if one.undoes is not None else ""
        at = one.at.isoformat(timespec="seconds")
        click.echo(f"{one.position}\t{at}\t{one.by}\t{one.outcome}\t{one.action}{taken_back}\t{about}\t{one.note}")
    if not found and not as_json:
        click.echo("None.")


@money.group("fee")
def fee() -> None:
    """Say what providers may take, so that a fee that differs is found."""


@fee.command("set")
@click.argument("channel")
@click.option("--kind", default="", help="Of tenders of this kind; default: of any.")
@click.option("--currency", required=True, help="Of amounts in this currency.")
@click.option("--percent", required=True, help="Of the amount, such as 2.6.")
@click.option("--fixed", default="0", help="On top of it, such as 0.10.")
@click.option("--since", type=_DATE, required=True, help="From this day on.")
@click.option(
    "--refunds", type=click.Choice(["kept", "returned"]), default="kept", help="The fee of what is given back."
)
@pass_invocation
def set_fee(  # noqa: PLR0913 - one parameter for each option
    invocation: Invocation, *, channel: str, kind: str, currency: str, percent: str, fixed: str, since: datetime,
    refunds: str,
) -> None:  # fmt: skip
    """Add a rule, or change the one that began on the same day."""
    share = parse_amount(percent, "KWD")  # three decimals: the finest that providers' prices have
    amount = parse_amount(fixed, currency.upper())
    if not 0 <= share <= 100_000 or amount < 0:  # noqa: PLR2004 - a hundred per cent, in thousandths of one
        raise click.UsageError("--percent is between 0 and 100, --fixed not less than 0")
    rule = FeeRule(
        channel,
        kind,
        currency.upper(),
        since.date(),
        share * 10,
        amount,
        "returned" if refunds == "returned" else "kept",
    )
    with invocation.data() as data:
        MoneyQueries(data.database).set_fee_rule(rule)
    click.echo("Set. `tillwire-hub money reconcile --from ...` looks at earlier days again.")


@fee.command("list")
@pass_invocation
def list_fees(invocation: Invocation) -> None:
    """List the rules."""
    with invocation.data() as data:
        found = MoneyQueries(data.database).fee_rules()
    for rule in found:
        share = f"{rule.rate_ppm / 10_000:.3f} %"
        fixed = plain_amount(rule.fixed, rule.currency)
        kind = rule.kind or "any"
        click.echo(f"{rule.channel}\t{kind}\t{rule.currency}\t{rule.since}\t{share} + {fixed}\trefunds: {rule.refunds}")
    if not found:
        click.echo("None: no fee is expected, so none can differ.")


@fee.command("remove")
@click.argument("channel")
@click.option("--kind", default="", help="Of tenders of this kind; default: the rules of any kind.")
@click.option("--currency", required=True, help="Of amounts in this currency.")
@pass_invocation
def remove_fees(invocation: Invocation, *, channel: str, kind: str, currency: str) -> None:
    """Take the rules of a kind away."""
    with invocation.data() as data:
        gone = MoneyQueries(data.database).delete_fee_rules(channel, kind, currency.upper())
    click.echo(f"{gone} taken away.")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _places(data: OpenData, store: str | None, channel: str | None) -> Places:
    places = places_now(data.database)
    if store and store not in places.zones:
        raise UnknownStore(f"store {store}: there is none of this name; `tillwire-hub store list` shows them")
    if channel and channel not in places.kinds:
        known = ", ".join(places.channels) or "none"
        raise HubError(f"channel {channel}: it tells of no payments; those that do: {known}")
    return places


def _read_journals(data: OpenData) -> None:
    done = 0
    while step := catch_up(data.database, READ_AT_ONCE):
        done += step
        if step >= READ_AT_ONCE:
            click.echo(f"{done} receipts read", err=True)


def _spans(places: Places, store: str | None, asked: tuple[date | None, date | None]) -> list[_Span]:
    """The groups of stores that were asked for, each with its first and last day."""
    mapped = {one for behind in places.stores.values() for one in behind}
    wanted = sorted(mapped & {store} if store else mapped)
    groups = dict.fromkeys(places.group(one) for one in wanted)
    spans: list[_Span] = []
    for group in [*groups, *([] if store else [(UNMAPPED,)])]:
        yesterday = max(places.day(one, now()) for one in group) - _DAY
        last = asked[1] or yesterday
        first = asked[0] or last - _DAY * (DAYS_AT_ONCE - 1)
        if first > last or (last - first).days >= DAYS_MAX:
            raise click.UsageError(f"--from {first} --to {last}: give at most {DAYS_MAX} days, the first one first")
        spans.append((group, first, last))
    if not spans:
        raise HubError(f"store {store}: it is mapped to no location; `tillwire-hub channel map` maps it")
    return spans


def _ask(data: OpenData, registry: Registry, places: Places, channel: str | None, days: tuple[date, date]) -> None:
    """Have providers tell of these days, and of the hours around them that some store's calendar may count to them."""
    start = datetime.combine(days[0], time(), UTC) - _DAY
    end = datetime.combine(days[1], time(), UTC) + 2 * _DAY
    for name in [channel] if channel else places.channels:
        new = ask_payments(data, registry, places, name, (start, end), now=now, clock_s=monotonic)
        click.echo(f"{name}: {new} payments new or changed", err=True)


def _reconcile(data: OpenData, spans: Sequence[_Span]) -> None:
    for group, first, last in spans:
        day = first
        while day <= last:
            until = min(last, day + _DAY * (DAYS_AT_ONCE - 1))
            reconcile_days(data.database, group, day, until, now())
            click.echo(f"{', '.join(group) or 'no store'}: {day} to {until}", err=True)
            day = until + _DAY


def _opened(wanted: MoneyFilter) -> MoneyFilter:
    return MoneyFilter(wanted.store, wanted.channel, wanted.first, wanted.last, open=True)


def _write(file: Path, queries: MoneyQueries, wanted: MoneyFilter) -> None:
    try:
        with file.open("wb") as out:
            for part in csv_parts(queries, wanted):
                out.write(part)
    except OSError as error:
        raise click.FileError(str(file), hint=str(error)) from error


def _report(sums: Sequence[DaySum], days: tuple[date, date]) -> dict[str, object]:
    return {
        "ok": not any(one.undecided for one in sums), "from": days[0].isoformat(), "to": days[1].isoformat(),
        "open": sum(one.undecided for one in sums), "lines": sum(one.lines for one in sums),
        "days": [msgspec.to_builtins(one) for one in sums],
    }  # fmt: skip


def _show(sums: Sequence[DaySum], found: Sequence[KeptLine], places: Places) -> None:
    for one in sums:
        took, told = plain_amount(one.tendered, one.currency), plain_amount(one.paid, one.currency)
        fees = plain_amount(one.fees, one.currency) + (f" ({one.fees_unknown} unknown)" if one.fees_unknown else "")
        words = ", ".join(f"{name} {one.outcomes[name]}" for name in OUTCOMES if one.outcomes.get(name))
        store = one.store if one.store in places.zones else "(no store)"
        click.echo(f"{one.day}\t{store}\t{one.channel}\t{took} here\t{told} there {one.currency}\tfees {fees}\t{words}")
    if not sums:
        click.echo("Nothing was taken and nothing was told on these days.")
    for kept in found:
        click.echo(_line(kept))
    left = sum(one.undecided for one in sums) - len(found)
    if left > 0:
        click.echo(f"... and {left} more: `tillwire-hub money lines --limit N`, or --csv FILE.")


def _line(kept: KeptLine) -> str:
    line = kept.line
    amounts = f"{plain_amount(line.tendered, line.currency)} here, {plain_amount(line.paid, line.currency)} there"
    who = [line.receipt, line.reference, f"of {line.about}" if line.about else "", line.note.replace("_", " ")]
    done = f"{kept.decision.action} by {kept.decision.by}" if kept.decision else "/".join(remedies(line))
    words = ", ".join(word for word in who if word)
    place = [str(kept.position), line.day.isoformat(), line.store or "(no store)", line.outcome]
    return "\t".join([*place, f"{amounts} {line.currency}", words, done])


def _json_line(kept: KeptLine) -> dict[str, object]:
    body = msgspec.to_builtins(kept.line)
    decision = msgspec.to_builtins(kept.decision) if kept.decision else None
    return {"line": kept.position, "open": kept.open, **body, "remedies": remedies(kept.line), "decision": decision}
