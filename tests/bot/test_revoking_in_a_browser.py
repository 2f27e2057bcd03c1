"""Revoking in real Chromium: by keyboard, with labels, and only after the second page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.app import Installation
from bot.demo import staff_cards
from bot.opening import prepare
from bot.service import Service
from bot.settings import Settings
from tests.journey.people import oru
from tests.sms.conftest import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    prepare(made)
    made.intake.receive(oru("B-1", "+84909000001"), made.facility("BVNDGD"), source="x")
    return made


def sign_in(page: Page, site: str, installation: Installation) -> None:
    card = next(each for each in staff_cards(installation) if each["role"] == "operator")
    page.goto(f"{site}/staff/sign-in")
    for name, value in (("login", "login"), ("password", "password"), ("code", "totp")):
        page.fill(f"[name={name}]", card[value])
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_result_is_revoked_on_a_small_screen_with_the_keyboard(
    chromium: Browser, installation: Installation
) -> None:
    (item,) = installation.find_results("B-1")
    with serving(Service(installation).pages()) as site:
        context = chromium.new_context(
            viewport={"width": 360, "height": 740}, locale="vi-VN", java_script_enabled=False
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        sign_in(page, site, installation)
        page.click("nav >> text=Thu hồi")
        page.get_by_label("Mã tra cứu").fill(item.short_code)
        page.get_by_label("Lý do").fill("ống mẫu nhầm nhãn")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert installation.standing(item.uvci or "") == "good"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        with page.expect_navigation():
            page.get_by_role("button", name=f"Thu hồi phiếu {item.short_code}").click()
        assert page.get_by_role("status").inner_text().startswith("Đã thu hồi")
        assert "ống mẫu nhầm nhãn" in page.inner_text("table")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        context.close()
    assert installation.standing(item.uvci or "") == "revoked"
