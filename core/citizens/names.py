"""Names: normalised for comparing, masked for lists, split where the sender did not."""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]+")
_D_WITH_STROKE = str.maketrans("đĐ", "dD")


def normalise(name: str) -> str:
    """Upper case, no accents, single blanks: two spellings of one name compare equal."""
    decomposed = unicodedata.normalize("NFD", name.translate(_D_WITH_STROKE))
    return " ".join(_ACCENTS.sub("", decomposed).upper().split())


def split_whole(family: str, given: str) -> tuple[str, str]:
    """Split a name that came whole in one field: the first word is the family name."""
    family, given = (unicodedata.normalize("NFC", " ".join(n.split())) for n in (family, given))
    if given or " " not in family:
        return family, given
    first, rest = family.split(" ", 1)
    return first, rest


def mask(name: str) -> str:
    """``Nguyễn Văn Bình`` → ``N. V. B••h``: family can tell, a stranger learns little."""
    words = name.split()
    if not words:
        return "•"
    *others, last = words
    end = last[2:][-1:]  # nothing of a name of two letters
    hidden = last[0] + "•" * max(1, len(last) - 2) + end
    return " ".join([*(f"{word[0]}." for word in others), hidden])
