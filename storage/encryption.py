"""Field encryption and blind indexes: what the database holds of people.

A sealed field is ``version · length of key id · key id · nonce · ciphertext and tag``.
Every purpose (``table.column``) has its own subkey; purpose, header and row are
authenticated, so a field moved to another column or row does not open. Nonces are random:
one key id may seal up to 2³² fields of a purpose, then rotate it. Any key that is still
known opens; only the active one seals. Indexes have one key, which can't be rotated without
computing every index anew.
Source: NIST SP 800-38D section 8.2.2 (random nonces); RFC 5869 (HKDF); RFC 2104 (HMAC).
"""

from __future__ import annotations

import binascii
import hmac
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.citizens.names import normalise
from core.errors import KetquaError, SetupRefused
from core.ports import Randomness
from core.results.result import Document

KEY_BYTES: Final = 32
INDEX_BYTES: Final = 16
_VERSION: Final = 1
_NONCE: Final = 12
_TAG: Final = 16
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,16}")


class SealBroken(KetquaError):
    """A field does not open: ``not_sealed``, ``unknown_key`` or ``tampered``."""


class Keyring:
    """The installation's keys; implements ``core.ports.Indexer``.

    Args:
        keys: 32-byte master keys by key id (1–16 of ``A-Z a-z 0-9 _ . -``).
        active: Id of the key that seals.
        index_key: 32 bytes, the root of indexes and derived keys.
        random: Source of nonces.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        active: str,
        index_key: bytes,
        random: Randomness = os.urandom,
    ) -> None:
        """Check the keys. Raises: SetupRefused, ``key_id_unusable`` or ``key_length``."""
        _check(keys, index_key)
        self._keys = {_id_bytes(key_id): key for key_id, key in keys.items()}
        self._index_key = index_key
        self._random = random
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}
        self._derived: dict[str, bytes] = {}
        self._begun: dict[str, hmac.HMAC] = {}
        self._active = _id_bytes(active)
        self._header = bytes((_VERSION, len(self._active))) + self._active
        if self._active not in self._keys:
            raise SetupRefused("key_id_unusable")

    @classmethod
    def parse(cls, keys: str, index_key: str) -> Keyring:
        """Read keys as the settings write them: ``id:base64,id2:base64``, the active one first.

        Args:
            index_key: 32 bytes in base 64.

        Raises:
            SetupRefused: ``no_master_key``, ``key_unreadable``, ``key_id_unusable``,
                ``key_id_twice`` or ``key_length``; the detail names the key id, never the key.
        """
        entries = [entry.strip().partition(":") for entry in keys.split(",") if entry.strip()]
        if not entries or not index_key.strip():
            raise SetupRefused("no_master_key")
        ids = [_id_bytes(key_id).decode() for key_id, _, _ in entries]
        if len(set(ids)) != len(ids):
            raise SetupRefused("key_id_twice")
        ring = {key_id: _decoded(key_id, text) for key_id, _, text in entries}
        return cls(ring, ids[0], _decoded("index", index_key))

    def seal(self, plain: bytes, purpose: str, row: str = "") -> bytes:
        """Encrypt a field.

        Args:
            purpose: ``table.column``.
            row: Id of the row, where the field must not open in any other.
        """
        nonce, cipher = self._random(_NONCE), self._cipher(self._active, purpose)
        return self._header + nonce + cipher.encrypt(nonce, plain, _aad(self._header, purpose, row))

    def open(self, sealed: bytes, purpose: str, row: str = "") -> bytes:
        """Decrypt a field with whichever known key sealed it. Raises: SealBroken."""
        start = 2 + sealed[1] if len(sealed) > 1 and sealed[0] == _VERSION else 0
        if not start or len(sealed) < start + _NONCE + _TAG:
            raise SealBroken("not_sealed", purpose)
        header, body = sealed[:start], start + _NONCE
        if header[2:] not in self._keys:
            raise SealBroken("unknown_key", purpose)
        try:
            cipher = self._cipher(header[2:], purpose)
            return cipher.decrypt(sealed[start:body], sealed[body:], _aad(header, purpose, row))
        except InvalidTag:
            raise SealBroken("tampered", purpose) from None

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for something else (OTP hashes, tickets); survives key rotation."""
        if purpose not in self._derived:
            self._derived[purpose] = _hkdf(self._index_key, f"derive:{purpose}")
        return self._derived[purpose]

    def phone_index(self, e164: str) -> bytes:
        """Index of a number in E.164."""
        return self._index("phone", e164.encode())

    def document_index(self, document: Document) -> bytes:
        """Index of an identity document: its type and normalised number."""
        return self._index("document", f"{document.type}\0{document.number}".encode())

    def person(self, full_name: str, birth_date: str) -> bytes:
        """Index of a person: normalised name and date of birth."""
        return self._index("person", f"{normalise(full_name)}\0{birth_date}".encode())

    def raw(self, data: bytes) -> bytes:
        """Index of raw bytes."""
        return self._index("raw", data)

    def content(self, data: bytes) -> bytes:
        """Keyed hash of a result's canonical content."""
        return self._index("content", data)

    def conversation(self, key: str) -> bytes:
        """Index of a chat's key, which names somebody's account."""
        return self._index("conversation", key.encode())

    def chat(self, channel: str, chat: str) -> bytes:
        """Index of a chat to which letters go."""
        return self._index("chat", f"{channel}\0{chat}".encode())

    def _index(self, purpose: str, data: bytes) -> bytes:
        begun = self._begun.get(purpose)
        if begun is None:  # the key is hashed in once: to begin costs more than to go on
            begun = hmac.new(self.derive(f"index:{purpose}"), digestmod="sha256")
            self._begun[purpose] = begun
        index = begun.copy()
        index.update(data)
        return index.digest()[:INDEX_BYTES]

    def _cipher(self, key_id: bytes, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((key_id, purpose))
        if cipher is None:
            cipher = AESGCM(_hkdf(self._keys[key_id], f"seal:{purpose}"))
            self._ciphers[key_id, purpose] = cipher
        return cipher


def _aad(header: bytes, purpose: str, row: str) -> bytes:
    return b"%b%b\0%b" % (header, purpose.encode(), row.encode())


def _hkdf(key: bytes, info: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"ketqua:{info}".encode()).derive(key)


def _check(keys: Mapping[str, bytes], index_key: bytes) -> None:
    for key_id, key in {**keys, "index": index_key}.items():
        if len(key) != KEY_BYTES:
            raise SetupRefused("key_length", key_id)


def _id_bytes(key_id: str) -> bytes:
    if not _KEY_ID.fullmatch(key_id):  # don't repeat it: it may be a key without an id
        raise SetupRefused("key_id_unusable")
    return key_id.encode()


def _decoded(key_id: str, text: str) -> bytes:
    try:
        return b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise SetupRefused("key_unreadable", key_id) from None
