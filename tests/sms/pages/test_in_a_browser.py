"""The citizen's walk in real Chromium, at a feature phone's size and a smartphone's."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.certificates.issue import as_text
from core.results.result import Outcome
from tests.sms.fakes import AN, BLOOD, DENGUE, PANEL, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

SIZES = [(240, 320), (360, 740)]
WITHOUT_PICTURE = 10 * 1024
WITH_PICTURE = 20 * 1024

STYLE = Path(__file__).parents[3] / "sms/static/style.css"

Watched = Callable[["Page"], None]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def phone(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A phone whose browser runs no script."""
    width, height = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False, locale="vi-VN"
    )
    context.set_default_timeout(8000)
    yield context.new_page()
    assert context.cookies() == []
    context.close()


def press(page: Page, label: str) -> None:
    """Press a button and wait for the page that it leads to."""
    with page.expect_navigation():
        page.locator("button", has_text=label).first.click()


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and everything to press is large enough."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth")
    for target in page.locator("button:visible, a.button:visible, input:visible").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 44
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18


def walk(page: Page, address: str, world: World, on_page: Watched = fits) -> None:
    """From the SMS link to the result."""
    page.goto(address)
    on_page(page)
    press(page, "Gửi mã OTP")
    on_page(page)
    page.fill("#code", world.challenges.last_code())
    press(page, "Xem kết quả")
    on_page(page)
    page.fill("#proof", "05/03/1990")
    press(page, "Tiếp tục")
    on_page(page)


def test_the_sms_link_leads_to_a_qr_that_zbar_reads_off_the_screen(
    world: World, site: str, phone: Page, tmp_path: Path
) -> None:
    item = world.release()
    assert item.certificate
    walk(phone, site + world.link(item), world)
    assert phone.get_by_text("Âm tính").is_visible()
    shot = tmp_path / "screen.png"
    phone.screenshot(path=shot)  # what fits the screen without scrolling
    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", str(shot)], capture_output=True, text=True, check=True
    )
    assert read.stdout.strip() == as_text(item.certificate)


def test_the_small_screen_has_three_pixels_a_module(
    world: World, site: str, chromium: Browser
) -> None:
    page = chromium.new_page(viewport={"width": 240, "height": 320}, locale="vi-VN")
    walk(page, site + world.link(world.release()), world)
    shown, drawn = (
        page.eval_on_selector(".qr img", f"i => i.{side}") for side in ("width", "naturalWidth")
    )
    page.close()
    assert shown == drawn <= 240
    modules = [17 + 4 * version for version in range(1, 41)]
    assert any(0 <= drawn - 3 * count <= 24 for count in modules)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_qr_keeps_a_white_frame(
    world: World, site: str, chromium: Browser, scheme: str
) -> None:
    page = chromium.new_page(color_scheme=scheme, locale="vi-VN")  # type: ignore[arg-type]
    walk(page, site + world.link(world.release()), world)
    frame = page.eval_on_selector(".qr", "e => getComputedStyle(e).backgroundColor")
    page.close()
    assert frame == "rgb(255, 255, 255)"


def test_every_page_fits_every_phone(world: World, site: str, phone: Page) -> None:
    item = world.release()
    world.release(outcome=Outcome.POSITIVE)
    world.release(outcome=Outcome.INVALID)
    world.release(test=PANEL, outcome=Outcome.REPORTED, values=BLOOD)
    world.release(test=DENGUE)
    world.release(person=AN)
    walk(phone, site + world.link(item), world)
    press(phone, "Các kết quả khác")
    fits(phone)
    press(phone, "Sinh hóa máu")
    fits(phone)
    press(phone, "Chọn người khác")
    fits(phone)
    press(phone, "T. T. A•")
    fits(phone)
    for path in ("/", "/verify", "/nowhere", "/k/x", "/staff/sign-in"):
        phone.goto(site + path)
        if "staff" not in path:
            fits(phone)
    phone.context.clear_cookies()


def test_every_page_is_light(world: World, site: str, phone: Page) -> None:
    """The stylesheet counts on every page, though a browser keeps it after the first."""
    weights: list[int] = []
    answers: list[Response] = []
    phone.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  (it marks them)

    def weigh(page: Page) -> None:
        document = [a for a in answers if a.request.resource_type == "document"][-1].body()
        pictures = sum(map(len, re.findall(rb"data:image/png;base64,[^\"]+", document)))
        weights.append(len(document) + STYLE.stat().st_size)
        assert weights[-1] - pictures <= WITHOUT_PICTURE
        assert weights[-1] <= WITH_PICTURE

    walk(phone, site + world.link(world.release()), world, weigh)
    assert len(weights) == 4
    others = {answer.url for answer in answers if answer.request.resource_type != "document"}
    assert all(re.search(r"/static/style\.css|^data:", url) for url in others)


def test_a_form_sent_twice_by_reloading_is_a_calm_page(
    world: World, site: str, phone: Page
) -> None:
    walk(phone, site + world.link(world.release()), world)
    phone.reload()
    assert "Trang này đã được dùng" in phone.inner_text("main")
    phone.get_by_role("link", name="Bắt đầu lại").click()
    assert phone.locator("#phone").is_visible()


def test_the_language_changes_on_any_page(world: World, site: str, phone: Page) -> None:
    walk(phone, site + world.link(world.release()), world)
    press(phone, "English")
    assert phone.get_by_text("Negative").is_visible()
    press(phone, "Tiếng Việt")
    assert phone.get_by_text("Âm tính").is_visible()


def test_on_paper_only_the_result_is_printed(world: World, site: str, phone: Page) -> None:
    walk(phone, site + world.link(world.release()), world)
    phone.emulate_media(media="print")
    assert phone.locator(".qr img").is_visible()
    assert not phone.locator("footer").is_visible()
    assert not phone.get_by_role("link", name="Lưu hình mã QR").is_visible()


def test_the_page_can_be_walked_with_the_keyboard_alone(
    world: World, site: str, chromium: Browser
) -> None:
    page = chromium.new_page(viewport={"width": 360, "height": 740}, locale="vi-VN")
    page.goto(site + world.link(world.release()))
    while page.evaluate("document.activeElement.textContent") != "Gửi mã OTP":
        page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    page.keyboard.type(world.challenges.last_code())  # the field has the focus already
    page.keyboard.press("Enter")
    page.wait_for_selector("#proof")
    page.keyboard.type("05/03/1990")
    page.keyboard.press("Enter")
    page.wait_for_selector(".qr img")
    page.close()
