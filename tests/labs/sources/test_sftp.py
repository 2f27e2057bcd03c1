"""The SFTP source against a real OpenSSH server: what is taken, when, and where it goes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from core.feeds.source import Limits
from labs.sources import distant_folder
from tests.labs.sources.laboratory import NOW, OLD, Laboratory, nothing_happens
from tests.services import count

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
