"""Senders that are slow, stop halfway or never end cost the others nothing, and little memory."""

from __future__ import annotations

import socket
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import hl7.client
import pytest

from tests.journey.demo import Demo, running_demo
from tests.journey.people import oru
from tests.services import free_port

PHONE = "+84909000001"
PATH = "/api/v1/facilities/BVNDGD/results"
SLOW = 150  # more than a server with a hundred connections takes
MIB = 1024 * 1024
MEMORY = 250 * MIB  # what all of a test's senders together may add


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Demo]:
    peers = "127.0.0.0/8"
    settings = {"KETQUA_MLLP_PORT": str(port), "KETQUA_MLLP_PEERS": peers}
    with running_demo(tmp_path_factory.mktemp("world"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def keys(demo: Demo) -> dict[str, str]:
    """A key of each of two facilities."""
    return {
        code: demo.ketqua("feed", "key", f"{code}/push").stdout.decode().strip()
        for code in ("BVNDGD", "BVTD")
    }


@pytest.fixture
def unharmed(demo: Demo) -> Iterator[None]:
    """The service held little more at any moment, and took no half of anything."""
    Path(f"/proc/{demo.process.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = memory(demo, "VmRSS")
    yield
    assert memory(demo, "VmHWM") - before < MEMORY
    with closing(sqlite3.connect(demo.data_dir / "demo" / "ketqua.db", timeout=30)) as database:
        bad = "SELECT count(*) FROM inbox_item WHERE change = 'quarantined'"
        assert database.execute(bad).fetchone() == (0,)


def memory(demo: Demo, what: str) -> int:
    lines = Path(f"/proc/{demo.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


def others_are_served(demo: Demo, keys: dict[str, str], port: int, accession: str) -> None:
    """Another facility pushes, and speaks MLLP from another address."""
    request = urllib.request.Request(  # noqa: S310
        f"{demo.url}/api/v1/facilities/BVTD/results", oru(f"{accession}-P", PHONE),
        {"Authorization": f"Bearer {keys['BVTD']}", "Content-Type": "application/hl7-v2"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        assert b'"accepted":1' in answer.read().replace(b" ", b"")
    with hl7.client.MLLPClient("127.0.0.1", port) as client:
        client.socket.settimeout(60)
        assert b"MSA|AA|" in client.send_message(oru(f"{accession}-M", PHONE))


def http(demo: Demo) -> socket.socket:
    host, _, port = demo.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def mllp(port: int) -> socket.socket:
    """From another address than those who mean well."""
    return socket.create_connection(("127.0.0.1", port), 60, source_address=("127.0.0.2", 0))


def head(key: str, length: str) -> bytes:
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/hl7-v2\r\n{length}\r\n\r\n"
    ).encode()


Open = Callable[[Demo, str], socket.socket]


def half_a_header(demo: Demo, key: str) -> socket.socket:
    sender = http(demo)
    sender.sendall(head(key, "X: ")[:-30])
    return sender


def half_a_body(demo: Demo, key: str) -> socket.socket:
    sender = http(demo)
    sender.sendall(head(key, "Content-Length: 5000000") + b"MSH|" * 1000)
    return sender


def half_closed(demo: Demo, key: str) -> socket.socket:
    sender = half_a_body(demo, key)
    sender.shutdown(socket.SHUT_WR)
    return sender


def a_chunk_without_an_end(demo: Demo, key: str) -> socket.socket:
    sender = http(demo)
    sender.sendall(head(key, "Transfer-Encoding: chunked") + b"FFFFFFF\r\n" + b"x" * 1000)
    return sender


@pytest.mark.parametrize("begin", [half_a_header, half_a_body, half_closed, a_chunk_without_an_end])
@pytest.mark.usefixtures("unharmed")
def test_pushes_that_do_not_go_on_delay_no_other_facility(
    demo: Demo, keys: dict[str, str], port: int, begin: Open
) -> None:
    with ExitStack() as held:
        for _ in range(SLOW):
            held.enter_context(begin(demo, keys["BVNDGD"]))
        others_are_served(demo, keys, port, begin.__name__.upper())


@pytest.mark.usefixtures("unharmed")
def test_a_push_that_never_ends_is_cut_off(demo: Demo, keys: dict[str, str], port: int) -> None:
    piece = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
    with http(demo) as sender:
        sender.sendall(head(keys["BVNDGD"], "Transfer-Encoding: chunked"))
        sent = 0
        with suppress(OSError):
            for sent in range(1000):  # noqa: B007
                sender.sendall(piece)
        assert sent < 999
        others_are_served(demo, keys, port, "ENDLESS-P")


def drip(port: int) -> socket.socket:
    sender = mllp(port)
    sender.sendall(b"\x0bMSH|^~\\&|LIS|BVNDGD|" + b"x" * 1000)
    return sender


def close_half(port: int) -> socket.socket:
    sender = drip(port)
    sender.shutdown(socket.SHUT_WR)
    return sender


@pytest.mark.parametrize("begin", [drip, close_half])
@pytest.mark.usefixtures("unharmed")
def test_messages_that_do_not_go_on_delay_no_other_facility(
    demo: Demo, keys: dict[str, str], port: int, begin: Callable[[int], socket.socket]
) -> None:
    with ExitStack() as held:
        for _ in range(SLOW):
            with suppress(OSError):  # an address has only so many connections
                held.enter_context(begin(port))
        others_are_served(demo, keys, port, begin.__name__.upper())


def send_without_end(port: int) -> int:
    """How many MiB of a message without an end were read, of a thousand."""
    sent = 0
    with mllp(port) as sender, suppress(OSError):
        sender.sendall(b"\x0bMSH|^~\\&|LIS|BVNDGD|")
        for _ in range(1000):
            sender.sendall(b"x" * MIB)
            sent += 1
    return sent


@pytest.mark.usefixtures("unharmed")
def test_messages_that_never_end_are_cut_off(demo: Demo, keys: dict[str, str], port: int) -> None:
    assert all(send_without_end(port) < 200 for _ in range(3))
    others_are_served(demo, keys, port, "ENDLESS-M")
