from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.channels.incoming import ChatRequest, ChatRequestRefused
from bot.channels.simulator import ChatSimulator
from core.certificates import picture
from core.certificates.issue import as_text
from core.errors import GatewayRefused
from tests.bot.conversations.town import MINH, MINH_BORN, Citizen, Town


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def chat(town: Town) -> Iterator[ChatSimulator]:
    with town.chatting() as simulator:
        yield simulator


def test_replies_have_the_documented_form(chat: ChatSimulator, town: Town) -> None:
    town.add(opened=True)
    (reply,) = chat.exchange({"user": "an", "channel": "telegram", "text": "/start"})
    assert set(reply) == {"text", "buttons"}
    citizen = Citizen(chat, "an")
    citizen.ask_for_qr()
    citizen.say(town.code())
    assert set(citizen.replies[0]) == {"text", "buttons", "photo"}


def test_every_reply_is_recorded_with_its_receiver(chat: ChatSimulator, town: Town) -> None:
    town.add(opened=True)
    citizen = Citizen(chat, "an")
    citizen.ask_for_qr()
    citizen.say(town.code())
    assert {message["to"] for message in town.outbox} == {"an"}
    assert {message["channel"] for message in town.outbox} == {"telegram"}
    assert town.outbox[-1]["photo"] == "/sim/photo/1"
    assert town.outbox[0]["photo"] is None
    assert town.outbox[-1]["text"] == citizen.replies[-1]["text"]


def test_in_the_manner_of_zalo_buttons_are_numbered_lines_and_a_number_presses_one(
    chat: ChatSimulator, town: Town
) -> None:
    town.add()
    citizen = Citizen(chat, "an", "zalo")
    text = citizen.say("xin chào")
    assert text.endswith(
        "1. Thông tin của tôi\n2. Kiểm tra mã QR\n3. Ngôn ngữ / Language\n4. Trợ giúp"
    )
    assert citizen.buttons[0] == "Thông tin của tôi"
    citizen.say("1")
    text = citizen.say(" 1 ")
    assert "Hãy nhập số điện thoại" in text
    assert "Gửi số điện thoại" not in text
    citizen.say("0900001001")
    citizen.say(town.code())
    citizen.say(MINH_BORN)
    assert citizen.replies[0]["photo"]


def test_on_zalo_a_contact_is_a_typed_number(chat: ChatSimulator, town: Town) -> None:
    town.add(opened=True)
    citizen = Citizen(chat, "an", "zalo")
    citizen.say("menu")
    citizen.press("Thông tin của tôi")
    citizen.press("Mã QR của tôi")
    citizen.do(contact=MINH)
    citizen.say(town.code())
    assert citizen.replies[0]["photo"]


def test_a_challenge_notes_the_channel_it_was_asked_on(chat: ChatSimulator, town: Town) -> None:
    Citizen(chat, "an", "zalo").say(MINH)
    Citizen(chat, "an", "telegram").say(MINH)
    assert [row.channel for row in town.challenges.rows.values()] == ["zalo", "telegram"]


def test_the_same_user_on_two_channels_has_two_conversations(
    chat: ChatSimulator, town: Town
) -> None:
    telegram, zalo = Citizen(chat, "an"), Citizen(chat, "an", "zalo")
    telegram.ask_for_qr()
    assert "chưa hiểu" in zalo.say("123456")
    assert "còn 4 lần" in telegram.say(_wrong(town.add().short_code))


def test_a_number_that_is_no_option_is_just_text_on_zalo(chat: ChatSimulator) -> None:
    citizen = Citizen(chat, "an", "zalo")
    citizen.say("menu")
    for text in ("0", "5", "01", "١", "1.", "-1"):
        assert "chưa hiểu" in citizen.say(text)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({}, "bad_user"),
        ({"user": 7, "text": "x"}, "bad_user"),
        ({"user": "", "text": "x"}, "bad_user"),
        ({"user": "a" * 101, "text": "x"}, "bad_user"),
        ({"user": "an", "channel": "viber", "text": "x"}, "bad_channel"),
        ({"user": "an", "channel": ["zalo"], "text": "x"}, "bad_channel"),
        ({"user": "an"}, "say_one_thing"),
        ({"user": "an", "text": ""}, "say_one_thing"),
        ({"user": "an", "text": 7}, "say_one_thing"),
        ({"user": "an", "text": "x", "button": "y"}, "say_one_thing"),
        ({"user": "an", "image": "!!!"}, "bad_image"),
        ({"user": "an", "image": "ảnh"}, "bad_image"),
        ({"user": "an", "button": "Không có"}, "unknown_button"),
    ],
)
def test_a_request_that_cannot_be_played_is_refused_with_a_code(
    chat: ChatSimulator, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ChatRequestRefused) as refused:
        chat.exchange(request_)
    assert refused.value.code == code
    assert isinstance(refused.value, ValueError)


def test_the_contact_button_wants_a_number(chat: ChatSimulator) -> None:
    citizen = Citizen(chat, "an")
    citizen.say("/start")
    citizen.press("Thông tin của tôi")
    citizen.press("Mã QR của tôi")
    assert citizen.buttons == ["Gửi số điện thoại của tôi", "Huỷ"]
    with pytest.raises(ChatRequestRefused, match="share_with_contact"):
        citizen.press("Gửi số điện thoại của tôi")
    assert "Đã dừng" in citizen.press("Huỷ")


