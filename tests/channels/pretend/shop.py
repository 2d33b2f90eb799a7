"""The pretended shop itself: levels less its own reservations, sales, parcels; forgets nothing and promises nothing.

It has no idempotency: what is posted twice is there twice, so that a test sees whoever repeats without looking. Faults
are asked for one by one, by the name of what is called.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

FaultKind = Literal["fine", "away", "wait", "refuse", "lost", "unsent", "expired", "half", "again", "killed"]

_ODD = {"away": (503, "down for maintenance"), "wait": (429, "slow down"), "refuse": (422, "We do not want this.")}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call. fine: nothing. away: 503. wait: 429, with Retry-After if `after_s` is given.

    refuse: 422. lost: it is done, and the answer never comes. unsent: no connection. expired: the token is not good
    any more. half: every second one of a batch is refused. again: the same, to be told again at once.
    killed: it is done, and whoever asked for it is killed before it hears of it.
    """

    kind: FaultKind
    after_s: int | None = None


@dataclass
class Shop:
    """Answers requests. Thread-safe; `pause_s` makes each call of a name slow, a SKU of `choke` breaks whole calls.

    `reservations` are SKU, place and thousandths by order line, and `left` is what of a line has been sent already.
    `items` are SKUs by its own ids, `places` names by its own ids. A message of the key `poison` gets an answer that no
    connector understands.
    """

    known: set[str] | None = None
    choke: set[str] = field(default_factory=set)
    poison: str = ""
    items: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=lambda: {"ware": "Warehouse"})
    levels: dict[tuple[str, str], int] = field(default_factory=dict)
    reservations: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    sales: dict[str, dict[str, Any]] = field(default_factory=dict)
    parcels: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    pushes: list[list[tuple[str, str, int]]] = field(default_factory=list)
    pause_s: dict[str, float] = field(default_factory=dict)
    token: str = "t1"  # noqa: S105 - it opens nothing but this
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    on_call: Callable[[str], None] = lambda _: None
    _faults: defaultdict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def fault(self, name: str, *faults: Fault | FaultKind, times: int = 1) -> None:
        """Let the next calls of a name (levels, sales, look, parcels, cancel) go wrong, in this order, `times` over."""
        self._faults[name].extend(one if isinstance(one, Fault) else Fault(one) for one in faults * times)

    def end_faults(self) -> None:
        """From now on all goes well."""
        self._faults.clear()

    def offers(self, sku: str, location: str) -> int:
        """What the shop would sell now."""
        with self._lock:
            reserved = sum(q for s, place, q in self.reservations.values() if (s, place) == (sku, location))
            return self.levels.get((location, sku), 0) - reserved

    def keys(self) -> Counter[str]:
        """How often each sale is there, by our key."""
        with self._lock:
            return Counter(sale["key"] for sale in self.sales.values())

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. Raises httpx's errors as a network would."""
        name = {"/levels": "levels", "/sales": "sales", "/parcels": "parcels", "/cancel": "cancel"}.get(
            request.url.path, "look"
        )
        if request.method == "GET":
            name = "look"
        with self._lock:
            self.calls[name] += 1
            self.at_once[name] += 1
            self.most_at_once[name] = max(self.most_at_once[name], self.at_once[name])
            fault = self._faults[name].popleft() if self._faults[name] else None
        try:
            self.on_call(name)
            if self.pause_s.get(name):
                time.sleep(self.pause_s[name])
            return self._answer(name, request, fault)
        finally:
            with self._lock:
                self.at_once[name] -= 1

    def _answer(self, name: str, request: httpx.Request, fault: Fault | None) -> httpx.Response:
        kind = "fine" if fault is None else fault.kind
        if kind == "unsent":
            raise httpx.ConnectError("no route", request=request)
        if kind == "expired":
            with self._lock:
                self.token = f"t{next(self._numbers)}x"
        odd = self._odd_answer(request, kind, None if fault is None else fault.after_s)
        if odd is not None:
            return odd
        with self._lock:
            answer = getattr(self, f"_{name}")(request, kind if kind in ("half", "again") else "")
        if kind == "lost":
            raise httpx.ReadTimeout("no answer", request=request)
        if kind == "killed":
            raise KeyboardInterrupt
        return httpx.Response(200, json=answer)

    def _odd_answer(self, request: httpx.Request, kind: FaultKind, after_s: int | None) -> httpx.Response | None:
        if kind in _ODD:
            status, text = _ODD[kind]
            return httpx.Response(status, text=text, headers={} if after_s is None else {"retry-after": str(after_s)})
        if request.headers.get("authorization") != self.token:
            return httpx.Response(401, text="who are you?")
        if any(sku.encode() in request.content for sku in self.choke):
            return httpx.Response(500, text="Internal Server Error")
        if self.poison and self.poison.encode() in request.content:
            return httpx.Response(200, text="<html>")
        return None

    def _levels(self, request: httpx.Request, odd: str) -> object:
        body = json.loads(request.content)
        counted = body["counted"]
        self.pushes.append([(level["location"], level["sku"], level["available"]) for level in body["levels"]])
        answers = []
        for number, level in enumerate(body["levels"]):
            place = (level["location"], level["sku"])
            if self.known is not None and level["sku"] not in self.known:
                answers.append({"outcome": "refused", "words": f"no such item: {level['sku']}"})
                continue
            if odd and number % 2:
                answers.append({"outcome": "refused" if odd == "half" else "again", "words": "not this one"})
                continue
            self.levels[place] = level["available"] + self._counted(counted, *place)
            answers.append({"outcome": "done", "words": ""})
        return answers

    def _counted(self, counted: dict[str, Any], place: str, sku: str) -> int:
        own = 0
        for line, (kept, at, quantity) in self.reservations.items():
            if line in counted and (at, kept) == (place, sku):
                rest = max(0, counted[line]["quantity"] - self.left[line])
                own += min(quantity, rest * counted[line]["each"].get(sku, 0) // 1000)
        return own

    def _sales(self, request: httpx.Request, odd: str) -> object:
        del odd
        return self._keep(self.sales, json.loads(request.content))

    def _parcels(self, request: httpx.Request, odd: str) -> object:
        del odd
        return self._keep(self.parcels, json.loads(request.content))

    def _cancel(self, request: httpx.Request, odd: str) -> object:
        del odd
        self.cancelled.append(json.loads(request.content)["order"])
        return {}

    def _look(self, request: httpx.Request, odd: str) -> object:
        del odd
        if request.url.path == "/items":
            return self.items
        if request.url.path == "/places":
            return self.places
        kept = self.parcels if request.url.path == "/parcels" else self.sales
        key = request.url.params.get("key")
        if request.url.path == "/cancel":
            return [order for order in self.cancelled if order == key]
        return [number for number, body in kept.items() if body["key"] == key]

    def _keep(self, kept: dict[str, dict[str, Any]], body: dict[str, Any]) -> object:
        number = f"n{next(self._numbers)}"
        kept[number] = body
        return {"id": number}
