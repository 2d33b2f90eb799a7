"""Stock by SKU and store: search as you type, sorted and paged by the database, and the same as CSV.

The address holds all of it, so a page can be sent to a colleague, and works without JavaScript.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.admin.overview_pages import OverviewPages
from hub.admin.words import Words
from hub.api.problems import ProblemRaised
from hub.storage.reading import StockOrder, StockQuery, StockRow
from protocol.errors import InvalidId
from protocol.ids import sku as checked_sku
from protocol.quantity import format_quantity

PAGE = 50
PAGES_MAX = 20_000
CSV_PAGE = 5_000
ORDERS: tuple[StockOrder, ...] = get_args(StockOrder)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Listing:
    """What of the stock is listed, as the address says it."""

    search: str
    store: str
    negative: bool
    order: StockOrder
    descending: bool
    page: int

    def query(self) -> StockQuery:
        """The same for the database."""
        return StockQuery(
            search=self.search,
            store=self.store or None,
            negative_only=self.negative,
            order=self.order,
            descending=self.descending,
            limit=PAGE,
            offset=(self.page - 1) * PAGE,
        )

    def address(self, path: str = "/stock", **changes: object) -> str:
        """The address of this listing with some things changed; defaults are left out."""
        listing = replace(self, **changes)  # type: ignore[arg-type]  # names and types are the templates' to get right
        values = {
            "q": listing.search,
            "store": listing.store,
            "negative": "1" if listing.negative else "",
            "order": "" if listing.order == "sku" else listing.order,
            "down": "1" if listing.descending else "",
            "page": "" if listing.page == 1 else str(listing.page),
        }
        text = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{text}" if text else path

    def by(self, order: StockOrder) -> str:
        """The address after a click on a column's head."""
        return self.address(order=order, descending=self.order == order and not self.descending, page=1)


class StockRoutes(OverviewPages):
    """The pages about stock."""

    def router(self) -> APIRouter:
        """The routes; none is part of the API."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/stock", self.stock, methods=["GET", "HEAD"])
        router.add_api_route("/stock.csv", self.download, methods=["GET"])
        router.add_api_route("/stock/item", self.item, methods=["GET", "HEAD"])
        return router

    async def stock(self, request: Request) -> Response:
        """The levels that match."""
        listing = listing_of(request.query_params)
        found = await run_in_threadpool(self._ports.queries.stock, listing.query())
        pages = max(1, -(-found.total // PAGE))
        if listing.page > pages:
            listing = replace(listing, page=pages)
            found = await run_in_threadpool(self._ports.queries.stock, listing.query())
        part = request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers
        context = {"listing": listing, "found": found, "pages": pages}
        return await self._page(request, "parts/stock.html" if part else "stock.html", context)

    async def download(self, request: Request) -> Response:
        """The same list as CSV, all of its pages, with a byte order mark so that Excel reads it as UTF-8."""
        listing = replace(listing_of(request.query_params), page=1)
        words = self._words(request)
        headers = {"content-disposition": 'attachment; filename="stock.csv"', "cache-control": "no-store"}
        return StreamingResponse(self._csv(words, listing), headers=headers, media_type="text/csv; charset=utf-8")

    async def item(self, request: Request, sku: Annotated[str, Query(max_length=64)] = "") -> Response:
        """One SKU in every store."""
        try:
            known = checked_sku(sku)
        except InvalidId as error:
            raise ProblemRaised(404, "unknown-sku", f"{error}.") from error
        found = await run_in_threadpool(self._ports.queries.availability, [known])
        if not found:
            raise ProblemRaised(404, "unknown-sku", f"SKU {sku!r} is not in the catalogue.")
        query = StockQuery(sku=known, order="on_hand", limit=CSV_PAGE)
        rows = (await run_in_threadpool(self._ports.queries.stock, query)).rows
        transit = await run_in_threadpool(self._ports.queries.in_transit, known)
        context = {"availability": found[0], "rows": rows, "sku": known, "transit": transit}
        return await self._page(request, "stock_item.html", context)

    def _csv(self, words: Words, listing: Listing) -> Iterator[bytes]:
        head = [
            words.say("SKU"),
            words.say("Name"),
            words.say("Store"),
            words.say("On hand"),
            words.say("Reserved"),
            words.say("For the web"),
            words.say("Unit"),
            words.say("Changed (UTC)"),
        ]
        yield b"\xef\xbb\xbf" + csv_lines([head])
        for page in range(PAGES_MAX):
            query = replace(listing.query(), limit=CSV_PAGE, offset=page * CSV_PAGE)
            rows = self._ports.queries.stock(query).rows
            yield csv_lines([_csv_row(row) for row in rows])
            if len(rows) < CSV_PAGE:
                return


def listing_of(parameters: Mapping[str, str]) -> Listing:
    """Read the address's parameters; nonsense gives way to the default, for people type and shorten addresses."""
    page = parameters.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) <= len(str(PAGES_MAX)) else 1
    order: StockOrder = next((name for name in ORDERS if name == parameters.get("order")), "sku")
    search = "".join(character for character in parameters.get("q", "") if character.isprintable()).strip()
    return Listing(
        search=search[:64].strip(),
        store=parameters.get("store", "")[:32],
        negative=bool(parameters.get("negative")),
        order=order,
        descending=bool(parameters.get("down")),
        page=min(max(1, number), PAGES_MAX),
    )


def _csv_row(row: StockRow) -> list[str]:
    levels = [format_quantity(level) for level in (row.on_hand, row.reserved, row.available)]
    return [
        plain(row.sku),
        plain(row.name),
        plain(row.store),
        *levels,
        plain(row.unit),
        f"{row.updated_at:%Y-%m-%d %H:%M:%S}",
    ]


def plain(text: str) -> str:
    """Text that a spreadsheet does not take for a formula (a name may come from anywhere)."""
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_lines(rows: list[list[str]]) -> bytes:
    """Rows as the bytes of a CSV file."""
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()
