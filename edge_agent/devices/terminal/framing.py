"""A plain line protocol for card terminals behind an ECR bridge, without I/O: questions out, answers in.

ASCII lines that end in LF. `START id amount currency`, `ASK id` and `CANCEL id` are each answered by one line: `id
IN_PROGRESS`, `id APPROVED code`, `id DECLINED`, `id CANCELLED` or `id NONE`. Amounts are minor units. It is our own: a
bridge of a bank's terminal is a page of code, and hardware_sim speaks it.
"""

from __future__ import annotations

import re

from edge_agent.devices.terminal.port import Outcome, TerminalAnswer

LINE_MAX = 256
_ID = re.compile(r"[0-9A-Za-z_.:+-]{1,100}")
_OUTCOMES: dict[str, Outcome] = {
    "IN_PROGRESS": "in_progress", "APPROVED": "approved", "DECLINED": "declined", "CANCELLED": "cancelled",
    "NONE": "never_heard",
}  # fmt: skip
_APPROVAL_MAX = 12


class UnreadableAnswer(ValueError):
    """The line is no answer, or one about another attempt."""


def start_line(attempt: str, amount: int, currency: str) -> bytes:
    """Ask for a charge."""
    return f"START {_checked(attempt)} {amount} {currency}\n".encode("ascii")


def ask_line(attempt: str) -> bytes:
    """Ask what became of one."""
    return f"ASK {_checked(attempt)}\n".encode("ascii")


def cancel_line(attempt: str) -> bytes:
    """Ask to stop one."""
    return f"CANCEL {_checked(attempt)}\n".encode("ascii")


def read_answer(line: bytes, attempt: str) -> TerminalAnswer:
    """Read an answer about `attempt`. Raises UnreadableAnswer; an approval that could be a card number is dropped."""
    words = line.decode("ascii", "replace").split()
    if len(line) > LINE_MAX or len(words) not in {2, 3} or words[0] != attempt or words[1] not in _OUTCOMES:
        raise UnreadableAnswer(f"{len(line)} bytes that are no answer about {attempt}")
    approval = words[2] if len(words) == 3 else ""  # noqa: PLR2004 - as above
    is_short = len(approval) <= _APPROVAL_MAX and approval.isalnum()
    return TerminalAnswer(_OUTCOMES[words[1]], approval if is_short else "")


def _checked(attempt: str) -> str:
    if not _ID.fullmatch(attempt):
        raise UnreadableAnswer(f"attempt id {attempt!r} cannot stand in a line")
    return attempt
