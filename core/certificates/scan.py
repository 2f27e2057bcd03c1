"""Find the certificate's code in a picture that somebody sent.

A picture is hostile until proven otherwise: its size in bytes and in pixels is limited before
it is unpacked, only four formats are opened, only the first frame of an animation is read, and
one that is all edges is made smaller before anything is looked for in it. However many are sent
at once, few are unpacked at the same time.
"""

from __future__ import annotations

import threading
import warnings
from io import BytesIO
from typing import Final

import zxingcpp
from PIL import Image, ImageChops, UnidentifiedImageError

from core.certificates.decode import PREFIXES, Malformed, Step

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 32_000_000
"""A photo of a good phone; larger JPEGs are read at a fraction of their size."""

MAX_SIDE: Final = 65_535
"""The most that zxing takes in either direction."""

MOST_EDGES: Final = 1_000_000
"""The reader's time grows with the square of how many places look like a code's corner, and
each has at least 30 edges: a file of 98 KiB could take it 40 s. Ten sharp codes on a page have
300,000; where edges are soft, so that each counts several times, a half of the size shows as much.
"""

AT_ONCE: Final = 2
"""Pictures unpacked at a time in a process: one takes up to 250 MiB."""

_TURN: Final = threading.BoundedSemaphore(AT_ONCE)
_CONTRAST: Final = 24
"""Grey levels between two neighbours; the reader takes anything less for one colour."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_DRAFT = (3000, 3000)  # a JPEG is unpacked no smaller than this
_CODES = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Aztec))

# Pillow warns of pictures that are refused here anyway.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_code(data: bytes) -> str | Malformed:
    """Text of the certificate's code in a picture, else of the first code.

    Args:
        data: A file as uploaded, whatever its name says.

    Returns:
        The text, or why there is none: see ``read_codes``.
    """
    texts = read_codes(data)
    if isinstance(texts, Malformed):
        return texts
    return next((text for text in texts if text.startswith(PREFIXES)), texts[0])


def read_codes(data: bytes) -> list[str] | Malformed:
    """Texts of all codes in a picture.

    Args:
        data: A file as uploaded, whatever its name says.

    Returns:
        At least one text, or why there is none: ``too_large``, ``not_an_image``,
        ``too_many_pixels``, ``unreadable_image``, ``no_code_found``.
    """
    with _TURN:
        picture = _opened(data)
        if isinstance(picture, Malformed):
            return picture
        codes = zxingcpp.read_barcodes(picture, formats=_CODES)
    return [code.text for code in codes] or Malformed(Step.IMAGE, "no_code_found")


def _opened(data: bytes) -> Image.Image | Malformed:
    if len(data) > MAX_BYTES:
        return Malformed(Step.IMAGE, "too_large")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            image.draft("L", _DRAFT)  # JPEG only: unpacks 1/2, 1/4 or 1/8 of the pixels
            if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
                return Malformed(Step.IMAGE, "too_many_pixels")
            return _calm(_grey(image))
    except UnidentifiedImageError:
        return Malformed(Step.IMAGE, "not_an_image")
    except Image.DecompressionBombError:
        return Malformed(Step.IMAGE, "too_many_pixels")
    except Exception:  # noqa: BLE001  (decoders of damaged files raise almost anything)
        return Malformed(Step.IMAGE, "unreadable_image")


def _grey(image: Image.Image) -> Image.Image:
    """The first frame in grey, on white where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("L")
    clear = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    opaque = Image.new("L", clear.size, 255)  # grey at once: colours take four times as much
    opaque.paste(clear.convert("L"), mask=clear.getchannel("A"))
    return opaque


def _calm(image: Image.Image) -> Image.Image:
    """The picture at a half, a quarter … of its size while it has too many edges."""
    while _edges(image) > MOST_EDGES:
        image = image.reduce(2)
    return image


def _edges(image: Image.Image) -> int:
    """How many pixels differ clearly from the one to their left."""
    difference = ImageChops.difference(image, ImageChops.offset(image, 1, 0))
    return sum(difference.histogram()[_CONTRAST + 1 :])
