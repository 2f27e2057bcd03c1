"""A folder of this machine as a polled source."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.feeds.source import FeedTrouble, Fetched, Limits
from labs.sources.folder import FolderSource
from labs.sources.local_folder import LocalFolderSource

NOW = datetime(2021, 7, 15, 9, tzinfo=UTC)
LIMITS = Limits(largest=10)


def drop(folder: Path, name: str, text: str = "x", *, age: int = 60) -> Path:
    path = folder / name
    path.write_text(text)
    moment = NOW.timestamp() - age
    os.utime(path, (moment, moment))
    return path


def poll(
    folder: Path,
    limits: Limits = LIMITS,
    *,
    held_back: bool = False,
    into: list[Fetched] | None = None,
) -> list[Fetched]:
    """Poll as ``bot.polling`` does: store, settle."""
    pieces = [] if into is None else into
    for piece in LocalFolderSource(str(folder), limits).fetch("", NOW):
        pieces.append(piece)
        piece.settle(held_back)
    return pieces


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_are_fetched_oldest_first_and_put_aside(tmp_path: Path) -> None:
    drop(tmp_path, "b.hl7", "newer")
    drop(tmp_path, "a.hl7", "older", age=90)
    pieces = poll(tmp_path)
    assert [(piece.name, piece.data) for piece in pieces] == [
        ("a.hl7", b"older"), ("b.hl7", b"newer"),
    ]  # fmt: skip
    assert [piece.watermark for piece in pieces] == [None, None]
    assert names(tmp_path) == ["processed/a.hl7", "processed/b.hl7"]
    assert poll(tmp_path) == []


def test_what_was_held_back_goes_into_quarantine(tmp_path: Path) -> None:
    drop(tmp_path, "a.hl7")
    poll(tmp_path, held_back=True)
    assert names(tmp_path) == ["quarantine/a.hl7"]


def test_a_file_that_was_not_settled_comes_again(tmp_path: Path) -> None:
    drop(tmp_path, "a.hl7")
    for _ in range(2):
        pieces = LocalFolderSource(str(tmp_path), LIMITS).fetch("", NOW)
        assert [piece.name for piece in pieces] == ["a.hl7"]


def test_a_file_that_still_grows_waits(tmp_path: Path) -> None:
    drop(tmp_path, "a.hl7", age=4)
    source = LocalFolderSource(str(tmp_path), LIMITS, timedelta(seconds=5))
    assert list(source.fetch("", NOW)) == []
    assert len(list(source.fetch("", NOW + timedelta(seconds=1)))) == 1


@pytest.mark.parametrize(("text", "code"), [("0123456789A", "too_large"), ("", "empty_file")])
def test_what_can_not_hold_results_is_refused_and_put_aside(
    tmp_path: Path, text: str, code: str
) -> None:
    drop(tmp_path, "a.csv", text)
    pieces = poll(tmp_path, held_back=True)
    assert [(piece.data, piece.refused and piece.refused.code) for piece in pieces] == [(b"", code)]
    assert names(tmp_path) == ["quarantine/a.csv"]


def test_links_pipes_and_unfinished_names_stay_untouched(tmp_path: Path) -> None:
    drop(tmp_path, "a.hl7.part")
    (tmp_path / "link.hl7").symlink_to(tmp_path / "a.hl7.part")
    os.mkfifo(tmp_path / "pipe.hl7")
    assert poll(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"a.hl7.part", "link.hl7", "pipe.hl7"}


@pytest.mark.parametrize("text", ["x and more", "y"])
def test_a_file_that_changed_while_it_was_stored_stays_and_comes_again(
    tmp_path: Path, text: str
) -> None:
    drop(tmp_path, "a.hl7", "x")
    for piece in LocalFolderSource(str(tmp_path), LIMITS).fetch("", NOW):
        drop(tmp_path, "a.hl7", text, age=50)
        piece.settle(False)
    assert [piece.data for piece in poll(tmp_path)] == [text.encode()]


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = FolderSource.read

    def read_and_change(self: FolderSource, path: Path, limit: int) -> bytes:
        data = read(self, path, limit)
        drop(tmp_path, "a.hl7", "other", age=50)
        return data

    drop(tmp_path, "a.hl7")
    with monkeypatch.context() as patch:
        patch.setattr(FolderSource, "read", read_and_change)
        assert poll(tmp_path) == []
    assert [piece.data for piece in poll(tmp_path)] == [b"other"]


def test_a_file_that_another_process_took_is_no_trouble(tmp_path: Path) -> None:
    drop(tmp_path, "a.hl7", age=90)
    drop(tmp_path, "b.hl7")
    pieces = LocalFolderSource(str(tmp_path), LIMITS).fetch("", NOW)
    first = next(pieces)
    for path in tmp_path.iterdir():
        path.unlink()
    first.settle(False)
    assert list(pieces) == []


def test_a_folder_that_takes_nothing_is_told_of_after_every_file(tmp_path: Path) -> None:
    """A link in its place: files must not be put through it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "processed").symlink_to(tmp_path / "elsewhere")
    drop(tmp_path, "a.hl7")
    drop(tmp_path, "b.hl7")
    fetched: list[Fetched] = []
    with pytest.raises(FeedTrouble) as trouble:
        poll(tmp_path, into=fetched)
    assert [piece.name for piece in fetched] == ["a.hl7", "b.hl7"]
    assert (trouble.value.code, trouble.value.detail) == ("feed_not_authorised", "2")
    assert names(tmp_path) == ["a.hl7", "b.hl7"]


