"""The demo's pages: for this machine only, and for scripts that play a citizen."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient

from core.messages.language import Catalogues
from sms.app import create_app
from sms.room import DemoRoom
from sms.sim.outbox import Outbox
from sms.sim.pictures import PictureShelf
from tests.sms.conftest import furnish
from tests.sms.fakes import PHONE, STRANGER, World


class UnknownButton(ValueError):
    code = "unknown_button"


@dataclass
class Stage:
    """A demo whose chat repeats what it hears."""

    world: World
    released: list[str | None] = field(default_factory=list)

    def room(self) -> DemoRoom:
        self.outbox = Outbox(self.world.clock)
        self.photos = PictureShelf(self.world.clock, os.urandom)
        person = {
            "name": "Nguyễn Văn Bình", "birth_date": "05/03/1990", "phone": "0900 000 123",
            "accession": "XN-1", "facility": "BVTD",
        }  # fmt: skip
        account = {"login": "operator", "role": "operator", "password": "p", "totp": "123456"}
        return DemoRoom(
            self.outbox, self.chat, lambda: [person], self.released.append, lambda: [account],
            self.photos,
        )  # fmt: skip

    def chat(self, request: dict[str, object]) -> list[dict[str, object]]:
        if "button" in request:
            raise UnknownButton("no such button")
        return [{"text": request["text"], "buttons": ["Kết quả"], "photo": None}]


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


@pytest.fixture
def demo(stage: Stage, words: Catalogues) -> FlaskClient:
    return create_app(furnish(stage.world, words, demo=stage.room())).test_client()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "[::1]:8000"])
def test_this_machine_may_see_everything(demo: FlaskClient, host: str) -> None:
    for path in ("/", "/sim/", "/sim/outbox.json", "/healthz"):
        assert demo.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["ketqua.example", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", "127.0.0.1:8000x",
     "evil@127.0.0.1", "0.0.0.1", "[::2]:80"],
)  # fmt: skip
def test_every_other_host_is_refused_in_words(demo: FlaskClient, host: str) -> None:
    for path in ("/", "/verify", "/sim/outbox.json", "/healthz", "/static/style.css"):
        answer = demo.get(path, headers={"Host": host})
        assert answer.status_code in (400, 403)
        assert "Bạn không mở được trang này từ đây" in answer.text or answer.status_code == 400


def test_the_outbox_is_a_list_of_messages(demo: FlaskClient, stage: Stage) -> None:
    assert demo.get("/sim/outbox.json").json == []
    stage.outbox.record(PHONE, "sms", "xin chào")
    message = {"to": PHONE, "channel": "sms", "text": "xin chào", "at": "2026-07-12T05:00:00Z"}
    assert demo.get("/sim/outbox.json").json == [message]


def test_the_chat_answers_with_replies_whatever_the_content_type(demo: FlaskClient) -> None:
    body = json.dumps({"user": "binh", "channel": "zalo", "text": "xin chào"})
    for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        answer = demo.post("/sim/chat", data=body, content_type=kind)
        assert answer.json == [{"text": "xin chào", "buttons": ["Kết quả"], "photo": None}]


def test_a_chat_request_that_cannot_be_played_is_a_coded_400(demo: FlaskClient) -> None:
    answer = demo.post("/sim/chat", json={"user": "binh", "channel": "zalo", "button": "?"})
    assert (answer.status_code, answer.json) == (400, {"error": "unknown_button"})
    for body in ("", "[]", "{", "\xff"):
        answer = demo.post("/sim/chat", data=body)
        assert (answer.status_code, answer.json) == (400, {"error": "not_an_object"})


def test_a_chat_picture_of_several_mb_is_let_in(demo: FlaskClient) -> None:
    body = {"user": "binh", "channel": "zalo", "text": "x" * 9_000_000}
    assert demo.post("/sim/chat", json=body).status_code == 200


def test_another_sites_page_may_not_post(demo: FlaskClient, stage: Stage) -> None:
    answer = demo.post("/sim/release", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert stage.released == []


def test_a_result_is_released_for_me_or_for_anybody(demo: FlaskClient, stage: Stage) -> None:
    demo.post("/sim/release", json={"phone": PHONE})
    demo.post("/sim/release", json={"phone": STRANGER})
    demo.post("/sim/release", json={})
    assert stage.released == ["0900 000 123", STRANGER, None]
    assert demo.post("/sim/release", json={"phone": "?"}).status_code == 400


def test_numbers_of_people_are_written_as_in_the_outbox(demo: FlaskClient) -> None:
    answer = demo.get("/sim/people.json")
    assert [person["phone"] for person in answer.json or []] == [PHONE]


def test_a_picture_is_served_while_it_lives(demo: FlaskClient, stage: Stage) -> None:
    token = stage.photos.put(b"\x89PNG")
    for _ in range(3):
        answer = demo.get(f"/sim/photo/{token}")
        assert (answer.data, answer.mimetype) == (b"\x89PNG", "image/png")
        assert answer.headers["Cache-Control"] == "no-store"
    assert demo.get(f"/sim/photo/{token}").status_code == 404


def test_the_page_runs_only_its_own_script(demo: FlaskClient) -> None:
    answer = demo.get("/sim/")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.text.count("<script") == 1
    assert "operator" in answer.text
    assert "script-src" not in demo.get("/").headers["Content-Security-Policy"]
