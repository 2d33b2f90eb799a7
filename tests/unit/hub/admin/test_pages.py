"""What the pages say: exceptions first, remedies beside them, and nothing that only we understand."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.admin.attention import entries
from hub.admin.memory import MemoryItem, MemoryQueries
from hub.admin.pages import plot_data
from hub.admin.reading import Readings
from hub.admin.stations import store_view, store_views
from hub.admin.stock_pages import listing_of
from hub.admin.words import Words
from hub.storage.reading import AlarmKind, AlarmRow, Latency, LatencyPoint, StoreRow
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.api.asgi import BEARER, client

EN, VI = Words("en"), Words("vi")
ALARMS: tuple[AlarmKind, ...] = (
    "fork", "parked", "broken_chain", "restored", "oversold", "negative_stock", "bad_frames", "clock",
    "returned_twice", "return_unknown", "voucher_overspent", "transfer_differs", "shift_differs",
    "handed_over_twice",
)  # fmt: skip


def ask(hub: SampleHub, path: str, **headers: str) -> httpx.Response:
    """A page, as somebody who is logged in sees it."""

    async def asking() -> httpx.Response:
        head = {**BEARER, "accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with client(hub.kept_web) as http:
            return await http.get(path, headers=head)

    return asyncio.run(asking())


def text_of(html: str) -> str:
    """What a person reads of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture(scope="module")
def hub() -> SampleHub:
    """Three stores with an hour of sales and some trouble."""
    return SampleHub().fill(3, sales=120)


def test_the_overview_says_what_is_wrong_before_anything_else(hub: SampleHub) -> None:
    """Live stores in the head, then the figures, then what needs a look with what to do."""
    text = text_of(ask(hub, "/").text)
    places = [
        text.index(part) for part in ("2 of 3 stores live", "Sales today", "Needs a look", "Look at paper, cover")
    ]
    assert places == sorted(places)
    assert "38 entries wait at tills" in text
    assert "goal 2 s" in text


def test_the_overview_speaks_vietnamese(hub: SampleHub) -> None:
    """All of it: no English sentence is left."""
    answer = ask(hub, "/", accept_language="vi")
    text = text_of(answer.text)
    assert '<html lang="vi"' in answer.text
    assert "2 trên 3 cửa hàng đang kết nối" in text
    assert "Máy in: không hoạt động" in text
    assert not re.search(r"\b(the|sales|store|waits|till)\b", text)


def test_a_hub_without_stores_teaches_the_first_steps() -> None:
    """The three commands, in order, and no empty figures."""
    text = text_of(ask(SampleHub(), "/").text)
    places = [text.index(command) for command in ("catalogue import", "store add", "terminal add", "enrol")]
    assert places == sorted(places)
    assert "Sales today" not in text


@pytest.mark.parametrize("path", ["/sales", "/stock", "/alarms", "/sync", "/stores", "/shifts"])
def test_every_empty_page_says_what_will_be_there(path: str) -> None:
    """No bare table heads."""
    answer = ask(SampleHub(), path)
    assert answer.status_code == 200
    assert 'class="calm"' in answer.text or "No sale came" in answer.text or "first sale" in answer.text


@pytest.mark.parametrize("words", [EN, VI])
@pytest.mark.parametrize("kind", ALARMS)
def test_every_alarm_says_what_happened_what_to_do_and_where(words: Words, kind: AlarmKind) -> None:
    """In both languages; the link opens a page of ours."""
    alarm = AlarmRow("1", kind, "warn", SampleHub.now, "st01", "T1", sku="A/B 7", quantity=-2_000, count=3)
    (entry,) = entries(words, [], [alarm], SampleHub.now)
    assert entry.text
    assert entry.remedy
    assert entry.href.startswith("/")
    assert entry.text != kind


