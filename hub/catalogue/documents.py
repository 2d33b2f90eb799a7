"""Reading documents that an office made, as JSON lines, JSON, or TOML. Pure: text in, values or a named place out.

Stricter than the link: there, an unknown field is a newer peer's; here, it is a slip of the pen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from hub.errors import ImportFailed
from protocol.documents import DOCUMENT_BODIES, DocumentBody
from protocol.ids import GLOBAL_FEED, FeedName, store_feed, store_id

KEY_FIELDS: Mapping[str, str] = {
    "customer": "customer", "promotion": "promotion", "voucher": "code", "staff": "staff", "purchase": "purchase",
    "transfer": "transfer", "pick": "order", "payment": "payment", "recount": "sku",
}  # fmt: skip
"""The field of each kind that is its key."""

GLOBAL_KINDS = frozenset({"customer", "promotion", "voucher"})
OWN_COMMANDS: Mapping[str, str] = {
    "item": "tillwire-hub catalogue import FILE",
    "stock": "tillwire-hub stock set STORE FILE",
    "settings": "tillwire-hub store settings STORE FILE",
}
NUL = "\x00"
Struct = TypeVar("Struct", bound=msgspec.Struct)


class ReadDocument(NamedTuple):
    """A document of a file: its key, its body, and which fields the file named."""

    key: str
    body: DocumentBody
    named: frozenset[str]


def feed_for(kind: str, feed: str) -> FeedName:
    """The feed that a person means by "global" or a store's name, for this kind. Raises ImportFailed, InvalidId."""
    if kind in OWN_COMMANDS:
        raise ImportFailed(f"{kind} has a command of its own: {OWN_COMMANDS[kind]}")
    if kind not in KEY_FIELDS:
        raise ImportFailed(f"{kind!r} is no kind of document; it is one of {', '.join(sorted(KEY_FIELDS))}")
    if feed == GLOBAL_FEED:
        if kind not in GLOBAL_KINDS:
            raise ImportFailed(f"{kind} belongs to one store: give its name instead of {GLOBAL_FEED!r}")
        return GLOBAL_FEED
    if kind in GLOBAL_KINDS - {"promotion"}:
        raise ImportFailed(f"{kind} is the same in all stores: give {GLOBAL_FEED!r} instead of {feed!r}")
    return store_feed(store_id(feed.removeprefix("store-")))


def read_documents(name: str, text: str, kind: str) -> Sequence[ReadDocument]:
    """Read a file of one kind: `.json` is one object or a list of them, anything else one object a line.

    Raises ImportFailed, which names file, line, field and remedy.
    """
    found: dict[str, ReadDocument] = {}
    for place, raw in objects_of(name, text):
        body = read_body(f"{name}:{place}", raw, DOCUMENT_BODIES[kind])
        key = str(getattr(body, KEY_FIELDS[kind]))
        if NUL in key:
            raise ImportFailed(f"{name}:{place}: field {KEY_FIELDS[kind]}: has a zero character; take it out")
        if key in found:
            raise ImportFailed(f"{name}:{place}: {kind} {key} is in the file twice; keep one of them")
        found[key] = ReadDocument(key, body, frozenset(raw))
    return list(found.values())


def read_object(name: str, text: str) -> dict[str, object]:
    """Read one object: `.toml`, else JSON. Raises ImportFailed."""
    if name.lower().endswith(".toml"):
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ImportFailed(f"{name}: no TOML: {error}") from error
    return _object(name, _decoded(name, text))


def read_body(place: str, raw: Mapping[str, object], kind: type[DocumentBody]) -> DocumentBody:
    """Read an object as a document's body. Raises ImportFailed for a missing, unknown or wrong field."""
    return read_struct(place, raw, kind)


def read_struct(place: str, raw: Mapping[str, object], kind: type[Struct]) -> Struct:
    """Read an object as a struct of any kind, as `read_body` does."""
    try:
        # Through the codec, as tills will read it: TOML has dates of its own, JSON has texts.
        body: Struct = msgspec.json.decode(msgspec.json.encode(raw), type=kind)
    except msgspec.ValidationError as error:
        raise ImportFailed(f"{place}: {_explained(str(error))}") from error
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ImportFailed(f"{place}: {error}") from error
    unknown = next(_unknown_fields(raw, body, ""), None)
    if unknown is not None:
        field, known = unknown
        raise ImportFailed(f"{place}: field {field}: there is none of this name; it may be {', '.join(known)}")
    return body


def objects_of(name: str, text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The objects of a file, each with its place: `.json` is one or a list, anything else one a line."""
    if name.lower().endswith(".json"):
        whole = _decoded(name, text)
        several = whole if isinstance(whole, list) else [whole]
        for number, raw in enumerate(several, 1):
            place = f"entry {number}"
            yield place, _object(f"{name}:{place}", raw)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield str(number), _object(f"{name}:{number}", _decoded(f"{name}:{number}", line))


def _decoded(place: str, text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ImportFailed(f"{place}: no JSON: {error}") from error


def _object(place: str, raw: object) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise ImportFailed(f"{place}: not an object; write fields in braces, such as {{...}}")
    return raw


def _explained(error: str) -> str:
    """Put the field first: msgspec says "Expected `int`, got `str` - at `$.amount`"."""
    words, _, path = error.partition(" - at `")
    field = path.rstrip("`").removeprefix("$").removeprefix(".")
    return f"field {field}: {words}" if field else words


def _unknown_fields(raw: object, read: object, path: str) -> Iterator[tuple[str, Sequence[str]]]:
    if isinstance(read, msgspec.Struct) and isinstance(raw, Mapping):
        for name, value in raw.items():
            if name not in read.__struct_fields__:
                yield f"{path}{name}", read.__struct_fields__
            else:
                yield from _unknown_fields(value, getattr(read, name), f"{path}{name}.")
    elif isinstance(read, tuple) and isinstance(raw, list | tuple):
        for number, (inner, value) in enumerate(zip(raw, read, strict=False), 1):
            yield from _unknown_fields(inner, value, f"{path}{number}.")
