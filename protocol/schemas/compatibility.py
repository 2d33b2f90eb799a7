"""May this definition replace the published one? A hub of version N reads tills of N-1 and of N+1, so both ways count.

Allowed: a new event type, message or definition, a new optional field, another description. Everything else is refused:
a field that went away or became required, another type, bound, pattern or default (defaults are left out on the wire,
so changing one changes the meaning of what was already written).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WORDS_ONLY = frozenset({"description", "title", "examples"})


def breaches(published: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """What an older or a newer peer could not read, in words; empty when the change is safe.

    Both arguments map a schema's name to its JSON Schema.
    """
    found = [f"{name}: was published and is gone" for name in published if name not in current]
    for name in published:
        if name in current:
            found.extend(f"{name}: {breach}" for breach in _compare(published[name], current[name], "$"))
    return found


def _compare(old: Any, new: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - JSON values
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_objects(old, new, path)
    elif old != new:
        yield f"{path} was {old!r} and is {new!r}"


def _compare_objects(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    open_ended = path.endswith((".properties", ".$defs"))
    for key in sorted(old.keys() | new.keys()):
        here = f"{path}.{key}"
        if key == "required" and not open_ended:
            yield from _compare_required(old.get(key, []), new.get(key, []), path)
        elif key in _WORDS_ONLY and not open_ended:
            continue
        elif key not in new:
            yield f"{here} was published and is gone"
        elif key not in old:
            if not open_ended:
                yield f"{here} is new: {new[key]!r}"
        else:
            yield from _compare(old[key], new[key], here)


def _compare_required(old: list[str], new: list[str], path: str) -> Iterator[str]:
    for name in sorted(set(new) - set(old)):
        yield f"{path}.{name} is required now; give it a default, or make a new version of the type"
    for name in sorted(set(old) - set(new)):
        yield f"{path}.{name} was required and may be missing now; older peers need it"
