"""From a phone number through the OTP to a QR code."""

from __future__ import annotations

import pytest

from bot.conversations.words import six_digits
from core.certificates.issue import as_text
from core.citizens.challenge import CodeVerdict
from core.messages.delivery import DeliveryState
from tests.bot.conversations.town import (
    MINH,
    MINH_BORN,
    NOBODY,
    Citizen,
    Town,
    qr_of,
)


def test_the_whole_path_ends_with_a_qr_code_that_reads_as_the_signed_certificate(
    town: Town, minh: Citizen
) -> None:
    item = town.add()
    assert item.certificate
    assert "Nếu số +84 ••• ••• 001" in minh.ask_for_qr()
    assert town.pokes == 1
    assert "T. T. M••h" in minh.say(town.code())
    caption = minh.say(MINH_BORN)
    assert [reply["photo"] for reply in minh.replies] == ["/sim/photo/1"]
    assert qr_of(town.photos[0]) == as_text(item.certificate)
    assert caption.splitlines() == [
        "Trần Thị Minh",
        "Xét nghiệm Realtime RT-PCR: Âm tính",
        "Thời gian lấy mẫu: 08:00 12/07/2026 (Giờ Việt Nam)",
        "Đơn vị xét nghiệm: BV Gia Định",
        "Mã phiếu: ABCD1234",
        "Còn hiệu lực đến 08:00 15/07/2026 (Giờ Việt Nam)",
        "Vui lòng đối chiếu với giấy tờ tùy thân.",
    ]


def test_an_opened_person_with_one_result_needs_three_taps_and_one_code(
    town: Town, minh: Citizen
) -> None:
    town.add(opened=True)
    minh.say("/start")
    minh.press("Thông tin của tôi")
    minh.press("Mã QR của tôi")
    minh.do(contact=MINH)
    minh.say(town.code())
    assert minh.replies[0]["photo"]


def test_a_phone_typed_without_any_menu_is_enough(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.say("0900 001 001")
    minh.say(f"Ma OTP: {town.code()}, hieu luc 5 phut.")
    assert minh.replies[0]["photo"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        ("123 456", "123456"),
        ("1 2 3 4 5 6", "123456"),
        ("mã là 123-456 nhé", "123456"),
        ("12345", ""),
        ("1234567", ""),
        ("0900 001 001", ""),
        ("0900 123 456", ""),
        ("١٢٣٤٥٦", ""),
    ],
)
def test_six_digits_are_found_anywhere_but_never_inside_a_longer_number(
    typed: str, code: str
) -> None:
    assert six_digits(typed) == code


def test_a_number_without_results_gets_the_same_words_and_buttons(
    town: Town, minh: Citizen
) -> None:
    town.add()
    known = minh.ask_for_qr(MINH)
    buttons = minh.buttons
    unknown = minh.ask_for_qr(NOBODY)
    assert known.replace("001", "…") == unknown.replace("999", "…")
    assert buttons == minh.buttons
    states = {message.to: message.state for message in town.challenges.messages}
    assert states[NOBODY] is DeliveryState.SUPPRESSED


