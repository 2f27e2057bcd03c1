"""The key folder: which keys we have, what was done with them, and whose else we trust.

Beside the keys of ``storage.keystore`` it holds ``<role>-<kid>.retired``, a mark with the time at
which an operator retired that key; ``trusted/<country>-<kid>.crt``, signers of others; and
``.lock``, held by whoever changes keys. Files are only added. A key without a file of its own
lies in a token (``storage.token``).
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from core.certificates.keys import KeptKey, KeyStore, Role, of_role, signing_key
from core.certificates.signing import Signer, kid_of
from core.errors import SetupRefused
from storage.keystore import PUBLIC, key_name, readable, write_whole

TRUSTED: Final = "trusted"
_PATTERNS: Final = {Role.CSCA: "csca.crt", Role.DSC: "dsc-*.crt", Role.LIST: "list-*.crt"}


class FolderOfKeys:
    """Implements ``core.certificates.keys.KeyFolder``.

    Args:
        stores: Those that may hold a private key, in the order in which they are asked.
    """

    def __init__(self, folder: Path, stores: Sequence[KeyStore]) -> None:
        """Remember where; nothing is read yet."""
        self._folder = folder
        self._stores = {store.name: store for store in stores}

    def kept(self) -> list[KeptKey]:
        """Every key of ours whose certificate can be read, retired ones too."""
        return [
            self._kept(role, certificate, path)
            for role in Role
            for path in self._files(role)
            if (certificate := readable(path)) is not None
        ]

    def damaged(self, role: Role | None = None) -> list[str]:
        """Files of certificates that can't be read: of one role, or of all."""
        roles = Role if role is None else (role,)
        files = (path for each in roles for path in self._files(each))
        return [str(path) for path in files if readable(path) is None]

    def current_signer(self, now: datetime, role: Role = Role.DSC) -> Signer:
        """A signer with the newest key of ``role`` that may sign now.

        Raises:
            SetupRefused: what ``current`` raises,
                ``hsm_not_configured``, or what the key's store raises.
            SigningUnavailable: its token is away.
        """
        return self.signer(self.current(now, role))

    def current(self, now: datetime, role: Role = Role.DSC) -> KeptKey:
        """The newest key of ``role`` that may sign now.

        Raises:
            SetupRefused: ``no_signing_key``, ``signing_key_expired``, ``signing_key_retired``,
                ``key_file_unreadable``: the one that should sign may be among the damaged.
        """
        keys = of_role(self.kept(), role)
        found = signing_key(keys, role, now)
        if found is None:
            for path in self.damaged(role):
                raise SetupRefused("key_file_unreadable", path)
            if not keys:
                raise SetupRefused("no_signing_key", str(self._folder))
            retired = all(key.retired_at is not None for key in keys)
            code = "signing_key_retired" if retired else "signing_key_expired"
            raise SetupRefused(code, str(self._folder))
        return found

    def signer(self, key: KeptKey) -> Signer:
        """A signer with ``key``. Raises: see ``current_signer``."""
        store = self._stores.get(key.store)
        if store is None:
            raise SetupRefused("hsm_not_configured", key.kid.hex())
        return store.signer(key.role, key.certificate)

    def retire(self, key: KeptKey, now: datetime) -> None:
        """Mark ``key``: nothing is signed with it from now on."""
        mark = self._folder / f"{key_name(key.role, key.certificate)}.retired"
        write_whole(mark, now.astimezone(UTC).isoformat(timespec="seconds").encode(), PUBLIC)

    def trust(self, der: bytes, country: str) -> bool:
        """Keep the certificate of another's signer; False if it is here already."""
        path = self._folder / TRUSTED / f"{country}-{kid_of(der).hex()}.crt"
        if path.exists():
            return False
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, der, PUBLIC)
        return True

    def trusted(self) -> list[bytes]:
        """DER of others' signers; kept as it came: a strict parser may refuse it."""
        return [path.read_bytes() for path in sorted((self._folder / TRUSTED).glob("*.crt"))]

    def stamp(self) -> tuple[int, ...]:
        """Changes whenever a key, a mark or a trusted certificate was added; costs 2 µs."""
        return tuple(_changed(path) for path in (self._folder, self._folder / TRUSTED))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other operators, in other processes, from changing keys meanwhile."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _files(self, role: Role) -> list[Path]:
        return sorted(self._folder.glob(_PATTERNS[role]))

    def _kept(self, role: Role, certificate: x509.Certificate, path: Path) -> KeptKey:
        holder = next((s.name for s in self._stores.values() if s.holds(role, certificate)), "")
        return KeptKey(role, certificate, _retired(path.with_suffix(".retired")), holder)


def _retired(mark: Path) -> datetime | None:
    """When a key was retired; a mark that can't be read still retires it."""
    try:
        return datetime.fromisoformat(mark.read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
