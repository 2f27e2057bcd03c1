"""A service that is killed while laboratories send loses and doubles nothing.

A sender repeats what was not acknowledged, as senders do; a folder or a server keeps what was
not taken. Then every result is there once.
"""

from __future__ import annotations

import html
import json
import random
import re
import sqlite3
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import hl7.client
import pytest
import requests

from tests.journey.demo import Demo, running_demo, until
from tests.journey.people import oru
from tests.labs.sources.fhir_peer import (
    FhirShelf,
    misbehaving,
    observation,
    patient,
    report,
    say,
)
from tests.labs.sources.sshd import Sshd, running_sshd
from tests.services import free_port, soaking

KILLS = 100 if soaking() else 2
PHONE = "+84909000001"
Send = Callable[[bytes], bool]


@cache
def message(number: str) -> bytes:
    """A sender repeats the very bytes that were not acknowledged."""
    return oru(number, PHONE)


@dataclass
class Sender:
    """Sends one message after the other and repeats what was not acknowledged."""

    name: str
    made: int = 0
    sent: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()

    def start(self, send: Send) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=[send])
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self, send: Send) -> None:
        while not self._stop.is_set():
            self.send_next(send)

    def send_next(self, send: Send) -> None:
        if not self.open:
            self.made += 1
            self.open.append(f"{self.name.upper()}-{self.made}")
        try:
            if send(message(self.open[0])):
                self.sent.add(self.open.pop(0))
        except OSError:
            time.sleep(0.05)


class Way:
    """One way in. ``send`` is given anew for each service that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, str] = {}

    def prepare(self, demo: Demo) -> None:
        """Once, before anything is sent."""

    def send(self, demo: Demo) -> Send:
        raise NotImplementedError


class Push(Way):
    def prepare(self, demo: Demo) -> None:
        self.key = demo.ketqua("feed", "key", "BVNDGD/push").stdout.decode().strip()

    def send(self, demo: Demo) -> Send:
        def push(body: bytes) -> bool:
            request = urllib.request.Request(  # noqa: S310
                f"{demo.url}/api/v1/facilities/BVNDGD/results", body,
                {"Authorization": f"Bearer {self.key}", "Content-Type": "application/hl7-v2"},
            )  # fmt: skip
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return bool(answer.status == 200)

        return push


class Upload(Way):
    """The console's form, as the operator's browser sends it; the session outlives the kills."""

    def prepare(self, demo: Demo) -> None:
        self.browser = requests.Session()
        page = demo.get("/sim/").decode()
        found = re.search(r"<td>operator</td>.*?<code>(.+?)</code>.*?>(\d{6})</code>", page)
        assert found, page
        form = {"login": "operator", "password": html.unescape(found[1]), "code": found[2]}
        answer = self.post(demo, "/staff/sign-in", form)
        assert answer.headers.get("Location") == "/staff/", answer.text
        self.token = self.token_of(demo, "/staff/upload")

    def token_of(self, demo: Demo, path: str) -> str:
        page = self.browser.get(demo.url + path, timeout=30).text
        found: str = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
        return found

    def post(self, demo: Demo, path: str, form: dict[str, str]) -> requests.Response:
        form = {"csrf_token": self.token_of(demo, path), **form}
        return self.browser.post(demo.url + path, form, timeout=30, allow_redirects=False)

    def send(self, demo: Demo) -> Send:
        form = {"csrf_token": self.token, "facility": "BVNDGD"}

        def upload(body: bytes) -> bool:
            answer = self.browser.post(
                f"{demo.url}/staff/upload", form, files={"file": ("kq.hl7", body)}, timeout=30,
                allow_redirects=False,
            )  # fmt: skip
            assert answer.status_code in (200, 500), answer.text
            return answer.status_code == 200

        return upload


class Mllp(Way):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()
        self.settings = {"KETQUA_MLLP_PORT": str(self.port)}

    def send(self, demo: Demo) -> Send:
        def send(body: bytes) -> bool:
            with hl7.client.MLLPClient("127.0.0.1", self.port) as client:
                client.socket.settimeout(30)
                return b"MSA|AA|" in client.send_message(body)

        return send


class Watched(Way):
    """Files dropped under a temporary name, as the instructions say."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.drop = folder / "demo" / "incoming" / "BVNDGD"

    def send(self, demo: Demo) -> Send:
        def put(body: bytes) -> bool:
            name = body.split(b"|")[9].decode()
            draft = self.drop / f".{name}"
            draft.write_bytes(body)
            draft.rename(self.drop / f"{name}.hl7")
            time.sleep(0.02)
            return True

        return put


