"""The browser's engine against the server's: the same answers on everything."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import cbor2
import pytest

from core.certificates import base45
from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.certificates.compact import CompactFacts, as_compact_text, issue_compact
from core.certificates.issue import IssuedCertificate, as_text, issue
from core.certificates.private import OtherTestFacts
from core.certificates.signing import SoftwareSigner
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.uvci import new_uvci
from core.certificates.verify import Rule, verify
from core.policy.rule_sets import read_rule_set
from core.policy.rules import default_rule
from core.results.catalogue import TestKind
from tests.core.certificates.conftest import FACTS, NOON, UVCI, contents
from tests.core.certificates.test_vectors import clock_of, load
from tests.sms.verify.cascade import cascade
from tests.sms.verify.conftest import Checker
from tests.sms.verify.publisher import LIST_USAGE, hashes
from tests.sms.verify.rule_sets import DEFAULT_SET, rule, rule_set, var

RULES = {"rule_sets": [DEFAULT_SET], "value_sets": {}}
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def csca() -> CertifiedKey:
    return create_csca("Cơ quan Mẫu", not_before=NOON - timedelta(days=30))


@pytest.fixture(scope="module")
def dsc(csca: CertifiedKey) -> CertifiedKey:
    return create_dsc(csca, "Cơ quan Mẫu", not_before=NOON - timedelta(days=20))


@pytest.fixture(scope="module")
def issued(dsc: CertifiedKey) -> IssuedCertificate:
    return issue(FACTS, dsc.signer(), uvci=UVCI, issued_at=NOON)


@dataclass(frozen=True, slots=True)
class Case:
    """A text and what it is judged with."""

    text: str
    ders: tuple[bytes, ...]
    at: datetime
    given: bool = False

    def question(self, **more: Any) -> dict[str, Any]:
        certificates = [b64encode(der).decode() for der in self.ders]
        moment = self.at.timestamp() * 1000
        asked = {"text": self.text, "certificates": certificates, "given": self.given}
        return {**asked, "at": moment, **more}

    def answer(self, rule: Rule | None = None) -> dict[str, Any]:
        trust = TrustStore([TrustedCertificate.from_der(d, given=self.given) for d in self.ders])
        return verify(self.text, trust, at=self.at, rule=rule).to_json()


class Both:
    """Asks the server's verifier and the browser's."""

    def __init__(self, ask: Checker) -> None:
        self.ask = ask

    def judge_all(self, cases: list[Case]) -> list[dict[str, Any]]:
        """The browser's answers, after they were found to be the server's too."""
        answers = self.ask.many("judgeWith", [case.question() for case in cases])
        for number, (case, found) in enumerate(zip(cases, answers, strict=True)):
            assert found == case.answer(), (number, case.text[:60])
        return answers

    def judge(self, text: str, dsc: CertifiedKey) -> dict[str, Any]:
        return self.judge_all([Case(text, (dsc.der,), NOON)])[0]


@pytest.fixture
def both(ask: Checker) -> Both:
    return Both(ask)


def eu_vectors(vectors: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(path.stem, load(path)) for path in sorted((vectors / "eu-dcc").glob("*.json"))]


def case_of(vector: dict[str, Any], *, given: bool = True) -> Case:
    der = b64decode(vector["TESTCTX"]["CERTIFICATE"])
    return Case(vector["PREFIX"], (der,), clock_of(vector), given)


def test_every_vector_of_the_eu_has_the_servers_answer(both: Both, vectors: Path) -> None:
    read = eu_vectors(vectors)
    cases = [case_of(vector, given=given) for _, vector in read for given in (True, False)]
    found = both.judge_all(cases)
    assert len({each["verdict"] for each in found}) == 7


def test_every_vector_of_the_eu_has_the_servers_answer_under_the_default_rule(
    ask: Checker, vectors: Path
) -> None:
    named = [(name, case_of(vector)) for name, vector in eu_vectors(vectors)]
    answers = ask.many("judgeWith", [case.question(rules=RULES) for _, case in named])
    for (name, case), found in zip(named, answers, strict=True):
        assert found == case.answer(default_rule), name
    assert {"", "not_a_test", "positive", "too_old"} <= {each["reason"] for each in answers}


def test_every_bit_of_ours_matters_to_both(
    both: Both, issued: IssuedCertificate, dsc: CertifiedKey
) -> None:
    cases = []
    for bit in range(8 * len(issued.cose)):
        damaged = bytearray(issued.cose)
        damaged[bit // 8] ^= 1 << bit % 8
        cases.append(Case(as_text(bytes(damaged)), (dsc.der,), NOON))
    found = {each["verdict"] for each in both.judge_all(cases)}
    assert found == {"malformed", "unknown_issuer", "bad_signature"}


def test_every_character_of_ours_matters_to_both(
    both: Both, issued: IssuedCertificate, dsc: CertifiedKey
) -> None:
    text = as_text(issued.cose)
    cut = [text[:place] for place in range(len(text))]
    typed = [text[:p] + ("A" if text[p] != "A" else "B") + text[p + 1 :] for p in range(len(text))]
    found = both.judge_all([Case(each, (dsc.der,), NOON) for each in (*cut, *typed)])
    assert {each["verdict"] for each in found[: len(cut)]} == {"malformed"}
    assert "valid" not in {each["verdict"] for each in found}


def signed(
    dsc: CertifiedKey, payload: bytes, *, head: dict[int, object] | None = None
) -> list[object]:
    protected = cbor2.dumps({1: -7, 4: dsc.kid} if head is None else head)
    signature = SoftwareSigner(dsc.private_key, dsc.certificate).sign(
        cbor2.dumps(["Signature1", protected, b"", payload])
    )
    return [protected, {}, payload, signature]


def text_of(message: object) -> str:
    return as_text(cbor2.dumps(cbor2.CBORTag(18, message)))


def zipped(data: bytes) -> str:
    return "HC1:" + base45.encode(zlib.compress(data, 9))


HOSTILE_BYTES = {
    "a bomb of 8 MB": bytes(8_000_000),
    "arrays 10,000 deep": b"\x81" * 10_000 + b"\x01",
    "maps 10,000 deep": b"\xa1\x01" * 5_000 + b"\x01",
    "tags 10,000 deep": b"\xc1" * 10_000 + b"\x01",
    "an array said to have 2^64 items": b"\x9b" + b"\xff" * 8,
    "a text said to have 4 GB": b"\x7a\xff\xff\xff\xff",
    "nothing": b"",
    "an array without an end": b"\x9f\x01",
}


@pytest.mark.parametrize("name", HOSTILE_BYTES)
def test_hostile_bytes_end_in_the_servers_answer(both: Both, dsc: CertifiedKey, name: str) -> None:
    found = both.judge(zipped(HOSTILE_BYTES[name]), dsc)
    assert found["verdict"] == "malformed"


def hostile_payloads() -> dict[str, bytes]:
    twice = b"\xa2\x04\x1a\x7f\xff\xff\xff\x04\x1a\x6a\x53\x81\xc0"
    return {
        "a claim twice": twice,
        "a claim twice, once as a float": b"\xa2\x04\x01\xf9\x44\x00\x02",
        "a claim twice, once as true": b"\xa2\x01\x01\xf5\x02",
        "times that are no numbers": cbor2.dumps(contents(c4=float("nan"), c6=float("nan"))),
        "an endless expiry": cbor2.dumps(contents(c4=float("inf"))),
        "huge integers": cbor2.dumps(contents(c4=2**63, c6=-(2**63))),
        "a bignum as expiry": cbor2.dumps(contents(c4=2**300)),
        "times in a tag": cbor2.dumps(contents(c4=cbor2.CBORTag(1, 1_900_000_000))),
        "times as text": cbor2.dumps(contents(c4="tomorrow")),
        "true as a time": cbor2.dumps(contents(c6=True)),
        "no name": cbor2.dumps(contents(health={"nam": {"fnt": " "}, "t": [{}]})),
        "no entry": cbor2.dumps(contents(health={"nam": {"fnt": "A"}, "t": []})),
        "a health certificate that is a text": cbor2.dumps(contents(health="x")),
        "a list instead of claims": cbor2.dumps([1, 2]),
        "text that is no UTF-8": b"\xa1\x01\x62\xc3\x28",
        "a time with two tags": cbor2.dumps(
            contents(c4=cbor2.CBORTag(1, cbor2.CBORTag(1, 1_900_000_000)))
        ),
        "a name of spaces and marks": cbor2.dumps(
            contents(health={"nam": {"fn": "\x1c\x85\ufeff A"}, "t": [{"sc": "2021-W05"}]})
        ),
    }


@pytest.mark.parametrize("name", hostile_payloads())
def test_a_genuine_signature_over_nonsense_ends_in_the_servers_answer(
    both: Both, dsc: CertifiedKey, name: str
) -> None:
    both.judge(text_of(signed(dsc, hostile_payloads()[name])), dsc)


def test_nesting_ends_at_the_same_depth_for_both(both: Both, dsc: CertifiedKey) -> None:
    cases = []
    for depth in range(12, 20):
        nested: object = 1
        for _ in range(depth):
            nested = [nested]
        payload = cbor2.dumps(contents() | {99: nested})
        cases.append(Case(text_of(signed(dsc, payload)), (dsc.der,), NOON))
    found = [each["verdict"] for each in both.judge_all(cases)]
    assert found[0] == "valid"
    assert found[-1] == "malformed"


@pytest.mark.parametrize(
    ("head", "verdict"),
    [
        ({1: None}, "bad_signature"),
        ({1: 0}, "bad_signature"),
        ({1: -37}, "bad_signature"),
        ({1: -35}, "bad_signature"),
        ({1: -7, 2: [1]}, "malformed"),
    ],
)
def test_another_algorithm_is_never_valid(
    both: Both, dsc: CertifiedKey, head: dict[int, object], verdict: str
) -> None:
    message = signed(dsc, cbor2.dumps(contents()), head={**head, 4: dsc.kid})
    assert both.judge(text_of(message), dsc)["verdict"] == verdict


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\xff" * 64, bytes(63), bytes(96)])
def test_a_trivial_signature_is_bad(both: Both, dsc: CertifiedKey, signature: bytes) -> None:
    message = [*signed(dsc, cbor2.dumps(contents()))[:3], signature]
    assert both.judge(text_of(message), dsc)["verdict"] == "bad_signature"


def test_a_forger_under_our_kid_is_found_out(both: Both, dsc: CertifiedKey) -> None:
    forger = create_dsc(create_csca("Giả", not_before=NOON), "Giả", not_before=NOON)
    message = signed(forger, cbor2.dumps(contents()), head={1: -7, 4: dsc.kid})
    assert both.judge(text_of(message), dsc)["verdict"] == "bad_signature"
    own = text_of(signed(forger, cbor2.dumps(contents())))
    assert both.judge(own, dsc)["verdict"] == "unknown_issuer"


def test_a_signer_of_other_kinds_is_refused(both: Both, csca: CertifiedKey) -> None:
    usages = ("1.3.6.1.4.1.1847.2021.1.2",)
    signer = create_dsc(csca, "Tiêm chủng", not_before=NOON - timedelta(days=1), usages=usages)
    text = text_of(signed(signer, cbor2.dumps(contents())))
    assert both.judge(text, signer)["reason"] == "not_for_test"


@pytest.mark.parametrize("more", [(), ("1.3.6.1.4.1.1847.2021.1.1",)])
def test_a_signer_of_lists_signs_no_certificate(
    both: Both, csca: CertifiedKey, more: tuple[str, ...]
) -> None:
    usages = (LIST_USAGE, *more)
    signer = create_dsc(csca, "Danh sách", not_before=NOON - timedelta(days=1), usages=usages)
    text = text_of(signed(signer, cbor2.dumps(contents())))
    assert both.judge(text, signer)["verdict"] == "wrong_key_usage"


def test_beside_the_eus_entry_ours_is_not_read(both: Both, dsc: CertifiedKey) -> None:
    two: dict[int, Any] = contents()
    two[-260] |= {-1: {1: ["Ai", "Khác"], 4: "DENGUE-NS1", 6: "negative", 11: "38362002"}}
    found = both.judge(text_of(signed(dsc, cbor2.dumps(two))), dsc)
    assert found["verdict"] == "valid"
    assert found["claims"]["family_name_std"] == "NGUYEN"
    assert found["claims"]["target"] == "840539006"


def test_a_certificate_from_outside_its_signers_life_is_refused(
    both: Both, dsc: CertifiedKey
) -> None:
    early = int((NOON - timedelta(days=40)).timestamp())
    text = text_of(signed(dsc, cbor2.dumps(contents(c6=early))))
    assert both.judge(text, dsc)["reason"] == "dsc_not_in_force"


def revocations(entry: bytes, **more: object) -> dict[str, object]:
    return {
        "kids": [],
        "iat": NOON.timestamp(),
        "filter": cascade([entry], []),
        "batches": [],
        **more,
    }


@pytest.mark.parametrize("kind", ["uvci", "country_uvci", "signature"])
def test_each_of_the_three_hashes_revokes(
    ask: Checker, issued: IssuedCertificate, dsc: CertifiedKey, kind: str
) -> None:
    entry = hashes(UVCI, "VN", issued.signature)[kind]
    case = Case(as_text(issued.cose), (dsc.der,), NOON)
    found = ask("judgeWith", **case.question(own=True, revocations=revocations(entry)))
    assert found["verdict"] == "revoked"
    assert "claims" not in found
    foreign = ask("judgeWith", **case.question(own=False, revocations=revocations(entry)))
    assert (foreign["verdict"], foreign["may_be_revoked"]) == ("valid", True)


def test_the_other_signature_of_a_revoked_certificate_is_revoked_too(
    ask: Checker, issued: IssuedCertificate, dsc: CertifiedKey
) -> None:
    r, s = issued.signature[:32], int.from_bytes(issued.signature[32:], "big")
    flipped = r + (ORDER_OF_P256 - s).to_bytes(32, "big")
    text = as_text(issued.cose.replace(issued.signature, flipped))
    case = Case(text, (dsc.der,), NOON)
    assert ask("judgeWith", **case.question())["verdict"] == "valid"
    entry = hashes(UVCI, "VN", issued.signature)["signature"]
    found = ask("judgeWith", **case.question(own=True, revocations=revocations(entry)))
    assert found["verdict"] == "revoked"


def test_a_revoked_signer_takes_everything_with_it(
    ask: Checker, issued: IssuedCertificate, dsc: CertifiedKey
) -> None:
    case = Case(as_text(issued.cose), (dsc.der,), NOON)
    empty = {
        "kids": [b64encode(dsc.kid).decode()],
        "iat": NOON.timestamp(),
        "filter": {"levels": []},
        "batches": [],
    }
    assert ask("judgeWith", **case.question(revocations=empty))["verdict"] == "revoked"


def test_the_published_revocation_hashes_are_found(ask: Checker, vectors: Path) -> None:
    """Their signers' certificates are not published, so the hashes alone are compared."""
    cases = json.loads(
        (vectors / "revocation" / "RevocationCalculationSampleData.json").read_text("utf-8")
    )
    assert cases
    for case in cases:
        found = ask("hashesOf", text=case["barcodeData"])
        wanted = {case[name] for name in ("expUCI", "expCOUNTRYCODEUCI", "expSIGNATURE")}
        assert set(found) == wanted, case["description"]


