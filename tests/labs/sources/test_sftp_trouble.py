"""The SFTP source against a real OpenSSH server: who is trusted, and what may go wrong."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from core.feeds.source import FeedTrouble, Limits
from labs.sources import distant_folder
from labs.sources.sftp import SftpSource
from tests.labs.sources.laboratory import LIMITS, NOW, OLD, SETTLE, Laboratory
from tests.labs.sources.sshd import KINDS, breaking_line, running_sshd

# ------------------------------------------------------------------ who is trusted


@pytest.mark.parametrize("kind", KINDS)
def test_every_usual_kind_of_private_key_lets_us_in(laboratory: Laboratory, kind: str) -> None:
    laboratory.drop("a.hl7")
    assert laboratory.names(laboratory.source(secret=laboratory.sshd.secret(kind))) == ["a.hl7"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_in_pkcs8_lets_us_in_too(laboratory: Laboratory, kind: str) -> None:
    key = serialization.load_ssh_private_key(laboratory.sshd.secret(kind).encode(), None)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    laboratory.drop("a.hl7")
    assert laboratory.names(laboratory.source(secret=pem.decode())) == ["a.hl7"]


def locked(text: str) -> str:
    key = serialization.load_ssh_private_key(text.encode(), None)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.BestAvailableEncryption(b"pass phrase"),
    ).decode()


def test_wrong_secrets_are_not_authorised(laboratory: Laboratory) -> None:
    stranger = (laboratory.sshd.home / "other_host").read_text()
    broken = laboratory.sshd.secret()[:100]
    for secret in ("wrong password", stranger, broken, locked(laboratory.sshd.secret())):
        trouble = laboratory.trouble(laboratory.source(secret=secret))
        assert trouble.code == "feed_not_authorised"
        assert secret not in repr(trouble)


def test_an_unknown_key_is_shown_and_never_trusted(laboratory: Laboratory) -> None:
    source = SftpSource(
        laboratory.sshd.address(laboratory.folder), "wrong password", "", LIMITS, SETTLE
    )
    trouble = laboratory.trouble(source)
    assert (trouble.code, trouble.detail) == (
        "feed_host_key_unknown", laboratory.sshd.fingerprint(),
    )  # fmt: skip
    probe = source.probe(NOW)  # would be refused if it said who we are
    assert (probe.found, probe.host_key) == (None, laboratory.sshd.fingerprint())


def test_another_key_than_the_pinned_one_stops_the_poll_before_the_secret_is_sent(
    laboratory: Laboratory,
) -> None:
    source = laboratory.source(secret="wrong password", pin="SHA256:" + "A" * 43)
    trouble = laboratory.trouble(source)
    assert (trouble.code, trouble.detail) == (
        "feed_host_key_changed", laboratory.sshd.fingerprint(),
    )  # fmt: skip


def test_a_server_that_changes_its_key_is_read_again_once_the_new_one_is_pinned(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    with running_sshd(tmp_path) as server:
        laboratory = Laboratory(server, folder)
        laboratory.drop("a.hl7")
        assert laboratory.names() == ["a.hl7"]
        server.stop()
        server.start("other_host")
        laboratory.drop("b.hl7")
        assert laboratory.trouble().code == "feed_host_key_changed"
        both = f"{server.fingerprint()} {server.fingerprint('other_host')}"
        assert laboratory.names(laboratory.source(pin=both)) == ["b.hl7"]


def test_a_probe_counts_and_takes_nothing(laboratory: Laboratory) -> None:
    assert laboratory.source().probe(NOW).found == 0
    laboratory.drop("a.hl7", changed=OLD - 60)
    laboratory.drop("b.hl7")
    probe = laboratory.source().probe(NOW)
    assert (probe.found, probe.newest) == (2, NOW)
    assert probe.host_key == laboratory.sshd.fingerprint()
    assert laboratory.names() == ["a.hl7", "b.hl7"]


# ------------------------------------------------------------------ what goes wrong


def test_an_absent_folder_and_a_file_in_its_place_are_missing(laboratory: Laboratory) -> None:
    file = laboratory.drop("a.hl7")
    for place in (laboratory.folder / "none", file):
        laboratory.folder = place
        assert laboratory.trouble().code == "feed_folder_missing"


def test_a_file_that_can_t_be_read_is_told_of_after_the_others(guest: Laboratory) -> None:
    closed = guest.drop("a.hl7", b"closed")
    closed.chmod(0)
    guest.drop("b.hl7", b"open")
    trouble = guest.trouble()
    assert (trouble.code, trouble.detail) == ("feed_not_authorised", "1")
    closed.chmod(0o644)
    assert [piece.data for piece in guest.poll()] == [b"closed"]


def test_a_folder_that_can_t_be_listed_is_not_authorised(guest: Laboratory) -> None:
    guest.folder.chmod(0)
    assert guest.trouble().code == "feed_not_authorised"


def test_a_line_that_breaks_within_a_file_loses_nothing(laboratory: Laboratory) -> None:
    limits = Limits(connect_seconds=10, read_seconds=10, total_seconds=60)
    big = os.urandom(4 * 1024 * 1024)
    laboratory.drop("a.hl7", b"before", OLD - 60)
    laboratory.drop("big.csv", big)
    with breaking_line(laboratory.sshd, after=1024 * 1024) as port:
        trouble = laboratory.trouble(laboratory.source(limits, port=port))
    assert trouble.code == "feed_unreachable"
    pieces = laboratory.poll(laboratory.source(limits))
    assert [(piece.name, piece.data == big) for piece in pieces] == [("big.csv", True)]


def test_a_line_that_is_gone_is_not_taken_for_a_closed_file(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = distant_folder.DistantFolder.look

    def look_and_lose(self: distant_folder.DistantFolder, path: bytes) -> distant_folder.Look:
        found = look(self, path)
        self.close()
        return found

    laboratory.drop("a.hl7")
    with monkeypatch.context() as patch:
        patch.setattr(distant_folder.DistantFolder, "look", look_and_lose)
        assert laboratory.trouble().code == "feed_unreachable"
    assert laboratory.names() == ["a.hl7"]


def test_a_server_that_is_down_is_unreachable(laboratory: Laboratory) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and doesn't listen
        source = laboratory.source(port=taken.getsockname()[1])
        assert laboratory.trouble(source).code == "feed_unreachable"
        with pytest.raises(FeedTrouble):
            source.probe(NOW)


@pytest.mark.parametrize(
    "address",
    [
        "", "/folder", "http://user@host/x", "sftp://host/x", "sftp://user:secret@host/x",
        "sftp://user@host:0/x", "sftp://user@host:99999/x", "sftp://user@/x",
        "sftp://user@host/x?y", "sftp://user@host/%00", f"sftp://user@{'a' * 64}.vn/x",
        "sftp://user@[::1/x",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_named_so_and_called_by_nobody(address: str) -> None:
    source = SftpSource(address, "secret", "SHA256:x", LIMITS, SETTLE)
    for attempt in (lambda: list(source.fetch("", NOW)), lambda: source.probe(NOW)):
        with pytest.raises(FeedTrouble) as trouble:
            attempt()
        assert trouble.value.code == "feed_address_unusable"
        assert "secret" not in repr(trouble.value)


def test_a_folder_may_begin_at_the_user_s_home(laboratory: Laboratory) -> None:
    home = f"sftp://{laboratory.sshd.user}@127.0.0.1:{laboratory.sshd.port}"
    key, pin = laboratory.sshd.secret(), laboratory.sshd.fingerprint()
    for path in ("", "/~", "/~/", "/"):
        probe = SftpSource(f"{home}{path}", key, pin, LIMITS, SETTLE).probe(NOW)
        assert probe.found is not None, path


def test_neither_secrets_nor_names_are_logged_or_shown(
    laboratory: Laboratory, caplog: pytest.LogCaptureFixture
) -> None:
    laboratory.drop("Nguyen Van A.hl7")
    with caplog.at_level(logging.DEBUG):
        laboratory.poll()
        laboratory.trouble(laboratory.source(secret="wrong password"))
    assert caplog.records == []
    assert laboratory.sshd.secret() not in repr(laboratory.source())
