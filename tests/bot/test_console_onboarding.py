"""A laboratory comes on board in a real browser: added, tried, mapped, live; nothing by command."""

from __future__ import annotations

import io
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.app import Installation
from bot.demo import staff_cards
from bot.opening import prepare
from bot.service import Service
from bot.settings import Settings
from core.feeds.source import FeedTrouble
from core.results.facility import Stage
from core.results.versions import Change
from tests.bot.test_console import Browser as Client
from tests.journey.people import oru
from tests.sms.conftest import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = [(390, 844), (1280, 800)]
OWN = oru("N-1", "+84909000001", test="XN-COVID^?^LIS")
UNNAMED = """
    [...document.querySelectorAll('main :is(input:not([type=hidden]), select, textarea)')]
        .filter(each => !each.labels.length && !each.getAttribute('aria-labelledby')).length
"""
Watched = Callable[["Page"], None]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return opened(tmp_path)


def opened(folder: Path, database: str = "") -> Installation:
    made = Installation(replace(Settings(data_dir=folder).as_demo(), database_url=database))
    prepare(made)
    return made


@pytest.fixture
def site(installation: Installation) -> Iterator[str]:
    with serving(Service(installation).pages()) as address:
        yield address


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """A browser that runs no script."""
    width, height = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=False, locale="en-GB"
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def fits(page: Page) -> None:
    """Nothing is wider than the screen; what is pressed is large enough; every field has a name."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("document.documentElement.clientWidth"), page.url
    for target in page.locator("button:visible, a.button:visible, a.line:visible").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 44, target.inner_text()
    unnamed = page.evaluate(UNNAMED)
    assert unnamed == 0, page.url
    assert not re.search(r"pages\.|errors\.|findings\.", page.inner_text("body")), page.url


def press(page: Page, label: str) -> None:
    with page.expect_navigation():
        page.locator("main").get_by_role("button", name=label, exact=True).click()


def follow(page: Page, label: str) -> None:
    with page.expect_navigation():
        page.get_by_role("link", name=label).first.click()


def sign_in(page: Page, site: str, installation: Installation, role: str = "operator") -> None:
    card = next(each for each in staff_cards(installation) if each["role"] == role)
    page.goto(f"{site}/staff/sign-in")
    page.fill("#login", card["login"])
    page.fill("#password", card["password"])
    page.fill("#code", card["totp"])
    press(page, "Sign in")


def add_facility(page: Page, on_page: Watched) -> None:
    follow(page, "Facilities")
    on_page(page)
    follow(page, "Add a facility")
    page.fill("#code", "bvx")
    page.fill("#name", "Bệnh viện Xuân Hòa (thử nghiệm)")
    page.fill("#zone", "Asia/Saigonn")
    press(page, "Save")
    on_page(page)
    assert page.input_value("#name") == "Bệnh viện Xuân Hòa (thử nghiệm)"
    assert "There is no time zone" in page.inner_text("main")
    page.fill("#zone", "Asia/Ho_Chi_Minh")
    press(page, "Save")
    on_page(page)
    assert "Pilot" in page.inner_text("h1")


def add_folder(page: Page, folder: Path, on_page: Watched) -> None:
    follow(page, "Add a feed")
    on_page(page)
    follow(page, "Folder")
    on_page(page)
    page.fill("#address", str(folder / "none"))
    press(page, "Save")
    press(page, "Test")
    on_page(page)
    assert "feed_folder_missing" in page.inner_text("main")
    follow(page, "Change")
    page.fill("#address", str(folder))
    press(page, "Save")
    press(page, "Test")
    on_page(page)
    assert "Files or reports there: 1" in page.inner_text("main")
    press(page, "Pause")
    assert "Paused" in page.inner_text("main")
    press(page, "Resume")
    follow(page, "Bệnh viện Xuân Hòa")


def add_push(page: Page, on_page: Watched) -> str:
    """The key that is shown."""
    follow(page, "Add a feed")
    follow(page, "HTTP push")
    on_page(page)
    press(page, "Save")
    press(page, "Make a new key")
    on_page(page)
    key = page.inner_text(".key")
    follow(page, "I have copied the key")
    on_page(page)
    assert key not in page.inner_text("main")
    follow(page, "Bệnh viện Xuân Hòa")
    return key


def try_sample(page: Page, sample: bytes, on_page: Watched) -> str:
    follow(page, "Try how a sample reads")
    on_page(page)
    page.fill("#text", sample.decode().replace("\r", "\n"))
    press(page, "Read it")
    on_page(page)
    told = page.inner_text("main")
    follow(page, "Bệnh viện Xuân Hòa")
    return told


def map_code(page: Page, on_page: Watched) -> None:
    follow(page, "The laboratory's code list")
    on_page(page)
    page.fill("#text", "LIS|XN-COVID|PCR\nLIS|XN-HIV|Anti-HIV\nLN|94558-4|Test nhanh")
    press(page, "See the codes")
    on_page(page)
    assert "2 codes have no meaning yet" in page.inner_text("main")
    page.locator("select[name=meaning]").first.select_option("SARSCOV2-PCR")
    press(page, "Save the chosen meanings")
    on_page(page)


def name_officer(page: Page, on_page: Watched) -> None:
    follow(page, "0 responsible officers")
    page.fill("#name", "Chị Hoa")
    page.fill("#phone", "0900 000 101")
    press(page, "Add an officer")
    on_page(page)
    assert "+84 ••• ••• 101" in page.inner_text("main")
    follow(page, "Remove")
    on_page(page)
    press(page, "Remove this officer")
    assert "nobody gets alerts" in page.inner_text("main")
    follow(page, "Bệnh viện Xuân Hòa")


def push(site: str, key: str, data: bytes) -> int:
    request = urllib.request.Request(  # noqa: S310
        f"{site}/api/v1/facilities/BVX/results", data,
        {"Authorization": f"Bearer {key}", "Content-Type": "application/hl7-v2"},
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        status: int = answer.status
        return status


def go_live(page: Page, on_page: Watched) -> None:
    page.reload()
    on_page(page)
    follow(page, "Go live")
    on_page(page)
    assert "1 good, could be released" in page.inner_text("main")
    page.check("[name=release]")
    press(page, "Go live now")
    on_page(page)


def walk(
    page: Page, site: str, installation: Installation, folder: Path, on_page: Watched = fits
) -> None:
    """From nothing to a laboratory whose first result is with its person."""
    sign_in(page, site, installation)
    add_facility(page, on_page)
    add_folder(page, folder, on_page)
    key = add_push(page, on_page)
    before = try_sample(page, OWN, on_page)
    assert "would be held back" in before
    assert "LIS|XN-COVID" in before
    assert push(site, key, OWN) == 200
    map_code(page, on_page)
    press(page, "Take in again")
    on_page(page)
    page.goto(f"{site}/staff/facilities/BVX")
    after = try_sample(page, OWN, on_page)
    assert "would be accepted" in after
    assert "N. V. B." in after
    assert "Bình" not in after
    name_officer(page, on_page)
    go_live(page, on_page)


def test_a_laboratory_comes_on_board_in_the_browser(
    installation: Installation, site: str, page: Page
) -> None:
    folder = Path(installation.settings.share_roots[0]) / "bvx"
    folder.mkdir(parents=True)
    (folder / "first.hl7").write_bytes(OWN)
    walk(page, site, installation, folder)
    facility = installation.facility("BVX")
    assert facility.stage is Stage.LIVE
    (found,) = installation.find_results("N-1", "BVX")
    assert found.certificate is not None
    assert installation.inbox.tally("BVX") == {(Change.ACCEPTED, ""): 1}
    assert (folder / "first.hl7").exists()  # a test takes nothing
    actions = [entry.action for entry in installation.audit.recent(100)]
    assert {"feed_tested", "push_key_made", "code_mapped", "facility_live"} <= set(actions)
    assert "Bình" not in str(installation.audit.recent(100))


def test_the_pages_read_in_vietnamese_too(
    installation: Installation, site: str, page: Page
) -> None:
    sign_in(page, site, installation, "administrator")
    for path in ("", "/new", "/BVNDGD", "/BVNDGD/pilot", "/BVNDGD/new-feed", "/BVNDGD/sample",
                 "/BVNDGD/codes", "/BVNDGD/officers"):  # fmt: skip
        page.goto(f"{site}/staff/facilities{path}?lang=vi")
        fits(page)
        assert page.locator("html[lang=vi]").count() == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_onboarding_is_kept_in_either_database(
    tmp_path: Path, make_database: Callable[..., str], kind: str
) -> None:
    here = opened(tmp_path, make_database(kind, migrated=False))
    client = Client(here, "operator")
    at = "/staff/facilities"
    zone = {"zone": "Asia/Ho_Chi_Minh", "date_order": "dmy"}
    client.post(f"{at}/new", seen=f"{at}/new", code="BVX", name="X", **zone)
    assert here.facility("BVX").is_pilot
    typed = {"kind": "push", "name": "push", "hours": "7-17", "days": "mon-fri"}
    client.post(f"{at}/BVX/new-feed", seen=f"{at}/new", **typed)
    made = here.feeds.get("BVX", "push")
    assert made is not None
    assert made[0].days == frozenset(range(5))
    client.post(f"{at}/BVX/feeds/push/keys", seen=f"{at}/new")
    (key,) = here.pushes.keys("BVX")
    client.post(f"{at}/BVX/feeds/push/keys/{key.hint}/end", seen=f"{at}/new")
    assert here.onboarding.feeds.keys("BVX", "push") == []
    client.post(f"{at}/BVX/feeds/push/remove", seen=f"{at}/new")
    assert here.feeds.get("BVX", "push") is None
    client.post(f"{at}/BVX/codes/map", seen=f"{at}/new", kind="value", system="", code="P1",
                name="", meaning="positive")  # fmt: skip
    assert here.facilities.codes("BVX").values == {("", "P1"): "positive"}


def test_a_sample_is_read_from_a_file_too_and_nothing_is_kept(installation: Installation) -> None:
    client, at = Client(installation, "facility_officer"), "/staff/facilities/BVNDGD/sample"
    table = (
        "Mã phiếu,Họ và tên,Ngày sinh,Số điện thoại,Mã xét nghiệm,Kết quả,Thời gian lấy mẫu\n"
        "S-1,Nguyễn Văn Bình,05/03/1990,0900000101,94500-6,Âm tính,01/03/2026 08:00\n"
        "S-2,Trần Thị Châu,13/02/1990,0900000102,75622-1,Dương tính,01/03/2026 08:00\n"
    )
    file = (io.BytesIO(table.encode()), "kq.csv")
    page = client.post(at, seen=at, format="auto", file=file)
    assert client.status == 200
    assert "08:00 01/03/2026 (Asia/Ho_Chi_Minh)" in page
    assert "T. T. C." in page
    assert "confidential test" in page
    for hidden in ("Bình", "Châu", "HIV", "Positive", "0900000101", "1990-03"):
        assert hidden not in page
    assert installation.inbox.tally("BVNDGD") == {}
    assert installation.find_results("S-1", "BVNDGD") == []


def test_a_test_of_a_feed_ends_in_time_whatever_hangs(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from bot import polling
    from core.feeds.feed import Feed, FeedKind

    hangs = threading.Event()

    class Hanging:
        def probe(self, now: object) -> None:
            hangs.wait()

    monkeypatch.setattr(polling, "source_of", lambda feed, limits: Hanging())
    monkeypatch.setattr(polling, "_TEST_SECONDS", 0)
    with pytest.raises(FeedTrouble, match="feed_timed_out"):
        installation.onboarding.feeds.test(Feed("BVTD", "x", FeedKind.FHIR, "https://x"), by="me")
    hangs.set()
