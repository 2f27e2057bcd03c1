"""Names as the machine-readable zone of a passport writes them: ``A-Z`` and ``<``.

Marks fall off after decomposition, so every Vietnamese letter works in NFC and in NFD. Letters
that have no decomposition, and those that the standard expands, are in the table. Apostrophes
vanish; anything else that isn't a letter separates words.
Source: ICAO Doc 9303 part 3, section 6 (transliteration of Latin-based national characters).
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
        "Ð": "D",
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
_MARKS = re.compile(r"[\u0300-\u036f]")
_SEPARATORS = re.compile(r"[^A-Z]+")


def transliterate(name: str) -> str:
    """Write ``name`` for a machine-readable zone, at most 80 characters.

    Returns:
        ``NGUYEN<THI<DUYEN``; empty when no letter could be written.
    """
    words = [written for word in name.split(" ") if (written := _word(word))]
    return "<".join(words)[:MAX_LENGTH].rstrip("<")


@lru_cache(maxsize=4096)
def _word(word: str) -> str:
    """One word; cached, because names are made of few words (a third of the time without)."""
    # ß has no upper-case letter in str.upper: it becomes SS, which is what ICAO asks for.
    upper = unicodedata.normalize("NFC", word).upper()
    expanded = unicodedata.normalize("NFC", upper).translate(_EXPANDED)
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", expanded))
    return _SEPARATORS.sub("<", plain).strip("<")
