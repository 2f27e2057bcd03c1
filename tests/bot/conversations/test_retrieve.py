from __future__ import annotations

import pytest

from bot.conversations.words import six_digits
from core.certificates.issue import as_text
from core.citizens.challenge import CodeVerdict
from core.messages.delivery import DeliveryState
from core.results.result import Outcome
from tests.bot.conversations.town import (
    DENGUE,
    HIV,
    MINH,
    MINH_BORN,
    NOBODY,
    WEB,
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


def test_a_family_chooses_by_masked_name_and_each_person_is_opened_once(
    town: Town, minh: Citizen
) -> None:
    town.add()
    town.add(name=("Lê", "Văn Bảo"), born="1950-01-02", opened=True)
    minh.ask_for_qr()
    text = minh.say(town.code())
    assert "nhiều người" in text
    assert minh.buttons[:2] == ["T. T. M••h", "L. V. B•o"]
    assert "Trần" not in text
    assert "Lê Văn Bảo" in minh.press("L. V. B•o")
    assert "Người khác" in minh.buttons
    minh.press("Người khác")
    assert "ngày sinh" in minh.press("T. T. M••h")
    assert "Trần Thị Minh" in minh.say(MINH_BORN)


def test_two_persons_with_one_masked_name_have_two_buttons(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    town.add(name=("Tô", "Thu Minh"), born="1991-01-01", opened=True)
    minh.ask_for_qr()
    minh.say(town.code())
    assert minh.buttons[:2] == ["T. T. M••h", "T. T. M••h (2)"]
    assert "Tô Thu Minh" in minh.press("T. T. M••h (2)")


def test_my_results_stay_with_the_person_who_was_chosen(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    town.add(opened=True, hours_ago=30, outcome=Outcome.INVALID)
    town.add(name=("Lê", "Văn Bảo"), born="1950-01-02", opened=True)
    minh.ask_for_qr()
    minh.say(town.code())
    assert "Trần Thị Minh" in minh.press("T. T. M••h")
    assert "Bạn muốn xem kết quả nào?" in minh.press("Kết quả của tôi")
    assert "cần lấy lại" in minh.press("Xét nghiệm Realtime RT-PCR · 06:00 11/07/2026")


def test_a_wrong_birth_date_is_refused_and_five_lock_the_person(town: Town, minh: Citizen) -> None:
    town.add()
    minh.ask_for_qr()
    minh.say(town.code())
    assert "chưa đọc được" in minh.say("hôm qua")
    for _ in range(4):
        assert "chưa khớp" in minh.say("06/03/1990")
    minh.say("06/03/1990")
    assert "bị khoá 24 giờ" in minh.say(MINH_BORN)
    assert not town.photos


def test_a_person_with_a_birth_year_only_is_asked_for_the_document_too(
    town: Town, minh: Citizen
) -> None:
    town.add(born="1990")
    minh.ask_for_qr()
    assert "4 ký tự cuối" in minh.say(town.code())
    assert "Trần Thị Minh" in minh.say("1990 1234")


def test_a_person_with_nothing_to_prove_is_sent_to_the_staff(town: Town, minh: Citizen) -> None:
    town.add(born="")
    minh.ask_for_qr()
    assert "mang giấy tờ tùy thân" in minh.say(town.code())
    assert "chưa hiểu" in minh.say("05/03/1990")


def test_class_b_is_a_link_without_the_name_of_the_test(town: Town, minh: Citizen) -> None:
    town.add(test=DENGUE, outcome=Outcome.POSITIVE, opened=True)
    minh.ask_for_qr()
    text = minh.say(town.code())
    assert WEB in text
    assert "NS1" not in text
    assert "Dương" not in text
    assert "Sốt" not in text


def test_class_d_is_nothing_at_all(town: Town, minh: Citizen) -> None:
    town.add(test=HIV, outcome=Outcome.POSITIVE, opened=True)
    minh.ask_for_qr()
    assert "Không tìm thấy kết quả phù hợp" in minh.say(town.code())
    assert minh.buttons


def test_several_results_are_listed_newest_first_and_each_opens(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    town.add(opened=True, hours_ago=100)
    town.add(opened=True, test=DENGUE)
    minh.ask_for_qr()
    text = minh.say(town.code())
    assert "Có 1 kết quả chỉ xem được trên trang web" in text
    assert minh.buttons[1] == "Xét nghiệm Realtime RT-PCR · 08:00 08/07/2026"
    caption = minh.press("Xét nghiệm Realtime RT-PCR · 08:00 08/07/2026")
    assert "Hết hạn" in caption
    assert "đối chiếu" not in caption
    assert minh.replies[0]["photo"]


def test_a_positive_never_says_that_it_is_valid(town: Town, minh: Citizen) -> None:
    town.add(outcome=Outcome.POSITIVE, opened=True)
    minh.ask_for_qr()
    caption = minh.say(town.code())
    assert "Dương tính" in caption
    assert "không dùng để qua chốt" in caption
    assert "Còn hiệu lực" not in caption


def test_a_pools_positive_and_a_failed_test_ask_for_a_new_sample(town: Town, minh: Citizen) -> None:
    town.add(outcome=Outcome.POSITIVE, opened=True, pooled=True)
    minh.ask_for_qr()
    text = minh.say(town.code())
    assert "cần lấy lại, không mất phí" in text
    assert "028 0000" in text
    assert "Dương tính" not in text
    assert not town.photos


def test_a_code_that_was_corrected_meanwhile_is_not_shown(town: Town, minh: Citizen) -> None:
    from core.certificates.verdict import Standing

    item = town.add(opened=True)
    assert item.uvci
    town.standings[item.uvci] = Standing.CORRECTED
    minh.ask_for_qr()
    assert "Đã đính chính" in minh.say(town.code())
    assert not town.photos


def test_cancel_works_in_many_spellings_and_ends_the_question(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    for word in ("Huỷ", "hủy", "HUY", "/cancel", "cancel"):
        minh.ask_for_qr()
        assert "Đã dừng" in minh.say(word)
        town.clock.pass_by(minutes=20)
    assert "chưa hiểu" in minh.say(town.code())
    assert not town.photos


def test_who_cancels_and_begins_anew_may_still_use_the_code_on_its_way(
    town: Town, minh: Citizen
) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    minh.say("huỷ")
    assert "đợi 60 giây" in minh.say(MINH)
    minh.say(town.code())
    assert minh.replies[0]["photo"]


def test_start_over_forgets_the_phone(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    minh.say(town.code())
    minh.say("menu")
    minh.press("Thông tin của tôi")
    assert "Đã quên" in minh.press("Quên số này")
    assert not town.memory.rows
    minh.press("Thông tin của tôi")
    assert "Gửi số điện thoại của tôi" in _labels(minh, "Mã QR của tôi")


def test_the_conversation_goes_on_after_a_restart_in_the_middle(town: Town) -> None:
    town.add()
    with town.chatting() as before:
        Citizen(before).ask_for_qr()
    with town.chatting() as after:
        minh = Citizen(after)
        assert "ngày sinh" in minh.say(town.code())
    with town.chatting() as later:
        minh = Citizen(later)
        minh.say(MINH_BORN)
        assert minh.replies[0]["photo"]


def test_what_is_remembered_holds_neither_name_nor_birth_date_nor_code(
    town: Town, minh: Citizen
) -> None:
    town.add()
    minh.ask_for_qr()
    code = town.code()
    minh.say(code)
    minh.say(MINH_BORN)
    kept = "".join(f"{state} {data.decode()}" for state, data in town.memory.rows.values())
    assert MINH in kept
    for secret in ("Minh", "1990", code, "Âm"):
        assert secret not in kept


def _labels(citizen: Citizen, label: str) -> list[str]:
    citizen.press(label)
    return citizen.buttons
