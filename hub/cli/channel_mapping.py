"""`channel map`, `unmap`, `mapping` and `check`: which word is whose, and what is missing."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import click
import httpx

from hub.channels.checking import Gap, count_gaps, counts_note, item_gaps, place_gaps, word_gaps
from hub.channels.linked import as_link
from hub.channels.links import LINK_KINDS, Links
from hub.channels.manifest import Connecting, Manifest
from hub.channels.owners import takes_counts
from hub.channels.ports import CatalogueSource, ChannelItem, ChannelPlace
from hub.channels.registry import Registry
from hub.channels.settings import check_secrets, complete
from hub.cli.opening import Invocation, pass_invocation, read_text
from hub.config import now
from hub.errors import ChannelError, ImportFailed, UnknownItem, UnknownStore
from hub.running.channels import ChannelStores, channel_stores
from hub.running.data import OpenData
from hub.storage.channel_gaps import SqlChannelGaps
from hub.storage.channel_links import MANY
from hub.storage.channel_records import LinkRow

MAPPED_KINDS = tuple(kind for kind in LINK_KINDS if kind not in MANY)
GAPS_MAX, PAGES_MAX, PAGE = 10_000, 10_000, 500
_COLUMNS = ("kind", "ours", "theirs")


@click.command("map")
@click.argument("name", metavar="CHANNEL")
@click.argument("kind", required=False, type=click.Choice(MAPPED_KINDS))
@click.argument("ours", required=False)
@click.argument("theirs", required=False)
@click.option("--more", metavar="NAME=VALUE", multiple=True, help="What else the channel needs to name it; may repeat.")
@click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Many links at once, a CSV file with the columns kind, ours, theirs; further columns are what else it needs.",
)  # fmt: skip
@pass_invocation
def map_word(  # noqa: PLR0913 - one parameter for each argument and option
    invocation: Invocation, name: str, kind: str | None, ours: str | None, theirs: str | None, *,
    more: tuple[str, ...], file: Path | None,
) -> None:  # fmt: skip
    """Say that OURS (a SKU, a store, a tax, a tender, a state) is THEIRS there; a former link gives way.

    What is said by hand is not overwritten by what the channel's catalogue says.
    """
    if file is not None and kind is None:
        links = _read_links(str(file), read_text(file))
    elif file is None and kind is not None and ours and theirs:
        links = [LinkRow(kind, ours, theirs, dict(_pair(text) for text in more), by_hand=True)]
    else:
        raise click.UsageError("give KIND, OURS and THEIRS, or --file with many of them")
    with invocation.data() as data:
        stores = channel_stores(data.database)
        stores.setups.get(name)
        _check_ours(SqlChannelGaps(data.database), name, links)
        changed = stores.links.put(name, links, now())
    click.echo(f"{len(links)} links given, {changed} new or changed.")


@click.command("unmap")
@click.argument("name", metavar="CHANNEL")
@click.argument("kind", type=click.Choice(MAPPED_KINDS))
@click.argument("ours", nargs=-1, required=True)
@pass_invocation
def unmap_word(invocation: Invocation, name: str, kind: str, ours: tuple[str, ...]) -> None:
    """Take links away, by our words; the channel keeps what it was told last."""
    with invocation.data() as data:
        stores = channel_stores(data.database)
        stores.setups.get(name)
        gone = stores.links.delete(name, kind, ours)
    click.echo(f"{gone} links taken away.")
    if gone < len(set(ours)):
        click.echo(f"tillwire-hub: channel {name}: some of these were not linked", err=True)
        raise SystemExit(1)


@click.command("mapping")
@click.argument("name", metavar="CHANNEL")
@click.option("--kind", type=click.Choice(MAPPED_KINDS), help="Only links of this kind.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_invocation
def list_mapping(invocation: Invocation, name: str, *, kind: str | None, as_json: bool) -> None:
    """List what is linked; without --json as `channel map --file` reads it."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(_COLUMNS)
    with invocation.data() as data:
        stores = channel_stores(data.database)
        stores.setups.get(name)
        for link in _links(stores, name, [kind] if kind else MAPPED_KINDS):
            if as_json:
                body = {"kind": link.kind, "ours": link.ours, "theirs": link.theirs, "more": dict(link.more)}
                click.echo(json.dumps({**body, "by_hand": link.by_hand}, ensure_ascii=False))
            else:
                writer.writerow((link.kind, link.ours, link.theirs))
    if not as_json:
        click.echo(output.getvalue(), nl=False)


