"""Money by command: what is said, what it ends with, and what goes into the file."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.channels.ports import ChannelPayment
from hub.config import load_config
from hub.money.taking import take_payments
from hub.running.data import open_data
from hub.storage.schema_channels import channel_link, channel_part
from tests.channels.payer.manifest import PROVIDERS, Provider
from tests.unit.hub.commands import hub


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file with a data folder of its own, and a store in it."""
    file = tmp_path / "hub.toml"
    file.write_text(f'[data]\nfolder = "{tmp_path / "data"}"\n[broker]\nport = 1999\n')
    assert hub(file, "store", "add", "hanoi", "--currency", "USD") == 0
    return file


NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


def provider_says(settings: Path, *amounts: int) -> None:
    """A provider tells of payments at the store."""
    data = open_data(load_config(settings))
    link = {"channel": "square", "kind": "location", "ours": "hanoi", "theirs": "L", "by_hand": True, "at_us": 0}
    with data.database.write() as connection:
        connection.execute(sa.insert(channel_link).values(link))
    payments = [
        ChannelPayment(
            key=f"p{number}", version="1", at=NOON + timedelta(hours=number), location="L", kind="card",
            state="completed", amount=amount, currency="USD", reference="=1+1",
        )
        for number, amount in enumerate(amounts)
    ]  # fmt: skip
    take_payments(data.database, "square", payments, NOON)
    data.close()


DAYS = ("--from", "2026-11-20", "--to", "2026-11-20")


def test_the_exit_code_says_whether_something_differs(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to reconcile is no failure; a difference is 4 until somebody has dealt with it; it can be taken back."""
    assert hub(settings, "money", "reconcile") == 0
    provider_says(settings, 1_250)
    assert hub(settings, "money", "reconcile", *DAYS) == 4
    assert "missing_here\t0.00 here, 12.50 there USD" in capsys.readouterr().out
    assert hub(settings, "money", "lines", "--json") == 0
    line = json.loads(capsys.readouterr().out)
    assert line["remedies"][0] == "import_sale"
    number = str(line["line"])
    assert hub(settings, "money", "decide", number, "settled", "--by", "lan") == 2
    assert hub(settings, "money", "decide", number, "settled", "--by", "lan", "--note", "a test payment") == 0
    assert hub(settings, "money", "reconcile", *DAYS) == 0
    assert hub(settings, "money", "undo", "1", "--by", "lan") == 0
    assert hub(settings, "money", "undo", "1", "--by", "lan") == 1
    assert hub(settings, "money", "reconcile", *DAYS) == 4
    capsys.readouterr()
    assert hub(settings, "money", "decisions", "--json") == 0
    assert [json.loads(text)["action"] for text in capsys.readouterr().out.splitlines()] == ["undone", "settled"]


def test_the_report_is_json_and_csv(settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Amounts in minor units there, as a spreadsheet reads them here; what looks like a formula is text."""
    provider_says(settings, 1_250, 99)
    file = tmp_path / "money.csv"
    assert hub(settings, "money", "reconcile", *DAYS, "--json", "--csv", str(file)) == 4
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["open"], report["lines"]) == (False, 2, 2)
    assert [(day["store"], day["paid"], day["fees_unknown"]) for day in report["days"]] == [("hanoi", 1_349, 2)]
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [(row["paid"], row["fee"], row["reference"]) for row in rows] == [
        ("12.50", "", "'=1+1"),
        ("0.99", "", "'=1+1"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("reconcile", "--store", "nowhere"), 1, "store list"),
        (("reconcile", "--channel", "web"), 1, "square"),
        (("reconcile", "--from", "2026-11-21", "--to", "2026-11-20"), 2, "the first one first"),
        (("reconcile", "--from", "20.11.2026"), 2, "2026"),
        (("decide", "99", "ask_cashier", "--by", "lan"), 1, "money lines"),
        (("fee", "set", "square", "--currency", "USD", "--percent", "101", "--since", "2026-01-01"), 2, "between"),
    ],
)
def test_a_slip_of_the_pen_is_named(
    settings: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Who, what, and the remedy."""
    provider_says(settings, 1_250)
    assert hub(settings, "money", *arguments) == code
    assert words in capsys.readouterr().err


def test_a_provider_is_asked_for_days_that_a_poll_has_missed(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only for payments of the store's location, and of the hours that belong to these days."""
    settings.write_text(settings.read_text() + '[channels]\npackages = ["tests.channels"]\n')
    provider = PROVIDERS["asked"] = Provider()
    one = ChannelPayment(
        key="p1", version="1", at=NOON, location="L", kind="card", state="completed", amount=1_250, currency="USD"
    )
    provider.payments = [one, replace(one, key="p2", location="M"), replace(one, key="p3", at=NOON + timedelta(days=9))]
    assert hub(settings, "channel", "add", "pay", "payer", "provider=asked") == 0
    assert hub(settings, "channel", "map", "pay", "location", "hanoi", "L") == 0
    data = open_data(load_config(settings))
    with data.database.write() as connection:  # as the first poll of a running hub leaves it
        connection.execute(sa.insert(channel_part).values(channel="pay", part="payments"))
    data.close()
    assert hub(settings, "money", "reconcile", *DAYS) == 0
    assert hub(settings, "money", "reconcile", *DAYS, "--ask") == 4
    told = capsys.readouterr()
    assert "pay: 1 payments new or changed" in told.err
    assert told.out.count("missing_here\t") == 1


def test_fee_rules_are_set_shown_and_taken_away(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule is what is held against what is told."""
    rule = ("--currency", "USD", "--percent", "2.6", "--fixed", "0.10", "--since", "2026-01-01")
    assert hub(settings, "money", "fee", "set", "square", *rule) == 0
    assert hub(settings, "money", "fee", "list") == 0
    assert "square\tany\tUSD\t2026-01-01\t2.600 % + 0.10\trefunds: kept" in capsys.readouterr().out
    assert hub(settings, "money", "fee", "remove", "square", "--currency", "USD") == 0
    assert hub(settings, "money", "fee", "list") == 0
    assert "None" in capsys.readouterr().out
