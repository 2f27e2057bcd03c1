"""The key folder and who changes it: rotation, retirement, imports, and two operators at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.certificates.authority import (
    LIST_USAGE,
    CertifiedKey,
    create_csca,
    create_dsc,
    create_list_signer,
)
from core.certificates.issue import as_text, issue
from core.certificates.keys import KeptKey, Role, State, of_role, state_of
from core.certificates.rotation import KeyDesk
from core.certificates.trust import TrustedCertificate, TrustStore
from core.certificates.uvci import new_uvci
from core.certificates.verify import verify
from core.errors import KetquaError, NotFound, SetupRefused
from storage import keystore
from storage.keyfolder import FolderOfKeys
from storage.keystore import FileKeyStore
from tests.core.certificates.conftest import FACTS

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Office:
    """An operator's desk over one folder, with a clock that a test moves."""

    path: Path
    now: datetime = START

    def __post_init__(self) -> None:
        self.files = FileKeyStore(self.path, b"passphrase")
        self.folder = FolderOfKeys(self.path, [self.files])
        stores = {Role.DSC: self.files, Role.LIST: self.files}
        self.desk = KeyDesk(
            self.folder, stores, "Sở Y tế", demo=False, clock=lambda: self.now, overlap=DAY
        )

    def rotate(self, starts: datetime | None = None) -> KeptKey:
        return self.desk.rotate(self.files.csca(), starts=starts)

    def states(self) -> dict[bytes, State]:
        kept = self.folder.kept()
        return {key.kid: state_of(key, kept, self.now) for key in of_role(kept, Role.DSC)}

    def trust(self) -> TrustStore:
        return TrustStore(map(TrustedCertificate.from_der, self.files.signers()))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path / "keys")
    assert made.desk.begin(made.files)
    return made


def refusal(error: pytest.ExceptionInfo[KetquaError]) -> str:
    return error.value.code


def test_the_beginning_has_an_authority_a_signer_and_a_list_signer(office: Office) -> None:
    kept = {key.role: key for key in office.folder.kept()}
    assert set(kept) == set(Role)
    assert {key.store for key in kept.values()} == {"file"}
    assert not office.desk.begin(office.files)
    usage = kept[Role.LIST].certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert [each.dotted_string for each in usage.value] == [LIST_USAGE]
    for key in kept.values():
        key.certificate.verify_directly_issued_by(kept[Role.CSCA].certificate)


def test_an_installation_from_before_lists_gets_its_list_signer_only(office: Office) -> None:
    for path in office.path.glob("list-*"):
        path.unlink()
    before = {path.name for path in office.path.iterdir()}
    assert office.desk.begin(office.files)
    added = {path.name for path in office.path.iterdir()} - before
    assert sorted(name.partition("-")[0] for name in added) == ["list", "list"]


@pytest.mark.parametrize("last", ["csca", "dsc", "list"])
def test_a_beginning_that_was_killed_between_key_and_certificate_goes_on(
    tmp_path: Path, last: str
) -> None:
    killed = Office(tmp_path / "keys")
    written = keystore.write_whole

    def until(path: Path, data: bytes, mode: int) -> None:
        if path.suffix == ".crt" and path.name.startswith(last):
            raise KeyboardInterrupt
        written(path, data, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keystore, "write_whole", until)
        with pytest.raises(KeyboardInterrupt):
            killed.desk.begin(killed.files)
    office = Office(tmp_path / "keys")
    assert office.desk.begin(office.files)
    assert {key.role for key in office.folder.kept()} == set(Role)
    assert office.folder.current_signer(office.now).sign(b"data")
    assert office.rotate().signs_from == START + DAY