@click.command("check")
@click.argument("name", metavar="CHANNEL")
@click.option("--offline", is_flag=True, help="Do not connect: only what the hub knows by itself.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@pass_invocation
def check(invocation: Invocation, name: str, *, offline: bool, as_json: bool) -> None:
    """Connect to a channel and say what is missing, SKU by SKU, location by location; exit code 1 if anything is."""
    registry = Registry(invocation.config().channels.packages)
    with invocation.data() as data:
        stores = channel_stores(data.database)
        setup = stores.setups.get(name)
        manifest = registry.manifest(setup.kind)
        settings = complete(name, manifest, setup.settings)
        check_secrets(name, manifest, stores.setups.secrets(name))
        links = Links(name, map(as_link, stores.links.mapping(name)[1]))
        problem, places, items = "", None, None
        if not offline:
            connecting = Connecting(
                name, settings, stores.setups.secrets(name), lambda: links, now, httpx.HTTPTransport()
            )  # fmt: skip
            problem, places, items = _ask(manifest, connecting)
        gaps = _gaps(data, manifest, links, places, items)
        takes = takes_counts(manifest, settings)
        gaps += count_gaps(links) if takes else []
    note = counts_note(name, taken=takes) if "counts" in manifest.ports else ""
    _tell(name, _Found(problem, gaps, note), connected=not offline, as_json=as_json)


class _Found(NamedTuple):
    """Why the channel cannot be asked, what is missing, and what is good to know."""

    problem: str
    gaps: Sequence[Gap]
    note: str


def _ask(
    manifest: Manifest, connecting: Connecting
) -> tuple[str, Sequence[ChannelPlace] | None, Sequence[ChannelItem] | None]:
    """Why the channel cannot be asked, its places and its things; None for what it does not say."""
    channel = manifest.open(connecting)
    try:
        source = channel.catalogue
        if source is None:
            return "", None, None
        return "", source.locations(), list(_all_items(source))
    except ChannelError as error:
        return str(error) or type(error).__name__, None, None
    finally:
        channel.close()


def _all_items(source: CatalogueSource) -> Iterator[ChannelItem]:
    cursor = ""
    for _ in range(PAGES_MAX):
        page = source.changed(cursor)
        yield from page.found
        cursor = page.cursor
        if not page.more:
            return


def _gaps(
    data: OpenData, manifest: Manifest, links: Links, places: Sequence[ChannelPlace] | None,
    items: Sequence[ChannelItem] | None,
) -> list[Gap]:  # fmt: skip
    known = SqlChannelGaps(data.database)
    stores = known.stores()
    gaps: list[Gap] = []
    if "location" in manifest.needs:
        gaps += place_gaps(links, stores, places)
    if "item" in manifest.needs:
        behind = [link.ours for link in links.of("location")] or list(stores)
        unlinked = [
            (one.sku, f"{one.name}; {', '.join(one.stores)} has some")
            for one in known.unlinked_items(links.channel, behind, GAPS_MAX)
        ]
        skus = {link.ours for link in links.of("item")} | {item.item.sku for item in items or ()}
        newest = None if items is None else list({item.key: item for item in items}.values())
        gaps += item_gaps(links, unlinked, known.known_items(skus), newest)
    return gaps + word_gaps(links, manifest.needs)


def _tell(name: str, found: _Found, *, connected: bool, as_json: bool) -> None:
    if as_json:
        body = {"channel": name, "connected": connected and not found.problem, "problem": found.problem}
        missing = [asdict(gap) for gap in found.gaps]
        click.echo(json.dumps({**body, "note": found.note, "missing": missing}, ensure_ascii=False, indent=2))
    else:
        for gap in found.gaps:
            click.echo("\t".join([gap.kind, f"{gap.word} {gap.says}".strip(), gap.remedy]))
        if found.problem:
            click.echo(f"tillwire-hub: channel {name}: cannot be asked: {found.problem}", err=True)
        elif not found.gaps:
            click.echo("Nothing is missing." if connected else "Nothing is missing that the hub knows of.")
        if found.note:
            click.echo(found.note)
    if found.problem or found.gaps:
        raise SystemExit(1)


def _check_ours(known: SqlChannelGaps, name: str, links: Sequence[LinkRow]) -> None:
    stores = known.stores()
    for link in links:
        if link.kind == "location" and link.ours not in stores:
            raise UnknownStore(
                f"channel {name}: store {link.ours}: there is none; `tillwire-hub store list` shows them"
            )
    skus = {link.ours for link in links if link.kind == "item"}
    if unknown := sorted(skus - known.known_items(skus)):
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise UnknownItem(f"channel {name}: item {unknown[0]}{more}: not in the catalogue; import it first")


def _read_links(source: str, text: str) -> Sequence[LinkRow]:
    reader = csv.DictReader(io.StringIO(text))
    if missing := [column for column in _COLUMNS if column not in (reader.fieldnames or ())]:
        raise ImportFailed(f"{source}: line 1: no column {missing[0]}; it must have kind, ours and theirs")
    links = []
    for row in reader:
        where = f"{source}: line {reader.line_num}"
        kind, ours, theirs = ((row.pop(column) or "").strip() for column in _COLUMNS)
        if kind not in MAPPED_KINDS:
            raise ImportFailed(f"{where}: kind {kind!r}; write one of {', '.join(MAPPED_KINDS)}")
        if not ours or not theirs:
            raise ImportFailed(f"{where}: {'theirs' if ours else 'ours'} is empty")
        more = {column: value.strip() for column, value in row.items() if isinstance(value, str) and value.strip()}
        links.append(LinkRow(kind, ours, theirs, more, by_hand=True))
    return links


def _links(stores: ChannelStores, name: str, kinds: Sequence[str]) -> Iterator[LinkRow]:
    for kind in kinds:
        after = ""
        while page := stores.links.page(name, kind, after, PAGE):
            yield from page
            after = page[-1].ours


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--more {text!r}: write NAME=VALUE")
    return name, value


MAPPING_COMMANDS = (map_word, unmap_word, list_mapping, check)
