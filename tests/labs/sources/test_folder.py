"""The watched folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labs.sources.folder import FolderSource

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


def test_each_facility_has_its_own_folder(tmp_path: Path) -> None:
    for name in ("BVTD", "BVNDGD", "processed"):
        (tmp_path / name).mkdir()
    found = [source.path.name for source in FolderSource(tmp_path, SETTLE).facilities()]
    assert found == ["BVNDGD", "BVTD"]