def test_a_new_signer_is_published_at_once_and_signs_after_the_overlap(office: Office) -> None:
    (old,) = office.states()
    new = office.rotate()
    assert office.states() == {old: State.CURRENT, new.kid: State.COMING}
    assert new.der in office.files.signers()
    assert office.folder.current_signer(office.now).kid == old
    office.now += DAY
    assert office.states() == {old: State.RETIRED, new.kid: State.CURRENT}
    assert office.folder.current_signer(office.now).kid == new.kid


def test_certificates_of_both_signers_verify_until_they_have_expired(office: Office) -> None:
    uvci = new_uvci(bytes(10))
    first = issue(FACTS, office.folder.current_signer(office.now), uvci=uvci, issued_at=office.now)
    office.rotate()
    office.now += DAY
    second = issue(FACTS, office.folder.current_signer(office.now), uvci=uvci, issued_at=office.now)
    assert first.kid != second.kid
    for certificate in (first, second):
        text, end = as_text(certificate.cose), certificate.expires_at
        assert verify(text, office.trust(), at=end).is_valid
        assert verify(text, office.trust(), at=end + DAY).verdict == "expired"


def damage(office: Office, pattern: str) -> Path:
    (path,) = office.path.glob(pattern)
    path.write_bytes(path.read_bytes()[:100])
    return path


def test_a_damaged_old_signer_is_named_and_the_others_sign_verify_and_rotate(
    office: Office,
) -> None:
    (old,) = office.states()
    new = office.rotate(office.now)
    path = damage(office, f"dsc-{old.hex()}.crt")
    assert office.folder.damaged() == office.folder.damaged(Role.DSC) == [str(path)]
    assert office.folder.damaged(Role.LIST) == []
    assert office.folder.current_signer(office.now).kid == new.kid
    assert office.files.signers() == [new.der]
    assert office.desk.adopt(foreign_dsc().der, "VN")
    assert office.rotate().signs_from == START + DAY
    assert office.desk.retire(new.kid.hex()) is None


@pytest.mark.parametrize("name", ["csca.crt", "dsc-*.crt", "list-*.crt"])
def test_what_is_damaged_is_not_taken_for_missing(office: Office, name: str) -> None:
    path = damage(office, name)
    before = sorted(office.path.iterdir())
    (office.path / "other").mkdir()
    if name == "csca.crt":
        for each in office.path.glob("list-*.crt"):
            each.rename(office.path / "other" / each.name)
    with pytest.raises(SetupRefused, match="key_file_unreadable") as error:
        office.desk.begin(office.files)
    assert error.value.detail == str(path)
    assert sorted(office.path.glob("*.key")) == [each for each in before if each.suffix == ".key"]


def test_a_damaged_certificate_of_the_authority_vouches_for_nothing(office: Office) -> None:
    damage(office, "csca.crt")
    assert office.files.anchors() == []
    assert office.folder.current_signer(office.now).sign(b"data")
    with pytest.raises(SetupRefused, match="key_file_unreadable"):
        office.files.csca_certificate()


def test_a_retired_key_stops_signing_at_once_and_still_verifies(office: Office) -> None:
    signer = office.folder.current_signer(office.now)
    issued = issue(FACTS, signer, uvci=new_uvci(bytes(10)), issued_at=office.now)
    assert office.desk.retire(signer.kid.hex().upper()) is None
    with pytest.raises(SetupRefused, match="signing_key_retired"):
        office.folder.current_signer(office.now)
    assert office.states() == {signer.kid: State.RETIRED}
    assert verify(as_text(issued.cose), office.trust(), at=office.now).is_valid
    new = office.rotate()  # nothing signs, so there is nothing to overlap with
    assert office.folder.current_signer(office.now).kid == new.kid


def test_a_retirement_leaves_the_next_newest_signing(office: Office) -> None:
    (old,) = office.states()
    new = office.rotate(office.now)
    successor = office.desk.retire(new.kid.hex())
    assert successor is not None
    assert successor.kid == old


