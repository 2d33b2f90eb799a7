"""Who is right when a channel and the hub differ, per field: the shop's choice, else the kind's. Pure."""

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
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "price": ("price", "currency"),
    "barcodes": ("barcodes",),
    "tax": ("tax_rate_bp",),
}


def owner_settings(manifest: Manifest) -> Sequence[Setting]:
    """The shop's choices, for a channel that has a catalogue."""
    if "catalogue" not in manifest.ports:
        return ()
    return [
        Setting(
            f"owner_{field}", f"Who is right about an item's {field}: hub or channel", default=_default(manifest, field)
        )
        for field in OWNED
    ]


def owners_of(channel: str, manifest: Manifest, settings: Mapping[str, str]) -> Mapping[str, Owner]:
    """Who is right, by field. Raises ConfigError for a word that is neither."""
    found: dict[str, Owner] = {}
    for field in OWNED:
        word = settings.get(f"owner_{field}", _default(manifest, field))
        if word not in get_args(Owner):
            raise ConfigError(f"channel {channel}: owner_{field} is {word!r}; write hub or channel")
        found[field] = "hub" if word == "hub" else "channel"
    return found


def merged(ours: Item | None, theirs: Item, owners: Mapping[str, Owner]) -> Item:
    """The item as it is to be: theirs if we have none, else ours with those fields that the channel owns."""
    if ours is None:
        return theirs
    names = [name for field in OWNED if owners[field] == "channel" for name in _FIELDS[field]]
    return msgspec.structs.replace(ours, **{name: getattr(theirs, name) for name in names})


def _default(manifest: Manifest, field: str) -> Owner:
    return manifest.owner.get(field, "channel")
