"""Finds the kinds of channels: folders below `hub/channels/`, and below packages that the settings name.

A kind is a package with a module `manifest` whose `MANIFEST` says what it is. Nothing here knows a vendor's name, and
a folder is read only when its kind is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Sequence
from types import ModuleType

import hub.channels
from hub.channels.manifest import Manifest
from hub.errors import ConfigError

OWN_PACKAGE = hub.channels.__name__


class Registry:
    """The kinds of channels that this hub can find."""

    def __init__(self, packages: Sequence[str] = ()) -> None:
        self._packages = (OWN_PACKAGE, *packages)

    def kinds(self) -> Sequence[str]:
        """The names of all kinds. Raises ConfigError for a package that is not there."""
        found: set[str] = set()
        for package in self._packages:
            paths = _package(package).__path__
            folders = (module.name for module in pkgutil.iter_modules(paths) if module.ispkg)
            found.update(name for name in folders if _has_manifest(package, name))
        return sorted(found)

    def manifest(self, kind: str) -> Manifest:
        """What a kind says of itself. Raises ConfigError for one that is not there."""
        for package in self._packages:
            if kind.isidentifier() and _has_manifest(package, kind):
                module = importlib.import_module(f"{package}.{kind}.manifest")
                manifest = getattr(module, "MANIFEST", None)
                if not isinstance(manifest, Manifest) or manifest.kind != kind:
                    raise ConfigError(f"{package}.{kind}.manifest: MANIFEST must be a Manifest with kind {kind!r}")
                return manifest
        raise ConfigError(f"channel kind {kind!r}: there is none; there are {', '.join(self.kinds()) or 'none at all'}")


def _has_manifest(package: str, kind: str) -> bool:
    try:
        return importlib.util.find_spec(f"{package}.{kind}.manifest") is not None
    except ModuleNotFoundError:
        return False


def _package(name: str) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(f"[channels] packages: {name}: there is no such Python package here") from error
    if not hasattr(module, "__path__"):
        raise ConfigError(f"[channels] packages: {name}: is a module; name the package that the kinds' folders are in")
    return module
