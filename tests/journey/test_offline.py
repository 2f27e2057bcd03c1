"""An officer's page without a network: what the installation publishes is all it needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.journey.demo import Demo, running_demo, until
from tests.journey.test_browser import release
from tests.sms.verify.conftest import ready
from tests.sms.verify.test_other_profiles import paste

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PHONE = "+84909000077"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def officer(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="vi-VN", viewport={"width": 390, "height": 844})
    yield context
    context.close()


def code_of(demo: Demo, accession: str, profile: str) -> str:
    def look() -> str:
        drawn = demo.ketqua(
            "qr", accession, "--facility", "BVNDGD", "--profile", profile, "--format", "text"
        )
        return drawn.stdout.decode().strip() if drawn.returncode == 0 else ""

    return until(look)


def offline(demo: Demo, officer: BrowserContext) -> Page:
    """The page with the lists of this moment, its network cut."""
    page = officer.new_page()
    page.goto(f"{demo.url}/verify")
    ready(page)
    officer.set_offline(True)
    return page


def keep(page: Page, name: str) -> None:
    """Keep a picture of the screen, where somebody asked for them."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_ours_passes_offline_in_both_profiles_and_dies_when_it_is_revoked(
    demo: Demo, officer: BrowserContext, tmp_path: Path
) -> None:
    release(demo, "OFF-1", PHONE)
    texts = [code_of(demo, "OFF-1", profile) for profile in ("full", "compact")]
    page = offline(demo, officer)
    for name, text in zip(("full", "compact"), texts, strict=True):
        assert paste(page, text)[0] == "HỢP LỆ"
        keep(page, f"verify-offline-{name}")
        page.click("#next")
    officer.set_offline(False)
    revoked = demo.ketqua("revoke", "OFF-1", "--reason", "mẫu bị nhầm")
    assert revoked.returncode == 0, revoked.stderr
    until(lambda: '"revoked"' in demo.ketqua("verify", "--json", texts[0]).stdout.decode())
    for text in texts:
        until(lambda text=text: _offline_word(demo, officer, text) == "ĐÃ THU HỒI")  # type: ignore[misc]


def _offline_word(demo: Demo, officer: BrowserContext, text: str) -> str:
    page = offline(demo, officer)
    word, _ = paste(page, text)
    page.close()
    officer.set_offline(False)
    return word
