"""ProtocolError
├── InvalidId            the caller gave a word that cannot be an id: mend the word
├── InvalidQuantity      the text is no quantity, or has more than three decimals
├── InexactQuantity      packs and bundles of which a part would not be whole thousandths: take whole ones
├── InvalidMoney         the text is no amount of that currency
├── InvalidBarcodeLayout a layout of a shop's own barcodes that does not add up: mend the setting
├── BadSnapshot          a feed's file that cannot be read: throw it away, fetch it again or go on without
├── BadSignature         a request over HTTP that no terminal of ours has signed, or not now: refuse it
└── BadFrame             bytes from the link that cannot be trusted or read: count it, keep a sample, go on
    ├── ForgedFrame      the HMAC does not match: another key, another topic, or tampering
    └── OversizedFrame   larger than the agreed bound, compressed or not
"""


class ProtocolError(Exception):
    """Base of all errors that this package raises."""


class InvalidId(ProtocolError):
    """A store, terminal, SKU or feed name has a character or a length that topics and keys cannot carry."""


class InvalidQuantity(ProtocolError):
    """A quantity that is not a decimal number with at most three decimals."""


class InexactQuantity(ProtocolError):
    """So much of a pack or bundle takes parts that no quantity can say."""


class InvalidMoney(ProtocolError):
    """An amount that is not a decimal number with at most the currency's number of decimals."""


class InvalidBarcodeLayout(ProtocolError):
    """A layout of embedded weights or prices that no EAN-13 can have."""


class BadSnapshot(ProtocolError):
    """A snapshot of a feed that is not what it should be, or more than a till takes."""


class BadSignature(ProtocolError):
    """An Authorization header that does not prove who asks; `reason` is a word for it."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class BadFrame(ProtocolError):
    """Bytes that are not a frame of this protocol."""


class ForgedFrame(BadFrame):
    """A frame whose HMAC does not match its topic, its bytes and the key that belongs to the topic."""


class OversizedFrame(BadFrame):
    """A frame that is, or unpacks to, more than the agreed number of bytes."""
