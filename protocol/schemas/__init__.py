"""Published descriptions of the link, made from the one definition in `protocol`: JSON Schema, Avro, AsyncAPI.

`python -m protocol.schemas` (or `./dev schemas`) writes them to `protocol/published/`; with `--check` it only compares.
Both refuse a change that an older or a newer peer could not read: see `compatibility.py`.
"""