def test_a_filter_of_several_levels_is_exact_for_ours(ask: Checker, dsc: CertifiedKey) -> None:
    cases, entries = [], []
    for number in range(60):
        uvci = new_uvci(number.to_bytes(10, "big"))
        made = issue(FACTS, dsc.signer(), uvci=uvci, issued_at=NOON)
        cases.append(Case(as_text(made.cose), (dsc.der,), NOON))
        entries.append(hashes(uvci, "VN", made.signature))
    revoked = [each["signature"] for each in entries[:30]]
    # Look-up tests all three hashes, so the live ones must be spared under all three.
    live = [each for three in entries[30:] for each in three.values()]
    published = cascade(revoked, live, rate=0.5)  # so high that there are several levels
    assert len(published["levels"]) > 2  # type: ignore[arg-type]
    listed = {"kids": [], "iat": NOON.timestamp(), "filter": published, "batches": []}
    asked = [case.question(own=True, revocations=listed) for case in cases]
    found = [each["verdict"] for each in ask.many("judgeWith", asked)]
    assert found == ["revoked"] * 30 + ["valid"] * 30


def test_certlogic_has_the_answers_of_its_published_cases(ask: Checker, vectors: Path) -> None:
    asserted = 0
    for path in sorted((vectors / "certlogic").glob("*.json")):
        for case in load(path)["cases"]:
            for each in case["assertions"]:
                logic = each.get("certLogicExpression", case.get("certLogicExpression"))
                found = ask("evaluateLogic", logic=logic, data=each["data"])
                assert found == each["expected"], (path.name, case["name"], each.get("message"))
                asserted += 1
    assert asserted > 30


