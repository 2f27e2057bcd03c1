"""Field encryption: what opens, what must not, and indexes."""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.citizens.names import normalise
from core.errors import SetupRefused
from core.results.reported import DocumentType
from core.results.result import Document
from storage.encryption import Keyring, SealBroken
from tests.storage.samples import BINH, KEYS, PHONE, keyring

KEY = b64encode(bytes(range(32))).decode()
OTHER_KEY = b64encode(bytes(32)).decode()


@given(st.binary(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_what_is_sealed_opens_as_it_was(plain: bytes, purpose: str, row: str) -> None:
    assert KEYS.open(KEYS.seal(plain, purpose, row), purpose, row) == plain


@given(st.data())
def test_any_changed_bit_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(KEYS.seal(b"secret", "a.b"))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(SealBroken):
        KEYS.open(bytes(sealed), "a.b")


@given(st.binary(max_size=80))
def test_what_nobody_sealed_is_refused_by_a_code(data: bytes) -> None:
    with pytest.raises(SealBroken):
        KEYS.open(data, "a.b")


def test_a_cut_field_does_not_open_at_any_length() -> None:
    sealed = KEYS.seal(b"secret", "a.b")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            KEYS.open(sealed[:length], "a.b")


def test_a_field_does_not_open_in_another_column() -> None:
    with pytest.raises(SealBroken, match="tampered"):
        KEYS.open(KEYS.seal(b"x", "result.sealed"), "challenge.sealed")


def test_a_field_does_not_open_in_another_row() -> None:
    with pytest.raises(SealBroken, match="tampered"):
        KEYS.open(KEYS.seal(b"x", "result.sealed", "one"), "result.sealed", "two")


def test_the_same_text_is_never_sealed_alike() -> None:
    assert len({KEYS.seal(b"x", "a.b") for _ in range(100)}) == 100


def test_after_rotation_old_fields_open_and_new_ones_name_the_new_key() -> None:
    old, rotated = keyring("k1"), keyring("k2")
    assert rotated.open(old.seal(b"x", "a.b"), "a.b") == b"x"
    assert rotated.seal(b"x", "a.b")[2:4] == b"k2"


def test_a_field_of_a_key_that_is_gone_says_so() -> None:
    alone = Keyring({"k9": sha256(b"k1").digest()}, "k9", sha256(b"index").digest())
    with pytest.raises(SealBroken, match="unknown_key"):
        alone.open(KEYS.seal(b"x", "a.b"), "a.b")


def test_another_key_under_the_same_id_opens_nothing() -> None:
    impostor = Keyring({"k1": bytes(32)}, "k1", sha256(b"index").digest())
    with pytest.raises(SealBroken, match="tampered"):
        impostor.open(KEYS.seal(b"x", "a.b"), "a.b")


def test_settings_name_the_active_key_first() -> None:
    ring = Keyring.parse(f"new:{KEY}, old:{OTHER_KEY}", KEY)
    assert ring.seal(b"x", "a.b")[2:5] == b"new"
    old = Keyring.parse(f"old:{OTHER_KEY}", KEY)
    assert ring.open(old.seal(b"x", "a.b"), "a.b") == b"x"


@pytest.mark.parametrize(
    ("keys", "index_key", "code"),
    [
        ("", KEY, "no_master_key"),
        (f"a:{KEY}", "", "no_master_key"),
        ("a:not base 64!", KEY, "key_unreadable"),
        (KEY, KEY, "key_id_unusable"),
        ("a:c2hvcnQ=", KEY, "key_length"),
        (f"a:{KEY}", "c2hvcnQ=", "key_length"),
        (f":{KEY}", KEY, "key_id_unusable"),
        (f"khóa:{KEY}", KEY, "key_id_unusable"),
        (f"a:{KEY},a:{OTHER_KEY}", KEY, "key_id_twice"),
    ],
)
def test_unusable_settings_are_refused_by_code(keys: str, index_key: str, code: str) -> None:
    with pytest.raises(SetupRefused) as refused:
        Keyring.parse(keys, index_key)
    assert refused.value.code == code


def test_a_refusal_never_repeats_key_material() -> None:
    for keys in (KEY, KEY[:20], f"{KEY}:k1", f"{KEY}:{KEY}", f"k1:{KEY[:-3]}!"):
        with pytest.raises(SetupRefused) as refused:
            Keyring.parse(keys, KEY)
        assert KEY[:12] not in str(refused.value)


def test_two_spellings_of_a_name_are_one_person() -> None:
    assert normalise("Đỗ Thị Ánh") == normalise("ĐỖ  thị ánh")
    assert KEYS.person("Đỗ Thị Ánh", "1990-01-02") == KEYS.person("do thi anh", "1990-01-02")
    assert KEYS.person("Đỗ Thị Ánh", "1990-01-02") != KEYS.person("Đỗ Thị Ánh", "1990-01-03")


def test_indexes_differ_by_kind_and_by_installation() -> None:
    data = b"0123456789"
    document = Document(DocumentType.PASSPORT, "0123456789")
    indexes = {
        KEYS.raw(data),
        KEYS.content(data),
        KEYS.phone_index(data.decode()),
        KEYS.conversation(data.decode()),
        KEYS.document_index(document),
        KEYS.document_index(BINH.documents[0]),
    }
    assert len(indexes) == 6
    assert {len(index) for index in indexes} == {16}
    stranger = Keyring({"k1": bytes(32)}, "k1", bytes(32))
    assert stranger.phone_index(PHONE) != KEYS.phone_index(PHONE)


def test_derived_keys_and_indexes_survive_rotation_and_differ_by_purpose() -> None:
    assert keyring("k1").derive("otp") == keyring("k2").derive("otp")
    assert keyring("k1").phone_index(PHONE) == keyring("k2").phone_index(PHONE)
    assert KEYS.derive("otp") != KEYS.derive("ticket")


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3))
def test_an_index_is_the_hmac_of_rfc_2104_whatever_came_before(several: list[bytes]) -> None:
    key = KEYS.derive("index:raw")
    for data in several:
        assert KEYS.raw(data) == hmac.digest(key, data, "sha256")[:16]
