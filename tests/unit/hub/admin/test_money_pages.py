"""What the pages say of money: differences first, why, what to do, and who has dealt with it."""

from __future__ import annotations

import asyncio
import csv
import re
from pathlib import Path

import httpx
import pytest

from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.admin.sample_offices import with_offices
from tests.unit.hub.admin.test_pages import ask, text_of
from tests.unit.hub.api.asgi import BEARER, client


@pytest.fixture
def hub(tmp_path: Path) -> SampleHub:
    """Three stores, of which two take cards."""
    return with_offices(SampleHub().fill(3, sales=10), tmp_path)


def post(hub: SampleHub, path: str, **fields: str) -> httpx.Response:
    """A form, as somebody who is logged in sends it."""

    async def asking() -> httpx.Response:
        head = {**BEARER, "accept": "text/html", "origin": "http://localhost:8080"}
        async with client(hub.kept_web) as http:
            return await http.post(path, headers=head, data=fields)

    return asyncio.run(asking())


def open_lines(hub: SampleHub) -> list[str]:
    """The addresses of the lines that somebody has to look at."""
    return re.findall(r'<tr data-row="(\d+)">', ask(hub, "/money/lines?open=1").text)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Taken at the tills", "There more than here", "to look at", "not known yet", "no store")),
        ("vi", ("Thu tại quầy", "Bên kia nhiều hơn", "cần xem", "chưa biết", "chưa gán cửa hàng")),
    ],
)
def test_days_add_up_with_what_is_to_be_looked_at(hub: SampleHub, language: str, words: tuple[str, ...]) -> None:
    """Both languages; each day and store leads to its lines."""
    answer = ask(hub, "/money", accept_language=language)
    text = text_of(answer.text)
    assert all(word in text for word in words)
    assert "/money/lines?first=2026-11-21&amp;last=2026-11-21&amp;store=st02&amp;channel=square" in answer.text


def test_the_filter_is_kept_and_shows_less(hub: SampleHub) -> None:
    """Store, days, what is open: in the list, the pages and the CSV alike."""
    every = ask(hub, "/money").text.count("data-row")
    one = ask(hub, "/money?store=st01&first=2026-11-20&last=2026-11-20")
    assert one.text.count("data-row") == 1 < every
    assert 'href="/money.csv?store=st01&amp;first=2026-11-20&amp;last=2026-11-20"' in one.text
    nothing = ask(hub, "/money?first=2020-01-01&last=2020-01-02")
    assert "No day fits" in nothing.text


def test_what_is_not_a_day_is_named(hub: SampleHub) -> None:
    """A slip in the address is said; an outcome that there is not is none; an unknown store, a far page are empty."""
    wrong = ask(hub, "/money?first=20.11.2026", accept="application/json")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "'20.11.2026' is no day; write it as 2026-11-20.")
    assert ask(hub, "/money?first=20.11.2026").status_code == 422
    assert "agrees" in ask(hub, "/money/lines?outcome=rubbish").text
    assert "No line fits" in ask(hub, "/money/lines?store=nowhere").text
    assert "No line fits" in ask(hub, "/money/lines?page=400").text
    assert ask(hub, "/money/lines?page=0").status_code == 422
    assert ask(hub, "/money/lines/999999").status_code == 404


def test_lines_show_differences_first_and_say_why(hub: SampleHub) -> None:
    """In words; what a till or a provider wrote stays text."""
    answer = ask(hub, "/money/lines")
    text = text_of(answer.text)
    assert text.index("no sale here") < text.index("no payment there") < text.index("amounts differ")
    assert "perhaps it was charged twice" in text
    settled = text_of(ask(hub, "/money/lines?outcome=missing_here").text)
    assert "Settled by hand" in settled


def test_a_line_is_decided_and_taken_back(hub: SampleHub) -> None:
    """Without a name or a reason nothing is written; what was typed stays; both deeds stand on the page."""
    number = open_lines(hub)[-1]
    path = f"/money/lines/{number}"
    refused = post(hub, f"{path}/decide", action="settled", by="Mai", note="")
    assert (refused.status_code, "Say why it is settled" in refused.text, 'value="Mai"' in refused.text) == (
        422, True, True,
    )  # fmt: skip
    assert post(hub, f"{path}/decide", action="settled", by=" ", note="x").status_code == 422
    assert post(hub, f"{path}/decide", action="rubbish", by="Mai").status_code == 422
    done = post(hub, f"{path}/decide", action="settled", by="Mai", note="<b>trả lại</b>")
    assert (done.status_code, done.headers["location"]) == (303, path)
    shown = ask(hub, path).text
    assert "&lt;b&gt;trả lại&lt;/b&gt;" in shown
    assert number not in open_lines(hub)
    decision = re.search(r'name="decision" value="(\d+)"', shown)
    assert decision is not None
    assert post(hub, f"{path}/undo", decision=decision[1], by="Mai").status_code == 303
    assert post(hub, f"{path}/undo", decision=decision[1], by="Mai").status_code == 409
    assert number in open_lines(hub)
    assert "Taken back" in text_of(ask(hub, path).text)


def test_the_csv_has_every_line_in_words_for_programs(hub: SampleHub) -> None:
    """As many as there are; an unknown fee is empty; nothing is taken for a formula."""
    rows = list(csv.DictReader(ask(hub, "/money.csv").content.decode("utf-8-sig").splitlines()))
    assert len(rows) > 60
    assert {row["fee"] for row in rows if row["payment"] == "pay_twice"} == {""}
    assert rows[0]["open"] == "yes"
    assert sum(int(row["tendered"]) for row in rows) == sum(int(row["paid"]) - int(row["difference"]) for row in rows)
    one = list(csv.DictReader(ask(hub, "/money.csv?store=-").content.decode("utf-8-sig").splitlines()))
    assert [(row["store"], row["note"]) for row in one] == [("", "unmapped")]


@pytest.mark.parametrize(("language", "words"), [("en", "No provider of payments"), ("vi", "Chưa kết nối bên")])
def test_a_hub_without_a_provider_says_what_will_stand_here(tmp_path: Path, language: str, words: str) -> None:
    """The first day teaches."""
    empty = with_offices(SampleHub().fill(1), tmp_path, filled=False)
    assert words in ask(empty, "/money", accept_language=language).text
    assert ask(empty, "/money.csv").content.decode("utf-8-sig").count("\n") == 1


def test_a_hub_without_the_pages_has_no_tabs_for_them() -> None:
    """Whoever draws pages over memory only."""
    bare = SampleHub().fill(1)
    assert "/money" not in ask(bare, "/").text
    assert ask(bare, "/money").status_code == 404
