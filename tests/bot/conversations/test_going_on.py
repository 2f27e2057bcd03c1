"""Cancelling, starting over, restarting: a conversation that is interrupted goes on."""

from __future__ import annotations

from tests.bot.conversations.town import (
    MINH,
    MINH_BORN,
    Citizen,
    Town,
)


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
