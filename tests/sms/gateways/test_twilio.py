"""Twilio through its real client, against a server on this machine that speaks its API."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from core.errors import GatewayRefused, GatewayRetry, SetupRefused
from sms.gateways.twilio import TwilioGateway

ACCOUNT = "AC" + "0" * 32
MESSAGE = "SM" + "1" * 32


@dataclass
class FakeTwilio:
    """Answers every message with ``status`` and ``body``; remembers what was asked."""

    status: int = 201
    body: dict[str, Any] = field(default_factory=lambda: {"sid": MESSAGE, "status": "accepted"})
    text: bytes | None = None
    stall: Event | None = None
    requests: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    url: str = ""

    def gateway(self, **more: Any) -> TwilioGateway:
        settings: dict[str, Any] = {
            "sender": "+15005550006",
            "base_url": self.url,
            "timeout": 5.0,
        } | more
        return TwilioGateway(account_sid=ACCOUNT, auth_token="synthetic", **settings)


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    fake = FakeTwilio()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            form = parse_qs(self.rfile.read(length).decode())
            fake.requests.append((self.path, self.headers["Authorization"] or "", form))
            if fake.stall:
                fake.stall.wait(20)
            self.send_response(fake.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(fake.text if fake.text is not None else json.dumps(fake.body).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    yield fake
    if fake.stall:
        fake.stall.set()
    server.shutdown()
    server.server_close()


def test_a_message_goes_to_the_account_with_number_text_and_sender(twilio: FakeTwilio) -> None:
    sid = twilio.gateway(status_callback="https://ketqua.example/hooks/twilio/status").send(
        "+84900000123", "Ma OTP: 123456", reference="delivery-1"
    )
    path, authorization, form = twilio.requests[0]
    assert sid == MESSAGE
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert b64decode(authorization.removeprefix("Basic ")) == f"{ACCOUNT}:synthetic".encode()
    assert form == {
        "To": ["+84900000123"],
        "Body": ["Ma OTP: 123456"],
        "From": ["+15005550006"],
        "StatusCallback": ["https://ketqua.example/hooks/twilio/status"],
    }


def test_every_field_sent_is_one_that_twilio_publishes(twilio: FakeTwilio, vectors: Path) -> None:
    twilio.gateway(status_callback="https://ketqua.example/s").send(
        "+84900000123", "x", reference=""
    )
    document = json.loads((vectors / "twilio/messages-api-v2010.openapi.json").read_text())
    create = document["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
    published = create["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert set(twilio.requests[0][2]) <= set(published["properties"])
    assert set(published.get("required", [])) <= set(twilio.requests[0][2])


def test_a_messaging_service_takes_the_place_of_the_sender(twilio: FakeTwilio) -> None:
    twilio.gateway(messaging_service_sid="MG" + "2" * 32).send("+84900000123", "x", reference="")
    form = twilio.requests[0][2]
    assert form["MessagingServiceSid"] == ["MG" + "2" * 32]
    assert "From" not in form


@pytest.mark.parametrize(
    ("status", "code", "error", "word"),
    [
        (400, 21211, GatewayRefused, "number_invalid"),
        (400, 21610, GatewayRefused, "opted_out"),
        (400, 21408, GatewayRefused, "country_not_enabled"),
        (400, 99999, GatewayRefused, "gateway_refused"),
        (401, 20003, GatewayRetry, "not_authenticated"),
        (429, 20429, GatewayRetry, "rate_limited"),
        (429, None, GatewayRetry, "gateway_busy"),
        (503, None, GatewayRetry, "gateway_busy"),
        (404, 20404, GatewayRetry, "not_authenticated"),
    ],
)
def test_their_error_becomes_ours(
    twilio: FakeTwilio, status: int, code: int | None, error: type[GatewayRetry], word: str
) -> None:
    twilio.status = status
    twilio.body = {"code": code, "message": "about +84900000123", "status": status}
    with pytest.raises(error) as caught:
        twilio.gateway().send("+84900000123", "x", reference="")
    assert caught.value.code == word
    assert "84900000123" not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"<html>proxy</html>"])
def test_an_answer_that_is_not_theirs_is_tried_again(twilio: FakeTwilio, text: bytes) -> None:
    twilio.text = text
    with pytest.raises(GatewayRetry):
        twilio.gateway().send("+84900000123", "x", reference="")


@pytest.mark.parametrize("status", [201, 400, 503])
@pytest.mark.parametrize(
    "text", [b"[]", b"null", b'"x"', b"7", b"{}", b'{"sid": null}', b'{"sid": 7}', b'{"sid": []}',
             b'{"code": []}', b'{"code": "x", "message": 1}', b'{"code": {}, "status": "x"}'],
)  # fmt: skip
def test_an_answer_of_any_shape_is_an_error_of_ours(
    twilio: FakeTwilio, text: bytes, status: int
) -> None:
    twilio.text, twilio.status = text, status
    with pytest.raises((GatewayRetry, GatewayRefused)) as caught:
        twilio.gateway().send("+84900000123", "x", reference="")
    if status != 400:
        assert isinstance(caught.value, GatewayRetry)
    assert "84900000123" not in str(caught.value)


@pytest.mark.parametrize("text", [b"[]", b"null"])
def test_an_answer_that_is_no_object_is_called_unexpected(twilio: FakeTwilio, text: bytes) -> None:
    twilio.text = text
    with pytest.raises(GatewayRetry) as caught:
        twilio.gateway().send("+84900000123", "x", reference="")
    assert caught.value.code == "unexpected_answer"


def test_silence_is_tried_again(twilio: FakeTwilio) -> None:
    twilio.stall = Event()
    with pytest.raises(GatewayRetry) as caught:
        twilio.gateway(timeout=0.2).send("+84900000123", "x", reference="")
    assert caught.value.code == "gateway_unreachable"


def test_a_line_that_is_down_is_tried_again() -> None:
    nobody = FakeTwilio(url="http://127.0.0.1:9")
    with pytest.raises(GatewayRetry):
        nobody.gateway().send("+84900000123", "x", reference="")


def test_region_and_edge_choose_the_host() -> None:
    gateway = FakeTwilio().gateway(region="sg1", edge="singapore")
    host = gateway._client.get_hostname("https://api.twilio.com/x")
    assert host == "https://api.singapore.sg1.twilio.com/x"


def test_without_a_sender_the_installation_is_refused() -> None:
    with pytest.raises(SetupRefused):
        FakeTwilio().gateway(sender="")
