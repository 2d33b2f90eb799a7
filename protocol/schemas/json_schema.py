"""JSON Schema 2020-12 of every event type and of every message of the link."""

from __future__ import annotations

from typing import Any

import msgspec

from protocol.documents import DOCUMENT_BODIES
from protocol.event import schema_of
from protocol.events import EVENT_TYPES
from protocol.messages import (
    Ack,
    Answer,
    Ask,
    BatchHeader,
    Command,
    CommandAnswer,
    Elsewhere,
    EpochGrant,
    EpochRequest,
    FeedUpdate,
    FoundReceipt,
    Pull,
    Status,
)

JsonSchema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MESSAGES: dict[str, type[msgspec.Struct]] = {
    "batch-header": BatchHeader,
    "ack": Ack,
    "epoch-request": EpochRequest,
    "epoch-grant": EpochGrant,
    "feed-update": FeedUpdate,
    "pull": Pull,
    "status": Status,
    "command": Command,
    "command-answer": CommandAnswer,
    "ask": Ask,
    "told": Answer,
    "found-receipt": FoundReceipt,
    "elsewhere": Elsewhere,
}


def event_schemas() -> dict[str, JsonSchema]:
    """By event type: the whole CloudEvent, its data included."""
    return {name: _event(name, data) for name, data in EVENT_TYPES.items()}


def message_schemas() -> dict[str, JsonSchema]:
    """By message name, and by "document-<kind>" for the bodies that travel on feeds."""
    bodies = {f"document-{kind}": body for kind, body in DOCUMENT_BODIES.items()}
    return {name: _message(name, struct) for name, struct in {**MESSAGES, **bodies}.items()}


def _event(type_name: str, data: type[msgspec.Struct]) -> JsonSchema:
    (reference,), definitions = _components(data)
    integer = {"type": "integer", "minimum": 1}
    properties = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "UUIDv7, kept when the event moves to a new epoch"},
        "source": {"type": "string", "pattern": "^/stores/[^/]+/terminals/[^/]+$"},
        "type": {"const": type_name},
        "time": {"type": "string", "format": "date-time"},
        "epoch": {**integer, "description": "given by the hub at enrolment"},
        "sequence": {**integer, "description": "1, 2, 3 ... without gaps in an epoch"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"const": schema_of(type_name)},
        "clockunchecked": {"type": "boolean", "default": False},
        "data": reference,
        "digest": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "SHA-256 over the previous digest and these bytes without this attribute, which stands last",
        },
    }
    required = [name for name in properties if name != "clockunchecked"]
    return {
        "$schema": DIALECT,
        "$id": schema_of(type_name),
        "title": type_name,
        "type": "object",
        "properties": properties,
        "required": required,
        "$defs": definitions,
    }


def _message(name: str, struct: type[msgspec.Struct]) -> JsonSchema:
    (reference,), definitions = _components(struct)
    return {"$schema": DIALECT, "$id": f"/schemas/{name}.json", "title": name, **reference, "$defs": definitions}


def _components(struct: type[msgspec.Struct]) -> tuple[tuple[JsonSchema, ...], dict[str, JsonSchema]]:
    references, definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    return tuple(references), dict(sorted(definitions.items()))
