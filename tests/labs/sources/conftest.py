"""Real SFTP servers for the tests of this room."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.sources.laboratory import Laboratory
from tests.labs.sources.sshd import Sshd, running_sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def laboratory(sshd: Sshd, tmp_path: Path) -> Laboratory:
    folder = tmp_path / "results"
    folder.mkdir()
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