def test_a_file_that_can_t_be_read_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = FolderSource.read

    def refuse_one(self: FolderSource, path: Path, limit: int) -> bytes:
        if path.name == "a.hl7":
            raise PermissionError
        return read(self, path, limit)

    monkeypatch.setattr(FolderSource, "read", refuse_one)
    drop(tmp_path, "a.hl7", age=90)
    drop(tmp_path, "b.hl7")
    with pytest.raises(FeedTrouble, match="feed_not_authorised: 1"):
        poll(tmp_path)
    assert names(tmp_path) == ["a.hl7", "processed/b.hl7"]


def test_a_name_that_is_no_text_can_be_shown_and_its_file_is_put_aside(tmp_path: Path) -> None:
    strange = os.fsencode(tmp_path) + b"/k\xe9t qu\xe1\x07.hl7"
    Path(os.fsdecode(strange)).write_text("x")
    os.utime(strange, (1, 1))
    assert [piece.name for piece in poll(tmp_path)] == ["k\ufffdt qu\ufffd\ufffd.hl7"]
    (aside,) = (tmp_path / "processed").iterdir()
    assert os.fsencode(aside.name) == b"k\xe9t qu\xe1\x07.hl7"


def test_a_poll_stops_at_its_limit_and_counts_only_what_it_gave(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.hl7")
    for number in range(3):
        drop(tmp_path, f"{number}.hl7")
    few = Limits(pages=2, largest=10)
    assert [len(poll(tmp_path, few)) for _ in range(3)] == [2, 1, 0]


def test_an_absent_folder_and_a_file_in_its_place_are_missing(tmp_path: Path) -> None:
    file = drop(tmp_path, "a.hl7")
    for place in (tmp_path / "none", file, Path("\0")):
        for attempt in (poll, lambda place: LocalFolderSource(str(place), LIMITS).probe(NOW)):
            with pytest.raises(FeedTrouble) as trouble:
                attempt(place)
            assert trouble.value.code == "feed_folder_missing"


def test_a_probe_counts_and_takes_nothing(tmp_path: Path) -> None:
    source = LocalFolderSource(str(tmp_path), LIMITS)
    assert (source.probe(NOW).found, source.probe(NOW).newest) == (0, None)
    drop(tmp_path, "a.hl7", age=90)
    drop(tmp_path, "b.hl7", age=60)
    drop(tmp_path, "c.hl7.part", age=30)
    (tmp_path / "link.hl7").symlink_to(tmp_path / "a.hl7")
    assert (source.probe(NOW).found, source.probe(NOW).newest) == (2, NOW - timedelta(minutes=1))
    assert names(tmp_path) == ["a.hl7", "b.hl7", "c.hl7.part", "link.hl7"]
