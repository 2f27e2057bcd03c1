"""Names as the machine-readable zone of a passport writes them: ``A-Z`` and ``<``.

Marks fall off after decomposition, so every Vietnamese letter works in NFC and in NFD. Letters
that have no decomposition, and those that the standard expands, are in the table. Apostrophes
vanish; anything else that isn't a letter separates words. Cyrillic has its own table; a name in
another script can't be written and leaves the zone empty. A long name loses whole words at its
end, as long as at least half of the zone stays filled.
Source: ICAO Doc 9303 part 3, section 6 (A: Latin-based characters, B: Cyrillic), and part 4,
section 4.2.3 (a single name is the primary identifier).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_LENGTH: Final = 80

_EXPANDED = str.maketrans(
    {
        "Đ": "D",
        "Ð": "D",  # eth and the African letter look like Đ and are typed for it
        "Ɖ": "D",
        "Ä": "AE",
        "Å": "AA",
        "Æ": "AE",
        "Ö": "OE",
        "Ø": "OE",
        "Œ": "OE",
        "Ü": "UE",
        "Þ": "TH",
        "ẞ": "SS",
        "Ł": "L",
        "Ħ": "H",
        "Ŧ": "T",
        "Ŋ": "N",
        "Ĳ": "IJ",
        "Ə": "E",
        "Ŀ": "L",
        "ĸ": "Q",
        "'": None,
        "’": None,
        "ʼ": None,
        "`": None,
    }
)
_CYRILLIC = str.maketrans(
    dict(zip("АБВГДЕЁЗИЙКЛМНОПРСТУФЫЭІ", "ABVGDEEZIIKLMNOPRSTUFYEI", strict=True))
    | {
        "Ж": "ZH", "Х": "KH", "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": "IE",
        "Ь": None, "Ю": "IU", "Я": "IA", "Ї": "I", "Є": "IE", "Ґ": "G",
    }
)  # fmt: skip
_MARKS = re.compile(r"[\u0300-\u036f]")
_SEPARATORS = re.compile(r"[^A-Z]+")


def transliterate(name: str) -> str:
    """Write ``name`` for a machine-readable zone, at most 80 characters.

    Returns:
        ``NGUYEN<THI<DUYEN``; empty when no letter could be written.
    """
    words = [written for word in name.split(" ") if (written := _word(word))]
    written = "<".join(words)
    return written if len(written) <= MAX_LENGTH else _cut(written)


def written_names(family: str, given: str) -> tuple[str, str]:
    """Both names for a machine-readable zone; a single name is the primary one.

    Returns:
        Family and given name; the first is empty only where neither can be written.
    """
    primary, secondary = transliterate(family), transliterate(given)
    return (primary, secondary) if primary else (secondary, "")


def _cut(written: str) -> str:
    whole = written[: MAX_LENGTH + 1].rpartition("<")[0]
    return whole if len(whole) >= MAX_LENGTH // 2 else written[:MAX_LENGTH].rstrip("<")


@lru_cache(maxsize=4096)
def _word(word: str) -> str:
    """One word; cached, because names are made of few words (a third of the time without)."""
    # ß has no upper-case letter in str.upper: it becomes SS, which is what ICAO asks for.
    upper = unicodedata.normalize("NFC", word).upper()
    expanded = unicodedata.normalize("NFC", upper).translate(_EXPANDED)
    latin = expanded if expanded.isascii() else expanded.translate(_CYRILLIC)
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", latin))
    return _SEPARATORS.sub("<", plain).strip("<")
