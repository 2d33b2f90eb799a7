"""What a signed request proves, and what it does not let through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import BadSignature
from protocol.frame import Key
from protocol.ids import StoreId, TerminalId
from protocol.request_signing import SLACK_S, SignedRequest, check, parse, sign

KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)
WHO = SignedRequest(StoreId("hn01"), TerminalId("t1"), 1_764_000_000, "ab" * 12)
PATH = "/v1/snapshots/global/" + "0" * 64


def test_a_terminal_that_signs_is_let_in_and_its_key_stays_at_home() -> None:
    """The header names who asks; the key is not in it."""
    header = sign("GET", PATH, WHO, KEY)
    assert KEY.hex() not in header
    signed = parse(header)
    assert replace(signed, mac="") == WHO
    check(signed, "GET", PATH, key=KEY, now_s=WHO.time_s + SLACK_S)


@pytest.mark.parametrize(
    ("change", "method", "path", "key", "now_s", "reason"),
    [
        ({}, "POST", PATH, KEY, WHO.time_s, "wrong_signature"),
        ({}, "GET", PATH + "0", KEY, WHO.time_s, "wrong_signature"),
        ({}, "GET", PATH, OTHER, WHO.time_s, "wrong_signature"),
        ({}, "GET", PATH, None, WHO.time_s, "wrong_signature"),
        ({"store": StoreId("hn02")}, "GET", PATH, KEY, WHO.time_s, "wrong_signature"),
        ({"terminal": TerminalId("t2")}, "GET", PATH, KEY, WHO.time_s, "wrong_signature"),
        ({"time_s": WHO.time_s + 1}, "GET", PATH, KEY, WHO.time_s, "wrong_signature"),
        ({"nonce": "cd" * 12}, "GET", PATH, KEY, WHO.time_s, "wrong_signature"),
        ({}, "GET", PATH, KEY, WHO.time_s + SLACK_S + 1, "expired"),
        ({}, "GET", PATH, KEY, WHO.time_s - SLACK_S - 1, "expired"),
    ],
)
def test_nothing_of_it_can_be_changed_and_it_does_not_last(  # noqa: PLR0913, PLR0917 - one column each
    change: dict[str, object], method: str, path: str, key: Key | None, now_s: float, reason: str
) -> None:
    """Another method, path, key, name, time or nonce; too early and too late; a terminal that is not there."""
    signed = replace(parse(sign("GET", PATH, WHO, KEY)), **change)  # type: ignore[arg-type]
    with pytest.raises(BadSignature) as refused:
        check(signed, method, path, key=key, now_s=now_s)
    assert refused.value.reason == reason


@given(st.text(max_size=200))
def test_no_header_makes_it_stumble(header: str) -> None:
    """Whatever somebody sends is a signature or is refused."""
    with pytest.raises(BadSignature):
        parse(header)
