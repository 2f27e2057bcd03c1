"""Fuzzing of the verifier, layer by layer: never an exception, never valid but what was signed.

A mutation of the text rarely gets past base45, so each case opens a certificate to a layer
chosen at random, damages that layer and closes it again; some are signed anew by the trusted
key, so that what lies behind the signature is reached too.
"""

from __future__ import annotations

import json
import random
import time
import zlib
from collections import Counter
from pathlib import Path

import cbor2

from core.certificates import base45
from core.certificates.authority import CertifiedKey
from core.certificates.decode import Unverified, decode
from core.certificates.issue import PREFIX
from core.certificates.trust import TrustStore
from core.certificates.verdict import VerdictWord
from core.certificates.verify import verify
from core.policy.rules import default_rule
from tests.core.certificates.conftest import NOON
from tests.interop.forgeries import to_be_signed
from tests.services import soaking

SECONDS = 600 if soaking() else 3
GRAINS = [
    b"", b"\x00", b"\xff" * 9, b"\x9f", b"\xbf", b"\x81" * 40, b"\xc1" * 30, b"\xa1\x01",
    b"\x1b" + b"\xff" * 8, b"\xf9\x7e\x00", b"\xfb\x7f\xf0" + b"\x00" * 6,
    b"\x5a\xff\xff\xff\xff", b"\xd8\x1c\x80", b"\xd8\x1d\x00",
    b"\xc4\x82\x3b" + b"\xff" * 8 + b"\x01",
]  # fmt: skip


class Fuzzer:
    """Damages certificates with the dice of one seed."""

    def __init__(self, seed: int, texts: list[str], dsc: CertifiedKey) -> None:
        self.dice = random.Random(seed)
        self.opened = [opened for text in texts if isinstance(opened := decode(text), Unverified)]
        self.texts = texts
        self.signer = dsc.signer()
        self.vouched = {opened.to_be_verified for opened in self.opened}

    def case(self) -> str:
        """One damaged text."""
        if self.dice.random() < 0.15:
            return self.damaged(self.dice.choice(self.texts).encode()).decode("latin-1")
        seed = self.dice.choice(self.opened)
        protected, payload, signature = seed.protected, seed.payload, seed.signature
        part = self.dice.randrange(5)
        if part == 0:
            payload = self.damaged(payload)
        elif part == 1:
            protected = self.damaged(protected)
        elif part == 2:
            signature = self.damaged(signature)
        if self.dice.random() < 0.5:
            protected = cbor2.dumps({1: -7, 4: self.signer.kid})
            covered = to_be_signed(protected, payload)
            signature = self.signer.sign(covered)
            self.vouched.add(covered)
        cose = cbor2.dumps([protected, {}, payload, signature])
        if part == 3:
            cose = self.damaged(cose)
        packed = zlib.compress(cose)
        return PREFIX + base45.encode(self.damaged(packed) if part == 4 else packed)

    def damaged(self, data: bytes) -> bytes:
        """Bytes flipped, cut out, repeated, or a grain of odd CBOR put in."""
        for _ in range(self.dice.choice((1, 1, 1, 2, 4))):
            at = self.dice.randrange(len(data) + 1)
            end = min(len(data), at + self.dice.choice((0, 1, 1, 2, 8, 60)))
            new = self.dice.choice(
                (self.dice.randbytes(end - at), b"", data[at:end] * 2, self.dice.choice(GRAINS))
            )
            data = data[:at] + new + data[end:]
        return data


def test_no_damage_is_an_exception_or_valid_unless_it_was_signed(
    text: str, positive_text: str, dsc: CertifiedKey, trust: TrustStore
) -> None:
    seed = time.time_ns() if soaking() else 20211
    fuzzer = Fuzzer(seed, [text, positive_text], dsc)
    words: Counter[str] = Counter()
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        case = fuzzer.case()
        verdict = verify(case, trust, at=NOON, rule=default_rule)
        words[verdict.verdict] += 1
        if verdict.verdict is VerdictWord.VALID:
            opened = decode(case)
            assert isinstance(opened, Unverified)
            assert opened.to_be_verified in fuzzer.vouched, (seed, case)
    assert words.keys() >= {"malformed", "bad_signature", "rule_not_met"}, words
    print(f"fuzz: seed {seed}, {words.total():,} cases: {dict(words)}")  # noqa: T201


def test_the_published_certificates_are_damaged_too(
    vectors: Path, dsc: CertifiedKey, trust: TrustStore
) -> None:
    files = sorted((vectors / "eu-dcc").glob("*.json"))
    texts = [json.loads(file.read_text("utf-8")).get("PREFIX") for file in files]
    fuzzer = Fuzzer(7, [each for each in texts if each], dsc)
    for _ in range(100_000 if soaking() else 500):
        assert verify(fuzzer.case(), trust, at=NOON, rule=default_rule).verdict
