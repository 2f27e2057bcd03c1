"""Our certificates, and forgeries of them, before npm's dcc-decoder (Apache-2.0, never shipped)."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.issue import as_text, issue
from core.certificates.uvci import new_uvci
from tests.interop.forgeries import forgeries
from tests.interop.test_dcc_utils import FACTS, HERE, Verifier, pem_of, verifier
from tests.services import NODE, require

__all__ = ["verifier"]

NOW = datetime.now(UTC)  # dcc-decoder takes no other time
Decoder = Callable[[list[str], CertifiedKey], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def dsc() -> CertifiedKey:
    csca = create_csca("Cơ quan Mẫu", not_before=NOW - timedelta(days=1))
    return create_dsc(csca, "Cơ quan Mẫu", not_before=NOW - timedelta(days=1))


@pytest.fixture(scope="module")
def text(dsc: CertifiedKey) -> str:
    issued = issue(FACTS, dsc.signer(), uvci=new_uvci(b"x" * 10), issued_at=NOW)
    return as_text(issued.cose)


@pytest.fixture(scope="session")
def decoder(verifier: Verifier) -> Decoder:
    """dcc-decoder; ``verifier`` has installed it."""

    def decode(texts: list[str], key: CertifiedKey) -> list[dict[str, Any]]:
        point = key.private_key.public_key().public_numbers()
        trusted = {
            "kid": b64encode(key.kid).decode(),
            "x": b64encode(point.x.to_bytes(32, "big")).decode(),
            "y": b64encode(point.y.to_bytes(32, "big")).decode(),
            "country": "VN",
        }
        done = subprocess.run(
            [require(NODE), "decode.js"], cwd=HERE, check=True, capture_output=True, timeout=120,
            input=json.dumps({"texts": texts, "keys": [trusted]}).encode(),
        )  # fmt: skip
        return json.loads(done.stdout)  # type: ignore[no-any-return]

    return decode


def test_a_third_verifier_accepts_and_reads_our_certificate(
    decoder: Decoder, dsc: CertifiedKey, text: str
) -> None:
    (answer,) = decoder([text], dsc)
    assert answer.get("error") is None
    assert answer["payload"]["nam"]["fn"] == FACTS.family
    assert answer["payload"]["t"][0]["tc"] == FACTS.centre


def test_a_third_verifier_refuses_our_forgeries(
    decoder: Decoder, dsc: CertifiedKey, text: str
) -> None:
    forged = forgeries(text, dsc)
    answers = dict(zip(forged, decoder(list(forged.values()), dsc), strict=True))
    assert {name for name, answer in answers.items() if not answer.get("error")} == set()


def test_the_other_verifier_refuses_our_forgeries_too(
    verifier: Verifier, dsc: CertifiedKey, text: str
) -> None:
    forged = forgeries(text, dsc)
    answers = verifier([{"text": each, "pem": pem_of(dsc)} for each in forged.values()])
    accepted = [n for n, a in zip(forged, answers, strict=True) if a.get("valid")]
    assert accepted == []
