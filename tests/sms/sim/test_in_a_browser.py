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


class Recording(Stage):
    """A stage whose replies are in the outbox too, as the demo's are."""

    def chat(self, request: dict[str, object]) -> list[dict[str, object]]:
        replies = super().chat(request)
        for reply in replies:
            self.outbox.record(str(request["user"]), str(request["channel"]), str(reply["text"]))
        return replies


def said(page: Page) -> list[str]:
    """What the chat shows of others, without times."""
    texts = page.eval_on_selector_all(
        "#chat li:not(.mine):not(.empty)", "items => items.map(item => item.firstChild.data)"
    )
    return [str(text) for text in texts]


@pytest.mark.parametrize("channel", ["telegram", "zalo"])
def test_a_letter_shows_in_its_chat_once_and_so_does_every_reply(
    world: World, words: Catalogues, chromium: Browser, channel: str
) -> None:
    stage = Recording(world)
    with serving(create_app(furnish(world, words, demo=stage.room()))) as site:
        stage.outbox.record(PHONE, "telegram", "from before")
        page = chromium.new_page(viewport={"width": 360, "height": 740}, locale="vi-VN")
        page.goto(f"{site}/sim/")
        page.locator("#people button", has_text="Nguyễn Văn Bình").click()
        page.wait_for_selector("#chat li:has-text('/start')")
        user = PHONE
        if channel == "zalo":
            page.click("#zalo")
            page.wait_for_selector("#chat li:has-text('/start')")
            user = f"{PHONE}-zalo"
        other = "telegram" if channel == "zalo" else "zalo"
        stage.outbox.record(user, other, "for the other channel")
        stage.outbox.record("somebody else", channel, "for somebody else")
        stage.outbox.record(user, channel, "Đơn vị im lặng")
        page.wait_for_selector("#chat li:has-text('im lặng')")
        page.fill("#words", "cảm ơn")
        page.click("#send")
        page.wait_for_selector("#chat li:not(.mine):has-text('cảm ơn')")
        stage.outbox.record(user, channel, "đã gửi lại")
        page.wait_for_selector("#chat li:has-text('đã gửi lại')")
        assert said(page) == ["/start", "Đơn vị im lặng", "cảm ơn", "đã gửi lại"]
        page.close()


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
