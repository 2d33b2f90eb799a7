"""What a shift's report and its receipts do not agree on, in the viewer's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hub.admin.words import Words

_COUNTED = frozenset({"sales", "refunds"})
_NAMES: Mapping[str, Callable[[Words], str]] = {
    "sales": lambda words: words.say("number of sales"),
    "sold": lambda words: words.say("amount sold"),
    "refunds": lambda words: words.say("number of returns"),
    "refunded": lambda words: words.say("given back"),
    "turnover": lambda words: words.say("turnover"),
    "tax_total": lambda words: words.say("tax"),
    "rounding": lambda words: words.say("rounding"),
    "account_paid": lambda words: words.say("paid on accounts"),
    "cash_in": lambda words: words.say("put into the drawer"),
    "cash_out": lambda words: words.say("taken from the drawer"),
    "cash": lambda words: words.say("by cash"),
    "card": lambda words: words.say("by card"),
    "vietqr": lambda words: words.say("by VietQR"),
    "voucher": lambda words: words.say("by voucher"),
    "account": lambda words: words.say("on account"),
    "exchange": lambda words: words.say("by exchange"),
}
_WHOLE = re.compile(r"(?:(?P<currency>[A-Z]{3}): )?(?P<parts>.+)")
_PART = re.compile(r"(?P<name>[a-z_]+) (?P<till>-?\d+) / (?P<hub>-?\d+)")


def differences_in_words(words: Words, text: str) -> str:
    """Read "VND: sold 2999 / 3000; sales 1 / 2" (till / hub) to a person; anything else stays as it is."""
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return text
    parts = [_PART.fullmatch(part) for part in whole["parts"].split("; ")]
    return "; ".join(_said(words, part, whole["currency"]) for part in parts if part) if all(parts) else text


def _said(words: Words, part: re.Match[str], currency: str | None) -> str:
    name, is_money = part["name"], currency is not None and part["name"] not in _COUNTED
    till, hub = (
        words.money(int(part[side]), currency) if is_money and currency else words.number(int(part[side]))
        for side in ("till", "hub")
    )
    return f"{_NAMES[name](words) if name in _NAMES else name} {till} / {hub}"
