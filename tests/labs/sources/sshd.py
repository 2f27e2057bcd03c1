"""A real OpenSSH server on a loopback port, for whoever runs the tests, and a line that breaks."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import SSH_KEYGEN, SSHD, ServiceMissingError, free_port, require

KINDS = {"ed25519": "256", "ecdsa": "256", "rsa": "2048"}
CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {home}/{host_key}
AuthorizedKeysFile {home}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PubkeyAuthentication yes
PasswordAuthentication yes
MaxStartups 100
Subsystem sftp internal-sftp
"""


@dataclass(slots=True)
class Sshd:
    """A server, its keys and its process; ``start`` and ``stop`` as often as wanted."""

    home: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    user: str = field(default_factory=lambda: pwd.getpwuid(os.geteuid()).pw_name)

    def make_keys(self) -> None:
        """Make two host keys, and a client's key of each kind."""
        for name in ("host", "other_host"):
            self._make_key(name, "ed25519")
        for kind in KINDS:
            self._make_key(kind, kind)
        public = [(self.home / f"{kind}.pub").read_text() for kind in KINDS]
        (self.home / "authorized_keys").write_text("".join(public))

    def start(self, host_key: str = "host") -> None:
        """Serve with that key."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        text = CONFIGURATION.format(port=self.port, home=self.home, host_key=host_key)
        (self.home / "config").write_text(text)
        command = [str(require(SSHD)), "-D", "-e", "-f", str(self.home / "config")]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait()

    def stop(self) -> None:
        """End it and whoever is connected."""
        if self.process is not None:
            self.kill_sessions()
            self.process.kill()
            self.process.wait()
            self.process = None

    def kill_sessions(self) -> None:
        """Kill every process that serves somebody."""
        assert self.process is not None
        for child in _descendants(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def address(self, folder: Path, port: int | None = None) -> str:
        """The address of a folder of this machine, as this server shows it."""
        return f"sftp://{self.user}@127.0.0.1:{port or self.port}{folder}"

    def fingerprint(self, name: str = "host") -> str:
        """What OpenSSH prints for a key."""
        return _keygen("-l", "-E", "sha256", "-f", str(self.home / f"{name}.pub")).split()[1]

    def secret(self, kind: str = "ed25519") -> str:
        """A client's private key."""
        return (self.home / kind).read_text()

    def _make_key(self, name: str, kind: str) -> None:
        _keygen("-q", "-t", kind, "-b", KINDS[kind], "-N", "", "-f", str(self.home / name))

    def _wait(self) -> None:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                if probe.recv(4) == b"SSH-":
                    return
            time.sleep(0.05)
        message = f"sshd does not answer: {(self.home / 'log').read_text()[-500:]}"
        raise ServiceMissingError(message)


@contextmanager
def running_sshd(home: Path) -> Iterator[Sshd]:
    """Start a server whose files lie in ``home``, and stop it afterwards.

    Raises:
        ServiceMissingError: It isn't installed and can't be, or it doesn't start.
    """
    server = Sshd(home, free_port())
    server.make_keys()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def breaking_line(server: Sshd, after: int) -> Iterator[int]:
    """Give a port that leads to ``server``, whose sessions die once so many bytes came from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        arguments = (listener, server, after)
        threading.Thread(target=_carry_until_broken, args=arguments, daemon=True).start()
        yield listener.getsockname()[1]


def _carry_until_broken(listener: socket.socket, server: Sshd, after: int) -> None:
    near, _ = listener.accept()
    with near, socket.create_connection(("127.0.0.1", server.port)) as far:
        threading.Thread(target=_carry, args=(near, far), daemon=True).start()
        carried = 0
        with suppress(OSError):
            while data := far.recv(65536):
                near.sendall(data)
                carried += len(data)
                if carried >= after:
                    server.kill_sessions()
        near.shutdown(socket.SHUT_RDWR)  # closing is not enough while the other thread reads


def _carry(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while data := near.recv(65536):
            far.sendall(data)


def _keygen(*arguments: str) -> str:
    command = [str(require(SSH_KEYGEN)), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _descendants(parent: int) -> list[int]:
    """Every process below ``parent``, youngest first."""
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, task.read_text().split()):
                found = [*_descendants(child), child, *found]
    return found
