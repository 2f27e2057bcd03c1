"""A sheet of paper: text, lines and QR codes, in millimetres from its top left corner.

Fonts are embedded as the subset that a document uses, with the way back from its glyphs to
letters, so that a printed name can be searched and copied. Letters that the font lacks lose
their marks, or become ``?``.
Source: ISO 32000-1 sections 9.9 and 9.10.3 (embedded fonts, ToUnicode).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from threading import Lock
from typing import Final

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import getFont, getRegisteredFontNames, registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from core.certificates.picture import ECC_PAPER, modules

A4: Final = (210.0, 297.0)
CARD: Final = (85.6, 54.0)
"""ISO/IEC 7810 ID-1, as bank and identity cards."""
SMALLEST_QR: Final = 35.0
"""Of the code without its margin: a phone's camera resolves its modules at arm's length."""
QUIET: Final = 4
"""Modules of white around a code (ISO/IEC 18004 section 6.3.8)."""

INK, SOFT, FAINT = 0.0, 0.35, 0.75  # grey: 0 is black

DRAWING: Final = Lock()
"""A font is read while a document is written, and knows one place in its file."""


@dataclass(frozen=True, slots=True)
class Fonts:
    """TrueType files that have Vietnamese letters."""

    regular: bytes
    strong: bytes


class Sheets:
    """A document that is being drawn, page by page; hold ``DRAWING`` meanwhile."""

    def __init__(self, fonts: Fonts, size: tuple[float, float], title: str, language: str) -> None:
        """Begin the first page of ``size`` (width and height in mm)."""
        self._file = BytesIO()
        self._size = size
        points = (size[0] * mm, size[1] * mm)
        self._canvas = Canvas(self._file, pagesize=points, lang=language)
        self._canvas.setTitle(title)
        self._names = {False: _registered(fonts.regular), True: _registered(fonts.strong)}

    def turn(self) -> None:
        """Begin another page."""
        self._canvas.showPage()

    def finish(self) -> bytes:
        """End the document: the PDF."""
        self._canvas.save()
        return self._file.getvalue()

    def text(
        self, x: float, y: float, words: str, size: float, *, strong: bool = False,
        grey: float = INK, spaced: float = 0,
    ) -> None:  # fmt: skip
        """Write one line.

        Args:
            y: Of its base line.
            size: In points.
            spaced: Points between letters.
        """
        self._canvas.setFont(self._names[strong], size)
        self._canvas.setFillGray(grey)
        place = (x * mm, (self._size[1] - y) * mm)
        self._canvas.drawString(*place, self._legible(words, strong=strong), charSpace=spaced)

    def lines(
        self, x: float, y: float, words: str, size: float, *, width: float, strong: bool = False,
        grey: float = INK, most: int = 9,
    ) -> float:  # fmt: skip
        """Write ``words`` in lines of at most ``width`` mm; returns the next base line."""
        step = size * 0.45  # mm: 1.28 times the size in points
        for line in self._broken(words, size, width, strong=strong)[:most]:
            self.text(x, y, line, size, strong=strong, grey=grey)
            y += step
        return y

    def whole(
        self, x: float, y: float, words: str, sizes: Sequence[float], *, width: float, most: int
    ) -> float:
        """Write all of ``words``, strong, in the first of ``sizes`` that needs ``most`` lines.

        A name that lost its end would be another person's.
        """
        lines = {size: len(self._broken(words, size, width, strong=True)) for size in sizes}
        size = next((size for size in sizes if lines[size] <= most), sizes[-1])
        return self.lines(x, y, words, size, width=width, strong=True, most=lines[size])

    def width(self, words: str, size: float, *, strong: bool = False) -> float:
        """Width of a line in mm."""
        font = getFont(self._names[strong])
        return float(font.stringWidth(self._legible(words, strong=strong), size)) / mm

    def rule(self, x: float, y: float, length: float, *, grey: float = FAINT) -> None:
        """Draw a thin horizontal line."""
        self._canvas.setStrokeGray(grey)
        self._canvas.setLineWidth(0.5)
        level = (self._size[1] - y) * mm
        self._canvas.line(x * mm, level, (x + length) * mm, level)

    def box(
        self, x: float, y: float, width: float, height: float, *, grey: float = INK,
        thick: float = 1,
    ) -> None:  # fmt: skip
        """Draw a rectangle; ``thick`` in points."""
        self._canvas.setStrokeGray(grey)
        self._canvas.setLineWidth(thick)
        corner = (x * mm, (self._size[1] - y - height) * mm)
        self._canvas.rect(*corner, width * mm, height * mm)

    def qr(self, x: float, y: float, side: float, text: str) -> None:
        """Draw ``text`` as a QR code of ``side`` mm, its margin not counted: keep that white.

        One path for all modules, so that no hairline shows between them.
        """
        rows = modules(text, ecc=ECC_PAPER)
        unit = side * mm / len(rows)
        top = (self._size[1] - y) * mm
        path = self._canvas.beginPath()
        for number, row in enumerate(rows):
            for start, length in _dark_runs(row):
                path.rect(x * mm + start * unit, top - (number + 1) * unit, length * unit, unit)
        self._canvas.setFillGray(INK)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def _broken(self, words: str, size: float, width: float, *, strong: bool) -> list[str]:
        lines, line = [], ""
        for word in words.split():
            longer = f"{line} {word}".strip()
            if line and self.width(longer, size, strong=strong) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        return [*lines, line] if line else lines

    def _legible(self, words: str, *, strong: bool) -> str:
        known = getFont(self._names[strong]).face.charToGlyph  # type: ignore[attr-defined]
        composed = unicodedata.normalize("NFC", words)
        return "".join(c if ord(c) in known else _plainer(c, known) for c in composed)


def _plainer(character: str, known: dict[int, int]) -> str:
    base = unicodedata.normalize("NFKD", character)[0]
    return base if ord(base) in known else "?"


def _registered(font: bytes) -> str:
    """The name under which the library knows the font; it is read once a process."""
    name = sha256(font).hexdigest()[:16]
    if name not in getRegisteredFontNames():
        registerFont(TTFont(name, BytesIO(font)))
    return name


def _dark_runs(row: bytes) -> list[tuple[int, int]]:
    """Start and length of each run of dark modules (0) in a row."""
    return [(run.start(), len(run[0])) for run in re.finditer(rb"\x00+", row)]
