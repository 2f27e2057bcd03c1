"""The board in real Chromium: what waits is one press away, and nothing is wider than a phone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from core.policy.staff import Role
from core.results.delays import Delay, Step
from tests.sms.fakes import World
from tests.sms.staff.test_home import busy
from tests.sms.staff.test_signing_in import PASSWORD, hire, totp

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["busy"]


@pytest.mark.parametrize("width", [320, 1280])
def test_the_board_fits_the_screen_and_leads_to_what_waits(
    busy: World, site: str, chromium: Browser, width: int
) -> None:
    hour = timedelta(hours=1)
    for code in ("BVTD", "BVLVT"):
        busy.delays.found[code] = {step: Delay(3.2 * hour, 49 * hour, 12_345) for step in Step}
    login = hire(busy, Role.OPERATOR)
    context = chromium.new_context(viewport={"width": width, "height": 700}, locale="vi-VN")
    context.set_default_timeout(8000)
    page = context.new_page()
    page.goto(f"{site}/staff/sign-in")
    for field, text in {"login": login, "password": PASSWORD, "code": totp(busy)}.items():
        page.fill(f"#{field}", text)
    page.locator("main form button").click()
    delays = page.locator(".delays").first
    assert "trung vị 3 giờ 12 phút, 95% không quá 2 ngày 1 giờ" in delays.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("a", has_text="đang chờ xử lý").first.click()
    assert page.url == f"{site}/staff/quarantine"
    context.close()
