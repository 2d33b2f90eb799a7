"""A channel's things and the hub's items: which is which, and which links end. Pure.

They are told by equal SKU, unless a person has linked them: that link wins, and its item is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from protocol.documents import Item


@dataclass(frozen=True)
class SaidItem:
    """A thing of a channel: `key` is its id there, `more` what else is needed to name it."""

    key: str
    item: Item
    more: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True)
class ItemLink:
    """Our SKU and the channel's id; `by_hand` if a person has said so."""

    sku: str
    key: str
    by_hand: bool = False


@dataclass
class Linking:
    """What follows: which item each thing is, which links end, and which things cannot be told and why."""

    items: dict[str, str] = field(default_factory=dict)
    ended: list[ItemLink] = field(default_factory=list)
    unclear: dict[str, str] = field(default_factory=dict)


def linking(found: Iterable[SaidItem], links: Sequence[ItemLink]) -> Linking:
    """Decide over a page. `links` are all that have one of its ids or one of its SKUs."""
    after = Linking()
    holders = {link.sku: link for link in links}
    newest = {one.key: one for one in found}  # what comes twice in a page counts as it came last
    for one in (one for one in newest.values() if one.deleted):
        gone = [link for link in links if link.key == one.key]
        after.ended += gone
        for link in gone:
            holders.pop(link.sku, None)
    for one in (one for one in newest.values() if not one.deleted):
        mine = [link for link in links if link.key == one.key]
        said = [link.sku for link in mine if link.by_hand]
        sku = min(said) if said else one.item.sku
        holder = holders.get(sku)
        if holder is not None and holder.key != one.key:
            after.unclear[one.key] = (
                f"SKU {sku} is {holder.key!r} there already: give one of both another SKU, or map it by hand"
            )
            continue
        after.items[one.key] = sku
        after.ended += [link for link in mine if not link.by_hand and link.sku != sku]
        holders[sku] = ItemLink(sku, one.key)
    return after
