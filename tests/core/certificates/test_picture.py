"""Drawing: readable by others, as large as asked, and the same symbol whoever draws it."""

from __future__ import annotations

import random
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.certificates import base45, picture
from tests.services import ZBARIMG, require

ECCS = st.sampled_from("LMQ")


def read(png: bytes) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(Image.open(BytesIO(png)))]


def random_text(length: int) -> str:
    return "HC1:" + "".join(random.Random(length).choices(base45.ALPHABET, k=length - 4))


def test_zbarimg_reads_what_we_draw(text: str, tmp_path: Path) -> None:
    require(ZBARIMG)
    for name, drawing in (
        ("plain", picture.png(text)),
        ("paper", picture.png(text, ecc=picture.ECC_PAPER)),
    ):
        path = tmp_path / f"{name}.png"
        path.write_bytes(drawing)
        command = ["zbarimg", "--quiet", "--raw", str(path)]
        found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        assert found.stdout.removesuffix("\n") == text


def test_zxing_reads_what_we_draw(text: str) -> None:
    assert read(picture.png(text)) == [text]


@given(st.text(base45.ALPHABET, max_size=900), ECCS, st.integers(1, 5), st.integers(0, 6))
def test_a_symbol_is_never_larger_than_segnos_and_has_the_asked_for_size(
    body: str, ecc: str, module_px: int, border: int
) -> None:
    text = "HC1:" + body
    image = Image.open(BytesIO(picture.png(text, module_px=module_px, border=border, ecc=ecc)))
    side = segno.make_qr(text, error=ecc, boost_error=False).symbol_size(module_px, border)[0]
    assert image.mode == "1"
    assert image.width == image.height <= side
    assert (image.width - 2 * border * module_px) % module_px == 0


@given(st.text(base45.ALPHABET, max_size=900), ECCS)
def test_any_certificate_is_read_back_letter_by_letter(body: str, ecc: str) -> None:
    assert read(picture.png("HC1:" + body, ecc=ecc)) == ["HC1:" + body]


@pytest.mark.parametrize(("length", "module_px"), [(619, 3), (620, 3), (700, 3), (900, 2)])
def test_a_small_screen_gets_the_largest_modules_that_fit(length: int, module_px: int) -> None:
    text = random_text(length)
    image = Image.open(BytesIO(picture.screen_png(text, max_px=240)))
    symbol = segno.make_qr(text, error="L", boost_error=False)
    modules = symbol.symbol_size(1, 0)[0]
    assert module_px == 240 // modules
    assert module_px * modules <= image.width <= 240
    assert read(_on_white(picture.screen_png(text, max_px=240))) == [text]


def test_a_larger_screen_gets_the_whole_border_and_no_more() -> None:
    text = random_text(3000)
    modules = int(segno.make_qr(text, error="L", boost_error=False).symbol_size(1, 0)[0])
    image = Image.open(BytesIO(picture.screen_png(text, max_px=2 * modules - 1)))
    assert image.width == modules + 2 * picture.BORDER


def test_a_certificate_of_ours_has_three_pixels_a_module_on_a_feature_phone(text: str) -> None:
    modules = int(segno.make_qr(text, error="L", boost_error=False).symbol_size(1, 0)[0])
    assert 240 // modules == 3
    assert read(_on_white(picture.screen_png(text, max_px=240))) == [text]


def test_a_screen_with_fewer_pixels_than_modules_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="pixels"):
        picture.screen_png(text, max_px=60)


def test_a_text_beyond_any_symbol_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data|fit|large|long|capacity"):
        picture.png(random_text(5000))


def test_a_png_is_small_enough_for_a_page_of_ten_kilobytes(text: str) -> None:
    assert len(picture.screen_png(text, max_px=240)) < 3000


def test_the_svg_draws_the_same_symbol_and_scales(text: str, tmp_path: Path) -> None:
    drawing = picture.svg(text)
    assert drawing.startswith("<svg")
    assert "viewBox" in drawing
    assert 'width="' not in drawing.split(">")[0]
    if shutil.which("rsvg-convert"):
        source, target = tmp_path / "qr.svg", tmp_path / "qr.png"
        source.write_text(drawing, "utf-8")
        command = ["rsvg-convert", "-w", "600", "-o", str(target), str(source)]
        subprocess.run(command, check=True, timeout=60)
        assert read(target.read_bytes()) == [text]


def test_the_terminal_drawing_has_a_line_for_two_rows(text: str) -> None:
    side = segno.make_qr(text, error="L", boost_error=False).symbol_size(1, 2)[1]
    assert len(picture.terminal(text).splitlines()) == (side + 1) // 2


def _on_white(png: bytes) -> bytes:
    """As on a white page: a code without its own border needs one around it."""
    image, out = Image.open(BytesIO(png)).convert("L"), BytesIO()
    page = Image.new("L", (image.width + 60, image.height + 60), 255)
    page.paste(image, (30, 30))
    page.save(out, "PNG")
    return out.getvalue()
