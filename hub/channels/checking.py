"""Compares what is linked with what both sides have: SKU by SKU, location by location. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.channels.links import LinkKind, Links
from hub.channels.ports import ChannelItem, ChannelPlace

GapSide = Literal["ours", "theirs", "link"]


@dataclass(frozen=True)
class Gap:
    """Something that is missing. `side`: a word of ours or of theirs without a link, or a link that leads nowhere."""

    kind: LinkKind
    side: GapSide
    word: str
    says: str
    remedy: str


def place_gaps(links: Links, stores: Collection[str], places: Sequence[ChannelPlace] | None) -> list[Gap]:
    """Stores that stand behind no location, and links to locations or stores that are not there."""
    command = f"`tillwire-hub channel map {links.channel} location"
    unmap = f"`tillwire-hub channel unmap {links.channel} location"
    gaps = []
    linked = {link.ours: link.theirs for link in links.of("location")}
    for store in sorted(set(stores) - set(linked)):
        says = "is linked to no location, so the channel is offered nothing of what it has"
        gaps.append(Gap("location", "ours", store, says, f"{command} {store} LOCATION`, if it is to be"))
    for store in sorted(set(linked) - set(stores)):
        says = "is a store that is not there"
        gaps.append(Gap("location", "link", store, says, f"{unmap} {store}`"))
    if places is None:
        return gaps
    there = {place.key: place.name for place in places}
    for store, theirs in sorted(linked.items()):
        if theirs not in there:
            known = ", ".join(f"{key} ({name})" for key, name in sorted(there.items())) or "none"
            gaps.append(
                Gap("location", "link", store, f"is linked to {theirs}, which the channel does not have",
                    f"{command} {store} LOCATION`; it has {known}")
            )  # fmt: skip
    for key in sorted(set(there) - set(linked.values())):
        says = f"({there[key]}) has no store behind it"
        gaps.append(Gap("location", "theirs", key, says, f"{command} STORE {key}`, if it is one of yours"))
    return gaps


def count_gaps(links: Links) -> list[Gap]:
    """Locations that several stores stand behind: what people count there is of none of them in particular."""
    gaps = []
    for theirs in sorted({link.theirs for link in links.of("location")}):
        if len(stores := links.all_ours("location", theirs)) > 1:
            says = f"stands for {', '.join(stores)}, so what people count there is parked"
            unmap = (
                f"`tillwire-hub channel unmap {links.channel} location STORE` for all but one, or count at the tills"
            )
            gaps.append(Gap("location", "link", theirs, says, unmap))
    return gaps


def counts_note(channel: str, *, taken: bool) -> str:
    """What becomes of what people count, receive and write off at the channel."""
    if taken:
        return "What people count, receive and write off there is taken in (owner_counts=channel)."
    return (
        "What people count, receive and write off there is overwritten (owner_counts=hub); "
        f"`tillwire-hub channel set {channel} owner_counts=channel` takes it in from then on."
    )


def item_gaps(
    links: Links, unlinked: Iterable[tuple[str, str]], known: Collection[str],
    items: Sequence[ChannelItem] | None,
) -> list[Gap]:  # fmt: skip
    """SKUs of ours that it should sell, links to what one side does not have, things of theirs that nobody knows.

    `unlinked` are SKUs with a name and what stores have of them; `known` are all of ours that links or it name.
    """
    command = f"`tillwire-hub channel map {links.channel} item"
    theirs_by_sku = {item.item.sku: item.key for item in items or () if not item.deleted}
    keys = {item.key for item in items or () if not item.deleted}
    gaps = []
    for sku, says in unlinked:
        key = theirs_by_sku.get(sku)
        remedy = f"{command} {sku} {key or 'ID'}`" if key or items is None else "add it there under this SKU"
        gaps.append(Gap("item", "ours", sku, f"is not linked ({says})", remedy))
    for link in links.of("item"):
        if link.ours not in known:
            unmap = f"`tillwire-hub channel unmap {links.channel} item {link.ours}`, or import the item"
            gaps.append(Gap("item", "link", link.ours, "is linked and is not in the catalogue", unmap))
        elif items is not None and link.theirs not in keys:
            says = f"is linked to {link.theirs}, which the channel does not have"
            gaps.append(Gap("item", "link", link.ours, says, f"{command} {link.ours} ID`, or add it there"))
    linked = {link.theirs for link in links.of("item")}
    for item in items or ():
        if not item.deleted and item.key not in linked:
            ours = item.item.sku in known
            says = "is not linked, though both have the SKU" if ours else "is in no catalogue of ours"
            remedy = f"{command} {item.item.sku} {item.key}`" if ours else "import it, or let it be"
            gaps.append(Gap("item", "theirs", item.item.sku, f"({item.key}) {says}", remedy))
    return gaps


def word_gaps(links: Links, needs: Iterable[LinkKind]) -> list[Gap]:
    """Kinds of words that the channel cannot do without and that have no link at all."""
    return [
        Gap(kind, "ours", "", f"no {kind} is linked", f"`tillwire-hub channel map {links.channel} {kind} OURS THEIRS`")
        for kind in needs
        if kind not in ("item", "location") and not links.of(kind)
    ]
