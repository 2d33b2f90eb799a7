"""The published schemas say what the code does, in three languages, and cannot change under an older peer's feet."""

from __future__ import annotations

import copy
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fastavro
import jsonschema
import msgspec
import pytest
from click.testing import CliRunner

from protocol.event import GENESIS, seal
from protocol.events import EVENT_TYPES, EventData
from protocol.messages import Ack, Status
from protocol.schemas import asyncapi, avro, json_schema
from protocol.schemas.__main__ import main
from protocol.schemas.compatibility import breaches
from tests.golden.examples import EVENTS

AT = datetime(2026, 11, 22, 11, 4, tzinfo=UTC)
ONE_OF_EACH: tuple[EventData, ...] = tuple(EVENTS.values())


def sealed_json(data: EventData) -> dict[str, Any]:
    """An event as it stands on the wire, read back as plain JSON."""
    raw = seal(data, previous=GENESIS, epoch=1, sequence=1, event_id="0198c0de-0000-7000-8000-000000000001", time=AT,
               source="/stores/S1/terminals/T1").raw  # fmt: skip
    value: dict[str, Any] = json.loads(raw)
    return value


def test_one_of_each_covers_every_event_type() -> None:
    """A new event type must be added to this test, or nothing would hold it to its schemas."""
    assert {type(data) for data in ONE_OF_EACH} == set(EVENT_TYPES.values())


@pytest.mark.parametrize("data", ONE_OF_EACH, ids=lambda data: type(data).__name__)
def test_what_a_till_writes_is_valid_json_schema(data: EventData) -> None:
    """The bytes of every event type pass the published JSON Schema, and a broken copy does not."""
    event = sealed_json(data)
    schema = json_schema.event_schemas()[event["type"]]
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(event)
    assert not validator.is_valid({**event, "sequence": 0})
    assert not validator.is_valid({key: value for key, value in event.items() if key != "digest"})
    assert not validator.is_valid({**event, "data": {}})


@pytest.mark.parametrize("data", ONE_OF_EACH, ids=lambda data: type(data).__name__)
def test_every_event_survives_avro(data: EventData) -> None:
    """Written with the Avro schema and read back, an event has lost nothing."""
    event = sealed_json(data)
    record = {**event, "time": AT, "data": msgspec.to_builtins(data, builtin_types=(datetime, date))}
    schema = fastavro.parse_schema(avro.event_schemas()[event["type"]])
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, schema, record)
    buffer.seek(0)
    read = fastavro.schemaless_reader(buffer, schema, None)
    assert isinstance(read, dict)
    assert msgspec.convert(read["data"], type(data)) == data
    assert read["digest"] == event["digest"]


def test_messages_are_valid_json_schema() -> None:
    """What the link says passes its published schema too."""
    schemas = json_schema.message_schemas()
    ack = msgspec.to_builtins(Ack(epoch=1, sequence=4, digest="0" * 64, hub_time=AT))
    jsonschema.Draft202012Validator(schemas["ack"]).validate(ack)
    assert not jsonschema.Draft202012Validator(schemas["ack"]).is_valid({**ack, "status": "perhaps"})
    status = msgspec.to_builtins(Status(online=True, devices={"printer": "ready"}))
    jsonschema.Draft202012Validator(schemas["status"]).validate(status)


def test_asyncapi_references_all_lead_somewhere() -> None:
    """No reference in the AsyncAPI document dangles, and every topic leaf has an operation."""
    document = asyncapi.document("1.0.0")
    references: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            references.extend(target for key, target in value.items() if key == "$ref")
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    collect(document)
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    assert set(document["channels"]) == set(document["operations"])
    assert "journal" in document["channels"]


SALE = "com.tillwire.sale.completed.v1"


def changed(path: tuple[str, ...], **changes: object) -> dict[str, Any]:
    """The sale's published schema with some keys at `path` replaced (None removes one)."""
    schemas = copy.deepcopy({SALE: json_schema.event_schemas()[SALE]})
    place: Any = schemas[SALE]
    for step in path:
        place = place[step]
    for key, value in changes.items():
        if value is None:
            del place[key]
        else:
            place[key] = value
    return schemas


LINE = ("$defs", "SaleLine")


@pytest.mark.parametrize(
    "current",
    [
        changed((*LINE, "properties"), sku=None),
        changed((*LINE, "properties"), quantity={"type": "string"}),
        changed((*LINE, "properties", "tax"), default=1),
        changed(LINE, required=["sku"]),
        changed(LINE, required=["sku", "name", "quantity", "unit_price", "amount", "note"]),
        {},
    ],
    ids=["field gone", "type changed", "default changed", "no longer required", "newly required", "type gone"],
)
def test_a_breaking_change_is_refused(current: dict[str, Any]) -> None:
    """What an older or newer peer could not read is named."""
    assert breaches({SALE: json_schema.event_schemas()[SALE]}, current)


def test_an_optional_field_and_new_words_are_welcome() -> None:
    """Growing is allowed: an optional field, another description, a new type."""
    published = {SALE: json_schema.event_schemas()[SALE]}
    grown = changed((*LINE, "properties"), sweetness={"type": "string", "default": ""})
    grown[SALE]["$defs"]["SaleLine"]["description"] = "other words"
    grown["com.tillwire.new.v1"] = {}
    assert breaches(published, grown) == []


def test_the_command_writes_checks_and_refuses(tmp_path: Path) -> None:
    """`schemas` writes, `--check` is content, an edited file is stale, a breaking one is refused and kept."""
    run = CliRunner().invoke
    assert run(main, ["--folder", str(tmp_path), "--check"]).exit_code == 1
    assert run(main, ["--folder", str(tmp_path)]).exit_code == 0
    assert run(main, ["--folder", str(tmp_path), "--check"]).exit_code == 0
    ack = tmp_path / "json" / "ack.json"
    ack.write_text(ack.read_text().replace("What the hub", "That which the hub"))
    assert run(main, ["--folder", str(tmp_path), "--check"]).exit_code == 1
    ack.write_text(ack.read_text().replace('"integer"', '"string"'))
    before = ack.read_text()
    refused = run(main, ["--folder", str(tmp_path)])
    assert refused.exit_code == 2
    assert "incompatible: ack" in refused.output
    assert ack.read_text() == before


def test_the_committed_schemas_are_up_to_date() -> None:
    """What stands in the repository is what the code says today."""
    result = CliRunner().invoke(main, ["--check"])
    assert result.exit_code == 0, result.output
