"""The demo's page, used by somebody who has read nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from core.messages.language import Catalogues
from sms.app import create_app
from tests.sms.conftest import furnish, serving
from tests.sms.fakes import PHONE, World
from tests.sms.sim.test_routes import Stage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


@pytest.fixture
def page(stage: Stage, words: Catalogues, chromium: Browser) -> Iterator[Page]:
    """The demo's page after somebody chose who to be."""
    app = create_app(furnish(stage.world, words, demo=stage.room()))
    with serving(app) as site:
        page = chromium.new_page(viewport={"width": 360, "height": 740}, locale="vi-VN")
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(error.message))
        page.goto(f"{site}/sim/")
        page.locator("#people button", has_text="Nguyễn Văn Bình").click()
        yield page
        page.close()
        assert wrong == []


def test_a_message_arrives_and_its_link_opens_the_pages(page: Page, stage: Stage) -> None:
    link = "http://127.0.0.1:1" + stage.world.link(stage.world.release())
    stage.outbox.record("+84900000999", "sms", "for somebody else")
    stage.outbox.record(PHONE, "sms", f"Xem tai {link} (can OTP).")
    with page.expect_popup() as opened:
        page.locator("#inbox a").click()
    opened.value.wait_for_selector("text=+84 ••• ••• 123")
    assert "somebody else" not in page.inner_text("#inbox")


def test_words_and_buttons_reach_the_chat(page: Page) -> None:
    page.fill("#words", "xin chào")
    page.click("#send")
    page.wait_for_selector("#chat li.mine:has-text('xin chào')")
    page.wait_for_selector("#chat li:not(.mine):has-text('xin chào')")
    page.click("#buttons button:has-text('Kết quả')")  # this stage's chat refuses buttons
    page.wait_for_selector("text=Chưa gửi được")


def test_what_a_message_says_is_never_markup(page: Page, stage: Stage) -> None:
    stage.outbox.record(PHONE, "sms", "<img src=x onerror=alert(1)>")
    page.wait_for_selector("#inbox li:has-text('onerror')")
    assert page.locator("#inbox img").count() == 0


def test_one_can_ask_for_a_new_result(page: Page, stage: Stage) -> None:
    page.click("#release")
    page.wait_for_selector("#released:visible")
    assert stage.released == ["0900 000 123"]


def test_it_fits_a_phone(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