def test_a_wrong_code_costs_a_try_and_the_sixth_finds_it_locked(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    right = town.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    assert "còn 4 lần" in minh.say(wrong)
    assert "Gửi lại mã" in minh.buttons
    for _ in range(3):
        minh.say(wrong)
    locked = "đã bị khoá vì nhập sai 5 lần"
    assert locked in minh.say(wrong)
    assert locked in minh.say(right)
    assert not town.photos


def test_a_late_code_is_refused_and_a_new_one_goes_on(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    late = town.code()
    town.clock.pass_by(minutes=5)
    assert "hết hạn" in minh.say(late)
    minh.press("Gửi lại mã")
    minh.say(town.code())
    assert minh.replies[0]["photo"]


def test_a_used_code_opens_nothing_in_another_chat(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    code = town.code()
    minh.say(code)
    thief = Citizen(minh.chat, "thief")
    thief.say("/start")
    assert "chưa hiểu" in thief.say(code)
    assert not any("photo" in reply for reply in thief.replies)


def test_the_same_code_twice_in_one_chat_is_called_used(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    challenge, code = next(iter(town.challenges.rows)), town.code()
    assert town.room.desk.answer_code(challenge, code).verdict is CodeVerdict.PASSED
    assert "đã được dùng rồi" in minh.say(code)


def test_a_code_asked_for_in_one_chat_does_not_count_in_another(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    thief = Citizen(minh.chat, "thief")
    assert "giây nữa" in thief.ask_for_qr()
    thief.say(town.code())
    assert not any("photo" in reply for reply in thief.replies)


def test_a_second_code_within_a_minute_must_wait_and_the_first_still_counts(
    town: Town, minh: Citizen
) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    town.clock.pass_by(seconds=20)
    assert "đợi 40 giây" in minh.press("Gửi lại mã")
    minh.say(town.code())
    assert minh.replies[0]["photo"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("028 3829 1001", "số máy bàn"),
        ("abc", "chưa đọc được số điện thoại"),
        ("+33 6 12 34 56 78", "số của nước này"),
        ("12345", "chưa đọc được số điện thoại"),
        ("9" * 4000, "chưa đọc được số điện thoại"),
    ],
)
def test_a_number_that_cannot_get_a_code_is_told_why_and_how_to_go_on(
    town: Town, minh: Citizen, typed: str, words: str
) -> None:
    minh.ask_for_qr(NOBODY)
    minh.press("Dùng số khác")
    assert words in minh.say(typed)
    assert "Huỷ" in minh.buttons
    town.clock.pass_by(minutes=2)
    assert "Nếu số" in minh.say(MINH)


def test_too_many_codes_an_hour_are_refused(town: Town, minh: Citizen) -> None:
    minh.ask_for_qr()
    for _ in range(4):
        town.clock.pass_by(seconds=61)
        minh.press("Gửi lại mã")
    town.clock.pass_by(seconds=61)
    assert "nhiều mã trong một giờ" in minh.press("Gửi lại mã")


def test_text_in_place_of_a_code_is_told_what_a_code_looks_like(town: Town, minh: Citizen) -> None:
    minh.ask_for_qr()
    assert "6 số" in minh.say("chưa có")
    assert "6 số" in minh.say("12345")


def test_another_number_can_be_typed_in_place_of_a_code(town: Town, minh: Citizen) -> None:
    town.add("+84900001002", opened=True)
    minh.ask_for_qr(MINH)
    minh.say("0900001002")
    minh.say(town.code("+84900001002"))
    assert minh.replies[0]["photo"]


def test_a_proven_phone_lasts_fifteen_minutes_and_then_needs_a_code_again(
    town: Town, minh: Citizen
) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    minh.say(town.code())
    town.clock.pass_by(minutes=14, seconds=59)
    minh.say("/start")
    minh.press("Thông tin của tôi")
    minh.press("Mã QR của tôi")
    assert minh.replies[0]["photo"]
    town.clock.pass_by(seconds=1)
    assert "Gửi mã OTP đến số +84 ••• ••• 001" in minh.press("Mã QR của tôi")
    assert len(town.photos) == 2
    minh.press("Gửi mã OTP")
    minh.say(town.code())
    assert len(town.photos) == 3


def test_an_old_button_of_a_result_shows_nothing_after_fifteen_minutes(
    town: Town, minh: Citizen
) -> None:
    town.add(opened=True)
    town.add(opened=True, hours_ago=30)
    minh.ask_for_qr()
    minh.say(town.code())
    old = minh.buttons[0]
    assert old == "Xét nghiệm Realtime RT-PCR · 08:00 12/07/2026"
    town.clock.pass_by(minutes=16)
    assert "xác nhận lại sau 15 phút" in minh.press(old)
    assert not town.photos


def test_a_button_of_one_phone_does_not_open_another(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    town.add(opened=True, hours_ago=30)
    town.add("+84900001002", name=("Lê", "Văn Bảo"), opened=True)
    minh.ask_for_qr()
    minh.say(town.code())
    of_minh = minh.buttons[0]
    minh.say("0900001002")
    minh.say(town.code("+84900001002"))
    assert "Lê Văn Bảo" in minh.press(of_minh)
    assert "Trần" not in "\n".join(reply["text"] for reply in minh.replies)
