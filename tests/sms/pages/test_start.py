"""The ways in: a typed number and an SMS link, and everything wrong with either."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from core.messages.delivery import DeliveryState
from tests.sms.conftest import Walk, ticket_of
from tests.sms.fakes import STRANGER, World


def test_the_first_page_speaks_vietnamese_unless_asked_otherwise(client: FlaskClient) -> None:
    assert '<html lang="vi">' in client.get("/").text
    assert '<html lang="en">' in client.get("/?lang=en").text
    english = client.get("/", headers={"Accept-Language": "fr-FR, en-GB;q=0.9, vi;q=0.5"})
    assert "See your test result" in english.text


def test_a_chosen_language_is_carried_by_every_form(world: World, client: FlaskClient) -> None:
    page = Walk(client, "en").post("/", phone="0900000123")
    assert "Enter the code" in page
    assert 'name="lang" value="en"' in page
    assert 'href="/?lang=en"' in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("028 3829 1234", "máy bàn"),
        ("1900 1234", "số dịch vụ"),
        ("không có", "chưa đúng"),
        ("", "chưa đúng"),
        ("9" * 3000, "chưa đúng"),
        ("+1 415 555 2671", "nước này"),
    ],
)
def test_a_number_that_gets_no_sms_is_explained_and_nothing_sent(
    world: World, client: FlaskClient, typed: str, sentence: str
) -> None:
    answer = client.post("/", data={"phone": typed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert world.challenges.messages == []


def test_what_was_typed_is_shown_again_without_becoming_markup(client: FlaskClient) -> None:
    page = client.post("/", data={"phone": '"><script>alert(1)</script>'}).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_stranger_is_answered_like_somebody_with_results(
    world: World, client: FlaskClient
) -> None:
    known = Walk(client).post("/", phone="0900000123")
    unknown = Walk(client).post("/", phone=STRANGER)
    states = [message.state for message in world.challenges.messages]
    assert states == [DeliveryState.PENDING, DeliveryState.SUPPRESSED]
    known = known.replace(ticket_of(known), "T").replace("123", "N")
    unknown = unknown.replace(ticket_of(unknown), "T").replace("999", "N")
    assert known == unknown


def test_a_second_code_within_a_minute_must_wait(world: World, client: FlaskClient) -> None:
    walk = Walk(client)
    walk.post("/", phone="0900000123")
    world.clock.wait(seconds=18)
    assert "sau 42 giây" in walk.post("/", phone="0900000123")
    assert len(world.challenges.messages) == 1


def test_a_sixth_code_within_an_hour_is_refused(world: World, client: FlaskClient) -> None:
    walk = Walk(client)
    for _ in range(6):
        walk.post("/", phone="0900000123")
        world.clock.wait(seconds=61)
    assert "sau một giờ" in walk.page
    assert len(world.challenges.messages) == 5


def test_a_link_preview_sends_nothing(world: World, client: FlaskClient) -> None:
    page = client.get(world.link(world.release())).text
    assert "+84 ••• ••• 123" in page
    assert "Gửi mã OTP" in page
    assert "900000123" not in page
    assert world.challenges.messages == []


def test_head_on_a_link_sends_nothing(world: World, client: FlaskClient) -> None:
    assert client.head(world.link(world.release())).status_code == 200
    assert world.challenges.messages == []


def test_the_links_button_sends_one_code(world: World, client: FlaskClient) -> None:
    page = Walk(client).post(world.link(world.release()))
    assert "Nhập mã OTP" in page
    assert [message.to for message in world.challenges.messages] == ["+84900000123"]


def test_the_links_button_pressed_twice_says_how_long_to_wait(
    world: World, client: FlaskClient
) -> None:
    link = world.link(world.release())
    Walk(client).post(link)
    again = client.post(link)
    assert again.status_code == 422
    assert "sau 60 giây" in again.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_is_a_page_with_a_way_on(client: FlaskClient, method: str) -> None:
    answer = getattr(client, method)("/k/AAAAAAAAAAAAAAAAAAAAAA")
    assert answer.status_code == 404
    assert "Liên kết không đúng" in answer.text
    assert 'class="button" href="/"' in answer.text


def test_an_expired_link_offers_the_phone_page(world: World, client: FlaskClient) -> None:
    answer = client.post(world.link(world.release(), expired=True))
    assert answer.status_code == 410
    assert "hết hạn" in answer.text
    assert 'class="button" href="/"' in answer.text
    assert world.challenges.messages == []