def test_many_users_at_once_get_their_own_answers(chat: ChatSimulator, town: Town) -> None:
    names = [f"người {number}" for number in range(20)]
    phones = {name: f"+849000020{number:02}" for number, name in enumerate(names)}
    items = {
        name: town.add(phones[name], name=("Lê", f"Thị {number}"), opened=True)
        for number, name in enumerate(names)
    }

    def fetch(name: str) -> str:
        citizen = Citizen(chat, name)
        citizen.ask_for_qr(phones[name])
        return citizen.say(town.code(phones[name]))

    with ThreadPoolExecutor(8) as threads:
        texts = dict(zip(names, threads.map(fetch, names), strict=True))
    assert all(texts[name].startswith(items[name].result.person.full_name) for name in names)


def test_parallel_guesses_of_one_user_share_five_tries(chat: ChatSimulator, town: Town) -> None:
    town.add(opened=True)
    citizen = Citizen(chat, "an")
    citizen.ask_for_qr()
    wrong = _wrong(town.code())

    def guess(_: int) -> str:
        citizen = Citizen(chat, "an")
        text = citizen.say(wrong)
        assert len(citizen.replies) == 1
        return text

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(guess, range(12)))
    assert sum("còn" in answer for answer in answers) == 4
    assert sum("đã bị khoá" in answer for answer in answers) == 8


def test_a_user_is_the_same_number_every_time_and_positive() -> None:
    numbers = {ChatRequest(user, "telegram", "text", "x").user_id for user in ("an", "an", "bình")}
    assert len(numbers) == 2
    assert all(0 < number < 2**63 for number in numbers)


def test_an_image_may_come_as_a_data_url(chat: ChatSimulator, town: Town) -> None:
    item = town.add()
    assert item.certificate
    image = b64encode(picture.png(as_text(item.certificate), module_px=4)).decode()
    assert "✅" in Citizen(chat, "an").do(image=f"data:image/png;base64,{image}")


def test_what_proves_somebody_is_deleted_where_the_channel_can(town: Town) -> None:
    from aiogram import Bot
    from aiogram.methods import DeleteMessage, TelegramMethod

    from bot.channels.screen import ScreenSession

    deleted: list[int] = []
    session_request = ScreenSession.make_request

    async def watch(self: ScreenSession, bot: Bot, method: TelegramMethod[Any], **how: Any) -> Any:
        if isinstance(method, DeleteMessage):
            deleted.append(bot.id)
        return await session_request(self, bot, method, **how)

    town.add()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScreenSession, "make_request", watch)
        with town.chatting() as chat:
            for channel in ("telegram", "zalo"):
                citizen = Citizen(chat, "an", channel)
                town.shelf.proofs.clear()
                citizen.ask_for_qr()
                citizen.say(town.code())
                citizen.say(MINH_BORN)
    assert deleted == [1, 1]


def letter(chat: ChatSimulator, user: str, channel: str, text: str, closed: list[str]) -> None:
    user_id = ChatRequest(user, channel, "text", "x").user_id
    chat.gateway(channel, closed.append).send(str(user_id), text, reference="d1")


@pytest.mark.parametrize("channel", ["telegram", "zalo"])
def test_a_letter_reaches_the_user_of_its_chat_also_after_a_restart(
    town: Town, channel: str
) -> None:
    other = "zalo" if channel == "telegram" else "telegram"
    for _ in range(2):
        with town.chatting() as chat:
            if not town.outbox:
                Citizen(chat, "chị Hoa", channel).say("/start")
                Citizen(chat, "an", other).say("/start")
            letter(chat, "chị Hoa", channel, "Đơn vị im lặng", [])
        newest = {key: town.outbox[-1][key] for key in ("to", "channel", "text")}
        assert newest == {"to": "chị Hoa", "channel": channel, "text": "Đơn vị im lặng"}
    assert len(town.outbox) == 4


def test_a_letter_to_nobody_closes_the_chat(chat: ChatSimulator, town: Town) -> None:
    Citizen(chat, "hoa", "zalo").say("/start")
    closed: list[str] = []
    with pytest.raises(GatewayRefused, match="chat_closed"):
        letter(chat, "hoa", "telegram", "x", closed)
    assert closed == [str(ChatRequest("hoa", "", "", "").user_id)]
    assert len(town.outbox) == 1


def test_a_letter_that_comes_during_an_exchange_is_not_among_its_replies(
    chat: ChatSimulator, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(phone: str) -> bool:
        asked.set()
        return go_on.wait(30)

    monkeypatch.setattr(town.challenges, "known", slow)
    with ThreadPoolExecutor(1) as thread:
        citizen = Citizen(chat, "an")
        said = thread.submit(citizen.say, MINH)
        assert asked.wait(30)
        letter(chat, "an", "telegram", "Đơn vị im lặng", [])
        go_on.set()
        assert "im lặng" not in said.result(30)
    assert ["im lặng" in message["text"] for message in town.outbox] == [True, False]


def _wrong(code: str) -> str:
    return "000000" if code != "000000" else "000001"
