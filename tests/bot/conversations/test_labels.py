from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.conversations import labels
from tests.bot.conversations.town import MINH, MINH_BORN, Citizen, Town
from tests.words import catalogues

CODE = Path(__file__).parents[3] / "bot/conversations"
QR_LABELS = ["Mã QR của tôi", "MÃ QR CỦA TÔI", "ma qr cua toi", "My QR code", "“my qr code”."]


def proven(town: Town, minh: Citizen) -> None:
    """A phone is proved, the result was seen, the menu is shown."""
    town.add(opened=True)
    minh.ask_for_qr()
    minh.say(town.code())
    minh.say("menu")
    town.photos.clear()


@pytest.mark.parametrize("typed", QR_LABELS)
def test_the_typed_label_of_the_qr_code_shows_it_once_the_phone_is_proven(
    town: Town, minh: Citizen, typed: str
) -> None:
    proven(town, minh)
    minh.say(typed)
    assert len(town.photos) == 1


@pytest.mark.parametrize("typed", ["Kết quả của tôi", "my results", "KET QUA CUA TOI"])
def test_the_typed_label_of_the_results_lists_those_without_a_code_too(
    town: Town, minh: Citizen, typed: str
) -> None:
    proven(town, minh)
    town.add(opened=True, hours_ago=30, pooled=True)
    assert "Bạn muốn xem kết quả nào?" in minh.say(typed)
    assert len(minh.buttons) > 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Mã QR của tôi", "số điện thoại đã ghi"),
        ("my results", "số điện thoại đã ghi"),
        ("trợ giúp", "Cách nhận kết quả"),
        ("HELP", "Cách nhận kết quả"),
        ("Thông tin của tôi", "Bạn muốn xem gì?"),
        ("Kiểm tra mã khác", "gửi ảnh chụp mã QR"),
        ("Check a QR code", "gửi ảnh chụp mã QR"),
        ("Dùng số khác", "số điện thoại đã ghi"),
        ("Gửi số điện thoại của tôi", "số điện thoại đã ghi"),
        ("Send a code", "số điện thoại đã ghi"),
        ("Language / Ngôn ngữ", "Choose a language"),
        ("Quên số này", "Đã quên"),
        ("Về đầu", "miễn phí"),
        ("English", "English from now on"),
        ("tiếng việt", "nói tiếng Việt"),
    ],
)
@pytest.mark.parametrize("channel", ["telegram", "zalo"])
def test_a_typed_label_acts_as_the_button_for_who_comes_new(
    minh: Citizen, channel: str, typed: str, words: str
) -> None:
    assert words in Citizen(minh.chat, "new", channel).say(typed)


def test_a_typed_label_is_heard_while_a_phone_is_asked_for(minh: Citizen) -> None:
    minh.say("Mã QR của tôi")
    assert "số điện thoại đã ghi" in minh.say("Kết quả của tôi")


def test_a_typed_label_is_heard_while_a_code_is_asked_for(town: Town, minh: Citizen) -> None:
    minh.ask_for_qr()
    town.clock.pass_by(seconds=20)
    assert "đợi 40 giây" in minh.say("gửi lại mã")
    assert "số điện thoại đã ghi" in minh.say("dùng số khác")


def test_a_typed_label_is_heard_while_somebody_elses_code_is_asked_for(
    town: Town, minh: Citizen
) -> None:
    proven(town, minh)
    minh.say("Kiểm tra mã QR")
    minh.say("Mã QR của tôi")
    assert len(town.photos) == 1


def test_a_typed_label_is_heard_while_a_birth_date_is_asked_for_and_costs_no_try(
    town: Town, minh: Citizen
) -> None:
    town.add()
    minh.ask_for_qr()
    minh.say(town.code())
    for _ in range(6):
        assert "nhập ngày sinh" in minh.say("Mã QR của tôi")
    minh.say(MINH_BORN)
    assert len(town.photos) == 1


def test_the_typed_label_for_another_person_lists_the_family(town: Town, minh: Citizen) -> None:
    town.add(name=("Lê", "Văn Bảo"), born="1950-01-02", opened=True)
    proven(town, minh)
    assert "nhiều người" in minh.say("Người khác")


def test_every_button_with_a_label_of_its_own_can_be_typed() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.glob("*.py"))
    drawn = set(re.findall(r'"chat\.button\.([a-z_]+)"', code))
    heard = [name for name, _ in (*labels._LEADS, *labels._FETCHES)]
    assert set(heard) == drawn


def test_no_two_labels_that_lead_elsewhere_read_alike() -> None:
    texts = catalogues()
    leads = dict((*labels._LEADS, *labels._FETCHES))
    for language in texts.languages:
        told = {(texts.say(language, f"chat.button.{name}"), leads[name]) for name in leads}
        assert len({label for label, _ in told}) == len(told)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("028 3829 1001", "số máy bàn"),
        ("(028) 3829-1001", "số máy bàn"),
        ("+84 28 3829 1001", "số máy bàn"),
        ("0900 001 00", "chưa đọc được số điện thoại"),
        ("1234567", "chưa đọc được số điện thoại"),
        ("9" * 4000, "chưa đọc được số điện thoại"),
        ("+33 6 12 34 56 78", "số của nước này"),
        ("0900\u00a0001 001", "Nếu số"),
    ],
)
def test_a_number_given_unasked_is_taken_as_the_phone(
    minh: Citizen, typed: str, words: str
) -> None:
    assert words in minh.say(typed)
    assert "chưa hiểu" not in minh.replies[0]["text"]


def test_after_a_number_that_did_not_do_a_right_one_goes_on(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.say("028 3829 1001")
    minh.say(MINH)
    minh.say(town.code())
    assert len(town.photos) == 1


@pytest.mark.parametrize("typed", ["12345", "123 456", "05-03-1990", "05.03.1990", "1990-03-05"])
def test_a_code_or_a_date_given_unasked_is_not_taken_as_a_phone(minh: Citizen, typed: str) -> None:
    assert "chưa hiểu" in minh.say(typed)


def test_a_wrong_birth_date_tells_in_both_languages_that_five_lock_for_a_day(
    town: Town, minh: Citizen
) -> None:
    town.add()
    minh.ask_for_qr()
    minh.say(town.code())
    assert "Sau 5 lần sai, kết quả sẽ bị khoá 24 giờ" in minh.say("06/03/1990")
    minh.say("English")
    assert "After 5 wrong tries the results are locked for 24 hours" in minh.say("06/03/1990")
