from __future__ import annotations

from typing import Any

import pytest

from core.ports import Challenges
from tests.bot.conversations.town import MINH, NOBODY, Citizen, Town, feed, said

GROUP = {"id": -100123, "type": "supergroup", "title": "Khu phố 3"}
GROUP_WORDS = "nhắn riêng cho tôi"


def test_the_greeting_offers_everything(minh: Citizen) -> None:
    assert "miễn phí" in minh.say("/start")
    assert minh.buttons == [
        "Thông tin của tôi",
        "Kiểm tra mã QR",
        "Ngôn ngữ / Language",
        "Trợ giúp",
    ]


@pytest.mark.parametrize("words", ["menu", "Xin chào", "HELLO", "về đầu", "ve dau", "/menu"])
def test_typed_words_lead_to_the_menu_with_or_without_accents(minh: Citizen, words: str) -> None:
    minh.ask_for_qr()
    assert "Bạn muốn làm gì?" in minh.say(words)


def test_the_language_changes_and_stays(town: Town, minh: Citizen) -> None:
    minh.say("/start")
    minh.press("Ngôn ngữ / Language")
    assert minh.buttons == ["Tiếng Việt", "English"]
    assert "English from now on" in minh.press("English")
    assert "My information" in minh.buttons
    minh.press("My information")
    minh.press("My QR code")
    assert "Please type it here" in minh.do(contact=MINH)
    assert "Stopped" in minh.say("huỷ")


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("en", "free of charge"),
        ("en-GB", "free of charge"),
        ("vi", "miễn phí"),
        ("ko", "free of charge"),
        (None, "miễn phí"),
    ],
)
def test_who_reads_neither_language_is_greeted_in_english(app: str | None, words: str) -> None:
    update = said(text="/start")
    update["message"]["from"]["language_code"] = app
    assert words in feed(Town(), update)[0].text


@pytest.mark.parametrize(("app", "other"), [("vi", "English: "), ("en", "Tiếng Việt: ")])
def test_the_greeting_tells_a_reader_of_the_other_language_which_button_to_press(
    app: str, other: str
) -> None:
    update = said(text="/start")
    update["message"]["from"]["language_code"] = app
    (shown,) = feed(Town(), update)
    (line,) = [line for line in shown.text.splitlines() if line.startswith(other)]
    assert any(f"“{button.label}”" in line for button in shown.buttons)


def test_help_does_not_leave_what_is_going_on(town: Town, minh: Citizen) -> None:
    town.add(opened=True)
    minh.ask_for_qr()
    assert "https://kq.example.vn" in minh.say("trợ giúp")
    minh.say(town.code())
    assert minh.replies[0]["photo"]


@pytest.mark.parametrize("text", ["🙂", "làm sao đây", "/nothing", "123456", "{name} %s <b>"])
def test_what_is_not_understood_shows_the_menu(minh: Citizen, text: str) -> None:
    assert "chưa hiểu" in minh.say(text)
    assert "Thông tin của tôi" in minh.buttons


@pytest.mark.parametrize(
    "content",
    [
        {"text": "/start"},
        {"text": MINH},
        {"contact": {"phone_number": MINH, "first_name": "•", "user_id": 7}},
    ],
)
def test_in_a_group_the_bot_only_asks_to_write_privately(content: dict[str, Any]) -> None:
    town = Town()
    town.add(opened=True)
    (shown,) = feed(town, said(chat=GROUP, **content))
    assert GROUP_WORDS in shown.text
    assert not shown.buttons
    assert not town.challenges.messages


def test_in_a_group_somebody_joining_is_left_alone() -> None:
    joined = [{"id": 8, "is_bot": False, "first_name": "•"}]
    assert feed(Town(), said(chat=GROUP, new_chat_members=joined)) == []


def test_a_button_in_a_group_answers_only_who_pressed_it() -> None:
    press = {
        "id": "7:1",
        "from": {"id": 7, "is_bot": False, "first_name": "•", "language_code": "vi"},
        "chat_instance": "-",
        "message": said(chat=GROUP, text="•")["message"],
        "data": "go:info",
    }
    (shown,) = feed(Town(), {"update_id": 1, "callback_query": press})
    assert GROUP_WORDS in shown.text


@pytest.mark.parametrize("data", ["go:nowhere", "old:button:1", "x" * 64, "person:zz", "result:1"])
def test_an_unknown_or_made_up_button_leads_on(data: str) -> None:
    press = {
        "id": "7:1",
        "from": {"id": 7, "is_bot": False, "first_name": "•"},
        "chat_instance": "-",
        "message": said(text="•")["message"],
        "data": data,
    }
    (shown,) = feed(Town(), {"update_id": 1, "callback_query": press})
    assert shown.buttons


@pytest.mark.parametrize("owner", [{"user_id": 8}, {}])
def test_a_contact_of_somebody_else_sends_no_code(owner: dict[str, int]) -> None:
    town = Town()
    town.add(opened=True)
    (shown,) = feed(town, said(contact={"phone_number": MINH, "first_name": "•", **owner}))
    assert "không phải của chính bạn" in shown.text
    assert not town.challenges.messages


def test_an_own_contact_without_a_plus_still_needs_the_code() -> None:
    town = Town()
    town.add(opened=True)
    contact = {"phone_number": MINH[1:], "first_name": "•", "user_id": 7}
    (shown,) = feed(town, said(contact=contact))
    assert "mã OTP" in shown.text
    assert [message.to for message in town.challenges.messages] == [MINH]


def test_a_failing_store_is_an_apology_and_no_traceback(
    town: Town, minh: Citizen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Challenges, phone: str) -> None:
        raise OSError(f"disk full while reading {phone}")

    monkeypatch.setattr(type(town.challenges), "known", broken)
    assert "trục trặc" in minh.ask_for_qr(NOBODY)
    assert minh.buttons == ["Về đầu"]
    assert "OSError at" in caplog.text
    assert NOBODY not in caplog.text


def test_a_failing_memory_is_an_apology_too(town: Town, minh: Citizen) -> None:
    def broken(key: str) -> None:
        raise OSError("no database")

    town.memory.load = broken  # type: ignore[method-assign]
    assert "trục trặc" in minh.say("/start")


def test_nothing_of_these_is_answered_to_an_edited_message() -> None:
    edited = said(text="/start")
    assert feed(Town(), {"update_id": 2, "edited_message": edited["message"]}) == []
