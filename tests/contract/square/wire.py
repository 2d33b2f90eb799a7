"""Puts our connector and the simulated Square on one wire, and holds every word on it to Square's own description.

The description is no part of the product: it is looked for in the folder that TILLWIRE_SPECS names, or in
`shared/specs` beside the checkout. Without it the words pass unchecked, and `test_schema.py` says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from hardware_sim.vendors.square import LineLost, Request, SquareService
from tests.tidy.checkout import ROOT

Json = dict[str, Any]

SPECS = Path(os.environ.get("TILLWIRE_SPECS") or ROOT.parent / "shared" / "specs")  # noqa: TID251 - the tests' own
DESCRIPTION = SPECS / "square" / "square-api-2025-08-20.prism.json"
EXAMPLES = SPECS / "square" / "square-webhook-examples.json"


class Description:
    """Square's OpenAPI. `wrong_request` and `wrong_answer` return what is wrong, nothing if all is well."""

    def __init__(self, path: Path) -> None:
        source = importlib.util.spec_from_file_location("oas_check", SPECS / "oas_check.py")
        assert source is not None
        assert source.loader is not None
        module = importlib.util.module_from_spec(source)
        source.loader.exec_module(module)
        with warnings.catch_warnings():  # it leaves closing its file to Python
            warnings.simplefilter("ignore", ResourceWarning)
            self._spec = module.Spec(path)

    def wrong_request(self, request: Request) -> list[str]:
        """What Square would not know, or miss, in a request."""
        path, found = self._spec.request(request.method, request.path, request.query, request.headers, request.body)
        operation = self._operation(request)
        wrong = [f"{request.method} {path}: {words}" for words in found]
        body = operation.get("requestBody")
        if body and request.body is not None:
            schema = body["content"]["application/json"]["schema"]
            wrong += [f"{request.method} {path}: unknown {field}" for field in self._unknown(schema, request.body, "")]
        return wrong

    def wrong_answer(self, request: Request, status: int, body: object) -> list[str]:
        """What Square would not say; refusals are described with the success, as `errors`."""
        path, found = self._spec.response(request.method, request.path, 200, body)
        schema = self._operation(request)["responses"]["200"]["content"]["application/json"]["schema"]
        unknown = [f"unknown {field}" for field in self._unknown(schema, body, "")]
        return [f"{request.method} {path} {status}: {words}" for words in [*found, *unknown]]

    def _operation(self, request: Request) -> Json:
        found: Json = self._spec.find(request.method, request.path)[2]
        return found

    def _unknown(self, schema: Json, value: object, where: str) -> list[str]:
        """Fields that the description does not have; a JSON Schema lets them pass."""
        schema = self._spec.deref(schema)
        for part in schema.get("allOf", ()):
            schema = {**self._spec.deref(part), **schema}
        if isinstance(value, list):
            return [each for at, one in enumerate(value) for each in self._unknown(schema.get("items", {}), one, where)]
        properties = schema.get("properties")
        if not isinstance(value, dict) or not properties:
            return []
        found = [f"{where}/{name}" for name in value if name not in properties]
        for name, one in value.items():
            if name in properties:
                found += self._unknown(properties[name], one, f"{where}/{name}")
        return found


@cache
def description() -> Description | None:
    """The description, None where it is not."""
    return Description(DESCRIPTION) if DESCRIPTION.exists() else None


class Wire(httpx.BaseTransport):
    """A transport that ends at the simulation. `wrong` collects what does not hold to the description."""

    def __init__(self, service: SquareService) -> None:
        self._service = service
        self._held = description()
        self.wrong: list[str] = []
        self.checked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there, and the answer back."""
        body = json.loads(request.read()) if request.read() else None
        asked = Request(
            request.method,
            request.url.path,
            dict(request.url.params),
            {name.lower(): value for name, value in request.headers.items()},
            body,
        )
        if self._held is not None:
            self.wrong += self._held.wrong_request(asked)
        try:
            answer = self._service.answer(asked)
        except LineLost as lost:
            if lost.done:
                raise httpx.ReadTimeout("simulated: no answer came", request=request) from None
            raise httpx.ConnectError("simulated: nobody there", request=request) from None
        if self._held is not None:
            self.wrong += self._held.wrong_answer(asked, answer.status, answer.body)
            self.checked += 1
        return httpx.Response(answer.status, headers=dict(answer.headers), json=answer.body, request=request)
