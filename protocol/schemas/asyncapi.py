"""AsyncAPI 3.0 description of the topics: who says what where."""

from __future__ import annotations

from typing import Any

from protocol.schemas.json_schema import event_schemas, message_schemas

_FRAME = "application/vnd.tillwire.frame"
_TERMINAL = "tillwire/v1/{bucket}/{store}/{terminal}"
_PARAMETERS = {
    "bucket": {"description": "b00 to b63: the first byte of SHA-256 of the store's id, modulo 64"},
    "store": {"description": "the store's id"},
    "terminal": {"description": "the terminal's id, unique in its store"},
}
# leaf -> (message, who says it, what it is for)
_LEAVES: dict[str, tuple[str, str, str]] = {
    "journal": (
        "batch-header",
        "terminal",
        "A batch of journal events, contiguous; header line, then one event a line",
    ),
    "status": ("status", "terminal", "Presence, retained, with a last will"),
    "pull": ("pull", "terminal", "Asks for what changed on a feed since a revision"),
    "epoch": ("epoch-request", "terminal", "Asks for a new epoch after a fork or a restore"),
    "answer": ("command-answer", "terminal", "What became of a command"),
    "ask": ("ask", "terminal", "Asks for something that no feed brings: an old receipt, the stock of other stores"),
    "told": ("told", "hub", "The answer to a question"),
    "ack": ("ack", "hub", "What the hub has committed of the journal, cumulative, retained"),
    "grant": ("epoch-grant", "hub", "The new epoch"),
    "chunk": ("feed-update", "hub", "One part of the answer to a pull"),
    "command": ("command", "hub", "Asks the terminal to do something"),
}


def document(version: str) -> dict[str, Any]:
    """The whole AsyncAPI document; `version` is the version of the protocol."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for leaf, (message, speaker, summary) in _LEAVES.items():
        _add(channels, operations, leaf, f"{_TERMINAL}/{leaf}", _PARAMETERS, message, speaker, summary)
    _add(
        channels, operations, "feed", "tillwire/v1/feed/{feed}",
        {"feed": {"description": "'global' or 'store-<store>'"}}, "feed-update", "hub",
        "What changed on a feed, coalesced, about every 50 ms while there are changes",
    )  # fmt: skip
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tillwire store link",
            "version": version,
            "description": (
                "Seen from the hub: it receives what terminals say and sends what it says to them. A payload is a "
                "frame: 'TW1', a flag byte (0 plain, 1 zstd), 32 bytes of HMAC-SHA256 over topic, 0x00, flag and "
                "payload with the key of the topic, then JSON (of a journal batch: JSON lines)."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _FRAME,
        "channels": channels,
        "operations": operations,
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def _add(  # noqa: PLR0913, PLR0917 - one row of the table above, spread out
    channels: dict[str, Any], operations: dict[str, Any], name: str, address: str, parameters: dict[str, Any],
    message: str, speaker: str, summary: str,
) -> None:  # fmt: skip
    channels[name] = {
        "address": address,
        "summary": summary,
        "parameters": parameters,
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }
    operations[name] = {
        "action": "receive" if speaker == "terminal" else "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": summary,
    }


def _messages() -> dict[str, Any]:
    return {
        name: {"name": name, "contentType": _FRAME, "payload": {"$ref": f"#/components/schemas/{name}"}}
        for name in sorted({message for message, _, _ in _LEAVES.values()} | {"feed-update"})
    }


def _schemas() -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, schema in {**message_schemas(), **event_schemas()}.items():
        flat[name] = _relocate({key: value for key, value in schema.items() if key not in ("$schema", "$id", "$defs")})
        for inner, definition in schema["$defs"].items():
            flat[inner] = _relocate(definition)
    return dict(sorted(flat.items()))


def _relocate(schema: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _relocate(value)
            for key, value in schema.items()
        }
    return [_relocate(value) for value in schema] if isinstance(schema, list) else schema
