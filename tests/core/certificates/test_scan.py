"""Pictures that people send: formats, modes and animations are read, bombs and lies refused."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from core.certificates import picture, scan
from core.certificates.decode import Malformed, Step
from core.certificates.trust import TrustStore
from core.certificates.verify import verify_image
from tests.core.certificates.conftest import NOON

Change = Callable[[Image.Image], Image.Image]


def drawn(text: str) -> Image.Image:
    return Image.open(BytesIO(picture.png(text))).convert("L")


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def reason(data: bytes) -> str:
    found = scan.read_code(data)
    assert isinstance(found, Malformed), found
    assert found.step is Step.IMAGE
    return found.reason


def see_through(image: Image.Image) -> Image.Image:
    """Black modules on nothing: transparent pixels are black underneath."""
    clear = Image.new("RGBA", image.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=image.point(lambda level: 255 - level))
    return clear


def rotated(image: Image.Image) -> Image.Image:
    return image.rotate(33, expand=True, fillcolor=255)


CHANGES: list[tuple[str, Change]] = [
    ("PNG", lambda image: image),
    ("PNG", lambda image: image.convert("RGB")),
    ("PNG", lambda image: image.convert("P")),
    ("PNG", lambda image: image.point(lambda level: level * 257, "I").convert("I;16")),
    ("PNG", see_through),
    ("PNG", lambda image: see_through(image).convert("LA")),
    ("PNG", rotated),
    ("PNG", lambda image: image.point(lambda level: 255 - level)),
    ("JPEG", lambda image: image.convert("CMYK")),
    ("JPEG", lambda image: image.resize((image.width * 3, image.height * 3))),
    ("WEBP", see_through),
    ("GIF", lambda image: image),
]


@pytest.mark.parametrize(("kind", "change"), CHANGES)
def test_a_certificate_is_found_in_many_kinds_of_picture(
    text: str, kind: str, change: Change
) -> None:
    assert scan.read_code(saved(change(drawn(text)), kind)) == text


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(text: str, kind: str) -> None:
    first, blank = drawn(text), Image.new("L", drawn(text).size, 255)
    options = {"save_all": True, "duration": 100, "lossless": True}
    assert scan.read_code(saved(first, kind, append_images=[blank], **options)) == text
    assert reason(saved(blank, kind, append_images=[first], **options)) == "no_code_found"


def test_among_several_codes_the_certificate_is_chosen(text: str) -> None:
    other, ours = drawn("HTTPS://EXAMPLE.INVALID/"), drawn(text)
    page = Image.new("L", (other.width + ours.width + 40, ours.height + 40), 255)
    page.paste(other, (10, 10))
    page.paste(ours, (other.width + 30, 10))
    assert scan.read_code(saved(page, "PNG")) == text


def test_ten_codes_on_a_page_end_in_one_verdict(text: str, trust: TrustStore) -> None:
    ours = drawn(text)
    page = Image.new("L", (ours.width * 2 + 60, ours.height * 5 + 120), 255)
    for number in range(10):
        row, column = divmod(number, 2)
        page.paste(ours, (20 + column * (ours.width + 20), 20 + row * (ours.height + 20)))
    assert scan.read_codes(saved(page, "PNG")) == [text] * 10
    assert verify_image(saved(page, "JPEG"), trust, at=NOON).is_valid


@pytest.mark.parametrize("angle", [0, 7, 45, 90, 135, 180, 270, 301])
def test_a_photo_may_be_turned_any_way(text: str, angle: int) -> None:
    turned = drawn(text).rotate(angle, expand=True, fillcolor=255)
    assert scan.read_code(saved(turned, "JPEG", quality=80)) == text


def test_a_whole_photo_of_nearly_ten_megabytes_ends_in_a_verdict(
    text: str, trust: TrustStore
) -> None:
    side = 3200  # of random pixels, which no format makes smaller
    photo = Image.frombytes("L", (side, side), random.Random(7).randbytes(side * side))
    photo.paste(drawn(text).resize((1200, 1200)), (700, 700))
    data = saved(photo, "PNG")
    assert 8 * 1024 * 1024 < len(data) < scan.MAX_BYTES
    assert verify_image(data, trust, at=NOON).verdict in ("valid", "malformed")


def test_a_long_animation_costs_its_first_frame(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    blank = Image.new("L", drawn(text).size, 255)
    frames = [blank.point(lambda _, grey=grey: grey) for grey in range(200)]
    data = saved(drawn(text), "GIF", save_all=True, append_images=frames, duration=10)
    sought: list[int] = []
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.seek", lambda _, n: sought.append(n))
    assert scan.read_code(data) == text
    assert sought == []


def corners(side: int, cell: int) -> Image.Image:
    """A picture full of what a QR code has at its corners."""
    corner = Image.new("L", (cell, cell), 255)
    for inset, grey in ((0, 0), (cell // 8, 255), (cell // 4, 0)):
        corner.paste(grey, (inset, inset, cell * 7 // 8 - inset, cell * 7 // 8 - inset))
    row, page = Image.new("L", (side, cell), 255), Image.new("L", (side, side), 255)
    for place in range(0, side - cell, cell):
        row.paste(corner, (place, 0))
    for place in range(0, side - cell, cell):
        page.paste(row, (0, place))
    return page


def test_a_picture_made_of_corners_is_read_small(trust: TrustStore) -> None:
    hostile = corners(4000, 16)
    assert scan._edges(hostile) > scan.MOST_EDGES
    calm = scan._calm(hostile)
    assert calm.width < hostile.width
    assert scan._edges(calm) <= scan.MOST_EDGES
    assert verify_image(saved(hostile, "PNG"), trust, at=NOON).verdict == "malformed"


def test_soft_codes_that_fill_a_large_photo_are_all_read(text: str) -> None:
    code = drawn(text)
    page = Image.new("L", (3000, 3000), 255)
    for number in range(9):
        row, column = divmod(number, 3)
        page.paste(code.resize((900, 900)), (30 + column * 990, 30 + row * 990))
    soft = page.filter(ImageFilter.GaussianBlur(3))
    assert scan.read_codes(saved(soft, "JPEG", quality=80)) == [text] * 9


def test_few_pictures_are_unpacked_at_a_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, lock = scan._grey, threading.Lock()
    inside, most = 0, 0

    def slowly(image: Image.Image) -> Image.Image:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.05)
        with lock:
            inside -= 1
        return real(image)

    monkeypatch.setattr(scan, "_grey", slowly)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(scan.read_code, [picture.png(text)] * 8))
    assert found == [text] * 8
    assert most == scan.AT_ONCE


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_a_large_picture_with_transparency_takes_no_more_than_another(mode: str) -> None:
    """In a process of its own: only the system knows what pictures take."""
    data = saved(Image.new(mode, (5650, 5650)), "PNG")
    script = (
        "import resource, sys\n"
        "from core.certificates import scan\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "scan.read_code(data)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=data, capture_output=True, check=True
    )
    assert int(done.stdout) < 260 * 1024  # KiB


def test_sharp_codes_keep_their_size(text: str) -> None:
    code = drawn(text)
    page = Image.new("L", (code.width * 3, code.height * 3), 255)
    for number in range(9):
        row, column = divmod(number, 3)
        page.paste(code, (column * code.width, row * code.height))
    assert scan._calm(page) is page


def test_another_code_is_found_and_is_no_certificate(trust: TrustStore) -> None:
    data = saved(drawn("HTTPS://EXAMPLE.INVALID/"), "PNG")
    verdict = verify_image(data, trust, at=NOON)
    assert (verdict.verdict, verdict.step) == ("malformed", "prefix")


def test_a_picture_of_a_certificate_is_judged_like_its_text(text: str, trust: TrustStore) -> None:
    assert verify_image(picture.png(text), trust, at=NOON).is_valid


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HC1:6BF",
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF",
        b"PK\x03\x04" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM" + bytes(100),
    ],
)
def test_what_is_no_picture_is_refused_whatever_its_name(data: bytes) -> None:
    assert reason(data) == "not_an_image"


def test_a_pdf_behind_a_png_signature_is_refused() -> None:
    assert reason(b"\x89PNG\r\n\x1a\n%PDF-1.7 " + bytes(200)) in {
        "not_an_image",
        "unreadable_image",
    }


def test_a_blank_picture_has_no_code() -> None:
    assert reason(saved(Image.new("L", (300, 300), 255), "PNG")) == "no_code_found"


def test_more_than_ten_megabytes_are_not_looked_at(text: str) -> None:
    padded = picture.png(text)
    assert scan.read_code(padded + bytes(scan.MAX_BYTES - len(padded))) == text
    assert reason(padded + bytes(scan.MAX_BYTES - len(padded) + 1)) == "too_large"


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_small_file_of_a_billion_pixels_is_not_unpacked() -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checked

    for side in (6_000, 12_000, 60_000):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        body = chunk(b"IDAT", zlib.compress(bytes(1_000_000), 9))
        data = b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b"")
        assert reason(data) == "too_many_pixels"


@pytest.mark.parametrize("size", [(65_536, 30), (70_000, 30), (30, 70_000)])
def test_a_picture_as_long_as_a_tape_is_refused_and_no_exception(size: tuple[int, int]) -> None:
    assert reason(saved(Image.new("L", size, 255), "PNG")) == "too_many_pixels"


def test_the_longest_side_that_is_allowed_is_read() -> None:
    longest = Image.new("L", (scan.MAX_SIDE, 30), 255)
    assert reason(saved(longest, "PNG")) == "no_code_found"


def test_a_large_photo_is_read_at_a_fraction_of_its_size(text: str) -> None:
    code = drawn(text)
    photo = Image.new("L", (8000, 6000), 255)
    photo.paste(code.resize((3000, 3000)), (2000, 1500))
    assert scan.read_code(saved(photo, "JPEG", quality=60)) == text


@given(data=st.data())
def test_a_damaged_picture_ends_in_a_reason_or_in_some_text(text: str, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
    whole = bytearray(saved(drawn(text), kind))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=5)):
        whole[place] ^= data.draw(st.integers(1, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    assert isinstance(scan.read_code(cut), str | Malformed)


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF"]), st.binary())
def test_random_bytes_are_never_an_exception(start: bytes, rest: bytes) -> None:
    assert isinstance(scan.read_code(start + rest), Malformed)