@pytest.mark.parametrize(("kid", "code"), [("00" * 8, "key_unknown"), ("", "key_unknown")])
def test_an_unknown_kid_is_refused(office: Office, kid: str, code: str) -> None:
    with pytest.raises(NotFound) as error:
        office.desk.retire(kid)
    assert refusal(error) == code


def test_the_authority_is_not_retired_and_nothing_twice(office: Office) -> None:
    kept = {key.role: key.kid.hex() for key in office.folder.kept()}
    with pytest.raises(NotFound):
        office.desk.retire(kept[Role.CSCA])
    office.desk.retire(kept[Role.DSC])
    with pytest.raises(SetupRefused, match="key_retired"):
        office.desk.retire(kept[Role.DSC])


def test_a_damaged_mark_still_retires(office: Office) -> None:
    (kid,) = office.states()
    (office.path / f"dsc-{kid.hex()}.retired").write_bytes(b"\xff rubbish")
    with pytest.raises(SetupRefused, match="signing_key_retired"):
        office.folder.current_signer(office.now)


def test_a_second_rotation_while_one_is_coming_is_refused(office: Office) -> None:
    coming = office.rotate()
    with pytest.raises(SetupRefused) as error:
        office.rotate(office.now)
    assert (refusal(error), error.value.detail) == ("rotation_pending", coming.kid.hex())


@pytest.mark.parametrize("at_once", [False, True])
def test_of_operators_who_rotate_at_the_same_time_one_does(office: Office, at_once: bool) -> None:
    starting = threading.Barrier(6)
    csca = office.files.csca()

    def operator(_: int) -> str:
        mine = Office(office.path)
        seen = mine.folder.kept

        def all_together() -> list[KeptKey]:
            found = seen()
            mine.folder.kept = seen  # type: ignore[method-assign]
            starting.wait()
            return found

        mine.folder.kept = all_together  # type: ignore[method-assign]
        try:
            mine.desk.rotate(csca, starts=START if at_once else None)
        except SetupRefused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(operator, range(6)))
    assert outcomes == ["done", *["rotation_overtaken"] * 5]
    assert len(office.states()) == 2


def test_a_rotation_into_the_past_or_beyond_the_authority_is_refused(office: Office) -> None:
    for starts, code in ((START - DAY, "rotation_in_the_past"), (START + 5000 * DAY, "csca_exp")):
        with pytest.raises(SetupRefused, match=code):
            office.rotate(starts)


def test_a_signer_ends_no_later_than_its_authority(office: Office) -> None:
    office.now = START + 1000 * DAY
    end = {key.certificate.not_valid_after_utc for key in office.folder.kept()}
    assert office.rotate().certificate.not_valid_after_utc == max(end)


def test_the_authoritys_key_may_be_elsewhere(office: Office, tmp_path: Path) -> None:
    safe = tmp_path / "safe.key"
    (office.path / "csca.key").rename(safe)
    with pytest.raises(SetupRefused, match="csca_key_elsewhere"):
        office.files.csca()
    made = office.desk.rotate(office.files.csca(safe))
    made.certificate.verify_directly_issued_by(office.folder.kept()[0].certificate)


def test_a_key_of_its_own_passphrase_opens_with_it_only(office: Office, tmp_path: Path) -> None:
    other = FileKeyStore(tmp_path / "other", b"of the safe")
    csca = office.files.csca()
    other.save("csca", csca.private_key, csca.certificate)
    moved = tmp_path / "other" / "csca.key"
    with pytest.raises(SetupRefused, match="wrong_passphrase"):
        office.files.csca(moved)
    assert office.files.csca(moved, b"of the safe").kid == csca.kid


def test_another_authoritys_key_is_refused(office: Office, tmp_path: Path) -> None:
    foreign = create_csca("Kẻ khác", not_before=START)
    FileKeyStore(tmp_path / "x", b"passphrase").save(
        "csca", foreign.private_key, foreign.certificate
    )
    with pytest.raises(SetupRefused, match="csca_mismatch"):
        office.desk.rotate(office.files.csca(tmp_path / "x" / "csca.key"))
    with pytest.raises(SetupRefused, match="csca_mismatch"):
        office.desk.rotate(foreign)


