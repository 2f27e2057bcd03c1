"""Look-up, print and entry in real Chromium, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import segno

from core.messages.language import Catalogues
from core.policy.staff import Role
from core.results.facility import Facility
from sms.app import create_app
from tests.core.paper.reading import pages
from tests.sms.conftest import furnish, serving
from tests.sms.fakes import World
from tests.sms.sim.test_routes import Stage
from tests.sms.staff.test_checking import CCCD, NO, QR, YES
from tests.sms.staff.test_signing_in import PASSWORD, hire, totp

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = [(390, 844), (1280, 800)]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def console(
    request: pytest.FixtureRequest, world: World, words: Catalogues, chromium: Browser
) -> Iterator[Page]:
    """The console's sign-in, on a demo's site: its cookies need no TLS."""
    world.facilities.add(Facility("BVTD", "Bệnh viện TP Thủ Đức", "BV TP Thủ Đức"))
    width, height = request.param
    with serving(create_app(furnish(world, words, demo=Stage(world).room()))) as site:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="vi-VN", base_url=site
        )
        context.set_default_timeout(8000)
        page = context.new_page()
        page.goto("/staff/sign-in")
        yield page
        context.close()


def enter(page: Page, world: World, role: Role, *scopes: str) -> None:
    page.fill("#login", hire(world, role, *scopes))
    page.fill("#password", PASSWORD)
    page.fill("#code", totp(world))
    with page.expect_navigation():
        page.locator("main form button").last.click()


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and everything to press is large enough."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth")
    targets = "button:visible, a.button:visible, input:visible:not([type=checkbox])"
    for target in page.locator(targets).all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 44


def press(page: Page, label: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=label).click()


def test_an_officer_looks_one_person_up_after_the_other(
    world: World, console: Page, tmp_path: Path
) -> None:
    world.release()
    enter(console, world, Role.CONTROL_OFFICER, "CHOT1")
    console.get_by_role("link", name="Tra cứu tại chốt").first.click()
    fits(console)
    console.fill("#asked", CCCD)
    console.fill("#year", "1990")
    press(console, "Kiểm tra")
    assert YES in console.inner_text("main")
    assert console.input_value("#asked") == ""
    fits(console)
    console.fill("#asked", CCCD)
    console.fill("#year", "1991")
    press(console, "Kiểm tra")
    assert NO in console.inner_text("main")
    fits(console)
    photo = tmp_path / "card.png"
    segno.make_qr(QR, encoding="utf-8").save(str(photo), scale=6)
    console.set_input_files("#picture", photo)
    press(console, "Kiểm tra")
    assert YES in console.inner_text("main")


def test_a_slip_is_saved_as_a_file(world: World, console: Page, tmp_path: Path) -> None:
    world.release()
    enter(console, world, Role.FACILITY_OFFICER, "BVTD")
    console.get_by_role("link", name="In phiếu").click()
    fits(console)
    console.fill("#accessions", "XN-0001")
    with console.expect_download() as saving:
        console.get_by_role("button", name="Tạo PDF").click()
    target = tmp_path / "slip.pdf"
    saving.value.save_as(target)
    assert saving.value.suggested_filename == "slip-7K2M9QR1.pdf"
    assert "Nguyễn Văn Bình" in pages(target.read_bytes())[0].text


def test_a_photo_of_a_card_fills_the_form_in(world: World, console: Page, tmp_path: Path) -> None:
    enter(console, world, Role.FACILITY_OFFICER, "BVTD")
    console.get_by_role("link", name="Nhập", exact=False).first.click()
    console.locator("summary").click()
    fits(console)
    photo = tmp_path / "card.png"
    segno.make_qr(QR, encoding="utf-8").save(str(photo), scale=6)
    console.set_input_files("#picture", photo)
    press(console, "Điền vào mẫu")
    fits(console)
    assert console.input_value("#name") == "Nguyễn Văn Bình"
    assert console.input_value("#birth_date") == "05/03/1990"
    assert console.input_value("#national_id") == CCCD
    assert console.input_value("#sex") == "nam"
