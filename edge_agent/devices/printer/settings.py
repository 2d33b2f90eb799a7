"""How one printer is reached and how patient the till is with it."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.devices.supervision import Backoff

WIDTH_58_MM = 384
WIDTH_80_MM = 576
_BACKOFF = Backoff(first_s=0.25, longest_s=5.0)


@dataclass(frozen=True, kw_only=True)
class PrinterSettings:
    """One ESC/POS printer on TCP.

    Attributes:
        host, port: its address.
        name: what people call it.
        width_dots: dots across, a multiple of 8: 384 for 58 mm, 576 for 80 mm paper.
        answers: whether it answers status questions. With False a job counts as printed when its bytes were taken.
        connect_timeout_s, answer_timeout_s: for a connection, and for the answer to a status question.
        patience_s: how long a job inside the printer may make no progress, with no reason known, before it is UNKNOWN.
        stalled_after_s: after how long without progress people are told.
        watch_every_s: how often a printer that stands still is asked why.
        poll_every_s: how often an idle printer is asked how it is.
        settle_s: silence that is awaited after a broken-off job, so that no old answer is taken for a new one.
        kick_valid_s: age at which a drawer kick is no longer sent.
        stale_after_s: age at which a receipt found at start is printed only when a person says so.
        keep_jobs_days: how long done jobs are kept for reprints.
        stop_grace_s: how long `stop` waits for the receipt in the printer.
        piece_bytes: bytes handed over at a time; progress is seen per piece.
        backoff: waiting times between tries.
    """

    host: str
    port: int = 9100
    name: str = "printer"
    width_dots: int = WIDTH_80_MM
    answers: bool = True
    connect_timeout_s: float = 3.0
    answer_timeout_s: float = 2.0
    patience_s: float = 120.0
    stalled_after_s: float = 12.0
    watch_every_s: float = 1.0
    poll_every_s: float = 5.0
    settle_s: float = 2.0
    kick_valid_s: float = 8.0
    stale_after_s: float = 900.0
    keep_jobs_days: float = 14.0
    stop_grace_s: float = 3.0
    piece_bytes: int = 8192
    backoff: Backoff = _BACKOFF
