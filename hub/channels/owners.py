"""Who is right when a channel and the hub differ, per field: the shop's choice, else the kind's. Pure.

Stock is the hub's: a level is derived from facts, and channels are told. What the shop chooses is whether facts about
it that people make at a channel are among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec

from hub.channels.manifest import Manifest, Setting
from hub.errors import ConfigError
from protocol.documents import Item

Owner = Literal["hub", "channel"]
OWNED = ("name", "price", "barcodes", "tax")
"""What of an item may have an owner; all else of an item is the hub's own."""
COUNTS = "owner_counts"
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "price": ("price", "currency"),
    "barcodes": ("barcodes",),
    "tax": ("tax_rate_bp",),
}


def owner_settings(manifest: Manifest) -> Sequence[Setting]:
    """The shop's choices, for a channel that has a catalogue, or tells what people count."""
    fields = OWNED if "catalogue" in manifest.ports else ()
    found = [
        Setting(
            f"owner_{field}", f"Who is right about an item's {field}: hub or channel", default=_default(manifest, field)
        )
        for field in fields
    ]
    if "counts" in manifest.ports:
        title = "What people count, receive and write off there: channel to take it in, hub to overwrite it"
        found.append(Setting(COUNTS, title, default="hub"))
    return found


def takes_counts(manifest: Manifest, settings: Mapping[str, str]) -> bool:
    """Whether what people count, receive and write off at the channel is taken in."""
    return "counts" in manifest.ports and settings.get(COUNTS) == "channel"


def owners_of(channel: str, manifest: Manifest, settings: Mapping[str, str]) -> Mapping[str, Owner]:
    """Who is right about an item, by field. Raises ConfigError for a word that is neither, also in COUNTS."""
    found: dict[str, Owner] = {
        field: _owner(channel, f"owner_{field}", settings, _default(manifest, field)) for field in OWNED
    }
    _owner(channel, COUNTS, settings, "hub")
    return found


def merged(ours: Item | None, theirs: Item, owners: Mapping[str, Owner]) -> Item:
    """The item as it is to be: theirs if we have none, else ours with those fields that the channel owns."""
    if ours is None:
        return theirs
    names = [name for field in OWNED if owners[field] == "channel" for name in _FIELDS[field]]
    return msgspec.structs.replace(ours, **{name: getattr(theirs, name) for name in names})


def _owner(channel: str, name: str, settings: Mapping[str, str], default: Owner) -> Owner:
    word = settings.get(name, default)
    if word not in get_args(Owner):
        raise ConfigError(f"channel {channel}: {name} is {word!r}; write hub or channel")
    return "hub" if word == "hub" else "channel"


def _default(manifest: Manifest, field: str) -> Owner:
    return manifest.owner.get(field, "channel")
