"""Avro schemas of the event types, for whoever reads them from Kafka with a schema registry.

Literals become strings and not Avro enums: an old reader fails on a symbol that it does not know, and the registry's
compatibility rules would forbid us ever to add one.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from protocol.events import EVENT_TYPES

AvroSchema = dict[str, Any]

NAMESPACE = "com.tillwire"
_SIMPLE: dict[type[inspect.Type], Any] = {
    inspect.StrType: "string",
    inspect.IntType: "long",
    inspect.BoolType: "boolean",
    inspect.LiteralType: "string",
    inspect.DateType: {"type": "int", "logicalType": "date"},
    inspect.DateTimeType: {"type": "long", "logicalType": "timestamp-micros"},
}


class NoAvroForm(TypeError):
    """A field has a type that this generator does not know: add its Avro form to `avro.py`."""


def event_schemas() -> dict[str, AvroSchema]:
    """By event type: one record with the CloudEvents attributes and the data as a nested record."""
    return {name: _event(name, data) for name, data in EVENT_TYPES.items()}


def _event(type_name: str, data: type[msgspec.Struct]) -> AvroSchema:
    info = inspect.type_info(data)
    assert isinstance(info, inspect.StructType)
    attributes: list[tuple[str, Any]] = [
        ("specversion", "string"), ("id", "string"), ("source", "string"), ("type", "string"),
        ("time", _SIMPLE[inspect.DateTimeType]), ("epoch", "int"), ("sequence", "long"), ("datacontenttype", "string"),
        ("dataschema", "string"),
    ]  # fmt: skip
    fields: list[AvroSchema] = [{"name": name, "type": kind} for name, kind in attributes]
    fields.append({"name": "clockunchecked", "type": "boolean", "default": False})
    fields.append({"name": "data", "type": _record(info, seen=set())})
    fields.append({"name": "digest", "type": "string"})
    return {
        "type": "record",
        "name": data.__name__ + "Event",
        "namespace": NAMESPACE,
        "doc": type_name,
        "fields": fields,
    }


def _record(info: inspect.StructType, seen: set[str]) -> Any:  # noqa: ANN401 - an Avro type is a name or an object
    name = info.cls.__name__
    if name in seen:
        return f"{NAMESPACE}.{name}"
    seen.add(name)
    return {"type": "record", "name": name, "fields": [_field(field, seen) for field in info.fields]}


def _field(field: inspect.Field, seen: set[str]) -> AvroSchema:
    schema = {"name": field.encode_name, "type": _type(field.type, seen)}
    if not field.required and field.default is not msgspec.NODEFAULT:
        schema["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
    return schema


def _type(kind: inspect.Type, seen: set[str]) -> Any:  # noqa: ANN401 - see _record
    if isinstance(kind, inspect.Metadata):
        return _type(kind.type, seen)
    if isinstance(kind, inspect.StructType):
        return _record(kind, seen)
    if isinstance(kind, inspect.VarTupleType):
        return {"type": "array", "items": _type(kind.item_type, seen)}
    if isinstance(kind, inspect.UnionType):
        others = [_type(option, seen) for option in kind.types if not isinstance(option, inspect.NoneType)]
        return ["null", *others] if kind.includes_none else others
    try:
        return _SIMPLE[type(kind)]
    except KeyError:
        raise NoAvroForm(f"{type(kind).__name__} has no Avro form yet: add it to protocol/schemas/avro.py") from None
