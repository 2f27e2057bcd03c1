"""Certificates per second on one core: issued, verified, drawn.

Floors of the same run: one bare ES256 signature, one bare verification, segno's defaults. Goals
of the product: issue in batches within 2.5 times the signature, verify within 1.5 times the
verification, draw in 2 ms of CPU. People, places and times differ from one to the next, or
caches would look better than they are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TypeVar

import segno
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.compact import CompactFacts, as_compact_text, issue_compact
from core.certificates.issue import as_text, issue
from core.certificates.payload import SARS_COV_2, TestFacts
from core.certificates.picture import png
from core.certificates.signing import SoftwareSigner
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.uvci import new_uvci
from core.certificates.verify import verify
from core.results.catalogue import TestKind
from tests.bench.measure import Cost, in_turn, show

T = TypeVar("T")
AMOUNT = 500
NOON = datetime(2026, 7, 12, 12, tzinfo=UTC)
ES256 = ec.ECDSA(SHA256())
_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ")
_GIVEN = ("Thị", "Văn", "Minh", "Ngọc", "Ánh", "Bảo", "Lộc", "Mỹ", "Duyên", "Quốc", "Hữu", "Đức")
_PLACES = ("BV Nhân dân Gia Định", "BV Nguyễn Tri Phương", "BV TP Thủ Đức", "BV Lê Văn Thịnh")


def run() -> None:
    """Print the tables."""
    csca = create_csca("Đo tốc độ", not_before=NOON - timedelta(days=2))
    dsc = create_dsc(csca, "Đo tốc độ", not_before=NOON - timedelta(days=1))
    people = [_facts(random.Random(number)) for number in range(AMOUNT)]
    _issuing(dsc, people)
    _verifying(dsc, people)
    _drawing(dsc, people[:40])


def _facts(chance: random.Random) -> TestFacts:
    born = datetime(1940, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(28_000))
    return TestFacts(
        family=chance.choice(_FAMILIES),
        given=" ".join(chance.sample(_GIVEN, chance.choice((2, 2, 3)))),
        birth_date=born.date().isoformat(),
        test_kind=chance.choice((TestKind.PCR, TestKind.ANTIGEN)),
        target=SARS_COV_2,
        positive=chance.random() < 0.1,
        collected_at=NOON - timedelta(seconds=chance.randrange(200_000)),
        centre=chance.choice(_PLACES),
        issuer="Sở Y tế TP. Hồ Chí Minh",
    )


def _short(facts: TestFacts) -> CompactFacts:
    return CompactFacts("NTMD", 1987, "234", 1, facts.positive, facts.collected_at, "BVNDGD")


def _issuing(dsc: CertifiedKey, people: list[TestFacts]) -> None:
    signer, chance = dsc.signer(), random.Random(0)
    messages = [chance.randbytes(380) for _ in people]

    def both(facts: TestFacts, uvci: str) -> None:
        issue(facts, signer, uvci=uvci, issued_at=NOON)
        issue_compact(_short(facts), signer, uvci=uvci, issued_at=NOON)

    ways = {
        "floor: ES256 signature of 380 bytes": _each(
            lambda message: dsc.private_key.sign(message, ES256), messages
        ),
        "ours: facts → signed, stored form": _each_with_uvci(
            lambda facts, uvci: issue(facts, signer, uvci=uvci, issued_at=NOON), people
        ),
        "ours: facts → text of the QR code": _each_with_uvci(
            lambda facts, uvci: as_text(issue(facts, signer, uvci=uvci, issued_at=NOON).cose),
            people,
        ),
        "ours: compact profile → text": _each_with_uvci(
            lambda facts, uvci: _compact_text(facts, signer, uvci), people
        ),
        "ours: both profiles, as released (2 signatures)": _each_with_uvci(both, people),
    }
    costs = in_turn(ways, rounds=9)
    show("One certificate issued", costs, floor=next(iter(ways)))
    _per_second(costs)


def _compact_text(facts: TestFacts, signer: SoftwareSigner, uvci: str) -> str:
    made = issue_compact(_short(facts), signer, uvci=uvci, issued_at=NOON)
    assert made is not None
    return as_compact_text(made.cose)


def _verifying(dsc: CertifiedKey, people: list[TestFacts]) -> None:
    signer, trust = dsc.signer(), TrustStore([TrustedCertificate.from_der(dsc.der)])
    uvcis = [new_uvci(random.Random(n).randbytes(10)) for n in range(len(people))]
    issued = [
        issue(facts, signer, uvci=uvci, issued_at=NOON)
        for facts, uvci in zip(people, uvcis, strict=True)
    ]
    texts = [as_text(certificate.cose) for certificate in issued]
    short = [
        _compact_text(*each) for each in zip(people, [signer] * len(people), uvcis, strict=True)
    ]
    public, chance = dsc.private_key.public_key(), random.Random(1)
    messages = [chance.randbytes(380) for _ in people]
    signed = [(dsc.private_key.sign(message, ES256), message) for message in messages]

    def check(text: str) -> None:
        assert verify(text, trust, at=NOON).is_valid

    ways = {
        "floor: ES256 verification of 380 bytes": _each(
            lambda pair: public.verify(pair[0], pair[1], ES256), signed
        ),
        "ours: text of the QR code → verdict": _each(check, texts),
        "ours: compact text → verdict": _each(check, short),
    }
    costs = in_turn(ways, rounds=9)
    show("One certificate verified", costs, floor=next(iter(ways)))
    _per_second(costs)


def _drawing(dsc: CertifiedKey, people: list[TestFacts]) -> None:
    signer = dsc.signer()
    texts = [
        as_text(issue(facts, signer, uvci=new_uvci(bytes(10)), issued_at=NOON).cose)
        for facts in (replace(each, device="") for each in people)
    ]

    def by_segno(text: str) -> None:
        segno.make_qr(text, error="M").save(BytesIO(), kind="png", scale=3)

    ways = {
        "segno's defaults": _each(by_segno, texts[:8]),
        "ours: PNG of a full certificate": _each(png, texts),
    }
    costs = in_turn(ways, rounds=7)
    show(f"One QR picture of {len(texts[0])} characters", costs, floor="segno's defaults")


def _each(work: Callable[[T], object], inputs: Sequence[T]) -> Callable[[], int]:
    def all_of_them() -> int:
        for each in inputs:
            work(each)
        return len(inputs)

    return all_of_them


def _each_with_uvci(
    work: Callable[[TestFacts, str], object], people: list[TestFacts]
) -> Callable[[], int]:
    """With a fresh identifier each, whose making is part of the work."""
    chance = random.Random(2)

    def all_of_them() -> int:
        for facts in people:
            work(facts, new_uvci(chance.randbytes(10)))
        return len(people)

    return all_of_them


def _per_second(costs: dict[str, Cost]) -> None:
    for name, cost in costs.items():
        print(f"  {name:<50} {1e6 / cost.cpu:>9,.0f} a second on one core")
