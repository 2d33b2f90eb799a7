"""The main job, by the command that a newcomer calls, on each of the engines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.whole.conftest import ROOT, demo
from tests.services import MosquittoServer, PostgresServer

KEYS = {"ok", "sales", "receipts", "lost", "doubled", "levels_wrong", "sync_ms", "scan_to_line_ms"}


def check(code: int, report: dict[str, Any], told: str, sales: int) -> None:
    """The report says that all is well, and it measured what it claims."""
    assert code == 0, (report, told)
    assert report.keys() >= KEYS
    assert report["ok"] is True
    assert report["sales"] == report["receipts"] == sales
    assert (report["lost"], report["doubled"], report["levels_wrong"]) == (0, 0, 0)
    assert report["offline_sales"] > 0
    for name in ("sync_ms", "scan_to_line_ms"):
        assert 0 < report[name]["p50"] <= report[name]["p95"] <= report[name]["p99"]


@pytest.mark.timeout(300)
def test_demo_on_the_embedded_default(tmp_path: Path) -> None:
    """`./dev demo --once --json` ends with 0: every sale once in the hub, every receipt once on paper."""
    code, report, told = demo("--sales", "24", "--folder", str(tmp_path / "demo"))
    check(code, report, told, 24)


@pytest.mark.timeout(300)
def test_demo_on_mosquitto_and_postgresql(tmp_path: Path, mosquitto: MosquittoServer, postgres: PostgresServer) -> None:
    """The same demo, the same code, on a real Mosquitto and a real PostgreSQL, by two options."""
    code, report, told = demo(
        "--sales", "24", "--no-browser", "--folder", str(tmp_path / "demo"),
        "--broker-port", str(mosquitto.port), "--database-url", postgres.new_database(),
    )  # fmt: skip
    check(code, report, told, 24)


@pytest.mark.timeout(300)
def test_ctrl_c_ends_cleanly_and_a_second_start_goes_on(tmp_path: Path) -> None:
    """Ctrl-C: every cashier finishes her sale, all agrees, exit code 0; the next start counts on from there."""
    folder = tmp_path / "demo"
    first = endless(folder, sales=5)
    second = endless(folder, sales=first["sales"] + 5)
    assert first["ok"] is second["ok"] is True
    assert second["sales"] >= first["sales"] + 5
    assert second["receipts"] == second["sales"]
    assert not (folder / "running").exists()


def endless(folder: Path, sales: int) -> dict[str, Any]:
    """Run the endless demo until so many sales are paid in all, press Ctrl-C, and return its report."""
    paid = folder / "paid.jsonl"
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.demo", "--json", "--folder", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        while process.poll() is None and (not paid.exists() or len(paid.read_text().splitlines()) < sales):
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that run in it, the browser's driver too
        out, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    report: dict[str, Any] = json.loads(out)
    return report


def test_bad_options_are_answered(tmp_path: Path) -> None:
    """Words that are no store numbers, and a day outside the data, are named; nothing is started."""
    code, _, told = demo("--stores", "many", "--folder", str(tmp_path / "demo"))
    assert code == 2
    assert "many" in told
    assert not (tmp_path / "demo").exists()
