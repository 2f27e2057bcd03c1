"""An installation's documents, from a laboratory's message to what a stranger reads."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import Installation
from bot.jobs import make_clock
from bot.opening import prepare
from bot.publishing import publish_round
from bot.settings import Settings
from core.certificates.anchor import Anchor
from core.certificates.authority import create_csca, create_dsc
from core.certificates.cascade import Cascade
from core.certificates.decode import Unverified, decode
from core.certificates.documents import Document, DocumentType, read
from core.certificates.issue import as_text
from core.certificates.keys import Role, of_role
from core.certificates.revocations import signature_hash, uvci_hash
from core.certificates.verdict import VerdictWord
from core.errors import SetupRefused
from core.policy.simple_rules import PCR, default_rule_set, simple_rule_set
from core.ports import ShelfItem
from core.results.facility import Facility
from storage.foreign_lists import ImportedList
from tests.journey.people import oru

REASON = "tubes were mixed up"


def list_signers(installation: Installation) -> list[bytes]:
    return [key.der for key in of_role(installation.keys.kept(), Role.LIST)]


def opened(folder: Path) -> Installation:
    made = Installation(Settings(data_dir=folder).as_demo())
    prepare(made)
    return made


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return opened(tmp_path)


@pytest.fixture
def facility(installation: Installation) -> Facility:
    return installation.facility("BVNDGD")


def result(installation: Installation, facility: Facility, accession: str) -> ShelfItem:
    installation.intake.receive(oru(accession, "+84909000001"), facility, source="x")
    (item,) = installation.find_results(accession)
    return item


def content(installation: Installation, kind: DocumentType) -> Any:
    """What a stranger who pinned the CSCA reads."""
    published = installation.documents.latest(kind)
    assert published is not None
    anchor = Anchor.read(installation.key_store.csca_certificate())
    found = read(published.text.encode(), kind, anchor, at=installation.clock())
    assert isinstance(found, Document)
    return found.content


def hashes_of(item: ShelfItem) -> tuple[bytes, bytes]:
    assert item.certificate is not None
    found = decode(as_text(item.certificate))
    assert isinstance(found, Unverified)
    return signature_hash(found.signature), uvci_hash(item.uvci or "")


def test_a_revoked_result_is_on_the_list_of_the_next_round_and_its_neighbour_is_not(
    installation: Installation, facility: Facility
) -> None:
    bad, good = (result(installation, facility, name) for name in ("P-1", "P-2"))
    publish_round(installation)
    assert content(installation, DocumentType.REVOCATIONS)["filter"] == {"levels": []}
    installation.revocation_desk.revoke(bad, actor="van", reason=REASON)
    publish_round(installation)
    listed = content(installation, DocumentType.REVOCATIONS)
    cascade = Cascade.from_json(listed["filter"])
    assert all(each in cascade for each in hashes_of(bad))
    assert not any(each in cascade for each in hashes_of(good))
    batches = {each["type"]: installation.documents.batch(each["id"]) for each in listed["batches"]}
    assert bad.compact is not None
    both = sorted([hashes_of(bad)[0], signature_hash(bad.compact[-64:])])
    assert batches == {"signature": b"".join(both), "uvci": hashes_of(bad)[1]}
    assert REASON not in repr(listed)


def test_its_check_says_revoked_and_its_holder_is_told_once(
    installation: Installation, facility: Facility
) -> None:
    item = result(installation, facility, "P-3")
    assert item.certificate is not None
    text = as_text(item.certificate)
    assert installation.checkpoint.check_text(text).verdict is VerdictWord.VALID
    for _ in range(2):
        installation.revocation_desk.revoke(item, actor="van", reason=REASON)
    assert installation.checkpoint.check_text(text).verdict is VerdictWord.REVOKED
    (entry,) = (each for each in installation.audit.recent(9) if each.action.endswith("_revoked"))
    assert (entry.actor, entry.subject, entry.detail) == ("van", item.result_id, REASON)
    sent = CountingGateway()
    installation.postroom(sent).send_due()
    assert sum("thu hoi" in each for each in sent.texts) == 1
    assert not any("Da co ket qua" in each for each in sent.texts)


class CountingGateway:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def send(self, to: str, text: str, *, reference: str) -> str:
        self.texts.append(text)
        return reference


def test_a_corrected_result_is_on_the_list_without_anybody_revoking_it(
    installation: Installation, facility: Facility
) -> None:
    old = result(installation, facility, "P-4")
    message = oru("P-4", "+84909000001", value="260373001^Detected^SCT", status="C")
    installation.intake.receive(message, facility, source="y")
    (new,) = installation.find_results("P-4")
    assert new.uvci != old.uvci
    publish_round(installation)
    listed = content(installation, DocumentType.REVOCATIONS)
    cascade = Cascade.from_json(listed["filter"])
    assert all(each in cascade for each in hashes_of(old))
    assert not any(each in cascade for each in hashes_of(new))


def test_a_revoked_signer_is_named_and_all_its_certificates_fall(
    installation: Installation, facility: Facility
) -> None:
    item = result(installation, facility, "P-5")
    assert item.certificate is not None
    signer = installation.signer()
    assert signer is not None
    installation.revocation_desk.revoke_kid(signer.kid, actor="son", reason=REASON)
    publish_round(installation)
    (kid,) = content(installation, DocumentType.REVOCATIONS)["kids"]
    assert b64decode(kid) == signer.kid
    verdict = installation.checkpoint.check_text(as_text(item.certificate))
    assert verdict.verdict is VerdictWord.REVOKED


def test_an_imported_signer_checks_here_and_stands_on_our_list_as_not_ours(
    installation: Installation,
) -> None:
    now = installation.clock()
    csca = create_csca("Anderes Land", not_before=now - timedelta(days=1))
    theirs = create_dsc(csca, "Anderes Land", not_before=now - timedelta(days=1))
    listed = ImportedList("ab" * 32, "list.json", None, now, (theirs.der, b"no certificate"))
    before = len(installation.trust)
    installation.foreign_lists.put(listed)
    installation.clock = lambda: now + timedelta(seconds=11)
    later = opened(installation.settings.data_dir.parent)
    assert len(later.trust) == before + 1
    assert later.trust.find(theirs.kid)
    publish_round(later)
    entries = content(later, DocumentType.TRUST_LIST)["certificates"]
    assert {each["kid"]: each.get("own", False) for each in entries if each["der"]}
    own = [each for each in entries if each.get("own")]
    assert [b64decode(each["der"]) for each in own] == later.key_store.signers()


def test_a_revoked_signer_of_ours_or_of_others_leaves_the_next_trust_list(
    installation: Installation,
) -> None:
    now, signer = installation.clock(), installation.signer()
    csca = create_csca("Anderes Land", not_before=now - timedelta(days=1))
    theirs = [create_dsc(csca, "Anderes Land", not_before=now - timedelta(days=1)) for _ in "12"]
    ders = tuple(each.der for each in theirs)
    installation.foreign_lists.put(ImportedList("ab" * 32, "list.json", None, now, ders))
    publish_round(installation)
    before = content(installation, DocumentType.TRUST_LIST)["certificates"]
    assert signer is not None
    for kid in (signer.kid, theirs[0].kid):
        installation.revocation_desk.revoke_kid(kid, actor="son", reason=REASON)
    publish_round(installation)
    after = content(installation, DocumentType.TRUST_LIST)["certificates"]
    assert [len(before), len(after)] == [3, 1]
    assert b64decode(after[0]["der"]) == theirs[1].der


def test_the_rules_of_places_are_published_as_they_are_written(
    installation: Installation,
) -> None:
    publish_round(installation)
    (default,) = content(installation, DocumentType.RULES)["rule_sets"]
    assert default == default_rule_set().document
    bridge = simple_rule_set(
        "CAU", {"vi": "Cầu"}, {PCR: 24}, "1.0.0", "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    )
    installation.rules.add(bridge, "lan")
    publish_round(installation)
    published = content(installation, DocumentType.RULES)["rule_sets"]
    assert [each["place"] for each in published] == ["DEFAULT", "CAU"]
    installation.rules.withdraw("CAU", "entry", "1.0.0")
    publish_round(installation)
    assert content(installation, DocumentType.RULES)["rule_sets"] == [default]


def test_two_clocks_make_one_version_of_each(tmp_path: Path, installation: Installation) -> None:
    other = opened(tmp_path)
    first, second = installation.publishing.round(), other.publishing.round()
    assert (len(first), second) == (3, [])


def test_the_clock_publishes_by_itself(installation: Installation) -> None:
    clock = make_clock(installation, lambda: None)
    job = clock.get_job("publish")
    assert job.trigger.interval == timedelta(seconds=installation.settings.publish_seconds)
    job.func(*job.args)
    assert installation.documents.latest(DocumentType.REVOCATIONS) is not None


@pytest.mark.parametrize("seconds", ["0", "61"])
def test_a_clock_that_would_publish_too_late_is_refused(seconds: str) -> None:
    with pytest.raises(SetupRefused, match="PUBLISH_SECONDS"):
        Settings.from_env({"KETQUA_PUBLISH_SECONDS": seconds})


def without_list_signer(installation: Installation) -> None:
    for path in installation.settings.keys_folder.glob("list-*"):
        path.unlink()


def test_an_older_installation_gets_its_list_signer_where_the_csca_is_here(
    installation: Installation,
) -> None:
    without_list_signer(installation)
    assert installation.make_first_keys()
    assert not installation.make_first_keys()
    without_list_signer(installation)
    assert installation.list_signer() is not None
    assert len(list_signers(installation)) == 1


def test_without_the_csca_nothing_is_signed_and_nothing_breaks(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    without_list_signer(installation)
    (installation.settings.keys_folder / "csca.key").unlink()
    with pytest.raises(SetupRefused, match="csca_key_elsewhere"):
        installation.make_first_keys()
    publish_round(installation)
    assert installation.documents.latest(DocumentType.RULES) is None
    assert "csca_key_elsewhere" in capsys.readouterr().err


def test_the_list_signers_certificate_is_no_document_signer(installation: Installation) -> None:
    (signer,) = list_signers(installation)
    assert signer not in installation.key_store.signers()
    assert not any(each.signs_lists for each in installation.trust)
