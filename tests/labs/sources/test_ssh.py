"""Lines to servers that keep silent, talk nonsense, or never come to an end."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import paramiko
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_FAILURE

from core.feeds.source import FeedTrouble, Limits
from labs.sources.sftp import SftpSource
from labs.sources.ssh import Address
from tests.services import count

NOW = datetime(2021, 7, 15, 9, tzinfo=UTC)
LIMITS = Limits(connect_seconds=0.3, read_seconds=0.5, total_seconds=2, largest=1 << 30)
PATIENT = Limits(connect_seconds=10, read_seconds=10, total_seconds=4, largest=1 << 30)
HOST_KEY = paramiko.ECDSAKey.generate()
PASSWORD = "secret"
Talk = Callable[[socket.socket], None]


@contextmanager
def listening(talk: Talk) -> Iterator[int]:
    """Give the port of a server that talks so to everybody."""
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            talk(connection)
            ended.wait()

    def serve(listener: socket.socket) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join(timeout=5)


def source_at(port: int, limits: Limits, secret: str = PASSWORD) -> SftpSource:
    address = f"sftp://lab@127.0.0.1:{port}/x"
    return SftpSource(address, secret, HOST_KEY.fingerprint, limits, timedelta(0))


def outcome(port: int, limits: Limits = LIMITS) -> str:
    """The code of the trouble that a poll has; a piece that comes through counts as none."""
    source = source_at(port, limits)
    try:
        pieces = list(source.fetch("", NOW))
    except FeedTrouble as trouble:
        return trouble.code
    return f"{len(pieces)} pieces"


# ------------------------------------------------------------------ before there is a line


def silence(_connection: socket.socket) -> None:
    pass


def banner_then_silence(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-Quiet\r\n")


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-Loud\r\n" + bytes(range(256)) * 256)


def endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 65536)


def web_page(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-Slow\r\n\x00\x00\x10\x04")
    while True:
        connection.sendall(b"x")
        threading.Event().wait(0.1)


def hang_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize(
    ("talk", "codes"),
    [
        (silence, {"feed_timed_out"}),
        (banner_then_silence, {"feed_timed_out"}),
        (drip, {"feed_timed_out"}),
        (endless, {"feed_timed_out"}),
        (garbage, {"feed_unexpected_answer"}),
        (web_page, {"feed_unexpected_answer"}),
        (hang_up, {"feed_unreachable"}),
    ],
)
def test_whoever_speaks_no_ssh_is_given_up(talk: Talk, codes: set[str]) -> None:
    with listening(talk) as port:
        assert outcome(port) in codes


def test_no_thread_is_left_behind_by_a_line_that_was_given_up() -> None:
    before = set(threading.enumerate())
    with listening(silence) as port:
        outcome(port)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
    assert set(threading.enumerate()) <= before


@settings(max_examples=count(5, 200), suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_no_first_words_are_an_error_of_another_kind(words: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-Odd\r\n" + words)
        connection.shutdown(socket.SHUT_WR)

    with listening(talk) as port:
        assert outcome(port).startswith("feed_")


# ------------------------------------------------------------------ once there is one


class Desk(paramiko.ServerInterface):
    """Lets one password in, and answers the request for SFTP as it is told."""

    def __init__(self, sftp: str = "serve") -> None:
        self._sftp = sftp

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        return AUTH_SUCCESSFUL if password == PASSWORD else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        if self._sftp == "silent":
            threading.Event().wait(2)
        if self._sftp == "garbage":
            channel.sendall(b"\x00\x00\x00\x05\x02\x00\x00\x00\x03" + os.urandom(4096))
            return True
        return self._sftp == "serve" and super().check_channel_subsystem_request(channel, name)


def attributes(
    name: str, size: int = 1, mode: int | None = stat.S_IFREG
) -> paramiko.SFTPAttributes:
    found = paramiko.SFTPAttributes()
    found.filename, found.st_size, found.st_mode = name, size, mode
    found.st_atime = found.st_mtime = 1
    return found


class Handle(paramiko.SFTPHandle):
    """A file of the size that was told, in such pieces."""

    def __init__(self, size: int, piece: int, told: int) -> None:
        super().__init__()
        self._size, self._piece, self._told = size, piece, told

    def stat(self) -> paramiko.SFTPAttributes:
        return attributes("", self._told)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(min(self._piece, length, self._size - offset)) if offset < self._size else b""


class Files(paramiko.SFTPServerInterface):
    """A folder as the test has it."""

    listing: tuple[paramiko.SFTPAttributes, ...] = ()
    handle: Callable[[], paramiko.SFTPHandle] = staticmethod(lambda: Handle(1, 1, 1))

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        return list(self.listing)

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return next((f for f in self.listing if path.endswith(f.filename)), SFTP_FAILURE)

    def open(
        self, path: str, flags: int, attr: paramiko.SFTPAttributes
    ) -> paramiko.SFTPHandle | int:
        return self.handle()


@contextmanager
def serving(desk: Desk, files: type[Files] = Files) -> Iterator[int]:
    """Give the port of an SSH server that is none of OpenSSH's."""

    def talk(connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        transport.set_log_channel("tests.ssh")
        transport.add_server_key(HOST_KEY)
        transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files)
        with closing(transport), suppress(Exception):
            transport.start_server(server=desk)
            transport.join(timeout=20)

    with listening(talk) as port:
        yield port


