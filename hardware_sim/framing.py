"""What a serial scanner puts around a code: prefix, suffix, AIM identifier."""

from dataclasses import dataclass
from typing import Final

AIM_IDS: Final = {
    "ean13": "]E0", "ean8": "]E4", "upca": "]E0", "code128": "]C0", "gs1-128": "]C1", "code39": "]A0", "itf": "]I0",
    "qr": "]Q1", "gs1-qr": "]Q3", "datamatrix": "]d1", "gs1-datamatrix": "]d2",
}  # fmt: skip
"""Symbology -> AIM identifier (ISO/IEC 15424)."""


@dataclass(frozen=True, slots=True)
class Framing:
    """Bytes before and after a code. `NAMED` holds the usual ones."""

    prefix: bytes = b""
    suffix: bytes = b"\r"

    def frame(self, code: str | bytes, *, aim_id: str = "") -> bytes:
        """The bytes of one scan; text goes out as UTF-8, the AIM identifier stands directly before it."""
        data = code.encode("utf-8") if isinstance(code, str) else code
        return self.prefix + aim_id.encode("ascii") + data + self.suffix


NAMED: Final = {
    "cr": Framing(),
    "lf": Framing(suffix=b"\n"),
    "crlf": Framing(suffix=b"\r\n"),
    "tab": Framing(suffix=b"\t"),
    "stx-etx": Framing(prefix=b"\x02", suffix=b"\x03"),
    "none": Framing(suffix=b""),
}
"""Framings by the name that the command line uses."""


def guess_aim_id(code: str) -> str:
    """The identifier that a scanner would send for a code of this look: EAN for 13, 12 or 8 digits, else Code 128."""
    if code.isdigit():
        return {13: AIM_IDS["ean13"], 12: AIM_IDS["upca"], 8: AIM_IDS["ean8"]}.get(len(code), AIM_IDS["code128"])
    return AIM_IDS["code128"]
