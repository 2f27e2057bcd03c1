"""The officer's page: yes or no, nothing of the person, and never more often than the limits."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
import segno
from flask.testing import FlaskClient

from core.citizens.codes import short_code
from core.lookups.limits import MISSES
from core.policy.staff import Role
from core.results.result import Outcome
from tests.sms.fakes import BINH, TB, World, key_of
from tests.sms.staff.test_signing_in import browser, hire, sign_in, totp

__all__ = ["browser"]

CCCD = "079090001234"
QR = f"{CCCD}||Nguyễn Văn Bình|05031990|Nam|1 Đường Số 2, Quận 3|01022021"
NO = "Không có kết quả được chấp nhận"
YES = "Đạt quy định tại chốt"


@pytest.fixture
def officer(world: World, browser: FlaskClient) -> Gate:
    login = hire(world, Role.CONTROL_OFFICER, "CHOT1")
    assert sign_in(browser, login, totp(world))[0] == 303
    return Gate(browser)


class Gate:
    """The page of somebody who is signed in."""

    def __init__(self, browser: FlaskClient) -> None:
        self.browser = browser

    def ask(self, asked: str = CCCD, year: str = "1990", **more: object) -> str:
        found = re.search(r'csrf_token" value="([^"]+)"', self.browser.get("/staff/check").text)
        assert found
        data = {"csrf_token": found[1], "place": "CHOT1", "asked": asked, "year": year, **more}
        answer = self.browser.post("/staff/check", data=data)
        self.status = answer.status_code
        return answer.text.partition("<main>")[2]


def photo(text: str) -> tuple[BytesIO, str]:
    drawn = BytesIO()
    segno.make_qr(text, encoding="utf-8").save(drawn, kind="png", scale=5)
    drawn.seek(0)
    return drawn, "the.png"


def test_a_card_and_a_year_answer_yes_until_a_time_and_name_nobody(
    world: World, officer: Gate
) -> None:
    world.release()
    page = officer.ask()
    assert YES in page
    assert "Còn hiệu lực đến 07:00 15/07/2026 (giờ Việt Nam)" in page
    assert "đối chiếu" in page
    for secret in ("Bình", CCCD, "1990", "PCR", "Thủ Đức"):
        assert secret not in page


def test_the_short_code_is_read_as_people_write_it(world: World, officer: Gate) -> None:
    code = short_code(b"abcde")
    item = replace(world.release(), short_code=code)
    world.shelf.items[key_of(BINH)] = [item]
    assert YES in officer.ask(f"{code[:4].lower()} {code[4:]}")
    assert NO in officer.ask(code, "1991")


def test_the_text_and_a_photo_of_the_cards_code_ask_for_the_same(
    world: World, officer: Gate
) -> None:
    world.release()
    assert YES in officer.ask(QR)
    assert YES in officer.ask(QR, year="")
    assert YES in officer.ask("", year="", picture=photo(QR))
    assert NO in officer.ask("", year="1991", picture=photo(QR))


def test_every_no_is_the_same_page(world: World, officer: Gate) -> None:
    def page() -> str:
        return re.sub(r'csrf_token" value="[^"]+"', "", officer.ask())

    nobody = page()
    assert NO in nobody
    world.release(outcome=Outcome.POSITIVE)
    positive = page()
    world.shelf.items.clear()
    world.release(test=TB)
    sensitive = page()
    world.shelf.items.clear()
    world.release(person=replace(BINH, birth_date="1991"))
    assert nobody == positive == sensitive == page()


@pytest.mark.parametrize(
    ("asked", "year", "sentence"),
    [
        ("12345", "1990", "Không phải mã tra cứu"),
        ("", "1990", "Không phải mã tra cứu"),
        (CCCD, "90", "4 chữ số"),
        ("x" * 5000, "1990", "Không phải mã tra cứu"),
    ],
)
def test_what_cannot_be_read_is_said_and_counts_for_nothing(
    world: World, officer: Gate, asked: str, year: str, sentence: str
) -> None:
    assert sentence in officer.ask(asked, year)
    assert officer.status == 422
    assert [entry.action for entry in world.audit.entries] == ["signed_in"]


def test_a_photo_without_a_code_is_said(officer: Gate) -> None:
    officer.ask("", picture=(BytesIO(b"no picture"), "x.png"))
    assert officer.status == 422


def test_after_many_misses_there_is_a_pause_with_its_end(world: World, officer: Gate) -> None:
    for _ in range(MISSES):
        officer.ask()
    world.release()
    assert "Tạm dừng tra cứu đến 12:10 12/07/2026" in officer.ask()
    assert officer.status == 429
    world.clock.wait(minutes=10)
    assert YES in officer.ask()


def test_the_audit_names_officer_and_place_and_never_the_person(
    world: World, officer: Gate
) -> None:
    world.release()
    officer.ask()
    entry = world.audit.entries[-1]
    assert (entry.actor, entry.action) == ("control_officer", "looked_up")
    assert (entry.subject, entry.detail) == ("CHOT1", "met")


def test_nobody_looks_up_at_another_place(world: World, officer: Gate) -> None:
    world.release()
    officer.ask(place="CHOT2")
    assert officer.status == 403


def test_an_officer_without_a_place_is_told_whom_to_ask(world: World, browser: FlaskClient) -> None:
    assert sign_in(browser, hire(world, Role.CONTROL_OFFICER), totp(world))[0] == 303
    page = browser.get("/staff/check").text
    assert "chưa được gán" in page
    assert 'name="asked"' not in page


def test_an_administrator_looks_up_at_the_place_of_everybody(
    world: World, browser: FlaskClient
) -> None:
    sign_in(browser, hire(world, Role.ADMINISTRATOR), totp(world))
    world.release()
    assert YES in Gate(browser).ask(place="DEFAULT")


def test_an_officer_of_two_places_chooses(world: World, browser: FlaskClient) -> None:
    sign_in(browser, hire(world, Role.CONTROL_OFFICER, "CHOT1", "CHOT2"), totp(world))
    page = Gate(browser).ask(place="CHOT2")
    assert "<option>CHOT1</option><option selected>CHOT2</option>" in page
    assert world.audit.entries[-1].subject == "CHOT2"
