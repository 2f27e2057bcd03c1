"""The EU's published test vectors, as issue 2 says to read them.

The certificate is the given one and the clock is the vector's (UTC where it has no offset). A
missing flag says nothing; a check stops at the first failing step, so a later flag counts only
when earlier steps pass. Schema flags are inconsistent and not followed.
"""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.certificates.decode import Malformed, Step
from core.certificates.scan import read_code
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verdict import Verdict, VerdictWord
from core.certificates.verify import verify, verify_image

# The pictures of these hold another signing of the same contents than their text.
OTHER_PICTURES = {f"ES__2DCode__raw__{number}" for number in (501, 502, 503)}
STEPS = {
    "UNPREFIX": {Step.PREFIX},
    "B45DECODE": {Step.BASE45},
    "COMPRESSION": {Step.ZLIB},
    "DECODE": {Step.COSE, Step.CBOR},
}
LATEST_YEAR = datetime(2021, 7, 1, tzinfo=UTC)


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))  # type: ignore[no-any-return]


def trust_of(vector: dict[str, Any]) -> TrustStore:
    der = b64decode(vector["TESTCTX"]["CERTIFICATE"])
    return TrustStore([TrustedCertificate.from_der(der, given=True)])


def clock_of(vector: dict[str, Any]) -> datetime:
    text = vector["TESTCTX"].get("VALIDATIONCLOCK")
    moment = datetime.fromisoformat(text) if text else LATEST_YEAR
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def disagreements(verdict: Verdict, expected: dict[str, bool]) -> list[str]:
    """Flags that the verdict contradicts."""
    word, step = verdict.verdict, verdict.step
    undecoded = word is VerdictWord.MALFORMED and step is not Step.CLAIMS
    unsigned = word in {VerdictWord.UNKNOWN_ISSUER, VerdictWord.BAD_SIGNATURE}
    answers = {
        "VERIFY": not (undecoded or unsigned),
        "EXPIRATIONCHECK": word not in {VerdictWord.EXPIRED, VerdictWord.NOT_YET_VALID},
        "KEYUSAGE": word is not VerdictWord.WRONG_KEY_USAGE,
    }
    for flag, steps in STEPS.items():
        answers[flag] = step not in steps
        if step in steps:  # later decoding flags were not reached
            break
    return [
        f"{flag}: {verdict}"
        for flag, answer in answers.items()
        if expected.get(f"EXPECTED{flag}", answer) != answer
    ]


@pytest.fixture(scope="module")
def paths(vectors: Path) -> list[Path]:
    found = sorted((vectors / "eu-dcc").glob("*.json"))
    assert len(found) == 207
    return found


def test_every_verdict_agrees_with_every_flag(paths: list[Path]) -> None:
    wrong: list[str] = []
    words = set()
    for path in paths:
        vector = load(path)
        verdict = verify(vector["PREFIX"], trust_of(vector), at=clock_of(vector))
        words.add(verdict.verdict)
        found = disagreements(verdict, vector["EXPECTEDRESULTS"])
        wrong.extend(f"{path.stem} {each}" for each in found)
    assert not wrong
    assert words == {
        VerdictWord.MALFORMED,
        VerdictWord.UNKNOWN_ISSUER,
        VerdictWord.BAD_SIGNATURE,
        VerdictWord.WRONG_KEY_USAGE,
        VerdictWord.NOT_YET_VALID,
        VerdictWord.EXPIRED,
        VerdictWord.VALID,
    }


def test_every_picture_holds_its_text(paths: list[Path]) -> None:
    read = 0
    for path in paths:
        vector = load(path)
        if not vector.get("2DCODE"):
            continue
        found = read_code(b64decode(vector["2DCODE"]))
        if vector["EXPECTEDRESULTS"].get("EXPECTEDPICTUREDECODE") is False:
            assert isinstance(found, Malformed), path.stem
            assert found.step is Step.IMAGE
        elif path.stem not in OTHER_PICTURES:
            assert found == vector["PREFIX"], path.stem
            read += 1
    assert read > 140


def test_pictures_of_another_signing_verify_as_well(vectors: Path) -> None:
    for name in sorted(OTHER_PICTURES):
        vector = load(vectors / "eu-dcc" / f"{name}.json")
        picture = b64decode(vector["2DCODE"])
        assert verify_image(picture, trust_of(vector), at=clock_of(vector)).is_valid
        assert read_code(picture) != vector["PREFIX"]


def test_without_the_given_certificate_everybody_is_unknown(paths: list[Path]) -> None:
    for path in paths:
        vector = load(path)
        verdict = verify(vector["PREFIX"], TrustStore(()), at=clock_of(vector))
        assert verdict.verdict in {VerdictWord.MALFORMED, VerdictWord.UNKNOWN_ISSUER}
        assert verdict.claims is None
