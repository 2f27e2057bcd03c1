"""The demo as a process of its own, and a citizen's hands on it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.services import free_port

REPOSITORY = Path(__file__).parents[2]
KETQUA = (sys.executable, str(REPOSITORY / "bot.py"))
_PATIENCE = 60.0  # seconds; nothing is judged by how long it took
T = TypeVar("T")


def until(look: Callable[[], T | None]) -> T:
    """Look again and again until there is something."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    message = f"nothing after {_PATIENCE:.0f} s"
    raise AssertionError(message)


@dataclass
class Demo:
    """A running demo."""

    process: subprocess.Popen[bytes]
    url: str
    data_dir: Path

    def get(self, path: str) -> bytes:
        """The body of a page."""
        with urllib.request.urlopen(self.url + path) as answer:  # noqa: S310
            body: bytes = answer.read()
            return body

    def outbox(self, phone: str) -> list[str]:
        """Texts that a phone received, oldest first."""
        messages = json.loads(self.get("/sim/outbox.json"))
        return [message["text"] for message in messages if message["to"] == phone]

    def chat(self, user: str, **said: str) -> list[dict[str, Any]]:
        """Say something in the chat; what is answered."""
        body = json.dumps({"user": user, "channel": "telegram", **said}).encode()
        request = urllib.request.Request(  # noqa: S310
            self.url + "/sim/chat", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            replies: list[dict[str, Any]] = json.load(answer)
            return replies

    def otp(self, phone: str, *, after: int = 0) -> str:
        """The newest OTP of a phone that has had ``after`` of them already."""

        def look() -> str | None:
            codes = re.findall(r"OTP: (\d{6})", "\n".join(self.outbox(phone)))
            return codes[-1] if len(codes) > after else None

        return until(look)

    def link(self, phone: str) -> str:
        """The newest link that a phone received."""

        def look() -> str | None:
            links = re.findall(r"http\S+/k/[\w-]+", "\n".join(self.outbox(phone)))
            return links[-1] if links else None

        return until(look)

    def ketqua(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """Run a command on the same installation, as another process."""
        return subprocess.run(
            [*KETQUA, *map(str, arguments)], env=_environment(self.data_dir),
            capture_output=True, check=False,
        )  # fmt: skip

    def kill(self) -> None:
        """``kill -9``."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def running_demo(data_dir: Path, **settings: str) -> Iterator[Demo]:
    """Start the demo on a free port; it is stopped at the end, however that comes."""
    port = free_port()
    with (data_dir / "demo.log").open("ab") as log:
        process = subprocess.Popen(
            [*KETQUA, "run", "--demo", "--port", str(port)],
            env=_environment(data_dir) | settings, stdout=log, stderr=log,
        )  # fmt: skip
    demo = Demo(process, f"http://127.0.0.1:{port}", data_dir)
    try:
        until(lambda: _healthy(demo))
        yield demo
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


def _healthy(demo: Demo) -> bool:
    if demo.process.poll() is not None:
        message = (demo.data_dir / "demo.log").read_text()
        raise AssertionError(message)
    try:
        return demo.get("/healthz") == b"ok"
    except urllib.error.URLError:
        return False


def _environment(data_dir: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KETQUA_")}
    return ours | {"KETQUA_DATA_DIR": str(data_dir), "KETQUA_LANGUAGE": "vi"}
