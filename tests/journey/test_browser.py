"""From the SMS to the QR in a real browser, through a real process, without JavaScript.

With ``SHOTS`` set to a folder, the screens are kept there as pictures.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from core.citizens.names import mask
from tests.journey.demo import Demo, running_demo, until
from tests.journey.people import oru
from tests.services import ZBARIMG, require

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = [(240, 320), (360, 740)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Give one running demo to this module."""
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def fresh_demo(tmp_path: Path) -> Iterator[Demo]:
    """Give a demo in which nobody has asked for a code yet."""
    with running_demo(tmp_path) as demo:
        yield demo


def release(demo: Demo, accession: str, phone: str) -> None:
    """A laboratory drops a file into the watched folder."""
    folder = demo.data_dir / "demo" / "incoming" / "BVNDGD"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f".{accession}").write_bytes(oru(accession, phone))
    (folder / f".{accession}").rename(folder / f"{accession}.hl7")


def keep(page: Page, name: str) -> None:
    """Keep a picture of the screen, where somebody asked for them."""
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def press(page: Page, label: str) -> None:
    with page.expect_navigation():
        page.locator("button", has_text=label).first.click()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_link_in_the_sms_leads_to_a_qr_that_is_valid(
    demo: Demo, chromium: Browser, tmp_path: Path, width: int, height: int
) -> None:
    phone = f"+84909{width:03d}{height:03d}"
    release(demo, f"WEB-{width}", phone)
    context = chromium.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False, locale="vi-VN"
    )
    page = context.new_page()
    page.goto(demo.link(phone))
    assert re.search(r"OTP: \d", "\n".join(demo.outbox(phone))) is None  # a look sends nothing
    press(page, "Gửi mã OTP")
    page.fill("#code", demo.otp(phone))
    press(page, "Xem kết quả")
    page.fill("#proof", "05/03/1990")
    press(page, "Tiếp tục")
    assert page.get_by_text("Âm tính").is_visible()
    assert page.get_by_text("Nguyễn Văn Bình").is_visible()
    keep(page, f"result-{width}")
    shot = tmp_path / "screen.png"
    page.screenshot(path=shot)
    assert context.cookies() == []
    context.close()

    read = subprocess.run(
        [str(require(ZBARIMG)), "--quiet", "--raw", str(shot)], capture_output=True, check=True
    )
    checked = demo.ketqua("verify", "--json", read.stdout.decode().strip())
    assert json.loads(checked.stdout)["verdict"] == "valid"


@pytest.mark.parametrize(("width", "height"), [*SIZES, (1280, 1700)])
def test_the_chat_of_the_demo_page_leads_to_a_qr(
    fresh_demo: Demo, chromium: Browser, tmp_path: Path, width: int, height: int
) -> None:
    demo = fresh_demo
    page = chromium.new_page(viewport={"width": width, "height": height}, locale="vi-VN")
    page.goto(f"{demo.url}/sim/")
    someone = alone_on_a_number(demo)
    page.locator("#people button", has_text=someone["phone"]).first.click()
    page.get_by_role("button", name="Trả thêm một kết quả mới cho tôi").click()
    page.locator("#inbox").get_by_text("So Y te: Da co ket qua").last.wait_for(timeout=30_000)
    keep(page, f"sim-{width}")

    chat, buttons = page.locator("#chat"), page.locator("#buttons")
    buttons.get_by_role("button", name="Thông tin của tôi").click(timeout=60_000)
    buttons.get_by_role("button", name="Mã QR của tôi").click()
    page.get_by_role("button", name="Chia sẻ số của tôi").click()
    code = page.locator("#inbox").get_by_text(re.compile(r"OTP: \d{6}")).last
    otp = re.search(r"OTP: (\d{6})", code.inner_text())
    assert otp
    say(page, otp[1])
    answer = chat.get_by_text(re.compile("ngày sinh|Bạn muốn xem của ai|Chọn người")).last
    answer.wait_for()
    if "ngày sinh" not in answer.inner_text():  # meanwhile a relative came to this number
        buttons.get_by_role("button", name=mask(someone["name"])).first.click()
        chat.get_by_text("ngày sinh").last.wait_for()
    say(page, page.locator("#you-birth").inner_text())
    chat.get_by_text(re.compile("Bạn muốn xem kết quả nào|đối chiếu")).last.wait_for()
    if not chat.locator("img").count():
        buttons.get_by_role("button").first.click()
    picture = chat.locator("img").last
    picture.wait_for()
    picture.scroll_into_view_if_needed()
    keep(page, f"chat-{width}")
    drawn = urlsplit(str(picture.get_attribute("src")))
    (tmp_path / "qr.png").write_bytes(demo.get(drawn.path))
    page.close()
    checked = demo.ketqua("verify", "--json", tmp_path / "qr.png")
    assert json.loads(checked.stdout)["verdict"] == "valid"


def alone_on_a_number(demo: Demo) -> dict[str, str]:
    """Somebody of the demo who shares the phone with nobody yet."""

    def look() -> dict[str, str] | None:
        people: list[dict[str, str]] = json.loads(demo.get("/sim/people.json"))
        numbers = Counter(person["phone"] for person in people)
        return next((person for person in people if numbers[person["phone"]] == 1), None)

    return until(look)


def say(page: Page, words: str) -> None:
    page.fill("#words", words)
    page.press("#words", "Enter")


def test_a_forged_link_is_a_calm_page(demo: Demo, chromium: Browser) -> None:
    page = chromium.new_page(locale="vi-VN")
    answer = page.goto(f"{demo.url}/k/AAAAAAAAAAAAAAAAAAAAAA")
    assert answer is not None
    assert answer.status == 404
    assert page.locator("h1").count() == 1
    page.close()
