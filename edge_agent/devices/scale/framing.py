"""The two protocols of scales, without I/O and without a clock: what to send, and what the bytes that come mean.

However the answers are split on their way, the same events come out; nothing raises. Sources: the service manual of the
Mettler-Toledo 8217 (weight-only protocol: W, status bits 0 motion, 1 over, 2 under zero, 3 outside of zero capture, 4
centre of zero, 5 net); the manuals of CAS AP, PD-II and PR-II (ENQ, ACK, DC1, a block of 15 bytes with its XOR).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Literal, Protocol

ProtocolName = Literal["toledo_8217", "cas"]

SOH, STX, ETX, EOT, ENQ, ACK, NAK, DC1, CR = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x15, 0x11, 0x0D

_ANSWER_MAX = 32
_SAMPLE_BYTES = 32


@dataclass(frozen=True)
class Weighed:
    """An answer: the weight in grams if there is one, and how far it can be believed."""

    grams: int | None
    state: Literal["STABLE", "MOTION", "OVER", "UNDER"]


@dataclass(frozen=True)
class Garbled:
    """Bytes that are no answer; the first of them."""

    sample: bytes


@dataclass(frozen=True)
class Send:
    """Bytes that the scale waits for."""

    data: bytes


Event = Weighed | Garbled | Send


class WeighingProtocol(Protocol):
    """One scale's way of speaking."""

    def ask(self) -> bytes:
        """What asks for a weight; half an answer to an earlier question is forgotten."""

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes; returns what they complete, in order."""


class Toledo8217:
    """W is answered by STX, weight, CR, or by STX, ?, status, CR when there is no weight to give."""

    _WEIGHT = re.compile(rb" *([0-9]{1,3})\.([0-9]{1,3})N?")
    _STATUS = re.compile(rb" *\?(.)", re.DOTALL)

    def __init__(self) -> None:
        self._answer: bytearray | None = None
        self._noise = bytearray()

    def ask(self) -> bytes:
        """See `WeighingProtocol`."""
        self._answer = None
        self._noise.clear()
        return b"W"

    def feed(self, data: bytes) -> list[Event]:
        """See `WeighingProtocol`."""
        return [event for byte in data if (event := self._take(byte)) is not None]

    def _take(self, byte: int) -> Event | None:
        if byte == STX:
            before, self._answer = self._answer, bytearray()
            return Garbled(bytes(before)) if before else None
        collected = self._noise if self._answer is None else self._answer
        if byte == CR:
            answer = bytes(collected)
            inside, self._answer = self._answer is not None, None
            self._noise.clear()
            return _toledo(answer) if inside else Garbled(answer) if answer else None
        collected.append(byte)
        if len(collected) < _ANSWER_MAX:
            return None
        sample = bytes(collected)
        collected.clear()
        self._answer = None
        return Garbled(sample)


def _toledo(answer: bytes) -> Event:
    weight = Toledo8217._WEIGHT.fullmatch(answer)  # noqa: SLF001  its own grammar
    if weight is not None:
        # Both halves have a fixed number of digits on the scale: kilograms and their thousandths.
        return Weighed(int(weight[1]) * 1000 + int(weight[2].ljust(3, b"0")), "STABLE")
    status = Toledo8217._STATUS.fullmatch(answer)  # noqa: SLF001  as above
    if status is None:
        return Garbled(answer[:_SAMPLE_BYTES])
    bits = status[1][0]
    if bits & 0b0010:
        return Weighed(None, "OVER")
    if bits & 0b1100:
        return Weighed(None, "UNDER")
    if bits & 0b0001:
        return Weighed(None, "MOTION")
    # Nothing is wrong, and at the centre of zero: nothing lies on it. Else it knows why, and we do not: wait.
    return Weighed(0, "STABLE") if bits & 0b1_0000 else Weighed(None, "MOTION")


class Cas:
    """ENQ is answered by ACK, DC1 by SOH STX, S or U, a sign, six characters, a unit, their XOR, ETX EOT."""

    _BLOCK_BYTES = 15
    _DOTTED = re.compile(rb" *([0-9]{1,3})\.([0-9]{1,3})")
    _PLAIN = re.compile(rb" *([0-9]{1,6})")

    def __init__(self) -> None:
        self._block = bytearray()
        self._noise = bytearray()

    def ask(self) -> bytes:
        """See `WeighingProtocol`."""
        self._block.clear()
        self._noise.clear()
        return bytes((ENQ,))

    def feed(self, data: bytes) -> list[Event]:
        """See `WeighingProtocol`."""
        return [event for byte in data if (event := self._take(byte)) is not None]

    def _take(self, byte: int) -> Event | None:
        if self._block or byte == SOH:
            # By length and not by its end: the XOR may be any byte, also one that looks like an end.
            self._block.append(byte)
            if len(self._block) < self._BLOCK_BYTES:
                return None
            block = bytes(self._block)
            self._block.clear()
            return _cas(block)
        if byte == ACK:
            return Send(bytes((DC1,)))
        if byte == NAK:  # not ready to answer: the same as a weight that is not ready
            return Weighed(None, "MOTION")
        self._noise.append(byte)
        if len(self._noise) < _ANSWER_MAX:
            return None
        sample = bytes(self._noise)
        self._noise.clear()
        return Garbled(sample)


def _cas(block: bytes) -> Event:
    body, check, end = block[2:12], block[12], block[13:]
    state, sign, text, unit = body[:1], body[1:2], body[2:8], body[8:].strip().lower()
    whole = block[1] == STX and end == bytes((ETX, EOT)) and reduce(xor, body) == check
    if not whole or state not in {b"S", b"U"} or unit not in {b"kg", b"g"}:
        return Garbled(block)
    if sign == b"-":
        return Weighed(None, "UNDER")
    grams = _cas_grams(text, unit)
    if grams is None or sign != b" ":
        # A whole block with a weight that is none: what the display shows when the load is too heavy. Not in the
        # manuals that we have; either way there is no weight to sell.
        return Weighed(None, "OVER")
    return Weighed(grams, "STABLE" if state == b"S" else "MOTION")


def _cas_grams(text: bytes, unit: bytes) -> int | None:
    dotted = Cas._DOTTED.fullmatch(text)  # noqa: SLF001  its own grammar
    if dotted is not None:
        return int(dotted[1]) * 1000 + int(dotted[2].ljust(3, b"0")) if unit == b"kg" else None
    plain = Cas._PLAIN.fullmatch(text)  # noqa: SLF001  as above
    return int(plain[1]) if plain is not None else None


def protocol_of(name: ProtocolName) -> WeighingProtocol:
    """A fresh speaker of that protocol."""
    return Toledo8217() if name == "toledo_8217" else Cas()
