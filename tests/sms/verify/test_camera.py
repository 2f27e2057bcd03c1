"""A real Chromium whose camera sees our QR codes, its network cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import sync_playwright

from core.certificates.authority import create_csca, create_dsc
from core.certificates.issue import as_text
from core.certificates.picture import png
from tests.conftest import QUIET_BROWSER
from tests.services import CHROMIUM, require
from tests.sms.fakes import Keys, World
from tests.sms.verify.conftest import City, ready
from tests.sms.verify.publisher import hashes

if TYPE_CHECKING:
    from playwright.sync_api import Page

STOPWATCH = """
addEventListener("loadeddata", () => { self.seen ??= performance.now() }, true);
new MutationObserver(() => {
  if (document.querySelector("#result:not([hidden])")) self.shown ??= performance.now();
}).observe(document, { subtree: true, attributes: true });
"""
FRAMES = 20
"""Chromium plays the file again and again."""


def film(folder: Path, text: str) -> Path:
    """A film of a phone that shows a code: 1280×720, the code a little turned and soft."""
    code = Image.open(BytesIO(png(text, module_px=5))).convert("L")
    frames = []
    for number in range(FRAMES):
        scene = Image.new("L", (1280, 720), 120)
        turned = code.resize((520, 520)).rotate(number % 5 - 2, fillcolor=255, expand=False)
        scene.paste(turned, (370 + number % 7, 90))
        frame = BytesIO()
        scene.convert("RGB").save(frame, "JPEG", quality=80)
        frames.append(frame.getvalue())
    path = folder / "camera.mjpeg"
    path.write_bytes(b"".join(frames))
    return path


@contextmanager
def phone(address: str, camera: Path) -> Iterator[Page]:
    """The officer's page on a phone with this camera, loaded once, then without a network.

    The camera is allowed already, so scanning begins by itself.
    """
    arguments = [
        *QUIET_BROWSER,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=require(CHROMIUM), args=arguments)
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN")
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.add_init_script(STOPWATCH)
        page.goto(f"{address}/verify")
        ready(page)
        context.set_offline(True)
        page.reload()
        page.wait_for_selector("#lists[data-ready=true]", state="attached")
        yield page
        browser.close()


def ours(city: City) -> str:
    return city.text()


def forged(city: City) -> str:
    """Signed by somebody else under our signer's kid."""
    keys = city.world.keys
    csca = create_csca("Giả", not_before=city.world.clock() - timedelta(days=9))
    forger = create_dsc(csca, "Giả", not_before=city.world.clock() - timedelta(days=8))
    item = World(Keys(csca, forger), clock=city.world.clock).release()
    assert item.certificate
    return as_text(item.certificate.replace(forger.kid, keys.dsc.kid))


def expired(city: City) -> str:
    """Issued 185 days ago for 180."""
    city.world.clock.wait(days=-185)
    text = city.text()
    city.world.clock.wait(days=185)
    return text


def revoked(city: City) -> str:
    """Issued and revoked before the list was made."""
    city.world.clock.wait(hours=-1)
    item = city.world.release()
    city.world.clock.wait(hours=1)
    assert item.certificate
    assert item.uvci
    entry = hashes(item.uvci, "VN", item.certificate[-64:])["signature"]
    city.publisher.publish_revocations([entry], version=2)
    return as_text(item.certificate)


@pytest.mark.parametrize(
    ("made", "word", "tone"),
    [
        (ours, "HỢP LỆ", "yes"),
        (forged, "CHỮ KÝ KHÔNG HỢP LỆ", "no"),
        (expired, "HẾT HẠN", "wait"),
        (revoked, "ĐÃ THU HỒI", "no"),
    ],
    ids=["ours", "forged", "expired", "revoked"],
)
def test_the_camera_sees_a_code_without_a_network(
    city: City, tmp_path: Path, made: Callable[[City], str], word: str, tone: str
) -> None:
    camera = film(tmp_path, made(city))
    with phone(city.address, camera) as page:
        page.wait_for_selector("#result:not([hidden])")
        seen, shown = page.evaluate("[self.seen, self.shown]")
        print(f"verdict {(shown - seen) / 1000:.2f} s after the code was in view")  # noqa: T201
        assert page.inner_text("#result-heading").strip() == word
        assert tone in (page.get_attribute("#result-heading", "class") or "").split()
        named = "Nguyễn Văn Bình" in page.inner_text("main")
        assert named == (tone == "yes")


def test_the_next_person_follows_without_a_touch_of_the_camera(city: City, tmp_path: Path) -> None:
    with phone(city.address, film(tmp_path, city.text())) as page:
        page.wait_for_selector("#result:not([hidden])")
        page.keyboard.press("Enter")  # the button for the next person has the focus
        page.wait_for_selector("#viewfinder:not([hidden])")
        page.wait_for_selector("#result:not([hidden])")
        assert page.inner_text("#result-heading").strip() == "HỢP LỆ"


def test_a_code_that_is_no_certificate_is_said_and_scanning_goes_on(
    city: City, tmp_path: Path
) -> None:
    with phone(city.address, film(tmp_path, "079090001234||Nguyễn Văn Bình|05031990")) as page:
        page.wait_for_selector("#trouble:not([hidden])")
        assert not page.locator("#result").is_visible()
        assert page.locator("#viewfinder").is_visible()
