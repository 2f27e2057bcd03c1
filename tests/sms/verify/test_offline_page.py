"""The officer's page as an app: what it keeps, what it shows, and what leaves the screen."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageFilter
from werkzeug.serving import WSGIRequestHandler

from core.certificates.picture import png
from core.results.result import Outcome
from tests.sms.fakes import BINH
from tests.sms.verify.conftest import City, ready
from tests.sms.verify.rule_sets import rule, rule_set, var

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


@pytest.fixture
def page(city: City, officer: BrowserContext) -> Iterator[Page]:
    """The page with all its lists, ready to go offline; nothing it did was against its policy."""
    opened = officer.new_page()
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on(
        "console", lambda said: trouble.append(said.text) if "Security" in said.text else None
    )
    opened.goto(f"{city.address}/verify")
    ready(opened)
    yield opened
    assert not trouble


def paste(page: Page, text: str) -> str:
    """The result screen's words for a pasted text."""
    page.fill("#text", text)
    page.locator("#form button").click()
    return result(page)


def result(page: Page) -> str:
    page.wait_for_selector("#result:not([hidden])")
    return page.inner_text("#result")


def upload(page: Page, data: bytes, mime: str = "image/png") -> str:
    page.set_input_files("#picture", {"name": "photo", "mimeType": mime, "buffer": data})
    return result(page)


def heading(page: Page) -> tuple[str, str]:
    """Word and tone of the verdict."""
    kind = (page.get_attribute("#result-heading", "class") or "").split()[-1]
    return page.inner_text("#result-heading").strip(), kind


def test_a_valid_certificate_shows_what_to_compare_and_how_old_the_lists_are(
    city: City, page: Page
) -> None:
    said = paste(page, city.text())
    assert heading(page) == ("HỢP LỆ", "yes")
    for words in ("giấy tờ tùy thân", "Nguyễn Văn Bình", "1990", "Âm tính", "PCR", "Thủ Đức"):
        assert words in said
    collected = city.world.clock().astimezone(city.world.zone) - timedelta(hours=5)
    assert f"{collected:%H:%M %d/%m/%Y} (giờ Việt Nam)" in said
    assert f"{collected + timedelta(hours=72):%H:%M %d/%m/%Y} (giờ Việt Nam)" in said
    assert "cập nhật 12 phút trước" in said


def test_the_day_of_birth_is_shown_nowhere(city: City, page: Page) -> None:
    paste(page, city.text())
    for written in ("05/03", "03-05", "1990-"):
        assert written not in page.content()


def test_a_positive_is_never_green_and_names_nobody(city: City, page: Page) -> None:
    said = paste(page, city.text(outcome=Outcome.POSITIVE))
    assert heading(page) == ("KHÔNG ĐÁP ỨNG QUY ĐỊNH", "no")
    assert "không phải là âm tính" in said
    assert "Bình" not in page.content()


def test_it_works_after_the_network_is_gone_in_either_language(city: City, page: Page) -> None:
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("#lists[data-ready=true]", state="attached")
    paste(page, city.text())
    assert heading(page) == ("HỢP LỆ", "yes")
    page.click("#next")
    page.click("a.lang")
    page.wait_for_selector("html[lang=en]", state="attached")
    page.wait_for_selector("#lists[data-ready=true]", state="attached")
    assert "photo ID" in paste(page, city.text())
    assert heading(page) == ("VALID", "yes")


def test_a_new_version_replaces_everything_that_was_kept(city: City, page: Page) -> None:
    names = page.evaluate("caches.keys()")
    assert len(names) == 1
    kept = page.evaluate(
        "async (name) => (await (await caches.open(name)).keys()).map((each) => each.url)", names[0]
    )
    for part in ("/verify?lang=vi", "/verify?lang=en", "checker.js", "wasm.gz", "settings.json"):
        assert any(part in address for address in kept), part
    assert not any("/api/" in address for address in kept)


def test_without_any_list_it_says_that_it_cannot_check(city: City, officer: BrowserContext) -> None:
    city.publisher.tokens.clear()
    page = officer.new_page()
    page.goto(f"{city.address}/verify")
    page.wait_for_selector("#lists:not([hidden])")
    said = paste(page, city.text())
    assert heading(page) == ("CHƯA THỂ XÁC NHẬN", "wait")
    assert "chưa có danh sách tin cậy" in said
    assert "Bình" not in page.content()


