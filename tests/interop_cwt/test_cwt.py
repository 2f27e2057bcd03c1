"""Our certificates, and forgeries of them, before PyPI's cwt (MIT, never shipped)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.certificates.authority import CertifiedKey
from tests.interop.forgeries import forgeries
from tests.interop.test_dcc_decoder import dsc, text
from tests.interop.test_dcc_utils import FACTS, pem_of

__all__ = ["dsc", "text"]

HERE = Path(__file__).resolve().parent
Reader = Callable[[list[str], CertifiedKey], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def reader() -> Reader:
    """Install cwt in an environment of its own, from the lock, the first time."""
    place, lock = HERE / ".venv", HERE / "requirements.lock"
    python, ready = place / "bin" / "python", place / ".ready"
    if not ready.exists() or ready.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "-r",
            lock,
        ]
        subprocess.run(pip, check=True, capture_output=True, timeout=600)
        ready.touch()

    def read(texts: list[str], key: CertifiedKey) -> list[dict[str, Any]]:
        done = subprocess.run(
            [python, HERE / "verify.py"], check=True, capture_output=True, timeout=120,
            input=json.dumps({"texts": texts, "pem": pem_of(key)}).encode(),
        )  # fmt: skip
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    return read


def test_cwt_accepts_and_reads_our_certificate(
    reader: Reader, dsc: CertifiedKey, text: str
) -> None:
    (answer,) = reader([text], dsc)
    assert answer["claims"]["1"] == "VN"
    assert answer["claims"]["-260"]["1"]["nam"]["fn"] == FACTS.family


def test_cwt_refuses_our_forgeries(reader: Reader, dsc: CertifiedKey, text: str) -> None:
    forged = forgeries(text, dsc)
    answers = dict(zip(forged, reader(list(forged.values()), dsc), strict=True))
    assert {name for name, answer in answers.items() if "error" not in answer} == set()