def test_a_password_lets_us_in_and_a_wrong_one_does_not() -> None:
    class One(Files):
        listing = (attributes("a.hl7"),)

    with serving(Desk(), One) as port:
        assert outcome(port, PATIENT) == "1 pieces"
        with pytest.raises(FeedTrouble, match="feed_not_authorised"):
            list(source_at(port, PATIENT, "other").fetch("", NOW))


@pytest.mark.parametrize(
    ("sftp", "code"),
    [
        ("silent", "feed_timed_out"),
        ("refused", "feed_unexpected_answer"),
        ("garbage", "feed_unexpected_answer"),
    ],
)
def test_a_server_without_usable_sftp_is_given_up(sftp: str, code: str) -> None:
    limits = Limits(connect_seconds=10, read_seconds=1, total_seconds=10)
    with serving(Desk(sftp)) as port:
        assert outcome(port, limits) == code


def test_a_file_that_drips_is_cut_off_when_the_poll_s_time_is_over() -> None:
    class Dripping(Files):
        listing = (attributes("a.hl7", 1 << 30),)
        handle = staticmethod(lambda: Handle(1 << 30, 1, 1 << 30))

    with serving(Desk(), Dripping) as port:
        assert outcome(port, replace(PATIENT, total_seconds=1)) == "feed_timed_out"


@pytest.mark.parametrize(("size", "told"), [(20, 20), (5, 10), (0, 10), (10, 11)])
def test_a_file_that_is_not_as_it_was_listed_is_not_taken(size: int, told: int) -> None:
    class Lying(Files):
        listing = (attributes("a.hl7", 10),)
        handle = staticmethod(lambda: Handle(size, 1 << 15, told))

    with serving(Desk(), Lying) as port:
        assert outcome(port, PATIENT) == "0 pieces"


def test_names_that_lead_elsewhere_are_passed_over_and_twins_taken_once() -> None:
    class Hostile(Files):
        names = ("../../etc/passwd", "/etc/passwd", "a\0b", "", "a.hl7", "a.hl7")
        listing = tuple(attributes(name) for name in names)

    with serving(Desk(), Hostile) as port:
        assert outcome(port, PATIENT) == "1 pieces"


def test_a_listing_without_kinds_of_files_is_unexpected() -> None:
    class Bare(Files):
        listing = (attributes("a.hl7", mode=None),)

    with serving(Desk(), Bare) as port:
        assert outcome(port, PATIENT) == "feed_unexpected_answer"


def test_a_listing_beyond_the_most_names_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Files):
        listing = tuple(attributes(f"{number}.hl7") for number in range(2001))

    monkeypatch.setattr("labs.sources.distant_folder.MOST_NAMES", 2000)
    with serving(Desk(), Full) as port:
        assert outcome(port, Limits(total_seconds=60)) == "feed_too_large"


# ------------------------------------------------------------------ addresses


def test_an_address_is_read_in_its_parts() -> None:
    assert Address.of("sftp://lab@sftp.example.vn/") == Address("lab", "sftp.example.vn", 22, b"/")
    assert Address.of("sftp://l%40b@[::1]:2222/a%20b/c/") == Address("l@b", "::1", 2222, b"/a b/c")
    assert Address.of("sftp://lab@host/~/out").folder == b"./out"
    assert Address.of("sftp://lab@host").folder == b"."


@given(st.text() | st.text().map(lambda text: f"sftp://lab@{text}"))
def test_no_address_is_an_error_of_another_kind(text: str) -> None:
    with suppress(FeedTrouble):
        assert Address.of(text).user