def test_what_this_device_cannot_confirm_the_server_may(
    city: City, officer: BrowserContext
) -> None:
    city.publisher.tokens.clear()
    page = officer.new_page()
    page.goto(f"{city.address}/verify")
    page.wait_for_selector("#lists:not([hidden])")
    paste(page, city.text())
    page.click("#ask-server")
    page.wait_for_selector(".outcome.yes")
    assert "Nguyễn Văn Bình" in page.inner_text("main")


def test_where_this_device_is_sure_nobody_is_asked(city: City, page: Page) -> None:
    paste(page, city.text())
    assert not page.locator("#ask-server").is_visible()


def test_lists_out_of_date_are_amber(city: City, officer: BrowserContext) -> None:
    city.publisher.publish_all(city.world.keys.dsc, version=2, issued=timedelta(days=-3))
    page = officer.new_page()
    page.goto(f"{city.address}/verify")
    ready(page)
    said = paste(page, city.text())
    assert heading(page) == ("CHƯA THỂ XÁC NHẬN", "wait")
    assert "quá hạn" in said
    assert "3 ngày trước" in said
    assert "Còn hiệu lực đến" not in said


def test_a_clock_that_disagrees_with_the_server_is_said(
    city: City, officer: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = format_datetime(datetime.now(UTC) + timedelta(minutes=7), usegmt=True)
    monkeypatch.setattr(WSGIRequestHandler, "date_time_string", lambda *_: ahead)
    page = officer.new_page()
    page.goto(f"{city.address}/verify")
    ready(page)
    page.wait_for_selector("#clock:not([hidden])")
    assert "lệch hơn 5 phút" in paste(page, city.text())


def test_a_certificate_from_the_future_is_never_green(city: City, page: Page) -> None:
    city.world.clock.wait(minutes=3)
    paste(page, city.text())
    assert heading(page)[1] != "yes"


def test_the_next_person_finds_nothing_of_the_last(city: City, page: Page) -> None:
    paste(page, city.text())
    assert "Bình" in page.content()
    page.click("#next")
    assert "Bình" not in page.content()
    assert page.input_value("#text") == ""
    paste(page, city.text())
    page.keyboard.press("Escape")
    assert "Bình" not in page.content()


def test_after_sixty_seconds_the_person_is_gone(city: City, officer: BrowserContext) -> None:
    page = officer.new_page()
    page.clock.install()
    page.goto(f"{city.address}/verify")
    ready(page)
    paste(page, city.text())
    page.clock.run_for(38_000)
    assert not page.locator("#longer").is_visible()
    page.clock.run_for(5_000)
    assert page.locator("#longer").is_visible()
    page.clock.run_for(18_000)
    assert "Bình" not in page.content()
    assert page.locator("#start").is_visible()


def test_an_officer_may_ask_for_more_time(city: City, officer: BrowserContext) -> None:
    page = officer.new_page()
    page.clock.install()
    page.goto(f"{city.address}/verify")
    ready(page)
    paste(page, city.text())
    page.clock.run_for(45_000)
    page.click("#longer")
    page.clock.run_for(45_000)
    assert "Bình" in page.content()
    page.clock.run_for(16_000)
    assert "Bình" not in page.content()


def test_leaving_the_page_takes_the_person_along(city: City, page: Page) -> None:
    paste(page, city.text())
    page.goto(f"{city.address}/")
    page.go_back()
    assert "Bình" not in page.content()


def photo(code: bytes, side: int, angle: float, blur: float) -> bytes:
    """A photo of a code: on a grey table, turned, a little out of focus, with noise."""
    drawn = Image.open(BytesIO(code)).convert("L")
    drawn = drawn.resize((side, side)).rotate(angle, expand=True, fillcolor=120)
    table = Image.new("L", (drawn.width * 3 // 2, drawn.height * 3 // 2), 120)
    table.paste(drawn, (drawn.width // 5, drawn.height // 4))
    blurred = table.filter(ImageFilter.GaussianBlur(blur))
    noise = Image.effect_noise(blurred.size, 20)
    taken = BytesIO()
    Image.blend(blurred, noise, 0.1).convert("RGB").save(taken, "JPEG", quality=85)
    return taken.getvalue()


@pytest.mark.parametrize(
    ("side", "angle", "blur"),
    [(400, 0, 0.4), (700, 90, 1), (900, 33, 1.2), (1400, 180, 2), (3000, 12, 5)],
)
def test_a_photo_is_read_at_many_sizes_and_angles(
    city: City, page: Page, side: int, angle: float, blur: float
) -> None:
    upload(page, photo(png(city.text()), side, angle, blur), "image/jpeg")
    assert heading(page) == ("HỢP LỆ", "yes")


def test_a_transparent_picture_lies_on_white(city: City, page: Page) -> None:
    code = Image.open(BytesIO(png(city.text()))).convert("L")
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.putalpha(code.point(lambda level: 255 - level))
    saved = BytesIO()
    clear.save(saved, "PNG")
    upload(page, saved.getvalue())
    assert heading(page) == ("HỢP LỆ", "yes")


@pytest.mark.parametrize(
    ("data", "mime", "sentence"),
    [
        (b"%PDF-1.7\n", "application/pdf", "không phải là hình ảnh"),
        (b"\x89PNG\r\n\x1a\n" + bytes(400), "image/png", "Hình ảnh bị hỏng"),
        (bytes(11 * 1024 * 1024), "image/jpeg", "tối đa 10 MB"),
    ],
)
def test_a_file_that_is_no_photo_is_a_verdict(
    page: Page, data: bytes, mime: str, sentence: str
) -> None:
    assert sentence in upload(page, data, mime)
    assert heading(page) == ("KHÔNG ĐỌC ĐƯỢC", "no")


def test_a_photo_without_a_code_is_a_verdict(page: Page) -> None:
    saved = BytesIO()
    dots = random.Random(1)
    noise = Image.new("L", (300, 300))
    noise.putdata([dots.randrange(256) for _ in range(300 * 300)])
    noise.save(saved, "PNG")
    assert "Không thấy mã QR" in upload(page, saved.getvalue())


def test_a_name_is_shown_as_text_and_never_as_markup(city: City, page: Page) -> None:
    paste(page, city.text(person=replace(BINH, given="<img src=x>")))
    assert page.locator("#result img").count() == 0
    assert "<img src=x>" in page.inner_text("#result")


def test_the_place_is_chosen_and_its_rule_applied(city: City, page: Page) -> None:
    assert not page.locator("#place").is_visible()  # one set only: nothing to choose
    descriptions = [{"lang": "vi", "desc": "Chỉ nhận xét nghiệm nhanh."}]
    antigen = rule(900, {"===": [var("payload.t.0.tt"), "LP217198-3"]}, Description=descriptions)
    gate = rule_set("CHOT-1", [antigen], names={"vi": "Chốt số 1", "en": "Gate 1"})
    city.publisher.publish_rules(gate, version=2)
    page.reload()
    page.wait_for_selector("#place:visible")
    page.select_option("#place", label="Chốt số 1")
    said = paste(page, city.text())
    assert heading(page) == ("KHÔNG ĐÁP ỨNG QUY ĐỊNH", "no")
    assert "Chỉ nhận xét nghiệm nhanh." in said
    page.reload()
    page.wait_for_selector("#place:visible")
    assert page.locator("#place option:checked").inner_text() == "Chốt số 1"  # remembered
    page.select_option("#place", label="Quy định chung")
    paste(page, city.text())
    assert heading(page) == ("HỢP LỆ", "yes")


def test_an_empty_form_asks_again(page: Page) -> None:
    page.locator("#form button").click()
    assert "Hãy chọn một ảnh" in page.inner_text("#trouble")


@pytest.mark.parametrize("size", [(390, 844), (360, 640), (240, 320)])
def test_every_state_fits_the_screen(city: City, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for text in ("", city.text(), city.text(outcome=Outcome.POSITIVE), "x"):
        if text:
            paste(page, text)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0]
        for target in page.locator("button:visible, input:visible").all():
            box = target.bounding_box()
            assert box
            assert box["height"] >= 44
        if text:
            assert page.evaluate("document.activeElement.id") == "next"
            assert page.inner_text("#announcer")
            page.keyboard.press("Enter")


def test_the_whole_result_is_on_a_small_screen(city: City, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    paste(page, city.text())
    assert page.evaluate("document.documentElement.scrollHeight") <= 640


def test_a_browser_that_can_do_less_keeps_the_form(city: City, officer: BrowserContext) -> None:
    page = officer.new_page()
    page.add_init_script("delete AbortSignal.timeout")
    page.goto(f"{city.address}/verify")
    page.fill("#text", city.text())
    page.locator("#form button").click()
    page.wait_for_url("**/verify")
    assert "HỢP LỆ" in page.inner_text("main")