def test_the_worst_comes_first_and_a_short_silence_is_no_alarm(hub: SampleHub) -> None:
    """Bad, then warn, then worth knowing; a till that restarts its router is not told."""
    reading = Readings(hub.queries, hub.time).take()
    views = store_views(EN, reading.stores, reading.terminals, hub.now)
    tones = [entry.tone for entry in entries(EN, views, reading.alarms, hub.now)]
    assert tones == sorted(tones, key=["bad", "warn", "info"].index)
    quiet = [replace(row, online=False, backlog=0, devices={}, problem="") for row in reading.terminals]
    assert not entries(EN, store_views(EN, reading.stores, quiet, hub.now), [], hub.now)
    later = hub.now + timedelta(minutes=3)
    assert len(entries(EN, store_views(EN, reading.stores, quiet, later), [], later)) == 3


@pytest.mark.parametrize("words", [EN, VI], ids=["en", "vi"])
def test_a_tills_trouble_is_told_in_words(words: Words, hub: SampleHub) -> None:
    """Each code that our tills use has a sentence; the word of a newer till is shown rather than hidden."""
    codes = ["epoch_fork", "epoch_restored", "epoch_broken", "epoch_unknown_epoch", "events_set_aside",
             "sales_missing", "journal_rebuilt", "disk_full", "disk_short", "clock_behind"]  # fmt: skip
    row = hub.queries.terminals()[0]
    for code in [*codes, "something_new"]:
        [view] = store_view(words, hub.queries.stores(hub.now)[0], [replace(row, problem=code)], hub.now).terminals
        assert (view.problem == code) is (code == "something_new")
        assert view.problem


def test_nothing_is_called_fine_while_a_till_is_away() -> None:
    """A till that is gone for seconds is no alarm, but the figures do not say that all is well and nothing waits."""
    hub = SampleHub().fill(3, sales=3, trouble=False)
    assert "all is fine" in text_of(ask(hub, "/").text)
    assert "nothing waits, all has arrived" in text_of(ask(hub, "/stores/st01").text)
    for row in hub.queries.terminals():
        if row.store == "st01":
            hub.queries.put_terminal(replace(row, online=False, backlog=0, oldest_unsent_at=None, last_seen_at=hub.now))
    text = text_of(ask(hub, "/").text)
    assert "2 tills went offline just now" in text
    assert "all is fine" not in text
    assert "nothing waits" not in text
    assert "what waits there is not known yet" in text_of(ask(hub, "/stores/st01").text)


def test_an_offline_store_is_amber_and_its_devices_are_not_told(hub: SampleHub) -> None:
    """Selling offline is normal; how its printer is nobody knows."""
    reading = Readings(hub.queries, hub.time).take()
    offline = [replace(row, online=False, devices={"printer": "fault"}) for row in reading.terminals]
    for view in store_views(EN, reading.stores, offline, hub.now):
        assert view.worst == "warn"
        assert not view.devices


@given(st.text(max_size=20))
def test_an_unknown_device_state_is_shown_not_hidden(state: str) -> None:
    """A newer till may know a state that this hub does not."""
    hub = SampleHub().fill(1, sales=0, trouble=False)
    row = replace(hub.queries.terminals()[0], devices={"printer": state})
    known = {"ready"}
    (view,) = store_views(EN, hub.queries.stores(hub.now), [row], hub.now)
    assert bool(view.devices) == (state not in known)


def test_the_plot_has_every_minute_and_gaps_where_no_sale_came(hub: SampleHub) -> None:
    """Sixty minutes, null for none, and never below 1 ms, for the scale is logarithmic."""
    reading = Readings(hub.queries, hub.time).take()
    minute = hub.now.replace(second=0) - timedelta(minutes=5)
    latency = Latency((LatencyPoint(minute, 0.2, 80.0, 3000.0, 4),), 0.2, 80.0, 3000.0, 4)
    data = plot_data(replace(reading, latency=latency), 2000)
    assert data["minutes"] == [int(hub.now.replace(second=0).timestamp()) - 60 * ago for ago in range(59, -1, -1)]
    assert data["p50"] == [None] * 54 + [1.0] + [None] * 5
    assert data["count"] == [0] * 54 + [4] + [0] * 5


