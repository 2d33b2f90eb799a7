"""`./dev schemas`: write the published schemas, or with --check only compare.

Exit codes: 0 fine, 1 stale, 2 incompatible.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from protocol.schemas import asyncapi, avro, json_schema
from protocol.schemas.compatibility import breaches

PROTOCOL_VERSION = "1.0.0"
_PUBLISHED = Path(__file__).resolve().parent.parent / "published"


@click.command(context_settings={"show_default": True})
@click.option("--check", is_flag=True, help="Compare only; write nothing. Exit 1 when stale, 2 when incompatible.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_PUBLISHED,
    help="Where the published files are.",
)
def main(folder: Path, *, check: bool) -> None:
    """Write JSON Schema, Avro and AsyncAPI from the one definition, and refuse incompatible changes."""
    files = render()
    found = breaches(_published_json(folder), _json_schemas())
    if found:
        click.echo("\n".join(f"incompatible: {line}" for line in found), err=True)
        click.echo(
            "An older or a newer peer could not read this. Add an optional field or a new version of the type; if the "
            "type was never released, delete its file under protocol/published/ and run this again.",
            err=True,
        )
        raise SystemExit(2)
    stale = [name for name, text in files.items() if not _same(folder / name, text)]
    if check:
        if stale:
            click.echo(f"stale: {', '.join(stale)}; run ./dev schemas and commit what it writes", err=True)
            raise SystemExit(1)
        click.echo(f"{len(files)} published schemas are up to date and compatible")
        return
    for name in stale:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(files[name], encoding="utf-8")
    click.echo(f"{len(stale)} of {len(files)} published schemas written to {folder}")


def render() -> dict[str, str]:
    """All published files, by their path below `published/`."""
    files = {f"json/{name}.json": _text(schema) for name, schema in _json_schemas().items()}
    files |= {f"avro/{name}.avsc": _text(schema) for name, schema in avro.event_schemas().items()}
    files["asyncapi.json"] = _text(asyncapi.document(PROTOCOL_VERSION))
    return files


def _json_schemas() -> dict[str, Any]:
    schemas = {**json_schema.event_schemas(), **json_schema.message_schemas()}
    # Through text and back, so that a default of () compares as the [] that was published.
    return {name: json.loads(_text(schema)) for name, schema in schemas.items()}


def _published_json(folder: Path) -> dict[str, Any]:
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "json").glob("*.json"))
    }


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    main()
