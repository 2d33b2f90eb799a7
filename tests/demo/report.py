"""What the demo found, as JSON for scripts and as words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.demo.cashier import percentiles
from tests.demo.checks import Findings

SHOWN_MAX = 5


@dataclass(frozen=True)
class Measured:
    """What a run measured, in milliseconds.

    `scan_in` says where the line was seen: "browser" or "event stream". `recover_s` is the time from a mended line to
    an empty backlog, 0 if no line was cut.
    """

    scan_to_line_ms: list[float]
    scan_in: str
    till_to_hub_ms: list[float]
    till_to_till_ms: list[float]
    offline_sales: int
    recover_s: float
    seconds: float
    settle_s: float


def as_json(findings: Findings, measured: Measured, *, sales: int, receipts: int, odd_rows: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The report; `sync_ms` is till -> hub -> the other till of the store."""
    return {
        "ok": findings.ok,
        "sales": sales,
        "receipts": receipts,
        "lost": len(findings.lost),
        "doubled": len(findings.doubled),
        "levels_wrong": len(findings.levels_wrong),
        "tills_wrong": len(findings.tills_wrong),
        "web_wrong": len(findings.web_wrong),
        "receipts_wrong": len(findings.receipts_wrong),
        "sync_ms": percentiles(measured.till_to_till_ms),
        "till_to_hub_ms": percentiles(measured.till_to_hub_ms),
        "scan_to_line_ms": percentiles(measured.scan_to_line_ms),
        "scan_to_line_seen_in": measured.scan_in,
        "measured": {
            "sync": len(measured.till_to_till_ms),
            "till_to_hub": len(measured.till_to_hub_ms),
            "scan_to_line": len(measured.scan_to_line_ms),
        },
        "offline_sales": measured.offline_sales,
        "recover_s": round(measured.recover_s, 2),
        "seconds": round(measured.seconds, 1),
        "settle_s": round(measured.settle_s, 2),
        "odd_rows": odd_rows,
        "findings": {name: list(found) for name, found in vars(findings).items() if found},
    }


def as_text(report: dict[str, Any]) -> str:
    """The same for a person."""
    lines = [
        "{sales} sales, {offline_sales} of them while a store was offline, {receipts} receipts, {seconds} s".format_map(
            report
        ),
        _verdict(report["lost"] + report["doubled"], "every sale is in the hub once",
                 f"{report['lost']} sales lost, {report['doubled']} doubled"),
        _verdict(report["receipts_wrong"], "every receipt was printed once", "receipts are missing, doubled or torn"),
        _verdict(report["levels_wrong"], "the hub's stock is opening stock less what was scanned", "levels are wrong"),
        _verdict(report["tills_wrong"], "every till sees the hub's stock", "tills see another stock"),
        _verdict(report["web_wrong"], "the web offers the same", "the web offers something else"),
        _times("scan -> line, seen in the " + report["scan_to_line_seen_in"], report["scan_to_line_ms"]),
        _times("till -> hub", report["till_to_hub_ms"]),
        _times("till -> hub -> other till", report["sync_ms"]),
    ]  # fmt: skip
    if report["recover_s"]:
        lines.append(f"  a mended line: the store had told the hub everything after {report['recover_s']} s")
    for kind, found in report["odd_rows"].items():
        lines.append(f"  data: {found['rows']} rows of {kind.replace('_', ' ')}, worth {found['value']}")
    for name, found in report["findings"].items():
        lines += [f"  {name}: {what}" for what in found[:SHOWN_MAX]]
        lines += [f"  {name}: and {len(found) - SHOWN_MAX} more"] if len(found) > SHOWN_MAX else []
    return "\n".join(lines)


def _verdict(wrong: int, good: str, bad: str) -> str:
    return f"  ok     {good}" if not wrong else f"  WRONG  {bad}"


def _times(what: str, found: dict[str, float | None]) -> str:
    if found["p50"] is None:
        return f"  {what}: nothing measured"
    return f"  {what}: p50 {found['p50']} ms, p95 {found['p95']} ms, p99 {found['p99']} ms"