def test_the_default_rule_as_data_has_the_answers_of_the_default_rule(
    ask: Checker, dsc: CertifiedKey
) -> None:
    cases = []
    for kind, positive in product((TestKind.PCR, TestKind.ANTIGEN), (False, True)):
        facts = replace(FACTS, positive=positive, test_kind=kind)
        early = facts.collected_at - timedelta(days=2)
        text = as_text(issue(facts, dsc.signer(), uvci=UVCI, issued_at=early).cose)
        for hours in (-1, 0, 23, 24, 71, 72):
            at = facts.collected_at + timedelta(hours=hours)
            cases.append(Case(text, (dsc.der,), at))
    answers = ask.many("judgeWith", [case.question(rules=RULES) for case in cases])
    assert answers == [case.answer(default_rule) for case in cases]
    assert {each["reason"] for each in answers} == {"", "positive", "collected_later", "too_old"}


TESTS: tuple[int | str, ...] = (1, 2, "MUMPS-IGM")


def other_texts(dsc: CertifiedKey) -> dict[str, str]:
    """A certificate of every profile and outcome that this product issues."""
    signer, texts = dsc.signer(), {}
    for positive, test in product((False, True), TESTS):
        facts = CompactFacts("NTD", 1987, "12C", test, positive, FACTS.collected_at, "BVNDGD")
        made = issue_compact(facts, signer, uvci=UVCI, issued_at=NOON)
        assert made is not None
        texts[f"compact {test} {positive}"] = as_compact_text(made.cose)
    nameless = CompactFacts("", 0, "12C", 1, False, FACTS.collected_at, "BVNDGD")
    made = issue_compact(nameless, signer, uvci=UVCI, issued_at=NOON)
    assert made is not None
    texts["compact without a name"] = as_compact_text(made.cose)
    for outcome in ("negative", "positive", "Hb 13.2 g/dL"):
        facts_of_other = OtherTestFacts(
            "Nguyễn", "Thị Mỹ Duyên", "1987", "DENGUE-NS1", "Kháng nguyên NS1", outcome,
            "38362002", FACTS.collected_at, "BV", "Sở Y tế",
        )  # fmt: skip
        issued = issue(facts_of_other, signer, uvci=UVCI, issued_at=NOON)
        texts[f"other {outcome}"] = as_text(issued.cose)
    return texts


def test_every_profile_has_the_servers_answer_without_and_under_rules(
    ask: Checker, dsc: CertifiedKey
) -> None:
    dengue = read_rule_set(
        rule_set("SXH", [
            rule(1, {"===": [var("payload.t.0.tr"), "260415000"]}),
            rule(2, {"===": [var("payload.t.0.tg"), "38362002"]}),
            rule(3, {"after": [{"plusTime": [var("payload.t.0.sc"), 24, "hour"]},
                               {"plusTime": [var("external.validationClock"), 0, "hour"]}]}),
            rule(4, var("payload.nam.fn")),
        ])
    )  # fmt: skip
    sets: list[tuple[dict[str, Any], Rule | None]] = [
        ({}, None),
        ({"rules": RULES}, default_rule),
        ({"rules": {"rule_sets": [dengue.document], "value_sets": {}}}, dengue.judge),
    ]
    for name, text in other_texts(dsc).items():
        case = Case(text, (dsc.der,), NOON)
        for more, judge in sets:
            found = ask("judgeWith", **case.question(**more))
            assert found == case.answer(judge), (name, judge)