class Sftp(Watched):
    def __init__(self, folder: Path, server: Sshd) -> None:
        super().__init__(folder)
        self.server, self.drop = server, folder / "theirs"
        (self.drop / "processed").mkdir(parents=True)

    def prepare(self, demo: Demo) -> None:
        secret = self.folder / "secret"
        secret.write_text(self.server.secret(), encoding="utf-8")
        made = demo.ketqua(
            "feed", "add", "BVNDGD/sftp", "--kind", "sftp", "--interval", "1",
            "--address", self.server.address(self.drop),
            "--host-key", self.server.fingerprint(), "--secret-file", secret,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr


class Fhir(Way):
    """A server that has one report more every 20 ms."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.shelf = FhirShelf(size=20, resources=[patient() | {"meta": {}}])
        self.lock = threading.Lock()
        self.base = ""

    def play(self, handler: BaseHTTPRequestHandler) -> None:
        with self.lock:
            status, resource = self.shelf.answer(handler.path)
        say(json.dumps(resource).encode(), status)(handler)

    def prepare(self, demo: Demo) -> None:
        made = demo.ketqua(
            "feed", "add", "BVNDGD/fhir", "--kind", "fhir", "--interval", "1",
            "--address", self.base,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def send(self, demo: Demo) -> Send:
        def put(body: bytes) -> bool:
            number = body.split(b"|")[9].decode()
            with self.lock:
                self.shelf.put(observation(f"o{number}"))
                self.shelf.put(report(number, datetime.now(UTC), f"o{number}"))
            time.sleep(0.02)
            return True

        return put


WAYS = {"push": Push, "mllp": Mllp, "folder": Watched, "upload": Upload}


@contextmanager
def way_of(name: str, folder: Path) -> Iterator[Way]:
    if name == "fhir":
        fhir = Fhir(folder)
        with misbehaving(fhir.play) as server:
            fhir.base = server.base
            yield fhir
    elif name == "sftp":
        with running_sshd(folder) as server:
            yield Sftp(folder, server)
    else:
        yield WAYS[name](folder)


@pytest.mark.parametrize("name", ["push", "upload", "mllp", "folder", "sftp", "fhir"])
def test_no_acknowledged_item_is_lost_and_none_doubled(name: str, tmp_path: Path) -> None:
    dice, sender = random.Random(name), Sender(name)
    with way_of(name, tmp_path) as way:
        with running_demo(tmp_path, **way.settings) as demo:
            way.prepare(demo)
        for _ in range(KILLS):
            make_due(tmp_path)
            with running_demo(tmp_path, **way.settings) as demo:
                sender.start(way.send(demo))
                time.sleep(0.2 + dice.random())
                demo.kill()
                sender.stop()
        make_due(tmp_path)
        with running_demo(tmp_path, **way.settings) as demo:
            while sender.open:
                sender.send_next(way.send(demo))
            until(lambda: sender.sent <= versions(tmp_path, name).keys())
    assert sender.sent
    assert versions(tmp_path, name) == dict.fromkeys(sender.sent, 1)


def make_due(data_dir: Path) -> None:
    """Polled feeds at once, and as if the killed poller's lease had ended."""
    with closing(database(data_dir)) as opened, opened:
        opened.execute("UPDATE feed SET due_at = 0, claimed_until = 0")


def versions(data_dir: Path, name: str) -> dict[str, int]:
    """How many versions of each result there are."""
    with closing(database(data_dir)) as opened:
        return dict(
            opened.execute(
                "SELECT accession, count(*) FROM result WHERE accession LIKE ? GROUP BY accession",
                [f"{name.upper()}-%"],
            )
        )


def database(data_dir: Path) -> sqlite3.Connection:
    return sqlite3.connect(data_dir / "demo" / "ketqua.db", timeout=30)
