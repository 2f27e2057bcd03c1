"""Keys in a token: made there, signing from it, and what happens when it goes away."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from pkcs11 import Attribute, ObjectClass

from core.certificates.authority import LIST_USAGE, certify, create_csca
from core.certificates.keys import KeptKey, Role
from core.certificates.rotation import KeyDesk
from core.certificates.signing import Signer, SigningUnavailable
from core.errors import SetupRefused
from storage.keyfolder import FolderOfKeys
from storage.keystore import FileKeyStore
from storage.token import TokenKeyStore
from tests.storage.hsm import LABEL, PIN, Token, make_token

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CSCA = create_csca("Thử nghiệm", not_before=NOW - timedelta(days=1))


@dataclass
class Watch:
    """Seconds that pass when a test says so."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    made = make_token(tmp_path_factory.mktemp("hsm"))
    os.environ.update(made.environment)
    return made


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def store(token: Token, tmp_path: Path, watch: Watch) -> TokenKeyStore:
    return TokenKeyStore(tmp_path / "keys", token.module, LABEL, PIN, watch)


@pytest.fixture
def folder(store: TokenKeyStore, tmp_path: Path) -> FolderOfKeys:
    return FolderOfKeys(tmp_path / "keys", [FileKeyStore(tmp_path / "keys", b"x"), store])


@pytest.fixture
def key(store: TokenKeyStore, folder: FolderOfKeys) -> KeptKey:
    stores = {Role.DSC: store, Role.LIST: store}
    desk = KeyDesk(folder, stores, "Thử nghiệm", demo=False, clock=lambda: NOW, overlap=timedelta())
    return desk.rotate(CSCA)


def is_of(key: KeptKey, signature: bytes, data: bytes) -> bool:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = key.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
    return len(signature) == 64


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(SigningUnavailable) as refused:
        work()
    return refused.value.code


def test_a_key_made_in_the_token_signs_from_it(key: KeptKey, folder: FolderOfKeys) -> None:
    assert (key.store, [each.store for each in folder.kept()]) == ("pkcs11", ["pkcs11"])
    signer = folder.current_signer(NOW)
    assert signer.kid == key.kid
    assert is_of(key, signer.sign(b"data"), b"data")


def test_no_private_key_lies_in_the_folder_and_none_leaves_the_token(
    key: KeptKey, store: TokenKeyStore, tmp_path: Path
) -> None:
    assert [path.suffix for path in (tmp_path / "keys").iterdir() if path.stem != ".lock"] == [
        ".crt"
    ]
    kept = list(store._opened().get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
    assert kept
    for each in kept:
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            each[Attribute.VALUE]


def test_two_keys_of_a_token_are_told_apart(
    store: TokenKeyStore, folder: FolderOfKeys, key: KeptKey
) -> None:
    other = store.create(Role.LIST, lambda public: _certified(public, key))
    one, two = folder.signer(key), store.signer(Role.LIST, other.certificate)
    assert is_of(key, one.sign(b"a"), b"a")
    assert is_of(other, two.sign(b"a"), b"a")


def _certified(public: ec.EllipticCurvePublicKey, like: KeptKey) -> x509.Certificate:
    return certify(
        CSCA, public, organisation="L", role="LIST", not_before=like.signs_from,
        lifetime=timedelta(days=9), demo=False, usages=(LIST_USAGE,),
    )  # fmt: skip


def test_many_threads_sign_at_once(key: KeptKey, folder: FolderOfKeys) -> None:
    signer = folder.signer(key)
    with ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(lambda n: signer.sign(b"%d" % n), range(80)))
    assert all(is_of(key, signature, b"%d" % n) for n, signature in enumerate(signatures))


def _sign_in_child(signer: Signer, sender: object) -> None:
    sender.send(signer.sign(b"child"))  # type: ignore[attr-defined]


def test_a_forked_child_signs_and_so_does_its_parent_afterwards(
    key: KeptKey, folder: FolderOfKeys, store: TokenKeyStore
) -> None:
    signer = folder.signer(key)
    signer.sign(b"parent")
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_sign_in_child, args=(signer, sender))
    with store._lock:  # another thread of the parent is signing at that moment
        child.start()
        answered = receiver.poll(20)
    if not answered:
        child.kill()
    child.join()
    assert answered
    assert is_of(key, receiver.recv(), b"child")
    assert is_of(key, signer.sign(b"parent"), b"parent")


def test_a_token_that_goes_away_is_unavailable_and_comes_back(
    key: KeptKey, folder: FolderOfKeys, token: Token, watch: Watch
) -> None:
    signer = folder.signer(key)
    signer.sign(b"before")
    token.take_away()
    try:
        assert refusal(lambda: signer.sign(b"gone")) == "hsm_token_missing"
    finally:
        token.put_back()
    assert refusal(lambda: signer.sign(b"too soon to look again")) == "hsm_token_missing"
    watch.seconds += 6
    assert is_of(key, signer.sign(b"back"), b"back")


def test_a_wrong_pin_is_tried_once_only(
    key: KeptKey, token: Token, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistaken = TokenKeyStore(tmp_path / "keys", token.module, LABEL, "000000", watch)
    signer = mistaken.signer(Role.DSC, key.certificate)
    assert refusal(lambda: signer.sign(b"x")) == "hsm_wrong_pin"
    asked: list[str] = []
    monkeypatch.setattr(pkcs11, "lib", asked.append)
    watch.seconds += 3600
    assert refusal(lambda: signer.sign(b"x")) == "hsm_wrong_pin"
    assert asked == []


def test_what_is_missing_is_named(key: KeptKey, token: Token, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    stores = {
        "hsm_module_missing": TokenKeyStore(keys, "/nowhere/lib.so", LABEL, PIN),
        "hsm_token_missing": TokenKeyStore(keys, token.module, "another", PIN),
    }
    for code, store in stores.items():
        signer = store.signer(Role.DSC, key.certificate)
        assert refusal(partial(signer.sign, b"x")) == code
        with pytest.raises(SigningUnavailable, match=code):
            store.create(Role.DSC, lambda _: key.certificate)


def test_a_key_that_the_token_does_not_have_is_named(store: TokenKeyStore) -> None:
    foreign = create_csca("Kẻ khác", not_before=NOW)
    signer = store.signer(Role.DSC, foreign.certificate)
    assert refusal(lambda: signer.sign(b"x")) == "hsm_key_missing"


def test_without_a_token_configured_its_keys_are_named(key: KeptKey, tmp_path: Path) -> None:
    alone = FolderOfKeys(tmp_path / "keys", [FileKeyStore(tmp_path / "keys", b"x")])
    with pytest.raises(SetupRefused, match="hsm_not_configured"):
        alone.current_signer(NOW)
    assert alone.kept()[0].store == ""