def test_everything_that_changes_moves_the_stamp(office: Office) -> None:
    stamps = [office.folder.stamp()]
    (kid,) = office.states()
    for change in (
        office.rotate,
        lambda: office.desk.retire(kid.hex()),
        lambda: office.desk.adopt(foreign_dsc().der, "VN"),
        lambda: office.desk.adopt(foreign_dsc().der, "VN"),
    ):
        change()
        stamps.append(office.folder.stamp())
    assert len(set(stamps)) == len(stamps)


def foreign_dsc(lifetime: timedelta = 300 * DAY) -> CertifiedKey:
    csca = create_csca("Autorité", not_before=START - DAY)
    return create_dsc(csca, "Labo", not_before=START - DAY, lifetime=lifetime)


def pem(*keys: CertifiedKey) -> bytes:
    return b"".join(key.certificate.public_bytes(Encoding.PEM) for key in keys)


def test_signers_of_others_are_trusted_in_pem_and_der_once(office: Office) -> None:
    one, two, three = (foreign_dsc() for _ in range(3))
    # Our authority writes VN as its country.
    adopted = office.desk.adopt(pem(one, two), "VN") + office.desk.adopt(three.der, "VN")
    assert [(each.kid, each.known, each.expired) for each in adopted] == [
        (key.kid, False, False) for key in (one, two, three)
    ]
    assert office.desk.adopt(one.der, "VN")[0].known
    assert sorted(office.folder.trusted()) == sorted(key.der for key in (one, two, three))
    assert set(office.files.signers()).isdisjoint(office.folder.trusted())


def test_an_expired_signer_is_imported_and_said_to_be_expired(office: Office) -> None:
    old = foreign_dsc(lifetime=timedelta(hours=1))
    (adopted,) = office.desk.adopt(old.der, "VN")
    assert adopted.expired


@pytest.mark.parametrize(
    ("data", "country", "code"),
    [
        (create_csca("X", not_before=START).der, "VN", "certificate_is_a_ca"),
        (pem(foreign_dsc(), create_csca("X", not_before=START)), "VN", "certificate_is_a_ca"),
        (b"no certificate", "VN", "not_a_certificate"),
        (b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----", "VN", "not_a_certificate"),
        (b"", "VN", "not_a_certificate"),
        (foreign_dsc().der, "../x", "country_unusable"),
        (foreign_dsc().der, "FR", "certificate_of_another_country"),
    ],
)
def test_what_is_no_signer_is_refused_whole(
    office: Office, data: bytes, country: str, code: str
) -> None:
    with pytest.raises(SetupRefused) as error:
        office.desk.adopt(data, country)
    assert refusal(error) == code
    assert office.folder.trusted() == []


@pytest.mark.parametrize("says", ["constraints", "usage"])
def test_an_authority_is_known_by_either_of_its_marks(office: Office, says: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, START, START + DAY)
    mark: x509.ExtensionType = x509.BasicConstraints(ca=True, path_length=None)
    if says == "usage":
        bits = [False] * 9
        bits[5] = True  # keyCertSign
        mark = x509.KeyUsage(*bits)
    made = builder.add_extension(mark, critical=True).sign(key, SHA256())
    with pytest.raises(SetupRefused, match="certificate_is_a_ca"):
        office.desk.adopt(made.public_bytes(Encoding.DER), "VN")


def test_a_list_signer_is_no_signer_of_certificates(office: Office) -> None:
    lists = create_list_signer(office.files.csca(), "Sở", not_before=START)
    assert office.desk.begin(office.files) is False
    assert lists.der not in office.files.signers()
    listed = [key for key in office.folder.kept() if key.role is Role.LIST]
    assert {key.der for key in listed}.isdisjoint(office.files.signers())
