"""Letters into chats: what the Bot API answers decides what becomes of them."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from bot.channels import gateway as module
from bot.channels.gateway import ChatGateway
from core.errors import GatewayRefused, GatewayRetry
from core.messages.sending import Postroom
from tests.bot.channels.bot_api import TOKEN, BotApi, serving
from tests.core.messages.test_sending import NOON, OneDelivery

CHAT = "5550001112223"


class Line:
    """A gateway over a bot whose loop runs in a thread, as the chat's does."""

    def __init__(self, server: TelegramAPIServer, token: str = TOKEN) -> None:
        self.closed: list[str] = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.bot = self._in_loop(server, token)
        self.gateway = ChatGateway(self.bot, self.loop, self.closed.append)

    def _in_loop(self, server: TelegramAPIServer, token: str) -> Bot:
        async def make() -> Bot:
            return Bot(token, session=AiohttpSession(api=server))

        return asyncio.run_coroutine_threadsafe(make(), self.loop).result(10)

    def send(self, text: str = "Đơn vị im lặng") -> str:
        return self.gateway.send(CHAT, text, reference="d1")

    def refusal(self) -> GatewayRefused | GatewayRetry:
        with pytest.raises((GatewayRefused, GatewayRetry)) as caught:
            self.send()
        assert isinstance(caught.value, GatewayRefused | GatewayRetry)
        return caught.value

    def hang_up(self) -> None:
        asyncio.run_coroutine_threadsafe(self.bot.session.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@contextmanager
def line(server: TelegramAPIServer, token: str = TOKEN) -> Iterator[Line]:
    made = Line(server, token)
    try:
        yield made
    finally:
        made.hang_up()


@pytest.fixture
def api_and_line() -> Iterator[tuple[BotApi, Line]]:
    with serving() as (api, server), line(server) as made:
        yield api, made


def test_a_letter_arrives_as_it_was_written(api_and_line: tuple[BotApi, Line]) -> None:
    api, line = api_and_line
    text = "BVX chưa gửi kết quả <b>lis</b> {x}"
    assert line.send(text) == "1"
    (sent,) = api.of("sendMessage")
    assert (sent["chat_id"], sent["text"]) == (CHAT, text)
    assert "parse_mode" not in sent
    assert line.closed == []


@pytest.mark.parametrize(
    ("status", "description"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: PEER_ID_INVALID"),
    ],
)
def test_a_chat_that_takes_no_more_is_refused_for_good_and_told_of(
    api_and_line: tuple[BotApi, Line], status: int, description: str
) -> None:
    api, line = api_and_line
    api.breaks("sendMessage", status, description)
    refusal = line.refusal()
    assert isinstance(refusal, GatewayRefused)
    assert refusal.code == "chat_closed"
    assert line.closed == [CHAT]


def test_a_flood_is_left_alone_for_as_long_as_it_asks(
    api_and_line: tuple[BotApi, Line],
) -> None:
    api, line = api_and_line
    api.breaks("sendMessage", 429, "Too Many Requests: retry after 47", retry_after=47)
    refusal = line.refusal()
    assert isinstance(refusal, GatewayRetry)
    assert (refusal.code, refusal.wait) == ("rate_limited", timedelta(seconds=47))
    api.breaks("sendMessage", 429, "Too Many Requests: retry after 47", retry_after=47)
    deliveries = OneDelivery()
    Postroom(deliveries, _to_chat(line), lambda: NOON).send_due()
    assert deliveries.said == [("retry", "rate_limited", timedelta(seconds=47))]


@pytest.mark.parametrize(
    ("status", "description", "code"),
    [
        (500, "Internal Server Error", "gateway_busy"),
        (502, "Bad Gateway", "gateway_busy"),
        (401, "Unauthorized", "not_authenticated"),
        (404, "Not Found", "not_authenticated"),
        (409, "Conflict", "not_authenticated"),
    ],
)
def test_what_is_not_the_chats_fault_is_tried_again(
    api_and_line: tuple[BotApi, Line], status: int, description: str, code: str
) -> None:
    api, line = api_and_line
    api.breaks("sendMessage", status, description)
    refusal = line.refusal()
    assert isinstance(refusal, GatewayRetry)
    assert (refusal.code, refusal.wait) == (code, None)
    assert line.closed == []
    assert line.send()


def test_a_letter_that_is_wrong_in_itself_is_refused_and_the_chat_stays(
    api_and_line: tuple[BotApi, Line],
) -> None:
    api, line = api_and_line
    api.breaks("sendMessage", 400, "Bad Request: message is too long")
    refusal = line.refusal()
    assert isinstance(refusal, GatewayRefused)
    assert refusal.code == "gateway_refused"
    assert line.closed == []


def test_a_dead_network_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with line(TelegramAPIServer.from_base(f"http://127.0.0.1:{port}")) as dead:
        refusal = dead.refusal()
    assert isinstance(refusal, GatewayRetry)
    assert refusal.code == "gateway_unreachable"
    assert dead.closed == []


def test_a_server_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        base = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with line(TelegramAPIServer.from_base(base)) as waiting:
            refusal = waiting.refusal()
    assert isinstance(refusal, GatewayRetry)
    assert refusal.code == "gateway_unreachable"


def test_a_loop_that_hangs_holds_nobody_up(
    api_and_line: tuple[BotApi, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, line = api_and_line
    monkeypatch.setattr(module, "_GIVE_UP_SECONDS", 0.2)
    go_on = threading.Event()
    line.loop.call_soon_threadsafe(go_on.wait, 30)
    refusal = line.refusal()
    go_on.set()
    assert isinstance(refusal, GatewayRetry)
    assert refusal.code == "gateway_unreachable"


def test_an_answer_of_another_shape_is_tried_again(
    api_and_line: tuple[BotApi, Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, line = api_and_line
    monkeypatch.setattr(api, "_result", lambda method, body: "a proxy's own page")
    refusal = line.refusal()
    assert isinstance(refusal, GatewayRetry)
    assert refusal.code == "unexpected_answer"


def test_neither_errors_nor_logs_name_the_chat_the_text_or_the_token(
    api_and_line: tuple[BotApi, Line], caplog: pytest.LogCaptureFixture
) -> None:
    api, line = api_and_line
    caplog.set_level(logging.DEBUG)
    for status, more in ((400, {}), (403, {}), (429, {"retry_after": 9}), (500, {})):
        api.breaks("sendMessage", status, f"trouble in {CHAT}", **more)
        refusal = line.refusal()
        assert refusal.__cause__ is None
        assert refusal.__context__ is None
        assert CHAT not in f"{refusal} {refusal.detail}"
    assert not any(secret in caplog.text for secret in (CHAT, TOKEN, "im lặng"))


def _to_chat(line: Line) -> ChatGateway:
    """Any delivery goes to the chat."""

    class ToChat(ChatGateway):
        def send(self, to: str, text: str, *, reference: str) -> str:
            return super().send(CHAT, text, reference=reference)

    return ToChat(line.bot, line.loop, line.closed.append)
