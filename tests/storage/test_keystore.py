"""Key files: who signs now, and what is refused."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.certificates.authority import CertifiedKey, create_csca, create_dsc
from core.errors import SetupRefused
from storage.keyfolder import FolderOfKeys
from storage.keystore import CSCA, FileKeyStore, dsc_name

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
CSCA_KEY = create_csca("Sở Y tế Thử nghiệm", not_before=START)


def signer(not_before: datetime = START, lifetime: timedelta = YEAR) -> CertifiedKey:
    return create_dsc(CSCA_KEY, "Thử nghiệm", not_before=not_before, lifetime=lifetime)


@pytest.fixture
def keys(tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "keys", b"correct horse")


def save(keys: FileKeyStore, key: CertifiedKey) -> CertifiedKey:
    keys.save(dsc_name(key.certificate), key.private_key, key.certificate)
    return key


def folder_of(keys: FileKeyStore) -> FolderOfKeys:
    return FolderOfKeys(keys._folder, [keys])


def refusal(keys: FileKeyStore, now: datetime) -> str:
    with pytest.raises(SetupRefused) as refused:
        folder_of(keys).current_signer(now)
    return refused.value.code


def test_a_saved_signer_signs(keys: FileKeyStore) -> None:
    dsc = save(keys, signer())
    loaded = folder_of(keys).current_signer(START + YEAR / 2)
    assert loaded.kid == dsc.kid
    assert len(loaded.sign(b"data")) == 64


def test_of_overlapping_signers_the_newest_valid_one_signs(keys: FileKeyStore) -> None:
    old = save(keys, signer())
    new = save(keys, signer(START + YEAR / 2))
    assert folder_of(keys).current_signer(START + YEAR / 4).kid == old.kid
    assert folder_of(keys).current_signer(START + 3 * YEAR / 4).kid == new.kid


def test_all_certificates_are_published_old_ones_and_the_csca_too(keys: FileKeyStore) -> None:
    save(keys, signer(lifetime=timedelta(days=1)))
    save(keys, signer())
    keys.save(CSCA, CSCA_KEY.private_key, CSCA_KEY.certificate)
    assert len(keys.certificates()) == 3
    assert keys.certificates()[:-1] == keys.signers()
    assert keys.anchors() == keys.certificates()[2:] == [CSCA_KEY.der]
    assert keys.load(CSCA)[0].private_numbers() == CSCA_KEY.private_key.private_numbers()


def test_certificates_are_read_without_the_right_passphrase(
    keys: FileKeyStore, tmp_path: Path
) -> None:
    dsc = save(keys, signer())
    for passphrase in (b"another", b""):
        assert FileKeyStore(tmp_path / "keys", passphrase).certificates() == [dsc.der]


def test_an_empty_or_absent_folder_has_no_signing_key(keys: FileKeyStore) -> None:
    assert refusal(keys, START) == "no_signing_key"
    assert keys.certificates() == []
    assert keys.anchors() == []


def test_the_csca_does_not_sign_certificates_of_people(keys: FileKeyStore) -> None:
    keys.save(CSCA, CSCA_KEY.private_key, CSCA_KEY.certificate)
    assert refusal(keys, START) == "no_signing_key"


@pytest.mark.parametrize("now", [START - timedelta(seconds=1), START + YEAR + timedelta(days=1)])
def test_a_signer_outside_its_time_is_refused(keys: FileKeyStore, now: datetime) -> None:
    save(keys, signer())
    assert refusal(keys, now) == "signing_key_expired"


def test_a_wrong_or_missing_passphrase_says_so(keys: FileKeyStore, tmp_path: Path) -> None:
    save(keys, signer())
    assert refusal(FileKeyStore(tmp_path / "keys", b"wrong"), START) == "wrong_passphrase"
    nobody = FileKeyStore(tmp_path / "keys", b"")
    assert refusal(nobody, START) == "no_passphrase"
    with pytest.raises(SetupRefused, match="no_passphrase"):
        save(nobody, signer())


def test_a_key_is_never_overwritten(keys: FileKeyStore) -> None:
    keys.save(CSCA, CSCA_KEY.private_key, CSCA_KEY.certificate)
    other = create_csca("Kẻ khác", not_before=START)
    with pytest.raises(SetupRefused, match="key_exists"):
        keys.save(CSCA, other.private_key, other.certificate)
    assert keys.certificates() == [CSCA_KEY.der]


def test_a_certificate_whose_key_lies_elsewhere_is_not_overwritten(
    keys: FileKeyStore, tmp_path: Path
) -> None:
    keys.keep_csca(CSCA_KEY)
    (tmp_path / "keys" / "csca.key").unlink()
    with pytest.raises(SetupRefused, match="key_exists"):
        keys.keep_csca(create_csca("Kẻ khác", not_before=START))
    assert keys.certificates() == [CSCA_KEY.der]


def test_a_key_without_its_certificate_is_put_aside_and_kept(
    keys: FileKeyStore, tmp_path: Path
) -> None:
    lost = [create_csca("Bị ngắt", not_before=START) for _ in range(2)]
    for key in lost:
        keys.keep_csca(key)
        (tmp_path / "keys" / "csca.crt").unlink()
    keys.keep_csca(CSCA_KEY)
    assert keys.anchors() == [CSCA_KEY.der]
    aside = sorted((tmp_path / "keys").glob("csca.key.orphan-*"))
    assert [path.name[-1] for path in aside] == ["1", "2"]
    found = [keys.csca(path).private_key.private_numbers() for path in aside]
    assert found == [key.private_key.private_numbers() for key in lost]


def test_a_file_and_its_place_in_the_folder_are_on_the_disk_when_it_is_saved(
    keys: FileKeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink().suffix)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    save(keys, signer())
    assert flushed == [".tmp", "", ".tmp", ""]


def test_a_key_that_lies_there_in_plain_is_refused(keys: FileKeyStore, tmp_path: Path) -> None:
    dsc = save(keys, signer())
    plain = dsc.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "keys" / f"{dsc_name(dsc.certificate)}.key").write_bytes(plain)
    assert refusal(keys, START) == "key_file_unreadable"


@pytest.mark.parametrize("suffix", ["key", "crt"])
@pytest.mark.parametrize("content", [b"", b"\xff\x00rubbish"])
def test_a_damaged_file_is_refused_by_name(
    keys: FileKeyStore, tmp_path: Path, suffix: str, content: bytes
) -> None:
    dsc = save(keys, signer())
    (tmp_path / "keys" / f"{dsc_name(dsc.certificate)}.{suffix}").write_bytes(content)
    assert refusal(keys, START) == "key_file_unreadable"


def test_only_the_owner_reads_keys_and_no_draft_is_left(keys: FileKeyStore, tmp_path: Path) -> None:
    save(keys, signer())
    modes = {
        path.suffix: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()
    }
    assert modes == {".key": 0o600, ".crt": 0o644}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
