"""The watched folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labs.sources.folder import FolderSource, FolderTrouble

NOW = datetime(2021, 7, 15, 9, tzinfo=UTC)
SETTLE = timedelta(seconds=5)


def drop(folder: Path, name: str, *, age: int, text: str = "x") -> Path:
    path = folder / name
    path.write_text(text)
    moment = NOW.timestamp() - age
    os.utime(path, (moment, moment))
    return path


def ready(folder: Path) -> list[str]:
    return [path.name for path in FolderSource(folder, SETTLE).ready(NOW)]


def test_files_are_ready_oldest_first_once_they_stand_still(tmp_path: Path) -> None:
    drop(tmp_path, "b.hl7", age=60)
    drop(tmp_path, "a.hl7", age=30)
    drop(tmp_path, "growing.hl7", age=4)
    assert ready(tmp_path) == ["b.hl7", "a.hl7"]


def test_unfinished_names_folders_and_links_are_left_alone(tmp_path: Path) -> None:
    for name in (".hidden", "a.hl7.part", "b.TMP", "~lock"):
        drop(tmp_path, name, age=60)
    (tmp_path / "processed").mkdir()
    (tmp_path / "link.hl7").symlink_to("/etc/hostname")
    assert ready(tmp_path) == []


def test_a_folder_that_is_not_there_has_nothing_ready(tmp_path: Path) -> None:
    assert ready(tmp_path / "none") == []


def test_done_and_failed_files_are_put_aside_and_never_overwritten(tmp_path: Path) -> None:
    source = FolderSource(tmp_path, SETTLE)
    for content in ("first", "second"):
        moved = source.done(drop(tmp_path, "a.hl7", age=60, text=content))
        assert moved.read_text() == content
    assert source.failed(drop(tmp_path, "a.hl7", age=60)) == tmp_path / "quarantine/a.hl7"
    kept = sorted(path.name for path in (tmp_path / "processed").iterdir())
    assert kept == ["a.1.hl7", "a.hl7"]
    assert ready(tmp_path) == []


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EXDEV])
def test_files_that_can_not_be_linked_are_put_aside_and_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """``fs.protected_hardlinks`` with a laboratory's own files; SMB and FAT with any."""
    monkeypatch.setattr(os, "link", refusing(number))
    source = FolderSource(tmp_path, SETTLE)
    for content in ("first", "second"):
        moved = source.done(drop(tmp_path, "a.hl7", age=60, text=content))
        assert moved.read_text() == content
    kept = {path.name: path.read_text() for path in (tmp_path / "processed").iterdir()}
    assert kept == {"a.hl7": "first", "a.1.hl7": "second"}
    assert ready(tmp_path) == []


def test_a_file_that_can_be_neither_linked_nor_moved_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    monkeypatch.setattr(os, "rename", refusing(errno.EACCES))
    with pytest.raises(PermissionError):
        FolderSource(tmp_path, SETTLE).done(drop(tmp_path, "a.hl7", age=60))
    assert ready(tmp_path) == ["a.hl7"]
    assert list((tmp_path / "processed").iterdir()) == []


def refusing(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


def test_each_facility_has_its_own_folder(tmp_path: Path) -> None:
    for name in ("BVTD", "BVNDGD", "processed"):
        (tmp_path / name).mkdir()
    found = [source.path.name for source in FolderSource(tmp_path, SETTLE).facilities()]
    assert found == ["BVNDGD", "BVTD"]


def refused(source: FolderSource, path: Path, limit: int = 10) -> str:
    with pytest.raises(FolderTrouble) as trouble:
        source.read(path, limit)
    return trouble.value.code


def test_a_plain_file_is_read_up_to_the_limit_and_not_beyond(tmp_path: Path) -> None:
    source = FolderSource(tmp_path, SETTLE)
    path = drop(tmp_path, "a.hl7", age=60, text="0123456789")
    assert source.read(path, 10) == b"0123456789"
    assert refused(source, path, 9) == "too_large"


def test_links_pipes_and_folders_are_never_read(tmp_path: Path) -> None:
    secret = drop(tmp_path, "secret", age=60)
    (tmp_path / "link.hl7").symlink_to(secret)
    (tmp_path / "dangling.hl7").symlink_to(tmp_path / "nothing")
    (tmp_path / "folder.hl7").mkdir()
    os.mkfifo(tmp_path / "pipe.hl7")
    source = FolderSource(tmp_path, SETTLE)
    for name in ("link.hl7", "dangling.hl7", "folder.hl7", "pipe.hl7"):
        assert refused(source, tmp_path / name) == "not_a_plain_file", name


def test_a_file_that_went_away_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FolderSource(tmp_path, SETTLE).read(tmp_path / "gone.hl7", 10)


@pytest.mark.parametrize("name", ["processed", "quarantine"])
def test_nothing_is_put_through_a_linked_folder(tmp_path: Path, name: str) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (home / name).symlink_to(elsewhere)
    source, path = FolderSource(home, SETTLE), drop(home, "a.hl7", age=60)
    with pytest.raises(FolderTrouble) as trouble:
        (source.done if name == "processed" else source.failed)(path)
    assert trouble.value.code == "not_a_plain_folder"
    assert path.exists()
    assert not list(elsewhere.iterdir())


def test_folders_for_what_is_put_aside_are_their_owner_s_only(tmp_path: Path) -> None:
    source = FolderSource(tmp_path, SETTLE)
    source.done(drop(tmp_path, "a.hl7", age=60))
    source.failed(drop(tmp_path, "b.hl7", age=60))
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("processed", "quarantine")]
    assert modes == [0o700, 0o700]
