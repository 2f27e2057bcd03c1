"""What trust list, revocations and rules are made from, and the round that keeps them fresh.

The clock asks every few seconds; building happens only when something changed or a third of a
document's life is over. Two clocks may ask at once: the database takes each version once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509

from core.certificates import revocations, trust_lists
from core.certificates.cascade import build
from core.certificates.documents import DocumentType
from core.certificates.issue import LIFETIME
from core.certificates.publishing import Content, Publishing, Source, fixed
from core.certificates.signing import kid_of

if TYPE_CHECKING:
    from bot.app import Installation

log = logging.getLogger("ketqua.publishing")


def make_publishing(installation: Installation) -> Publishing:
    """The publishing of this installation's three documents."""
    settings = installation.settings
    life = timedelta(hours=settings.list_hours)
    return Publishing(
        publications=installation.documents,
        sources={
            DocumentType.TRUST_LIST: fixed(lambda: _trust_list(installation), life),
            DocumentType.REVOCATIONS: Source(
                installation.revocations.state,
                lambda: _revocations(installation),
                timedelta(hours=settings.revocation_list_hours),
            ),
            DocumentType.RULES: fixed(lambda: _rule_sets(installation), life),
        },
        signer=installation.list_signer,
        issuer=settings.issuer or "Sở Y tế",
        clock=installation.clock,
    )


def _rule_sets(installation: Installation) -> Mapping[str, object]:
    """The sets that count somewhere, now or later; none of ours needs a value set."""
    sets = installation.rules.counting(installation.clock())
    return {"rule_sets": [each.document for each in sets], "value_sets": {}}


def publish_round(installation: Installation) -> None:
    """Publish what is due. A failure is logged, and the next round tries again."""
    try:
        for kind in installation.publishing.round():
            log.info("published a new %s", kind.value)
    except Exception:
        log.exception("publishing failed, trying again")


def _trust_list(installation: Installation) -> Mapping[str, object]:
    """Ours, but for those whose certificates have all expired, and those of imported lists.

    A revoked signer is left out: a reader may have no list of revocations.
    """
    now, revoked = installation.clock(), installation.revocations.revoked_kids()
    ours = [der for der in installation.key_store.signers() if _can_matter(der, now)]
    theirs = installation.foreign_lists.certificates()
    return trust_lists.members(_but(revoked, ours), _but(revoked, theirs))


def _but(revoked: frozenset[bytes], ders: Iterable[bytes]) -> list[bytes]:
    return [der for der in ders if kid_of(der) not in revoked]


def _can_matter(der: bytes, now: datetime) -> bool:
    return x509.load_der_x509_certificate(der).not_valid_after_utc + LIFETIME >= now


def _revocations(installation: Installation) -> Content:
    found = installation.revocations.standings(installation.clock())
    batches = revocations.in_batches(found.revoked)
    cascade = build({entry.hash for entry in found.revoked}, found.live)
    return Content(revocations.members(found.kids, cascade, batches), tuple(batches))