class SlowQueries(MemoryQueries):
    """Queries whose readings wait until they are let go, and are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.reading = threading.Event()
        self.let_go = threading.Event()

    def stores(self, now: datetime) -> Sequence[StoreRow]:
        """The first question of a reading."""
        self.begun += 1
        self.reading.set()
        assert self.let_go.wait(5)
        return super().stores(now)


def test_viewers_share_readings_and_never_get_one_that_began_before_they_asked() -> None:
    """Twenty who ask while one is under way cost one more reading, and see what was committed before they asked."""
    queries = SlowQueries()
    readings = Readings(queries, lambda: SampleHub.now)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(readings.take)
        assert queries.reading.wait(5)
        queries.put_store(StoreRow("late", "Committed after the first began", "UTC", "VND"))
        others = [pool.submit(readings.take) for _ in range(20)]
        while len([it for it in others if it.running()]) < 20:
            time.sleep(0.001)
        time.sleep(0.05)  # lets the last of them reach the queue
        queries.let_go.set()
        first.result()
        assert {len(it.result().stores) for it in others} == {1}
    assert queries.begun == 2


def test_a_reading_that_fails_fails_its_asker_alone() -> None:
    """The next one reads for itself."""
    hub = SampleHub()
    hub.queries.alarm_rows = [None]  # type: ignore[list-item]  # a fault on purpose
    readings = Readings(hub.queries, hub.time)
    with pytest.raises(AttributeError):
        readings.take()
    hub.queries.alarm_rows = []
    assert readings.take().now == hub.now


def test_stock_is_found_by_sku_or_name_whatever_the_case(hub: SampleHub) -> None:
    """The same address gives a whole page to a person and the table alone to htmx."""
    for search in ("cola", "NƯỚC NGỌT"):
        page = ask(hub, f"/stock?q={quote(search)}")
        assert "COLA-330" in page.text
        assert "BANH-MI" not in page.text
    part = ask(hub, "/stock?q=cola", hx_request="true")
    assert "<html" not in part.text
    assert "COLA-330" in part.text


def test_a_level_below_zero_is_red_with_a_real_minus(hub: SampleHub) -> None:
    """U+2212, and the filter shows those alone."""
    hub.queries.set_level("st01", "MI-TOM", -2_000, hub.now)
    html = ask(hub, "/stock?negative=1").text
    assert '<span class="bad">\N{MINUS SIGN}2</span>' in html
    assert not re.search(r'<td class="r"><span>[1-9]', html.replace("For the web", ""))


def test_an_item_page_shows_that_item_alone() -> None:
    """Not those whose SKU begins with it."""
    hub = SampleHub().fill(2, items=1, sales=0)
    for sku, level in (("A", 1_000), ("AB", 7_000)):
        hub.queries.put_item(MemoryItem(sku, f"Goods {sku}"))
        hub.queries.set_level("st01", sku, level, hub.now)
    text = text_of(ask(hub, "/stock/item?sku=A").text)
    assert "Goods A" in text
    assert "On hand, all stores 1 piece" in text


def test_stock_pages_turn_and_stay_in_bounds() -> None:
    """Fifty a page; a page number beyond the end shows the last page."""
    hub = SampleHub().fill(1, items=120, sales=0)
    assert "1 to 50 of 120" in text_of(ask(hub, "/stock").text)
    assert "101 to 120 of 120" in text_of(ask(hub, "/stock?page=999").text)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["q", "store", "negative", "order", "down", "page"]), st.text(max_size=80)),
)
def test_odd_stock_addresses_fall_back_to_defaults(parameters: dict[str, str]) -> None:
    """Nothing that a person types into the address bar breaks the page, and what it means can be written again."""
    listing = listing_of(parameters)
    assert listing.page >= 1
    assert len(listing.search) <= 64
    again = dict(httpx.QueryParams(listing.address().partition("?")[2]))
    assert listing_of(again).search == listing.search


def test_the_csv_is_the_same_list_and_no_formula() -> None:
    """All pages of what is shown, for Excel in UTF-8; a name that a spreadsheet would run is made plain."""
    hub = SampleHub().fill(1, items=80, sales=0)
    hub.queries.put_item(MemoryItem("=CMD", "=HYPERLINK(1)", unit="@SUM(1)"))
    hub.queries.set_level("st01", "=CMD", -1_500, hub.now)
    answer = ask(hub, "/stock.csv?order=on_hand")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 82
    assert rows[0][:4] == ["SKU", "Name", "Store", "On hand"]
    odd = next(row for row in rows if row[0] == "'=CMD")
    assert odd[1:4] == ["'=HYPERLINK(1)", "st01", "-1.5"]
    assert odd[6] == "'@SUM(1)"
    levels = [float(row[3]) for row in rows[1:]]
    assert levels == sorted(levels)


def test_a_stores_sales_page_adds_today_up(hub: SampleHub) -> None:
    """What was sold, what came back, and how it was paid; for one store, as for all it would be a long sum."""
    assert 'id="day-title"' in ask(hub, "/sales?store=st01", accept_language="en").text
    assert 'id="day-title"' not in ask(hub, "/sales", accept_language="en").text


def test_names_from_a_catalogue_cannot_become_markup() -> None:
    """A name is text, wherever it is shown."""
    hub = SampleHub().fill(1, items=1, sales=0)
    hub.queries.put_item(MemoryItem("X", "<script>alert(1)</script>"))
    hub.queries.set_level("st01", "X", 1_000, hub.now)
    for path in ("/stock", "/stock/item?sku=X"):
        html = ask(hub, path).text
        assert "<script>alert" not in html
        assert "&lt;script&gt;" in html


def test_a_sale_shows_its_lines_and_how_long_it_took(hub: SampleHub) -> None:
    """From the list to the receipt; a missing one is a 404 page in words."""
    sale = hub.queries.recent_sales(1)[0]
    text = text_of(ask(hub, f"/sales/{sale.position}").text)
    assert sale.receipt_number in text
    assert "Lan" in text
    missing = ask(hub, "/sales/999999")
    assert missing.status_code == 404
    assert "This page does not exist" in missing.text


@pytest.mark.parametrize(
    "path",
    [
        "/stores/none",
        "/stores/%3Cb%3E",
        "/shifts/none/none/%3Cb%3E",
        "/stock/item?sku=none",
        "/stock/item",
        "/parts/none",
        f"/sales/{10**30}",
    ],
)
def test_what_is_not_there_is_told_in_words(hub: SampleHub, path: str) -> None:
    """404, in the viewer's language, with a way back."""
    answer = ask(hub, path, accept_language="vi")
    assert answer.status_code == 404
    assert "Về tổng quan" in answer.text


def test_sales_can_be_turned_back_page_by_page(hub: SampleHub) -> None:
    """Each page goes on below the last; none is shown twice."""
    first = ask(hub, "/sales").text
    older = re.search(r'href="(/sales\?before=\d+)"', first)
    assert older
    second = ask(hub, older[1]).text
    rows = [set(re.findall(r'data-row="(\d+)"', page)) for page in (first, second)]
    assert len(rows[0]) == len(rows[1]) == 50
    assert not rows[0] & rows[1]


@pytest.mark.parametrize("name", ["head", "cards", "attention", "stores", "sales", "sync", "nav"])
def test_every_part_can_be_asked_for_alone(hub: SampleHub, name: str) -> None:
    """What htmx fetches is a fragment, never a page, and is not cached."""
    answer = ask(hub, f"/parts/{name}", hx_request="true")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_fault_inside_says_nothing_of_the_inside() -> None:
    """500 as a page or a problem document, with the security headers, without a traceback."""
    hub = SampleHub()
    hub.queries.alarm_rows = [None]  # type: ignore[list-item]  # a fault on purpose

    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(hub.web(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=BEARER) as http:
            return await http.get("/alarms")

    answer = asyncio.run(asking())
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:tillwire:problem:internal")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Traceback" not in answer.text
