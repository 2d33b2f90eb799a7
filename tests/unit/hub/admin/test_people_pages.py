"""What the pages say of customers: who may be one, who somebody is, and what was done by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.storage.people_records import TILLS, person_id
from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.admin.sample_offices import with_offices
from tests.unit.hub.admin.test_money_pages import post
from tests.unit.hub.admin.test_pages import ask, text_of

NGUYET, HOA = person_id(TILLS, "KH-0000"), person_id(TILLS, "KH-0002")


@pytest.fixture
def hub(tmp_path: Path) -> SampleHub:
    """A shop whose web customers gave the numbers of two of its tills' customers."""
    return with_offices(SampleHub().fill(2, sales=5), tmp_path)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("May be one and the same (2)", "Both have +84901234321", "One person", "Two persons")),
        ("vi", ("Có thể là cùng một người (2)", "Cả hai đều có +84901234321", "Một người", "Hai người")),
    ],
)
def test_those_who_may_be_one_stand_side_by_side(hub: SampleHub, language: str, words: tuple[str, ...]) -> None:
    """With what they have in common; a name from anywhere stays text."""
    answer = ask(hub, "/customers", accept_language=language)
    assert all(word in " ".join(text_of(answer.text).split()) for word in words)
    assert "Nguyễn Văn &lt;Bình&gt;" in answer.text


def test_two_are_made_one_and_two_again(hub: SampleHub) -> None:
    """With a name only; what was done stands on her page, and is taken back there."""
    found = ask(hub, "/customers").text
    pair = re.search(r'name="keep" value="([^"]+)">.*?name="other" value="([^"]+)"', found, re.DOTALL)
    assert pair is not None
    keep, other = pair[1], pair[2]
    assert post(hub, "/customers/merge", keep=keep, other=other, by="").status_code == 422
    done = post(hub, "/customers/merge", keep=keep, other=other, by="Lan", note="một số")
    assert (done.status_code, done.headers["location"]) == (303, f"/customers/{keep}")
    page = ask(hub, f"/customers/{other}")
    text = text_of(page.text)
    assert all(word in text for word in ("cus_01", "KH-0000", "Two made one", "Lan", "một số"))
    number = re.search(r'name="number" value="(\d+)"', page.text)
    assert number is not None
    assert post(hub, "/customers/undo", person=keep, number=number[1], by="Hoa").status_code == 303
    assert "May be one and the same (2)" in text_of(ask(hub, "/customers").text)
    again = post(hub, "/customers/undo", person=keep, number=number[1], by="Hoa")
    assert (again.status_code, "something has changed" in again.text) == (422, True)


def test_two_are_said_to_be_two(hub: SampleHub) -> None:
    """The proposal is gone, and stays so."""
    found = ask(hub, "/customers").text
    pair = re.search(r'name="one" value="([^"]+)">.*?name="other" value="([^"]+)"', found, re.DOTALL)
    assert pair is not None
    assert post(hub, "/customers/refuse", one=pair[1], other=pair[2], by="Lan").headers["location"] == "/customers"
    assert "May be one and the same (1)" in text_of(ask(hub, "/customers").text)


def test_some_of_a_persons_customers_become_another(hub: SampleHub) -> None:
    """Those that are ticked; all or none of them is no split."""
    [person] = re.findall(r'href="/customers/([^"]+)">Phạm Hoa<', ask(hub, "/customers?q=KH-0002").text)
    assert person == HOA
    assert post(hub, f"/customers/{HOA}/split", place=f"{TILLS}:KH-0002", by="Lan").status_code == 422
    assert post(hub, f"/customers/{HOA}/split", by="Lan").status_code == 422


def test_consent_stands_by_channel(hub: SampleHub) -> None:
    """What was said where; nothing said is neither yes nor no."""
    text = text_of(ask(hub, f"/customers/{NGUYET}").text)
    assert "Tills yes" in text
    assert "never more than it was" in text


@pytest.mark.parametrize("asked", ["0901 234 321", "KH-0000", "trần", "Trần Thị"])
def test_customers_are_found(hub: SampleHub, asked: str) -> None:
    """By a number as people write it, an id, the beginning of a name."""
    assert "Trần Thị Minh Nguyệt" in text_of(ask(hub, f"/customers?q={asked}").text).partition("May be one")[0]


def test_nobody_and_nothing_are_said_in_words(hub: SampleHub, tmp_path: Path) -> None:
    """A search without a hit, an unknown person, a shop with nothing to decide."""
    assert "Nobody" in ask(hub, "/customers?q=%25").text
    assert ask(hub, "/customers/nobody").status_code == 404
    (tmp_path / "empty").mkdir()
    empty = with_offices(SampleHub().fill(1), tmp_path / "empty", filled=False)
    assert "Nobody is made one without you" in ask(empty, "/customers").text


def test_somebody_is_forgotten(hub: SampleHub) -> None:
    """Name and number are gone from the page; the id stays."""
    assert post(hub, f"/customers/{NGUYET}/erase", by="Lan").status_code == 303
    page = text_of(ask(hub, f"/customers/{NGUYET}").text)
    assert "forgotten" in page
    assert "Nguyệt" not in page
    assert "+84901234321" not in page
