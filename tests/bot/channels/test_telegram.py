from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from aiogram.client.telegram import TelegramAPIServer
from aiogram.utils.backoff import BackoffConfig

from bot.channels import telegram
from bot.channels.telegram import run_telegram
from core.certificates.issue import as_text
from core.errors import SetupRefused
from tests.bot.channels.bot_api import TOKEN, BotApi, serving
from tests.bot.conversations.town import MINH, MINH_BORN, Town, qr_of, said


class Running:
    """``run_telegram`` in a thread, as the service runs it."""

    def __init__(self, town: Town, server: TelegramAPIServer, token: str = TOKEN) -> None:
        self.stop_event = threading.Event()
        self.refused: SetupRefused | None = None
        self._work: Callable[[], None] = lambda: run_telegram(
            token, town.dispatcher(), self.stop_event, server=server
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except SetupRefused as refusal:
            self.refused = refusal

    def stop(self) -> None:
        self.stop_event.set()
        self.ended()

    def ended(self) -> SetupRefused | None:
        self.thread.join(timeout=30)
        assert not self.thread.is_alive()
        return self.refused


def say(api: BotApi, **content: Any) -> dict[str, Any]:
    """Say something; the message that comes back."""
    before = len(api.of("sendMessage")) + len(api.of("sendPhoto"))
    api.give(said(**content))
    with api.changed:
        assert api.changed.wait_for(
            lambda: len(api.of("sendMessage")) + len(api.of("sendPhoto")) > before, timeout=30
        )
        return [body for name, body in api.sent if name.startswith("send")][-1]


def test_the_whole_path_over_http_ends_with_an_uploaded_picture() -> None:
    town = Town()
    item = town.add()
    assert item.certificate
    with serving() as (api, server):
        running = Running(town, server)
        assert "miễn phí" in say(api, text="/start")["text"]
        contact = {"phone_number": MINH, "first_name": "•", "user_id": 7}
        assert "mã OTP" in say(api, contact=contact)["text"]
        assert "ngày sinh" in say(api, text=town.code())["text"]
        sent = say(api, text=MINH_BORN)
        running.stop()
    assert sent["caption"].startswith("Trần Thị Minh")
    (picture,) = [value for value in sent.values() if isinstance(value, bytes)]
    assert qr_of(picture) == as_text(item.certificate)
    assert len(api.of("deleteMessage")) == 2
    assert running.refused is None


def test_a_picture_is_loaded_from_the_server_or_asked_for_again() -> None:
    with serving() as (api, server):
        running = Running(Town(), server)
        api.breaks("getFile", 400, "Bad Request: file is too big")
        photo = {"file_id": "f", "file_unique_id": "f", "width": 1, "height": 1}
        assert "gửi lại" in say(api, photo=[photo])["text"]
        running.stop()


@pytest.mark.parametrize("token", ["654321:other", "no-token", ""])
def test_a_wrong_token_ends_with_a_code(token: str) -> None:
    with serving() as (_, server):
        refused = Running(Town(), server, token).ended()
    assert refused
    assert refused.code == "telegram_token_wrong"
    assert not token or token not in str(refused)


@pytest.mark.parametrize(
    ("status", "description", "code"),
    [
        (
            409,
            "Conflict: terminated by other getUpdates request",
            "telegram_second_process",
        ),
        (
            409,
            "Conflict: can't use getUpdates method while webhook is active",
            "telegram_webhook_set",
        ),
        (401, "Unauthorized", "telegram_token_wrong"),
    ],
)
def test_what_waiting_does_not_heal_ends_with_a_code(
    status: int, description: str, code: str
) -> None:
    with serving() as (api, server):
        api.breaks("getUpdates", status, description, times=100)
        refused = Running(Town(), server).ended()
    assert refused
    assert refused.code == code


def test_trouble_on_the_servers_side_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = BackoffConfig(min_delay=0.1, max_delay=0.2, factor=1.5, jitter=0.0)
    monkeypatch.setattr(telegram, "_SLOWING", soon)
    with serving() as (api, server):
        api.breaks("getMe", 502, "Bad Gateway", times=2)
        api.breaks("getUpdates", 500, "Internal Server Error", times=2)
        running = Running(Town(), server)
        assert "miễn phí" in say(api, text="/start")["text"]
        running.stop()
    assert running.refused is None


def test_a_network_that_comes_later_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = BackoffConfig(min_delay=0.1, max_delay=0.2, factor=1.5, jitter=0.0)
    monkeypatch.setattr(telegram, "_SLOWING", soon)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = TelegramAPIServer.from_base(f"http://127.0.0.1:{port}")
    running = Running(Town(), server)
    running.thread.join(timeout=1)
    assert running.thread.is_alive()
    with serving(port) as (api, _):
        assert "miễn phí" in say(api, text="/start")["text"]
        running.stop()
    assert running.refused is None


def test_it_stops_while_nobody_can_be_reached() -> None:
    running = Running(Town(), TelegramAPIServer.from_base("http://127.0.0.1:9"))
    running.stop()
    assert running.refused is None


def test_what_was_taken_is_answered_before_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town()
    taken, go_on = threading.Event(), threading.Event()

    def slow(phone: str) -> bool:
        taken.set()
        return go_on.wait(30)

    monkeypatch.setattr(town.challenges, "known", slow)
    with serving() as (api, server):
        running = Running(town, server)
        api.give(said(text=MINH))
        assert taken.wait(30)
        running.stop_event.set()
        running.thread.join(timeout=1)
        assert not api.of("sendMessage")
        go_on.set()
        assert running.ended() is None
    assert "mã OTP" in api.of("sendMessage")[0]["text"]


def test_a_reply_that_is_refused_does_not_end_the_chat() -> None:
    with serving() as (api, server):
        running = Running(Town(), server)
        api.breaks("sendMessage", 403, "Forbidden: bot was blocked by the user")
        api.give(said(text="/start"))
        api.wait_for("sendMessage")
        assert "miễn phí" in say(api, text="/start")["text"]
        running.stop()
