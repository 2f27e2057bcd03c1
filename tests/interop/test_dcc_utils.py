"""Our certificates before a verifier that isn't ours: npm's dcc-utils (AGPL-3.0, never shipped).

It shares no code with us: its own base45, zlib, CBOR and COSE, and jsrsasign for X.509.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.issue import as_text, issue
from core.certificates.payload import SARS_COV_2, TestFacts
from core.certificates.uvci import new_uvci
from core.results.catalogue import TestKind
from tests.services import NODE, NPM, require

HERE = Path(__file__).resolve().parent
NOON = datetime(2026, 7, 12, 12, tzinfo=UTC)
FACTS = TestFacts(
    family="Đặng",
    given="Ngọc Ánh",
    birth_date="1990-02",
    test_kind=TestKind.PCR,
    target=SARS_COV_2,
    positive=False,
    collected_at=NOON - timedelta(hours=3),
    centre="BV Lê Văn Thịnh",
    issuer="Sở Y tế TP. Hồ Chí Minh",
)

Verifier = Callable[[list[dict[str, str]]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def verifier() -> Verifier:
    """dcc-utils, installed from the lock the first time."""
    node, npm = require(NODE), require(NPM)
    installed = HERE / "node_modules" / ".package-lock.json"
    lock = HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([npm, "ci"], cwd=HERE, check=True, capture_output=True, timeout=600)

    def verify(cases: list[dict[str, str]]) -> list[dict[str, Any]]:
        done = subprocess.run(
            [node, "verify.js"],
            cwd=HERE,
            input=json.dumps(cases).encode(),
            check=True,
            capture_output=True,
            timeout=120,
        )
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    return verify


@pytest.fixture(scope="module")
def dsc() -> CertifiedKey:
    csca = create_csca("Cơ quan Mẫu", not_before=NOON - timedelta(days=1))
    return create_dsc(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=1))


def pem_of(key: CertifiedKey) -> str:
    return key.certificate.public_bytes(Encoding.PEM).decode()


def text_of(facts: TestFacts, dsc: CertifiedKey, number: int) -> str:
    uvci = new_uvci(number.to_bytes(10, "big"))
    return as_text(issue(facts, dsc.signer(), uvci=uvci, issued_at=NOON).cose)


def test_another_verifier_accepts_and_reads_our_certificates(
    verifier: Verifier, dsc: CertifiedKey
) -> None:
    variants = [
        FACTS,
        replace(FACTS, positive=True, test_kind=TestKind.ANTIGEN, device="1232"),
        replace(FACTS, family="Nguyễn Phước Tôn Nữ", birth_date=""),
    ]
    texts = [text_of(facts, dsc, number) for number, facts in enumerate(variants)]
    found = verifier([{"text": text, "pem": pem_of(dsc)} for text in texts])
    for facts, answer in zip(variants, found, strict=True):
        assert answer.get("valid") is True, answer
        assert answer["kid"] == b64encode(dsc.kid).decode()
        assert answer["payload"]["nam"]["fn"] == facts.family
        assert answer["payload"]["dob"] == facts.birth_date
        assert answer["payload"]["t"][0]["tc"] == facts.centre


def test_another_verifier_refuses_our_certificate_under_another_key(
    verifier: Verifier, dsc: CertifiedKey
) -> None:
    stranger = create_csca("Giả", not_before=NOON)
    (answer,) = verifier([{"text": text_of(FACTS, dsc, 7), "pem": pem_of(stranger)}])
    assert answer.get("valid") is not True
