"""Staff upload a file, see which rows failed, and take in again what waited."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from bot.app import Installation
from bot.demo import staff_cards
from bot.opening import prepare
from bot.service import Service
from bot.settings import Settings
from core.feeds.feed import Feed, FeedKind
from core.results.facility import Stage
from core.results.local_codes import CodeKind
from tests.journey.people import oru

HOST = {"Host": "127.0.0.1", "Accept-Language": "en"}
TABLE = (
    "Mã phiếu,Họ và tên,Ngày sinh,Số điện thoại,Mã xét nghiệm,Kết quả,Thời gian lấy mẫu\n"
    "U-1,Nguyễn Văn Bình,05/03/1990,0900000101,94500-6,Âm tính,01/03/2026 08:00\n"
    "U-2,Trần Thị Châu,31/02/1990,0900000102,94500-6,Âm tính,01/03/2026 08:00\n"
)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(Settings(data_dir=tmp_path).as_demo())
    prepare(made)
    return made


class Browser:
    """A signed-in browser of one role."""

    def __init__(self, installation: Installation, role: str) -> None:
        self.client: FlaskClient = Service(installation).pages().test_client()
        card = next(c for c in staff_cards(installation) if c["role"] == role)
        self.post("/staff/sign-in", login=card["login"], password=card["password"],
                  code=card["totp"], seen="/staff/sign-in")  # fmt: skip

    def get(self, path: str) -> str:
        return self.client.get(path, headers=HOST).text

    def post(self, path: str, *, seen: str = "/staff/upload", **data: object) -> str:
        token = re.findall(r'name="csrf_token" value="([^"]+)"', self.get(seen))[0]
        answer = self.client.post(path, data={"csrf_token": token, **data}, headers=HOST)
        self.status = answer.status_code
        return str(answer.data, errors="replace")  # a PDF too

    def upload(self, data: bytes, facility: str = "BVNDGD", name: str = "kq.csv") -> str:
        return self.post("/staff/upload", facility=facility, file=(io.BytesIO(data), name))


def test_an_uploaded_file_is_taken_in_and_its_bad_rows_are_shown(
    installation: Installation,
) -> None:
    page = Browser(installation, "facility_officer").upload(TABLE.encode())
    assert "Rows that were held back" in page
    assert re.search(r"<td>3</td>.*Ngày sinh", page, re.DOTALL)
    assert "Bình" not in page
    assert "Châu" not in page
    assert len(installation.find_results("U-1", "BVNDGD")) == 1
    assert ("BVNDGD", "upload") in installation.feed_hours.latest()
    assert installation.audit.recent(1)[0].action == "uploaded"


def test_a_good_file_says_so_and_an_empty_one_is_asked_for_again(
    installation: Installation,
) -> None:
    browser = Browser(installation, "facility_officer")
    assert "Everything was taken in." in browser.upload(oru("U-3", "+84909000001"))
    assert 'role="alert"' in browser.upload(b"")
    assert browser.status == 422


def test_an_officer_uploads_for_the_own_facility_only(installation: Installation) -> None:
    browser = Browser(installation, "facility_officer")
    browser.upload(oru("U-4", "+84909000001"), facility="BVTD")
    assert browser.status == 403
    assert installation.find_results("U-4", None) == []


def test_what_waited_is_taken_in_again_at_a_press(installation: Installation) -> None:
    browser = Browser(installation, "operator")
    browser.upload(oru("U-5", "+84909000001", test="XN^?^LIS"))
    assert "unknown_test" in browser.get("/staff/quarantine")
    installation.facilities.map_code("BVNDGD", CodeKind.TEST, ("LIS", "XN"), "SARSCOV2-PCR")
    page = browser.post(
        "/staff/replay", seen="/staff/quarantine", facility="BVNDGD", reason="unknown_test"
    )
    assert "Everything was taken in." in page
    assert len(installation.find_results("U-5", "BVNDGD")) == 1
    assert "unknown_test" not in browser.get("/staff/quarantine")


def test_an_edited_form_releases_nothing_of_a_pilot(installation: Installation) -> None:
    facility = installation.facility("BVNDGD")
    installation.facilities.add(replace(facility, stage=Stage.PILOT))
    browser = Browser(installation, "facility_officer")
    browser.upload(oru("U-6", "+84909000001"))
    installation.facilities.add(facility)  # live; whoever may, has not released it yet
    browser.post("/staff/replay", seen="/staff/upload", facility="BVNDGD", reason="pilot")
    assert browser.status == 200
    assert installation.find_results("U-6", "BVNDGD") == []


def test_the_board_shows_how_feeds_are_doing(installation: Installation) -> None:
    facility = installation.facility("BVNDGD")
    installation.facilities.add(replace(facility, stage=Stage.PILOT))
    feed = Feed("BVNDGD", "lis", FeedKind.MLLP, "LIS", expected_every=timedelta(hours=1))
    installation.feeds.add(feed, installation.clock())
    installation.feeds.alerted(feed, "silent", installation.clock(), "")
    page = Browser(installation, "facility_officer").get("/staff/")
    for words in ("Pilot", "Silent", "nothing came yet", "expected every 60 min"):
        assert words in page


def test_a_file_above_the_limit_is_refused_in_words(installation: Installation) -> None:
    installation.settings = replace(installation.settings, max_file_mib=1)
    browser = Browser(installation, "facility_officer")
    browser.upload(b"x" * (2 * 1024 * 1024))
    assert browser.status == 413


TYPED = {
    "facility": "BVNDGD", "accession": "K-1", "name": "Lê Thị An", "birth_date": "05/03/1990",
    "sex": "nữ", "phone": "0900 000 105", "test": "94500-6", "outcome": "negative",
    "collected_at": "2026-03-01T08:00",
}  # fmt: skip


def test_one_result_is_keyed_in_by_hand(installation: Installation) -> None:
    browser = Browser(installation, "facility_officer")
    page = browser.post("/staff/enter", seen="/staff/enter", **TYPED)
    assert "Everything was taken in." in page
    (found,) = installation.find_results("K-1", "BVNDGD")
    assert found.result.person.phone == "+84900000105"
    assert found.result.outcome == "negative"
    assert found.certificate is not None
    assert ("BVNDGD", "manual") in installation.feed_hours.latest()


def test_what_was_keyed_in_wrongly_is_told_with_its_reason(installation: Installation) -> None:
    browser = Browser(installation, "facility_officer")
    wrong = TYPED | {"birth_date": "31/02/1990"}
    page = browser.post("/staff/enter", seen="/staff/enter", **wrong)
    assert (browser.status, 'role="alert"' in page) == (422, True)
    assert "Date of birth" in page
    assert 'value="Lê Thị An"' in page  # still filled in
    assert installation.find_results("K-1", "BVNDGD") == []
    browser.post("/staff/enter", seen="/staff/enter", **TYPED | {"facility": "BVTD"})
    assert browser.status == 403


def test_a_person_with_a_card_only_is_looked_up_and_gets_a_slip(
    installation: Installation,
) -> None:
    typed = TYPED | {"national_id": "079090001234", "collected_at": _lately(installation)}
    Browser(installation, "facility_officer").post("/staff/enter", seen="/staff/enter", **typed)
    officer = Browser(installation, "control_officer")
    asked = {"place": "CHOT1", "asked": "079 090 001 234"}
    yes = officer.post("/staff/check", seen="/staff/check", year="1990", **asked)
    assert "Meets this place" in yes
    assert "No acceptable result" in officer.post(
        "/staff/check", seen="/staff/check", year="1991", **asked
    )
    (found,) = installation.find_results("K-1", "BVNDGD")
    code = {"place": "CHOT1", "asked": found.short_code}
    assert "Meets this place" in officer.post(
        "/staff/check", seen="/staff/check", year="1990", **code
    )
    details = [each.detail for each in installation.audit.recent(3)]
    assert details == ["met", "not_met", "met"]
    printer = Browser(installation, "operator")
    printer.post("/staff/print", seen="/staff/print", facility="BVNDGD", accessions="K-1")
    assert printer.status == 200
    assert installation.audit.recent(1)[0].subject == found.result_id


def test_a_cards_code_fills_the_form_in(installation: Installation) -> None:
    browser = Browser(installation, "facility_officer")
    card = "079090001234|271234567|Lê Thị An|05031990|Nữ|Huế|01022021"
    page = browser.post("/staff/enter/card", seen="/staff/enter", card=card)
    for value in ("Lê Thị An", "05/03/1990", "079090001234"):
        assert f'value="{value}"' in page
    assert '<option value="nữ" selected>' in page
    browser.post("/staff/enter/card", seen="/staff/enter", card="nothing")
    assert browser.status == 422


def _lately(installation: Installation) -> str:
    local = (installation.clock() - timedelta(hours=2)).astimezone(installation.settings.zone)
    return f"{local:%Y-%m-%dT%H:%M}"
