"""A printed PDF, looked at as a scanner and a reader would."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image

from tests.services import ZBARIMG, require

MM = 25.4
_POINTS = 72


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its text, its size in mm, and its picture at ``dpi``."""

    text: str
    size: tuple[float, float]
    picture: Image.Image
    dpi: int

    def codes(self) -> list[tuple[str, float]]:
        """Text and side in mm of each code that zxing finds."""
        found = zxingcpp.read_barcodes(self.picture)
        return [(code.text, self._side(code)) for code in found]

    def zbar(self, folder: Path) -> list[str]:
        """Texts that zbarimg reads."""
        shot = folder / "page.png"
        self.picture.save(shot)
        read = subprocess.run(
            [require(ZBARIMG), "--quiet", "--raw", shot], capture_output=True, text=True, check=True
        )
        return read.stdout.splitlines()

    def _side(self, code: zxingcpp.Barcode) -> float:
        corners = code.position
        return (corners.top_right.x - corners.top_left.x) / self.dpi * MM


def pages(pdf: bytes, *, dpi: int = 200) -> list[Page]:
    """Every page of ``pdf``."""
    document = pypdfium2.PdfDocument(pdf)
    return [_page(document[number], dpi) for number in range(len(document))]


def _page(page: pypdfium2.PdfPage, dpi: int) -> Page:
    width, height = page.get_size()
    return Page(
        text=page.get_textpage().get_text_range(),
        size=(width / _POINTS * MM, height / _POINTS * MM),
        picture=page.render(scale=dpi / _POINTS).to_pil().convert("L"),
        dpi=dpi,
    )
