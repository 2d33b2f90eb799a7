"""E-mail addresses and phone numbers in the one form in which they can be compared. Pure.

No provider's rules are guessed at: dots and plus signs of an address stay. What cannot be somebody's own (no address at
all, a number that no country gives out) becomes "", and so names nobody.
"""

from __future__ import annotations

import unicodedata

import phonenumbers

EMAIL_MAX = 254
"""Characters of an address, by RFC 5321."""

_VIETNAM = 84
_OLD_MOBILE = {
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",
    "186": "56", "188": "58", "199": "59",
}  # fmt: skip
"""Vietnam's mobile numbers of eleven digits became ones of ten between 15 September and 14 October 2018 (ministry's
plan of May 2018); people and old lists still have them."""

_OLD_LENGTH = 10
"""Digits after the country code."""


def email_of(text: str) -> str:
    """An address in lower case, trimmed, in Unicode's composed form; "" for what is none."""
    email = unicodedata.normalize("NFC", text).strip().lower()
    name, at, domain = email.rpartition("@")
    is_one = bool(name and at and domain) and len(email) <= EMAIL_MAX and not any(c.isspace() for c in email)
    return email if is_one and "@" not in name else ""


def phone_of(text: str, region: str) -> str:
    """A number as E.164; `region` ("VN") is whose form it has without a country code. "" for one that cannot be."""
    text = text.strip()
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return ""
    number = _with_new_prefix(number)
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def region_of(currency: str) -> str:
    """The country whose currency it is; "" for a currency of several (its code begins with X, or is EUR)."""
    region = currency[:2].upper()
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""


def _with_new_prefix(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    digits = str(number.national_number)
    new = _OLD_MOBILE.get(digits[:3]) if number.country_code == _VIETNAM and len(digits) == _OLD_LENGTH else None
    if new is None:
        return number
    return phonenumbers.PhoneNumber(country_code=_VIETNAM, national_number=int(new + digits[3:]))
