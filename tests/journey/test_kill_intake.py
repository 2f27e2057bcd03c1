"""A service that is killed while laboratories send loses and doubles nothing.

A sender repeats what was not acknowledged, as senders do; then every result is there once.
"""

from __future__ import annotations

import random
import sqlite3
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

import hl7.client
import pytest

from tests.journey.demo import Demo, running_demo
from tests.journey.people import oru
from tests.services import free_port, soaking

KILLS = 100 if soaking() else 2
Send = Callable[[bytes], bool]


@cache
def message(number: str) -> bytes:
    """A sender repeats the very bytes that were not acknowledged."""
    return oru(number, "+84909000001")


class Sender:
    """Sends one message after the other and repeats what was not acknowledged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made = 0
        self.acknowledged: set[str] = set()
        self.open: list[str] = []
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
            if not self.open:
                self.made += 1
                self.open.append(f"{self.name}-{self.made}")
            try:
                if send(message(self.open[0])):
                    self.acknowledged.add(self.open.pop(0))
            except OSError:
                time.sleep(0.05)


def pushing(demo: Demo, key: str) -> Send:
    def push(body: bytes) -> bool:
        request = urllib.request.Request(  # noqa: S310
            f"{demo.url}/api/v1/facilities/BVNDGD/results", body,
            {"Authorization": f"Bearer {key}", "Content-Type": "application/hl7-v2"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return bool(answer.status == 200)

    return push


def over_mllp(port: int) -> Send:
    def send(body: bytes) -> bool:
        with hl7.client.MLLPClient("127.0.0.1", port) as client:
            client.socket.settimeout(30)
            return b"MSA|AA|" in client.send_message(body)

    return send


@pytest.mark.parametrize("way", ["push", "mllp"])
def test_no_acknowledged_item_is_lost_and_none_doubled(way: str, tmp_path: Path) -> None:
    dice, sender, port = random.Random(way), Sender(way), free_port()
    with running_demo(tmp_path, KETQUA_MLLP_PORT=str(port)) as demo:
        key = demo.ketqua("feed", "key", "BVNDGD/push").stdout.decode().strip()
    for _ in range(KILLS):
        with running_demo(tmp_path, KETQUA_MLLP_PORT=str(port)) as demo:
            sender.start(pushing(demo, key) if way == "push" else over_mllp(port))
            time.sleep(0.2 + dice.random())
            demo.kill()
            sender.stop()
    with running_demo(tmp_path, KETQUA_MLLP_PORT=str(port)) as demo:
        send = pushing(demo, key) if way == "push" else over_mllp(port)
        assert all(send(message(number)) for number in sender.open)
        sender.acknowledged.update(sender.open)
    stored = results(tmp_path, sender.name)
    assert sender.acknowledged
    assert stored == dict.fromkeys(sender.acknowledged, 1)


def results(data_dir: Path, name: str) -> dict[str, int]:
    """How many versions of each result there are."""
    with closing(sqlite3.connect(data_dir / "demo" / "ketqua.db")) as database:
        found = database.execute(
            "SELECT accession, count(*) FROM result WHERE accession LIKE ? GROUP BY accession",
            [f"{name.upper()}-%"],
        )
        return {f"{name}-{number.split('-')[1]}": count for number, count in found}
