"""The browser in which every page is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_it_shows_vietnamese_letters_at_the_size_of_a_small_phone(chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 240, "height": 320})
    page.set_content("<meta name=viewport content='width=device-width'><p>Phiếu trả kết quả</p>")
    assert page.inner_text("p") == "Phiếu trả kết quả"
    assert page.evaluate("innerWidth") == 240
    page.close()
