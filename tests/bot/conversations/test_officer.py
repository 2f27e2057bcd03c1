"""An officer links a chat, in commands and in words; who guesses is stopped."""

from __future__ import annotations

import os

import pytest

from bot.channels.incoming import ChatRequest
from bot.channels.simulator import ChatSimulator
from core.citizens.codes import chat_code
from core.feeds.linking import TRIES
from tests.bot.conversations.town import HOA, MINH, TIN, Citizen, Town, feed, said

CHANNELS = pytest.mark.parametrize("channel", ["telegram", "zalo"])
CHAT = str(ChatRequest("hoa", "", "", "").user_id)


def linked(town: Town) -> tuple[str, str]:
    """Channel and chat of the officer."""
    officer = town.officers.rows[HOA.id]
    return officer.channel, officer.chat


@CHANNELS
def test_the_command_with_a_code_links_and_names_the_facility(
    town: Town, chat: ChatSimulator, channel: str
) -> None:
    text = Citizen(chat, "hoa", channel).say(f"/officer {town.link_code()}")
    assert "cảnh báo về đường truyền của Bệnh viện Gia Định" in text
    assert linked(town) == (channel, CHAT)


@CHANNELS
def test_the_command_alone_asks_for_the_code(town: Town, chat: ChatSimulator, channel: str) -> None:
    hoa = Citizen(chat, "hoa", channel)
    text = hoa.say("/officer")
    assert "nhập mã liên kết" in text
    assert "30 phút" in text
    assert "Đã liên kết" in hoa.say(town.link_code().lower().replace("-", " "))
    assert linked(town) == (channel, CHAT)
    hoa.say(town.link_code(TIN))  # nobody asked for this one
    assert town.officers.rows[TIN.id] == TIN


@pytest.mark.parametrize(
    "words", ["cán bộ {}", "Can bo: {}", "officer {}", "Liên kết cán bộ {}.", "Receive alerts {}"]
)
def test_a_typed_sentence_does_what_the_command_does(
    town: Town, chat: ChatSimulator, words: str
) -> None:
    hoa = Citizen(chat, "hoa", "zalo")
    assert "Đã liên kết" in hoa.say(words.format(town.link_code()))
    assert linked(town) == ("zalo", CHAT)


@pytest.mark.parametrize("words", ["cán bộ", "CAN BO", "officer", "nhận cảnh báo"])
def test_the_words_alone_ask_for_the_code(chat: ChatSimulator, words: str) -> None:
    assert "nhập mã liên kết" in Citizen(chat, "hoa").say(words)


@pytest.mark.parametrize("words", ["cán bộ chốt kiểm soát ở đâu", "officers", "cán bộc"])
def test_a_question_that_begins_alike_is_not_a_code(chat: ChatSimulator, words: str) -> None:
    assert "chưa hiểu" in Citizen(chat, "hoa").say(words)


@pytest.mark.parametrize("words", ["/officer off", "/officer OFF", "cán bộ tắt", "officer stop"])
def test_off_parts_the_chat_and_says_from_whom(town: Town, chat: ChatSimulator, words: str) -> None:
    hoa = Citizen(chat, "hoa")
    hoa.say(f"/officer {town.link_code()}")
    hoa.say(f"/officer {town.link_code(TIN)}")
    text = hoa.say(words)
    assert "cảnh báo của Bệnh viện Gia Định, BVTD không còn" in text
    assert town.officers.rows == {HOA.id: HOA, TIN.id: TIN}
    assert "Chưa có cảnh báo" in hoa.say(words)


def test_a_wrong_code_is_said_and_the_next_one_is_heard(town: Town, chat: ChatSimulator) -> None:
    hoa = Citizen(chat, "hoa")
    code = town.link_code()
    assert "không đúng" in hoa.say(f"/officer {chat_code(os.urandom(5))}")
    assert "9 chữ và số" in hoa.say("K7M")
    assert linked(town) == ("", "")
    assert "Đã liên kết" in hoa.say(code)


def test_a_guesser_is_stopped_after_five_over_a_restart_and_stops_nobody_else(town: Town) -> None:
    code = town.link_code()
    with town.chatting() as chat:
        guesser = Citizen(chat, "x")
        for _ in range(TRIES):
            assert "không đúng" in guesser.say(f"/officer {chat_code(os.urandom(5))}")
    with town.chatting() as chat:
        guesser = Citizen(chat, "x")
        for way_out in ("/start", "huỷ", "/officer"):
            guesser.say(way_out)
        assert "quá nhiều mã sai" in guesser.say(code)
        guesser.say(code)
        assert linked(town) == ("", "")
        assert "Đã liên kết" in Citizen(chat, "hoa").say(f"/officer {code}")


def test_a_phone_number_typed_instead_fetches_results(town: Town, chat: ChatSimulator) -> None:
    minh = Citizen(chat, "minh")
    minh.say("/officer")
    assert "mã OTP" in minh.say(MINH)
    assert "9 chữ" not in minh.say("000000")


def test_what_was_going_on_is_left_and_menus_are_heard(town: Town, chat: ChatSimulator) -> None:
    minh = Citizen(chat, "minh")
    minh.ask_for_qr()
    assert "nhập mã liên kết" in minh.say("/officer")
    assert "Bạn muốn làm gì?" in minh.press("Về đầu")
    minh.say(town.link_code())
    assert linked(town) == ("", "")


@pytest.mark.parametrize("slip", ["768-YFN-4ZC", "912-345-ABD"])
def test_a_mistyped_code_is_not_taken_for_a_phone_in_letters(
    chat: ChatSimulator, slip: str
) -> None:
    hoa = Citizen(chat, "hoa")
    hoa.say("/officer")
    assert "9 chữ và số" in hoa.say(slip)


def test_in_a_group_no_code_is_taken(town: Town) -> None:
    group = {"id": -100123, "type": "supergroup", "title": "Khoa xét nghiệm"}
    (shown,) = feed(town, said(chat=group, text=f"/officer {town.link_code()}"))
    assert "nhắn riêng cho tôi" in shown.text
    assert linked(town) == ("", "")


def test_it_is_said_in_english_to_who_reads_english(town: Town, chat: ChatSimulator) -> None:
    hoa = Citizen(chat, "hoa")
    hoa.say("English")
    assert "alerts about the connection of Bệnh viện" in hoa.say(f"/officer {town.link_code()}")


def test_no_code_is_kept_in_the_conversation(town: Town, chat: ChatSimulator) -> None:
    code = town.link_code()
    hoa = Citizen(chat, "hoa")
    hoa.say("/officer")
    hoa.say(code)
    assert not town.memory.rows
