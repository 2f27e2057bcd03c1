"""A Bot API server on loopback: speaks what conversations need of Telegram.

Source: Telegram Bot API 9 (response envelope, getMe, getUpdates, sendMessage, sendPhoto).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from aiogram.client.telegram import TelegramAPIServer

TOKEN = "123456:synthetic"
ME = {"id": 123456, "is_bot": True, "first_name": "Kết quả", "username": "ketqua_test_bot"}
Answer = tuple[int, dict[str, Any]]


class BotApi:
    """What the server knows and has heard."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.broken: dict[str, list[Answer]] = {}
        self.changed = threading.Condition()

    def give(self, update: dict[str, Any]) -> None:
        with self.changed:
            self.updates.append({**update, "update_id": len(self.updates) + 1})
            self.changed.notify_all()

    def breaks(
        self, method: str, status: int, description: str, *, times: int = 1, **parameters: int
    ) -> None:
        """Answer the next calls of ``method`` with an error, and its response parameters."""
        error: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            error["parameters"] = parameters
        self.broken[method] = [(status, error)] * times

    def wait_for(self, method: str, count: int = 1) -> list[dict[str, Any]]:
        """Bodies of the calls of ``method``, once there are as many."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.of(method)) >= count, timeout=30)
            return self.of(method)

    def of(self, method: str) -> list[dict[str, Any]]:
        return [body for name, body in self.sent if name == method]

    def answer(self, method: str, body: dict[str, Any]) -> Answer:
        with self.changed:
            self.sent.append((method, body))
            self.changed.notify_all()
            if self.broken.get(method):
                return self.broken[method].pop()
        if method == "getUpdates":
            return 200, {"ok": True, "result": self._pending(int(body.get("offset", 0)))}
        return 200, {"ok": True, "result": self._result(method, body)}

    def _pending(self, offset: int) -> list[dict[str, Any]]:
        with self.changed:
            self.changed.wait_for(lambda: self._from(offset), timeout=0.2)
            return self._from(offset)

    def _from(self, offset: int) -> list[dict[str, Any]]:
        return [update for update in self.updates if update["update_id"] >= offset]

    def _result(self, method: str, body: dict[str, Any]) -> Any:
        if method == "getMe":
            return ME
        if method in ("sendMessage", "sendPhoto"):
            chat = {"id": int(body["chat_id"]), "type": "private"}
            return {"message_id": len(self.sent), "date": 1783832400, "chat": chat}
        return True


class Handler(BaseHTTPRequestHandler):
    """One request: ``/bot<token>/<method>``."""

    api: BotApi
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        raw = self._body()
        _, token, method = self.path.split("/")
        if token != f"bot{TOKEN}":
            status, answer = 401, {"ok": False, "error_code": 401, "description": "Unauthorized"}
        else:
            status, answer = self.api.answer(method, fields(self.headers["Content-Type"], raw))
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        """What was sent; an upload comes in chunks. Source: RFC 9112 section 7.1."""
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def fields(content_type: str, raw: bytes) -> dict[str, Any]:
    """The fields of a form, files as bytes."""
    if not raw:
        return {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode()))
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + raw)
    return dict(_field(part) for part in form.iter_parts() if isinstance(part, EmailMessage))


def _field(part: EmailMessage) -> tuple[str, str | bytes]:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    name = str(part.get_param("name", header="content-disposition"))
    return name, content if part.get_filename() else content.decode()


@contextmanager
def serving(port: int = 0) -> Iterator[tuple[BotApi, TelegramAPIServer]]:
    """A running server, and how aiogram finds it."""
    api = BotApi()
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"api": api}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_address[1]}"
        yield api, TelegramAPIServer.from_base(base)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
