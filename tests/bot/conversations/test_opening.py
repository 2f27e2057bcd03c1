"""Behind a proven phone: whose results, proved how, and what of them a chat shows."""

from __future__ import annotations

from core.results.result import Outcome
from tests.bot.conversations.town import (
    DENGUE,
    HIV,
    MINH_BORN,
    WEB,
    Citizen,
    Town,
)


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
