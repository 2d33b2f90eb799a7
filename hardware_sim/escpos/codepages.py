"""What the bytes of ESC t code pages and ESC R national sets stand for.

Numbers are those that Epson's reference gives its Latin models; makers differ, which is why receipts with Vietnamese
text are better sent as images. A page that Python has no codec for decodes to U+FFFD: visibly wrong, as it is on real
paper.
"""

import functools
from typing import Final

UNDECODABLE: Final = "\ufffd"

_CODECS: Final[dict[int, str]] = {
    0: "cp437", 1: "cp932", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737",
    15: "iso8859_7", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 20: "cp874", 21: "cp874",
    26: "cp874", 32: "cp720", 33: "cp775", 34: "cp855", 35: "cp861", 36: "cp862", 37: "cp864", 38: "cp869",
    39: "iso8859_2", 40: "iso8859_15", 44: "cp1125", 45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254",
    49: "cp1255", 50: "cp1256", 51: "cp1257", 52: "cp1258", 53: "kz1048",
}  # fmt: skip

# TCVN 5712-3 (known as ABC), the lower-case half; positions without a letter are blanks. Page 31 holds the capitals.
_TCVN_LOWER: Final = {
    0xA8: "ăâêôơưđ",
    0xB5: "àảãáạ",
    0xBB: "ằẳẵắ",
    0xC6: "ặầẩẫấậè",
    0xCE: "ẻẽéẹềểễếệìỉ",
    0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù",
    0xF1: "ủũúụừửữứựỳỷỹýỵ",
}

_NATIONAL_POSITIONS: Final = "#$@[\\]^`{|}~"
_NATIONAL: Final = (
    "#$@[\\]^`{|}~", "#$à°ç§^`éùè¨", "#$§ÄÖÜ^`äöüß", "£$@[\\]^`{|}~", "#$@ÆØÅ^`æøå~", "#¤ÉÄÖÅÜéäöåü",
    "#$@°\\é^ùàòèì", "₧$@¡Ñ¿^`¨ñ}~", "#$@[¥]^`{|}~", "#¤ÉÆØÅÜéæøåü", "#$ÉÆØÅÜéæøåü", "#$á¡Ñ¿é`íñóú",
    "#$á¡Ñ¿éüíñóú", "#$@[₩]^`{|}~", "#$ŽŠĐĆČžšđćč", "#¥@[\\]^`{|}~", "#₫@[\\]^`{|}~",
)  # fmt: skip


_TCVN_PAGES: Final = (30, 31)


@functools.lru_cache(maxsize=256)
def upper_half(page: int) -> str:
    """The 128 characters of bytes 128-255 in code page `page` (ESC t n)."""
    if page in _TCVN_PAGES:
        letters = [" "] * 128
        for start, run in _TCVN_LOWER.items():
            for offset, letter in enumerate(run if page == _TCVN_PAGES[0] else run.upper()):
                letters[start - 128 + offset] = letter
        return "".join(letters)
    codec = _CODECS.get(page)
    if codec is None:
        return UNDECODABLE * 128
    letters = []
    for byte in range(128, 256):
        letter = bytes((byte,)).decode(codec, errors="replace")
        letters.append(letter if len(letter) == 1 else UNDECODABLE)
    return "".join(letters)


@functools.lru_cache(maxsize=64)
def lower_half(national: int) -> str:
    """The characters of bytes 0-127 in the national set `national` (ESC R n; unknown n is the USA)."""
    replacements = _NATIONAL[national] if national < len(_NATIONAL) else _NATIONAL[0]
    return "".join(map(chr, range(128))).translate(str.maketrans(_NATIONAL_POSITIONS, replacements))


def decode(data: bytes, page: int, national: int = 0) -> str:
    """Decode printable bytes; always as many characters as there are bytes."""
    table = lower_half(national) + upper_half(page)
    return "".join(table[byte] for byte in data)
