"""Text for people, without the characters that nobody sees.

A direction mark or a NUL inside a name changes how everything beside it is shown, and the
same name with and without one compares as two. Numbers that identify (an accession) are not
cleaned here: two of them must not become one.

Source: Unicode general categories Cc, Cf, Cs.
"""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs"})


def seen(text: str) -> str:
    """``text`` stripped and without control and format characters; line breaks stay."""
    if text.isprintable():
        return text.strip()
    return "".join(map(_shown, text)).strip()


def on_one_line(text: str) -> str:
    """``text`` as ``seen``, with its line breaks as spaces: a name has none."""
    return " ".join(seen(text).split()) if "\n" in text or "\r" in text else seen(text)


def _shown(letter: str) -> str:
    if letter == "\n" or unicodedata.category(letter) not in _UNSEEN:
        return letter
    return " " if letter.isspace() else ""
