"""Phone numbers: any way in which a person writes one, as E.164.

Our own few lines and not the library `phonenumbers`: that is 8 MB of tables in memory for what a shop needs of it, the
national trunk 0, the country, and the numbers that Vietnam renumbered in 2018. The trap: a number that is not known
to be wrong is kept as it was typed; a customer is not turned away for it.
"""

from __future__ import annotations

import re
import unicodedata

DIGITS_MIN, DIGITS_MAX = 7, 15  # ITU-T E.164: at most 15
_END_SHOWN = 3
# By the money a store takes: its country's code and trunk prefix. Others have to write the + themselves.
_COUNTRIES = {
    "VND": ("84", "0"), "USD": ("1", "1"), "THB": ("66", "0"), "LAK": ("856", "0"), "KHR": ("855", "0"),
    "MYR": ("60", "0"), "SGD": ("65", ""), "IDR": ("62", "0"), "PHP": ("63", "0"), "JPY": ("81", "0"),
    "KRW": ("82", "0"), "TWD": ("886", "0"), "GBP": ("44", "0"), "AUD": ("61", "0"), "INR": ("91", "0"),
}  # fmt: skip
# 15 September 2018: eleven digits became ten. People still say the old ones.
_RENUMBERED = {
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78", "123": "83", "124": "84", "125": "85",
    "127": "81", "129": "82", "186": "56", "188": "58", "199": "59",
}  # fmt: skip
_OLD_MOBILE_DIGITS = 10  # without the trunk 0
_NOISE = re.compile(r"[\s().\-/\u2010-\u2015\u2212]+")
_NUMBER = re.compile(r"\+?[0-9]+")


def e164(text: str, currency: str) -> str:
    """`0912 345 678`, `+84 (0)912.345.678`, `0084912345678` are all `+84912345678`; "" for what is no number."""
    digits = _NOISE.sub("", unicodedata.normalize("NFKC", text).replace("(0)", ""))
    if not _NUMBER.fullmatch(digits):
        return ""
    code, trunk = _COUNTRIES.get(currency, ("", ""))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        whole = digits[1:]
    elif code and trunk and digits.startswith(trunk):
        whole = code + digits.removeprefix(trunk)
    elif code and not digits.startswith(code):
        whole = code + digits
    else:
        whole = digits
    if code and trunk == "0" and whole.startswith(code + "0"):
        whole = code + whole[len(code) + 1 :]
    whole = _as_renumbered(whole)
    return f"+{whole}" if DIGITS_MIN <= len(whole) <= DIGITS_MAX else ""


def masked(phone: str) -> str:
    """Enough to know whose it is, not enough to call: `+84912345678` is `+84 ••• ••5 678`."""
    digits = phone.removeprefix("+")
    if len(digits) < DIGITS_MIN:
        return "•" * len(digits)
    return f"••• ••{digits[-4]} {digits[-3:]}"


def masked_email(email: str) -> str:
    """Enough to know whose it is: `nguyet@example.com` is `ng•••@example.com`."""
    name, at, host = email.partition("@")
    return f"{name[:2]}•••{at}{host}" if at else masked_end(email)


def masked_end(code: str) -> str:
    """A card's last three signs, and that there are others; "" stays ""."""
    return f"••• {code[-3:]}" if len(code) > _END_SHOWN else "•" * len(code)


def last_digits(text: str) -> str:
    """What was typed as the end of a number: its digits without the trunk 0; "" for no number."""
    digits = _NOISE.sub("", unicodedata.normalize("NFKC", text))
    return digits.removeprefix("+").removeprefix("0") if _NUMBER.fullmatch(digits) else ""


def _as_renumbered(whole: str) -> str:
    national = whole.removeprefix("84")
    if whole.startswith("84") and len(national) == _OLD_MOBILE_DIGITS and national[:3] in _RENUMBERED:
        return "84" + _RENUMBERED[national[:3]] + national[3:]
    return whole
