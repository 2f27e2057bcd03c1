"""Who signs for an installation, and whom it trusts.

Keys lie in files or a token; what changes in their folder counts at once.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from bot.stores import Stores
from core.certificates.signing import SigningUnavailable
from core.errors import KetquaError, SetupRefused

if TYPE_CHECKING:
    from bot.trusting import Kept
    from core.certificates.certifying import Certifying
    from core.certificates.keys import KeyStore
    from core.certificates.publishing import ListSigner
    from core.certificates.rotation import KeyDesk
    from core.certificates.signing import Signer
    from core.certificates.trust import TrustStore
    from core.results.reissuing import Reissuing
    from storage.keyfolder import FolderOfKeys
    from storage.keystore import FileKeyStore


class Signing(Stores):
    """An installation's keys over its stores."""

    @cached_property
    def key_store(self) -> FileKeyStore:
        """Signing keys on disk."""
        from storage.keystore import FileKeyStore

        return FileKeyStore(self.settings.keys_folder, self.settings.key_passphrase.encode())

    @cached_property
    def token_store(self) -> KeyStore | None:
        """Signing keys in a token, where one is set."""
        settings = self.settings
        if not settings.pkcs11_module:
            return None
        from storage.token import TokenKeyStore

        return TokenKeyStore(
            settings.keys_folder,
            settings.pkcs11_module,
            settings.pkcs11_token,
            settings.pkcs11_pin,
        )

    @cached_property
    def keys(self) -> FolderOfKeys:
        """Every key of ours, wherever it lies, and whose else we trust."""
        from storage.keyfolder import FolderOfKeys

        stores = (self.key_store, self.token_store)
        return FolderOfKeys(self.settings.keys_folder, [store for store in stores if store])

    @cached_property
    def key_desk(self) -> KeyDesk:
        """Where operators change keys."""
        from core.certificates.keys import Role
        from core.certificates.rotation import KeyDesk

        return KeyDesk(
            folder=self.keys,
            stores={Role.DSC: self.token_store or self.key_store, Role.LIST: self.key_store},
            organisation=(self.settings.issuer or "Sở Y tế").removeprefix("DEMO "),
            demo=self.settings.demo,
            clock=self.clock,
            overlap=timedelta(hours=self.settings.key_overlap_hours),
        )

    @cached_property
    def certifying(self) -> Certifying:
        """What is signed for a result."""
        from core.certificates.certifying import Certifying

        return Certifying(
            self.signer, self.settings.issuer or "Sở Y tế", self.random, self._say_once
        )

    @cached_property
    def reissuing(self) -> Reissuing:
        """Certificates for results that were released while nothing could sign."""
        from core.results.reissuing import Reissuing
        from storage.certificates import OwedCertificateStore

        owed = OwedCertificateStore(self.engine, self.keyring, self.catalogue)
        return Reissuing(owed, self.certifying, self.clock)

    def signer(self) -> Signer | None:
        """The key that signs now; None, and one line on stderr, while there is none."""
        moment = (self.clock().replace(second=0, microsecond=0), self.keys.stamp())
        if moment not in self._signers:
            found = self._find_signer()
            self._signers.clear()
            self._signers[moment] = found
        return self._signers[moment]

    @cached_property
    def _signers(self) -> dict[tuple[datetime, tuple[int, ...]], Signer | None]:
        """The choice, made once a minute and whenever a key was added or retired."""
        return {}

    @cached_property
    def _opened(self) -> dict[bytes, Signer]:
        """Opening an encrypted key takes 50 ms, so an opened one is kept."""
        return {}

    def _find_signer(self) -> Signer | None:
        for path in self.keys.damaged():
            self._say_once(SetupRefused("key_file_unreadable", path))
        try:
            chosen = self.keys.current(self.clock())
            if chosen.kid not in self._opened:
                self._opened[chosen.kid] = self.keys.signer(chosen)
            return self._opened[chosen.kid]
        except (SetupRefused, SigningUnavailable) as refusal:
            self._say_once(refusal)
            return None

    def can_sign(self) -> bool:
        """Whether a signature can be made now; a token is asked for one."""
        try:
            signer = self.signer()
            return signer is not None and bool(signer.sign(b"ketqua"))
        except SigningUnavailable:
            return False

    @cached_property
    def _said(self) -> set[str]:
        return set()

    def _say_once(self, error: KetquaError) -> None:
        from bot.cli.output import explain

        if error.code not in self._said:
            self._said.add(error.code)
            sys.stderr.write(explain(error) + "\n")

    @property
    def trust(self) -> TrustStore:
        """Our document signers, retired ones included, and those of others that were imported."""
        return self._trust()

    @cached_property
    def _trust(self) -> Kept[TrustStore]:
        from bot.trusting import Kept, trust_of

        def gather() -> TrustStore:
            ours, adopted = self.key_store.signers(), self.keys.trusted()
            return trust_of([*ours, *adopted, *self.foreign_lists.certificates()])

        return Kept(gather, self.clock, seconds=10, stamp=self.keys.stamp)

    def list_signer(self) -> ListSigner | None:
        """Who signs lists now; made where the CSCA's key is here. None, said once, without."""
        try:
            return self._list_signer()
        except KetquaError as refusal:
            self._say_once(refusal)
            return None

    @cached_property
    def _list_signer(self) -> Kept[ListSigner]:
        from bot.trusting import Kept
        from core.certificates.keys import Role, of_role
        from core.certificates.publishing import ListSigner

        def gather() -> ListSigner:
            if not of_role(self.keys.kept(), Role.LIST):
                self.make_first_keys()
            key = self.keys.current(self.clock(), Role.LIST)
            return ListSigner(self.keys.signer(key), key.der)

        return Kept(gather, self.clock, seconds=600, stamp=self.keys.stamp)

    def make_first_keys(self) -> bool:
        """Create a CSCA and a first signer of each role unless there are; says whether it did."""
        return self.key_desk.begin(self.key_store)
