"""Issuing: who may have a certificate, and that its bytes are a standard COSE message."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import timedelta

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from core.certificates import base45
from core.certificates.authority import CertifiedKey
from core.certificates.issue import (
    LIFETIME,
    IssuedCertificate,
    as_text,
    claims_of,
    eligible,
    facts_of,
    issue,
    issued,
    sign_all,
    validity,
)
from core.certificates.payload import SARS_COV_2
from core.certificates.signing import SigningUnavailable, SoftwareSigner
from core.certificates.trust import TrustStore
from core.certificates.uvci import new_uvci
from core.certificates.verify import verify
from core.results.catalogue import Confidentiality, TestDefinition, TestKind
from core.results.reported import ReportStatus
from core.results.result import Outcome, Person, Result, Value
from tests.core.certificates.conftest import FACTS, NOON, UVCI

VALUES = (Value("Ct", "38.2", "cycles"),)
PCR = TestDefinition("PCR", {"vi": "PCR"}, TestKind.PCR, Confidentiality.A, SARS_COV_2, frozenset())
PANEL = replace(PCR, key="PANEL", kind=TestKind.PANEL, confidentiality=Confidentiality.B, target="")
RESULT = Result(
    accession="2607120001",
    test=PCR,
    status=ReportStatus.FINAL,
    outcome=Outcome.NEGATIVE,
    person=Person("Nguyễn", "Thị Mỹ Duyên", "1987-04-30", "female", "+84900000001"),
    collected_at=NOON - timedelta(hours=5),
    reported_at=NOON,
    device="Kit",
)


@pytest.mark.parametrize(
    "result",
    [
        RESULT,
        replace(RESULT, status=ReportStatus.CORRECTED),
        replace(RESULT, outcome=Outcome.POSITIVE),
        replace(RESULT, test=replace(PCR, kind=TestKind.ANTIGEN)),
        replace(RESULT, pooled=True),
        replace(RESULT, test=replace(PCR, confidentiality=Confidentiality.B)),
        replace(RESULT, test=replace(PCR, target="38362002")),
        replace(RESULT, test=replace(PCR, kind=TestKind.QUALITATIVE)),
        replace(RESULT, test=PANEL, outcome=Outcome.REPORTED, values=VALUES),
    ],
)
def test_a_clear_result_of_class_a_or_b_may_have_a_certificate(result: Result) -> None:
    assert eligible(result)


@pytest.mark.parametrize(
    "result",
    [
        replace(RESULT, pooled=True, outcome=Outcome.POSITIVE),
        replace(RESULT, outcome=Outcome.INDETERMINATE),
        replace(RESULT, outcome=Outcome.INVALID),
        replace(RESULT, outcome=Outcome.REPORTED),
        replace(RESULT, status=ReportStatus.PRELIMINARY),
        replace(RESULT, status=ReportStatus.WITHDRAWN),
        replace(RESULT, outcome=Outcome.REPORTED, values=VALUES),
        replace(RESULT, test=PANEL, outcome=Outcome.REPORTED),
        replace(RESULT, test=replace(PCR, confidentiality=Confidentiality.C)),
        replace(RESULT, test=replace(PCR, confidentiality=Confidentiality.D)),
        replace(
            RESULT,
            test=replace(PANEL, confidentiality=Confidentiality.C),
            outcome=Outcome.REPORTED,
            values=VALUES,
        ),
    ],
)
def test_no_other_result_may_and_its_facts_are_refused(result: Result) -> None:
    assert not eligible(result)
    with pytest.raises(ValueError, match="certificate"):
        facts_of(result, centre="BV", issuer="Sở")


def test_the_facts_of_a_result_are_its_own() -> None:
    facts = facts_of(RESULT, centre=FACTS.centre, issuer=FACTS.issuer)
    assert facts == replace(FACTS, device="Kit")


def test_the_message_is_cose_sign1_over_a_cwt(issued: IssuedCertificate, dsc: CertifiedKey) -> None:
    message = cbor2.loads(issued.cose)
    protected, unprotected, payload, signature = message.value
    assert (message.tag, dict(unprotected)) == (18, {})
    assert cbor2.loads(protected) == {1: -7, 4: dsc.kid}
    assert signature == issued.signature
    claims = cbor2.loads(payload)
    assert claims[1] == "VN"
    assert claims[6] == NOON.timestamp()
    assert claims[4] == (NOON + timedelta(days=180)).timestamp() == issued.expires_at.timestamp()
    assert claims[-260][1]["t"][0]["ci"] == issued.uvci


def test_the_signature_is_the_dscs_over_the_standard_structure(
    issued: IssuedCertificate, dsc: CertifiedKey
) -> None:
    protected, _, payload, signature = cbor2.loads(issued.cose).value
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key = dsc.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


def test_the_text_is_the_compressed_message(issued: IssuedCertificate, text: str) -> None:
    assert text.startswith("HC1:")
    assert zlib.decompress(base45.decode(text[4:])) == issued.cose


@given(st.binary(max_size=1000))
def test_any_message_is_a_zlib_stream_of_it_and_no_longer_than_a_stored_one(cose: bytes) -> None:
    packed = base45.decode(as_text(cose)[4:])
    assert zlib.decompress(packed) == cose
    assert len(packed) <= len(cose) + 11


@given(family=st.text(max_size=90), given=st.text(max_size=90), centre=st.text(max_size=300))
def test_whatever_the_names_what_is_issued_verifies(
    signer: SoftwareSigner, trust: TrustStore, family: str, given: str, centre: str
) -> None:
    facts = replace(FACTS, family="X" + family, given=given, centre=centre)
    certificate = issue(facts, signer, uvci=UVCI, issued_at=NOON)
    verdict = verify(as_text(certificate.cose), trust, at=NOON)
    assert verdict.claims is not None
    assert verdict.is_valid
    assert verdict.claims.family_name == facts.family[:80].strip()


@pytest.mark.parametrize(("days", "code"), [(-21, "dsc_not_yet_valid"), (730, "dsc_expired")])
def test_nothing_is_signed_outside_the_dscs_validity(
    signer: SoftwareSigner, days: int, code: str
) -> None:
    with pytest.raises(SigningUnavailable) as refused:
        issue(FACTS, signer, uvci=UVCI, issued_at=NOON + timedelta(days=days))
    assert refused.value.code == code


def test_a_certificate_of_the_pilot_hospitals_fits_a_small_screen(text: str) -> None:
    assert len(text) <= 619


def test_each_of_several_messages_carries_its_own_claims_and_signature(
    signer: SoftwareSigner, trust: TrustStore
) -> None:
    people = [(replace(FACTS, given=f"Thứ {n}"), new_uvci(bytes([n] * 10))) for n in range(3)]
    times = validity(int(NOON.timestamp()), LIFETIME)
    signed = sign_all([claims_of(*person, times) for person in people], signer, NOON)
    for (facts, uvci), (message, signature) in zip(people, signed, strict=True):
        each = issued(uvci, message, signature, signer.kid, times)
        verdict = verify(as_text(each.cose), trust, at=NOON)
        assert verdict.is_valid
        assert verdict.claims is not None
        assert (verdict.claims.given_name, verdict.claims.uvci) == (facts.given, uvci)
        assert each.cose.endswith(each.signature)
