"""Find, install or start what the tests need beside Python.

A lacking program is never a skipped test: it is installed with apt-get when we are root or may use
sudo without a password, and otherwise the run stops with one sentence that names the packages.
``python -m tests.services`` does that for all of them before the first test.

Test databases are in ``tests/databases.py``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

REPOSITORY = Path(__file__).resolve().parent.parent


class ServiceMissingError(Exception):
    """Something that the tests need is neither here nor installable; the message says what."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program under any of its ``names``, the packages that bring it, and where else it lies."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    folders: str = ""  # a glob below /; the last match in order of version wins


CHROMIUM = Program(
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    ("chromium", "fonts-dejavu-core"),  # without a font every letter is a box
)
ZBARIMG = Program(("zbarimg",), ("zbar-tools",))
NODE = Program(("node",), ("nodejs",))
NPM = Program(("npm",), ("npm",))
REDIS = Program(("redis-server",), ("redis-server",))
POSTGRES = Program(("initdb",), ("postgresql",), "usr/lib/postgresql/*/bin")
SSHD = Program(("sshd",), ("openssh-server",), "usr/sbin")
SSH_KEYGEN = Program(("ssh-keygen",), ("openssh-client",))
SOFTHSM = Program(("softhsm2-util",), ("softhsm2",))
EVERYTHING = (CHROMIUM, ZBARIMG, NODE, NPM, REDIS, POSTGRES, SSHD, SSH_KEYGEN, SOFTHSM)


def find(program: Program) -> Path | None:
    """Look for ``program`` on the PATH and in its folders."""
    for name in program.names:
        if found := shutil.which(name):
            return Path(found)
    folders = sorted(Path("/").glob(program.folders), key=_version) if program.folders else []
    places = [folder / name for folder in folders for name in program.names]
    return next((place for place in reversed(places) if os.access(place, os.X_OK)), None)


def require(program: Program) -> Path:
    """Return where ``program`` is, installing it when that is allowed.

    Raises:
        ServiceMissingError: It isn't here and can't be installed.
    """
    found = find(program)
    if found is None:
        install([program])
        found = find(program)
    if found is None:
        message = f"{program.names[0]} is not on the PATH although its package was installed"
        raise ServiceMissingError(message)
    return found


def install(programs: Sequence[Program]) -> None:
    """Install the packages of ``programs`` with apt-get.

    Raises:
        ServiceMissingError: We may not, there is no apt-get, or it fails; names the packages.
    """
    packages = [package for program in programs for package in program.packages]
    plea = f"The tests need: {' '.join(packages)} (sudo apt-get install {' '.join(packages)})"
    prefix = _as_root()
    if prefix is None or not shutil.which("apt-get"):
        raise ServiceMissingError(plea)
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    subprocess.run([*apt, "update"], check=False, stdout=sys.stderr)
    options = ["install", "-y", "--no-install-recommends"]
    if subprocess.run([*apt, *options, *packages], check=False, stdout=sys.stderr).returncode:
        raise ServiceMissingError(plea)


def free_port() -> int:
    """Return a TCP port that nobody on this machine listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def redis_server() -> Iterator[str]:
    """Give the URL of a Redis that tests may empty: KETQUA_TEST_REDIS_URL, else one of our own.

    A Redis that happens to run here is left alone: its keys may be somebody's.

    Raises:
        ServiceMissingError: No Redis, and none can be installed.
    """
    if given := os.environ.get("KETQUA_TEST_REDIS_URL"):
        yield given
        return
    program, port = require(REDIS), free_port()
    with tempfile.TemporaryDirectory(prefix="ketqua-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            yield _answering(f"redis://127.0.0.1:{port}/0", server)
        finally:
            server.terminate()
            server.wait()


def find_vectors() -> Path | None:
    """Return the folder of test data that others wrote, or None where it isn't.

    Usable while tests are collected, where a fixture isn't.

    Raises:
        ServiceMissingError: KETQUA_VECTORS names a folder that doesn't exist.
    """
    given = os.environ.get("KETQUA_VECTORS")
    folder = Path(given) if given else REPOSITORY.parent / "shared" / "vectors"
    if folder.is_dir():
        return folder
    if given:
        message = f"KETQUA_VECTORS names {given}, which is no folder"
        raise ServiceMissingError(message)
    return None


def soaking() -> bool:
    """Tell whether this run is at full counts (``make soak``)."""
    return os.environ.get("KETQUA_SOAK") == "1"


def count(small: int, full: int) -> int:
    """Choose how often a test repeats: ``small`` usually, ``full`` in a soak."""
    return full if soaking() else small


def _answering(url: str, server: subprocess.Popen[bytes]) -> str:
    client = redis.Redis.from_url(url)
    for _ in range(200):
        try:
            client.ping()
        except redis.ConnectionError:
            if server.poll() is not None:
                break
            time.sleep(0.05)
        else:
            client.close()
            return url
    message = "redis-server was started but does not answer"
    raise ServiceMissingError(message)


def _as_root() -> list[str] | None:
    """Return what to put before a command so that root runs it, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if (
        sudo
        and not subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode
    ):
        return [sudo, "-n"]
    return None


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parts if part.isdigit())


def main() -> int:
    """Bring the machine to where every test can run: 1 and a sentence if it can't be."""
    missing = [program for program in EVERYTHING if find(program) is None]
    try:
        if missing:
            install(missing)
    except ServiceMissingError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
