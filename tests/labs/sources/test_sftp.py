"""The SFTP source against a real OpenSSH server."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from core.feeds.source import FeedTrouble, Fetched, Limits
from labs.sources import distant_folder
from labs.sources.sftp import SftpSource
from tests.labs.sources.sshd import KINDS, Sshd, breaking_line, running_sshd
from tests.services import count

NOW = datetime(2021, 7, 15, 9, tzinfo=UTC)
OLD = int(NOW.timestamp())
LIMITS = Limits(connect_seconds=10, read_seconds=10, total_seconds=60, largest=1024)
SETTLE = timedelta(seconds=10)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def nothing_happens(_seconds: float) -> None:
    pass


class Laboratory:
    """A folder of the server, a source that reads it, and the watermark so far."""

    def __init__(self, sshd: Sshd, folder: Path) -> None:
        self.sshd = sshd
        self.folder = folder
        self.watermark = ""
        self.pause: Callable[[float], None] = nothing_happens

    def source(
        self, limits: Limits = LIMITS, *, port: int | None = None, secret: str = "", pin: str = ""
    ) -> SftpSource:
        address = self.sshd.address(self.folder, port)
        key, pinned = secret or self.sshd.secret(), pin or self.sshd.fingerprint()
        return SftpSource(address, key, pinned, limits, SETTLE, self.pause)

    def drop(self, name: str | bytes, data: bytes = b"x", changed: int = OLD) -> Path:
        path = Path(os.fsdecode(os.fsencode(self.folder) + b"/" + os.fsencode(name)))
        path.write_bytes(data)
        os.utime(path, (changed, changed))
        return path

    def poll(self, source: SftpSource | None = None, *, held_back: bool = False) -> list[Fetched]:
        """Poll as ``bot.polling`` does: store, settle, remember."""
        pieces = []
        for piece in (source or self.source()).fetch(self.watermark, NOW):
            pieces.append(piece)
            piece.settle(held_back)
            assert piece.watermark is not None
            self.watermark = piece.watermark
        return pieces

    def names(self, source: SftpSource | None = None) -> list[str]:
        return [piece.name for piece in self.poll(source)]

    def trouble(self, source: SftpSource | None = None) -> FeedTrouble:
        with pytest.raises(FeedTrouble) as trouble:
            self.poll(source)
        return trouble.value


@pytest.fixture
def laboratory(sshd: Sshd, folder: Path) -> Laboratory:
    return Laboratory(sshd, folder)


@pytest.fixture(scope="module")
def strict_sshd() -> Iterator[Sshd]:
    """A server where we are somebody whom permissions bind, which root is not."""
    with tempfile.TemporaryDirectory(prefix="ketqua-sshd-") as home:
        Path(home).chmod(0o755)
        with running_sshd(Path(home)) as server:
            server.user = "nobody" if os.geteuid() == 0 else server.user
            yield server


@pytest.fixture
def guest(strict_sshd: Sshd) -> Iterator[Laboratory]:
    with tempfile.TemporaryDirectory(dir=strict_sshd.home) as folder:
        Path(folder).chmod(0o777)
        if os.geteuid() == 0:
            shutil.chown(folder, strict_sshd.user)
        yield Laboratory(strict_sshd, Path(folder))
        Path(folder).chmod(0o777)


# ------------------------------------------------------------------ what is taken, and when


def test_files_are_fetched_oldest_first_and_once(laboratory: Laboratory) -> None:
    laboratory.drop("b.hl7", b"older", OLD - 60)
    laboratory.drop("a.hl7", b"newer")
    assert [(piece.name, piece.data) for piece in laboratory.poll()] == [
        ("b.hl7", b"older"), ("a.hl7", b"newer"),
    ]  # fmt: skip
    assert laboratory.poll() == []


def test_a_late_file_with_an_old_time_is_not_missed(laboratory: Laboratory) -> None:
    laboratory.drop("a.hl7")
    laboratory.drop("same.hl7")
    assert laboratory.names() == ["a.hl7", "same.hl7"]
    laboratory.drop("late.hl7", changed=OLD - 86_400 * 365)
    laboratory.drop("equal.hl7")
    assert laboratory.names() == ["late.hl7", "equal.hl7"]
    assert laboratory.names() == []


@pytest.mark.parametrize(("data", "changed"), [(b"xx", OLD), (b"y", OLD + 1), (b"y", OLD - 1)])
def test_a_file_replaced_by_another_is_fetched_again(
    laboratory: Laboratory, data: bytes, changed: int
) -> None:
    laboratory.drop("daily.csv")
    assert laboratory.names() == ["daily.csv"]
    laboratory.drop("daily.csv", data, changed)
    assert [piece.data for piece in laboratory.poll()] == [data]


def test_a_file_that_went_away_and_came_back_is_new_once_forgotten(laboratory: Laboratory) -> None:
    path = laboratory.drop("a.hl7")
    laboratory.poll()
    path.unlink()
    laboratory.drop("b.hl7")
    assert laboratory.names() == ["b.hl7"]
    laboratory.drop("a.hl7")
    assert laboratory.names() == ["a.hl7"]


def test_a_poll_stops_at_its_limit_and_the_next_goes_on(laboratory: Laboratory) -> None:
    for number in range(5):
        laboratory.drop(f"{number}.hl7")
    few = laboratory.source(Limits(pages=2, total_seconds=60))
    assert [laboratory.names(few) for _ in range(4)] == [
        ["0.hl7", "1.hl7"], ["2.hl7", "3.hl7"], ["4.hl7"], [],
    ]  # fmt: skip


def test_a_file_stored_just_before_a_crash_comes_once_more(laboratory: Laboratory) -> None:
    laboratory.drop("a.hl7")
    laboratory.drop("b.hl7")
    pieces = laboratory.source().fetch("", NOW)
    first = next(pieces)
    del pieces  # killed while the second is stored
    laboratory.watermark = first.watermark or ""
    assert laboratory.names() == ["b.hl7"]


# ------------------------------------------------------------------ what still grows


def now_there(path: Path) -> int:
    return int(path.parent.stat().st_mtime)


def test_a_file_that_grows_between_two_looks_waits_for_the_next_poll(
    laboratory: Laboratory,
) -> None:
    path = laboratory.drop("growing.hl7")
    os.utime(path, (now_there(path), now_there(path)))
    still = laboratory.drop("still.hl7", changed=now_there(path))

    def grow(_seconds: float) -> None:
        laboratory.drop("growing.hl7", path.read_bytes() + b"x", now_there(path))

    laboratory.pause = grow
    assert laboratory.names() == [still.name]
    assert laboratory.names() == []
    laboratory.pause = nothing_happens
    assert [(piece.name, piece.data) for piece in laboratory.poll()] == [("growing.hl7", b"xxx")]


def test_a_file_that_was_just_begun_is_not_called_empty(laboratory: Laboratory) -> None:
    path = laboratory.drop("a.hl7", b"")
    begun = now_there(path)
    os.utime(path, (begun, begun))

    def fill(_seconds: float) -> None:
        laboratory.drop("a.hl7", b"full", begun)

    laboratory.pause = fill
    assert laboratory.poll() == []
    assert [piece.data for piece in laboratory.poll()] == [b"full"]


def test_a_file_that_has_grown_after_it_was_taken_comes_again_whole(laboratory: Laboratory) -> None:
    laboratory.drop("a.hl7", b"half")
    assert [piece.data for piece in laboratory.poll()] == [b"half"]
    laboratory.drop("a.hl7", b"half and half", OLD + 5)
    assert [piece.data for piece in laboratory.poll()] == [b"half and half"]


@pytest.mark.parametrize("ahead", [-86_400, 0, 86_400], ids=["behind", "equal", "ahead"])
def test_a_server_s_wrong_clock_keeps_no_file_back_and_takes_none_too_early(
    laboratory: Laboratory, ahead: int
) -> None:
    """Files bear the server's time, and so does their folder."""
    changed = OLD + ahead
    laboratory.drop("fresh.hl7", changed=changed)
    laboratory.drop("settled.hl7", changed=changed - 60)
    os.utime(laboratory.folder, (changed, changed))
    before_the_pause: list[str] = []
    taken: list[str] = []
    laboratory.pause = lambda _seconds: before_the_pause.extend(taken)
    taken.extend(piece.name for piece in laboratory.source().fetch("", NOW))
    assert before_the_pause == ["settled.hl7"]
    assert taken == ["settled.hl7", "fresh.hl7"]


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_poll(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    laboratory.drop("a.hl7", b"one")
    look = distant_folder.DistantFolder.look

    def look_and_change(self: distant_folder.DistantFolder, path: bytes) -> distant_folder.Look:
        found = look(self, path)
        laboratory.drop("a.hl7", b"two", OLD + 1)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(distant_folder.DistantFolder, "look", look_and_change)
        assert laboratory.names() == []
    assert [piece.data for piece in laboratory.poll()] == [b"two"]


# ------------------------------------------------------------------ what is passed over


def test_unfinished_names_folders_links_and_pipes_are_passed_over(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".hidden", "~lock", "a.part", "b.TMP", "c.filepart"):
        laboratory.drop(name)
    (laboratory.folder / "processed").mkdir()
    (laboratory.folder / "link.hl7").symlink_to("/etc/hostname")
    os.mkfifo(laboratory.folder / "pipe.hl7")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(laboratory.folder)  # a socket's path is short
        listener.bind("socket.hl7")
        assert laboratory.names() == []


def test_hostile_names_are_fetched_and_shown_on_one_line(laboratory: Laboratory) -> None:
    for name in (
        b"line\nbreak.hl7",
        b"\xff\xfe.hl7",
        "\u202eback.hl7",
        "\x1b[31mred",
        "x\\..\\y.hl7",
    ):
        laboratory.drop(name, os.fsencode(name))
    pieces = laboratory.poll()
    assert sorted(piece.data for piece in pieces) == sorted(
        os.fsencode(path.name) for path in laboratory.folder.iterdir()
    )
    assert sorted(piece.name for piece in pieces) == [
        "line\ufffdbreak.hl7", "x\\..\\y.hl7", "\ufffd[31mred", "\ufffdback.hl7",
        "\ufffd\ufffd.hl7",
    ]  # fmt: skip
    assert laboratory.poll() == []


def test_a_file_that_is_too_large_is_refused_unread_and_once(laboratory: Laboratory) -> None:
    laboratory.drop("big.csv", bytes(1025), OLD - 1)
    laboratory.drop("fits.csv", bytes(1024))
    big, fits = laboratory.poll()
    assert big.refused is not None
    assert (big.data, big.refused.code, big.refused.detail) == (b"", "too_large", "1025 > 1024")
    assert (len(fits.data), fits.refused) == (1024, None)
    assert laboratory.poll() == []


def test_an_empty_file_is_refused_by_name(laboratory: Laboratory) -> None:
    laboratory.drop("nothing.csv", b"")
    assert [piece.refused and piece.refused.code for piece in laboratory.poll()] == ["empty_file"]


def test_a_folder_with_too_many_names_is_not_read(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distant_folder, "MOST_NAMES", 10)
    for number in range(11):
        laboratory.drop(f".{number}")
    assert laboratory.trouble().code == "feed_too_large"


def test_many_files_are_fetched_once(laboratory: Laboratory) -> None:
    many = count(300, 5000)
    for number in range(many):
        laboratory.drop(f"{number}.hl7", b"%d" % number)
    source = laboratory.source(Limits(pages=many, total_seconds=600))
    assert {piece.data for piece in laboratory.poll(source)} == {b"%d" % n for n in range(many)}
    assert laboratory.poll(source) == []
    laboratory.drop("one more.hl7", changed=OLD - 5)
    assert laboratory.names(source) == ["one more.hl7"]


# ------------------------------------------------------------------ what is put aside


def kept(laboratory: Laboratory, folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (laboratory.folder / folder).iterdir()}


def test_stored_files_are_put_aside_where_there_is_a_folder_for_them(
    laboratory: Laboratory,
) -> None:
    for name in ("processed", "quarantine"):
        (laboratory.folder / name).mkdir()
    laboratory.drop("good.hl7", b"good")
    laboratory.poll()
    laboratory.drop("bad.hl7", b"bad")
    laboratory.poll(held_back=True)
    assert kept(laboratory, "processed") == {"good.hl7": b"good"}
    assert kept(laboratory, "quarantine") == {"bad.hl7": b"bad"}
    assert laboratory.names() == []


def test_what_was_put_aside_need_not_be_remembered(laboratory: Laboratory) -> None:
    for number in range(20):
        laboratory.drop(f"{number}.hl7")
    laboratory.poll()
    long = len(laboratory.watermark)
    (laboratory.folder / "processed").mkdir()
    for number in range(20):
        laboratory.drop(f"{number}.hl7", changed=OLD + 1)
    assert len(laboratory.poll()) == 20
    assert len(laboratory.watermark) < long / 5


def test_nothing_put_aside_is_overwritten(laboratory: Laboratory) -> None:
    (laboratory.folder / "processed").mkdir()
    for number in range(4):
        laboratory.drop("daily.csv", b"%d" % number, OLD + number)
        assert laboratory.names() == ["daily.csv"]
    assert sorted(kept(laboratory, "processed").values()) == [b"0", b"1", b"2", b"3"]
    assert all(name.endswith(".csv") for name in kept(laboratory, "processed"))


def test_without_a_folder_files_stay_and_none_is_made(laboratory: Laboratory) -> None:
    laboratory.drop("a.hl7")
    laboratory.poll()
    assert [path.name for path in laboratory.folder.iterdir()] == ["a.hl7"]


def test_nothing_is_put_through_a_linked_folder(laboratory: Laboratory, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (laboratory.folder / "processed").symlink_to(elsewhere)
    laboratory.drop("a.hl7")
    assert laboratory.names() == ["a.hl7"]
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_takes_nothing_keeps_no_file_from_being_fetched(guest: Laboratory) -> None:
    (guest.folder / "processed").mkdir(mode=0o555)
    guest.drop("a.hl7")
    guest.drop("b.hl7")
    assert guest.names() == ["a.hl7", "b.hl7"]
    assert guest.names() == []
    assert kept(guest, "processed") == {}


def test_a_file_replaced_before_it_was_put_aside_is_moved_back_and_fetched(
    laboratory: Laboratory,
) -> None:
    (laboratory.folder / "processed").mkdir()
    laboratory.drop("a.hl7", b"one")
    for piece in laboratory.source().fetch("", NOW):
        laboratory.drop("a.hl7", b"other")
        piece.settle(False)
        laboratory.watermark = piece.watermark or ""
    assert kept(laboratory, "processed") == {}
    assert [piece.data for piece in laboratory.poll()] == [b"other"]


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
    tmp_path: Path, folder: Path
) -> None:
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
