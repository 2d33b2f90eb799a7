"""Errors as RFC 9457 problem documents: what happened, what it means, what to do.

`type` is a URN that a program can rely on; `title` and `detail` are for people and may change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "The request cannot be understood",
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    405: "This address does not take that method",
    409: "This contradicts what is there",
    413: "The request is too large",
    421: "This hub does not serve that host name",
    422: "A parameter is wrong",
    429: "Too many requests",
    500: "The hub made a mistake",
    503: "Not available now",
}


class Problem(BaseModel):
    """An RFC 9457 problem document."""

    type: str = Field(description="What kind of problem it is; stable.", examples=["urn:tillwire:problem:unknown-sku"])
    title: str = Field(description="The kind in words.", examples=["Not found"])
    status: int = Field(description="The HTTP status.", examples=[404])
    detail: str = Field(
        description="What happened here and what to do.", examples=["SKU 'COLA-33' is not in the catalogue."]
    )
    instance: str = Field(description="The path that was asked.", examples=["/v1/availability/COLA-33"])


class ProblemRaised(Exception):
    """Ends a request with a problem document; never leaves the web part."""

    def __init__(self, status: int, kind: str, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s


def problem_response(
    request: Request, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None
) -> Response:
    """The problem document as an answer to `request`. Problems are never cached."""
    body = {
        "type": f"urn:tillwire:problem:{kind}",
        "title": TITLES.get(status, "The request failed"),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
    }
    head = {"cache-control": "no-store", **(headers or {})}
    return Response(msgspec.json.encode(body), status, headers=head, media_type=MEDIA_TYPE)


def raised_response(request: Request, raised: ProblemRaised) -> Response:
    """The answer for a problem that an endpoint raised."""
    headers = {} if raised.retry_after_s is None else {"retry-after": str(max(1, math.ceil(raised.retry_after_s)))}
    return problem_response(request, raised.status, raised.kind, raised.detail, headers=headers)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI shall say about these error statuses of an operation."""
    return {
        status: {"description": TITLES[status], "model": Problem, "content": {MEDIA_TYPE: {}}} for status in statuses
    }
