"""A channel's settings: what its kind asks for, and what the framework asks of every channel. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.channels.manifest import Manifest, Setting
from hub.channels.owners import owner_settings, owners_of
from hub.errors import ConfigError

SALES = Setting("sales", "Tell it what tills sell: yes or no", default="yes")
SALES_OF = Setting("sales_of", "The stores whose sales it is told, by id with commas between; empty: all", default="")
_YES_OR_NO = {"yes": True, "no": False}


def settings_of(manifest: Manifest) -> Sequence[Setting]:
    """All settings that a channel of this kind has, the kind's own first; secrets are among them."""
    sales = (SALES, SALES_OF) if "sales" in manifest.ports else ()
    return (*manifest.settings, *sales, *owner_settings(manifest))


def complete(channel: str, manifest: Manifest, given: Mapping[str, str]) -> Mapping[str, str]:
    """What was given, with defaults; secrets aside. Raises ConfigError for what is unknown, missing or wrong."""
    known = {setting.name: setting for setting in settings_of(manifest) if not setting.secret}
    for name in given:
        if name not in known:
            secret = any(setting.name == name for setting in manifest.settings)
            remedy = (
                f"is a secret: give it with `tillwire-hub channel secret {channel} {name}`"
                if secret
                else f"is no setting of {manifest.kind}; it has {', '.join(sorted(known)) or 'none'}"
            )
            raise ConfigError(f"channel {channel}: {name} {remedy}")
    found = {name: given.get(name, setting.default) for name, setting in known.items()}
    if missing := sorted(name for name, value in found.items() if value is None):
        titles = "; ".join(f"{name} ({known[name].title})" for name in missing)
        raise ConfigError(f"channel {channel}: missing: {titles}; `tillwire-hub channel set {channel} NAME=VALUE`")
    if found.get(SALES.name, "yes") not in _YES_OR_NO:
        raise ConfigError(f"channel {channel}: sales is {found[SALES.name]!r}; write yes or no")
    settings = {name: value for name, value in found.items() if value is not None}
    owners_of(channel, manifest, settings)
    return settings


def check_secrets(channel: str, manifest: Manifest, given: Mapping[str, str]) -> None:
    """Raise ConfigError for a secret that is missing."""
    needed = [setting for setting in manifest.settings if setting.secret and setting.default is None]
    if missing := [f"{setting.name} ({setting.title})" for setting in needed if setting.name not in given]:
        raise ConfigError(
            f"channel {channel}: missing: {'; '.join(missing)}; "
            f"`tillwire-hub channel secret {channel} NAME --file FILE` gives it"
        )


def tells_sales(settings: Mapping[str, str]) -> bool:
    """Whether the channel is told what tills sell."""
    return _YES_OR_NO.get(settings.get(SALES.name, "no"), False)


def sales_of(settings: Mapping[str, str]) -> frozenset[str]:
    """The stores whose sales it is told; empty for all."""
    return frozenset(filter(None, (store.strip() for store in settings.get(SALES_OF.name, "").split(","))))
