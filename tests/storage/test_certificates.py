"""Stored certificates: the compact beside the full one, and those that are owed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select

from core.certificates.authority import create_csca, create_dsc
from core.certificates.certifying import Certifying
from core.certificates.compact import as_compact_text
from core.certificates.issue import as_text
from core.certificates.revoking import Act
from core.certificates.signing import Signer
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.verify import verify
from core.policy.showing import Door
from core.ports import CertificateRow, Origin, ResultRow
from core.results.reissuing import Reissuing
from core.results.result import Outcome
from core.results.versions import Change
from storage.certificates import OwedCertificateStore
from storage.revocations import RevocationStore
from storage.rows import CERTIFICATE, DELIVERY, OWED_CERTIFICATE
from tests.storage.conftest import Stores
from tests.storage.samples import CATALOGUE, DENGUE, KEYS, NOON, PCR, UNIT, result, version

CSCA = create_csca("Sở Y tế Thử nghiệm", not_before=NOON - timedelta(days=9))
DSC = create_dsc(CSCA, "Thử nghiệm", not_before=NOON - timedelta(days=9))
TRUST = TrustStore([TrustedCertificate.from_der(DSC.der)])
_numbers = count()


def reissuing(stores: Stores, signer: Callable[[], Signer | None] = DSC.signer) -> Reissuing:
    owed = OwedCertificateStore(stores.engine, KEYS, CATALOGUE)
    certify = Certifying(signer, "Sở Y tế", lambda n: next(_numbers).to_bytes(n))
    return Reissuing(owed, certify, lambda: NOON)


def owing(result_id: str, accession: str, **changes: object) -> ResultRow:
    row = version(result_id, result(accession), certified=False, **changes)  # type: ignore[arg-type]
    return replace(row, owes_certificate=True)


def keep(stores: Stores, *rows: ResultRow) -> None:
    stores.intake.store(UNIT.code, Origin("test"), [], rows, NOON)


def amount(stores: Stores, table: object) -> int:
    with stores.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def test_the_compact_certificate_is_kept_sealed_beside_the_full_one(stores: Stores) -> None:
    row = version("r1")
    assert row.certificate is not None
    both = replace(row.certificate, compact=b"compact of Anh", compact_signature=b"s" * 64)
    keep(stores, replace(row, certificate=both), version("r2", result("X-2")))
    (with_both,), (full_only,) = stores.shelf.find("r1"), stores.shelf.find("r2")
    assert with_both.compact == b"compact of Anh"
    assert full_only.compact is None
    with stores.engine.connect() as connection:
        kept = connection.execute(select(CERTIFICATE).where(CERTIFICATE.c.result_id == "r1")).one()
    assert b"Anh" not in kept.compact
    assert kept.compact_signature == b"s" * 64


def test_what_is_owed_gets_both_profiles_when_a_key_is_back_and_nobody_is_told(
    stores: Stores,
) -> None:
    keep(stores, owing("r1", "X-1"), owing("r2", "X-2"))
    told = amount(stores, DELIVERY)
    assert told == 2
    assert reissuing(stores, lambda: None).round(100) == 0
    assert reissuing(stores).round(100) == 2
    assert reissuing(stores).round(100) == 0
    assert (amount(stores, DELIVERY), amount(stores, CERTIFICATE)) == (told, 2)
    (item,) = stores.shelf.find("r1")
    assert item.certificate is not None
    assert item.compact is not None
    for text in (as_text(item.certificate), as_compact_text(item.compact)):
        assert verify(text, TRUST, at=NOON).is_valid
    assert item.uvci is not None
    assert stores.standings.standing(item.uvci) == "good"


def test_batches_are_bounded_and_the_rest_waits(stores: Stores) -> None:
    keep(stores, *(owing(f"r{n}", f"X-{n}") for n in range(5)))
    some = reissuing(stores)
    assert [some.round(2), some.owed.count()] == [2, 3]
    assert [some.round(9), some.owed.count()] == [3, 0]


def test_a_key_that_fails_on_the_way_leaves_the_rest_owed(stores: Stores) -> None:
    keep(stores, *(owing(f"r{n}", f"X-{n}") for n in range(3)))
    given = iter([DSC.signer(), DSC.signer(), None])
    assert reissuing(stores, lambda: next(given)).round(10) == 2
    assert reissuing(stores).owed.count() == 1


def test_a_result_that_was_corrected_meanwhile_gets_none(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"))
    other = result("X-1", outcome=Outcome.POSITIVE)
    keep(stores, version("r2", other, number=2, supersedes="r1", change=Change.CORRECTED))
    assert reissuing(stores).round(10) == 0
    assert [item.uvci for item in stores.shelf.find("r1")] == [None]


ACT = Act(NOON, "van", "tubes were mixed up")


def test_a_result_that_was_revoked_while_it_waited_gets_none(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"), owing("r2", "X-2"))
    revocations = RevocationStore(stores.engine, KEYS)
    assert revocations.owed(["r1", "r9"]) == {"r1"}
    assert revocations.revoke_owed("r1", ACT, None)
    assert not revocations.revoke_owed("r1", ACT, None)
    assert revocations.owed(["r1", "r2"]) == {"r2"}
    assert reissuing(stores).round(10) == 1
    assert [item.uvci for item in stores.shelf.find("r1")] == [None]
    (kept,) = revocations.recent(9)
    assert (kept.named, kept.result_id, kept.facility) == ("r1", "r1", UNIT.code)
    assert revocations.standings(NOON).revoked == ()


def test_a_revocation_between_signing_and_storing_wins(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"))
    desk = reissuing(stores)
    (item,) = desk.owed.next(1)
    made = desk.certify(item.result, item.facility, NOON)
    assert isinstance(made, CertificateRow)
    assert RevocationStore(stores.engine, KEYS).revoke_owed("r1", ACT, None)
    assert (desk.owed.settle({"r1": made}), amount(stores, CERTIFICATE)) == (0, 0)


def test_a_certificate_that_was_made_while_staff_looked_is_revoked(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"))
    assert reissuing(stores).round(1) == 1
    assert RevocationStore(stores.engine, KEYS).revoke_owed("r1", ACT, None)
    (item,) = stores.shelf.find("r1")
    assert stores.standings.standing(item.uvci or "") == "revoked"


def test_a_result_that_gets_none_and_an_older_version_have_nothing_to_revoke(
    stores: Stores,
) -> None:
    keep(stores, owing("r1", "X-1"), version("r3", result("X-3"), certified=False))
    other = result("X-1", outcome=Outcome.POSITIVE)
    keep(stores, version("r2", other, number=2, supersedes="r1", change=Change.CORRECTED))
    revocations = RevocationStore(stores.engine, KEYS)
    for result_id in ("r1", "r3", "nobody"):
        assert not revocations.revoke_owed(result_id, ACT, None)
    assert revocations.owed(["r1", "r3"]) == frozenset()
    assert revocations.recent(9) == []


def test_a_correction_between_signing_and_storing_wins(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"))
    desk = reissuing(stores)
    (item,) = desk.owed.next(1)
    made = desk.certify(item.result, item.facility, NOON)
    assert isinstance(made, CertificateRow)
    other = result("X-1", outcome=Outcome.POSITIVE)
    keep(stores, version("r2", other, number=2, supersedes="r1", change=Change.CORRECTED))
    assert desk.owed.settle({"r1": made}) == 0
    assert amount(stores, OWED_CERTIFICATE) == 0


def test_a_correction_after_it_marks_the_certificate(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"))
    reissuing(stores).round(10)
    other = result("X-1", outcome=Outcome.POSITIVE)
    keep(stores, version("r2", other, number=2, supersedes="r1", change=Change.CORRECTED))
    (old,) = stores.shelf.find("r1")
    assert old.uvci is not None
    assert stores.standings.standing(old.uvci) == "corrected"


def test_a_result_whose_test_became_sensitive_is_settled_without_one(stores: Stores) -> None:
    keep(stores, owing("r1", "X-1"))
    stricter = type(CATALOGUE)([replace(PCR, confidentiality=type(PCR.confidentiality).C)])
    desk = replace(reissuing(stores), owed=OwedCertificateStore(stores.engine, KEYS, stricter))
    assert (desk.round(10), desk.owed.count(), amount(stores, CERTIFICATE)) == (0, 0, 0)


def test_processes_that_reissue_at_the_same_time_make_one_each(
    stores: Stores, pool: ThreadPoolExecutor
) -> None:
    keep(stores, *(owing(f"r{n}", f"X-{n}") for n in range(8)))
    made = pool.map(lambda _: reissuing(stores).round(100), range(4))
    assert sum(made) == 8
    assert (amount(stores, CERTIFICATE), reissuing(stores).owed.count()) == (8, 0)


def test_a_clinical_result_is_owed_a_full_certificate_only(stores: Stores) -> None:
    row = version("r1", result("X-1", test=DENGUE), certified=False)
    keep(stores, replace(row, owes_certificate=True))
    reissuing(stores).round(10)
    (item,) = stores.shelf.find("r1")
    assert item.certificate is not None
    assert item.compact is None


@pytest.mark.parametrize("door", list(Door))
def test_no_door_shows_the_code_of_a_clinical_result_unasked(stores: Stores, door: Door) -> None:
    from core.citizens.retrieval import ResultView
    from core.policy.showing import Showing, showing

    row = version("r1", result("X-1", test=DENGUE), certified=False)
    keep(stores, replace(row, owes_certificate=True))
    reissuing(stores).round(10)
    (item,) = stores.shelf.find("r1")
    shown = showing(item.result.test.confidentiality, door, proven_now=True)
    view = ResultView(item, shown)
    assert (view.qr_text(), view.compact_text()) == (None, None)
    asked = view.qr_text(asked=True)
    assert (asked is not None) is (shown is Showing.FULL) is (door is Door.WEB)
