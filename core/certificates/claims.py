"""What a verified certificate says about a person.

Read leniently: what is unusable is refused, not what a schema dislikes. Usable means times, a
name to compare with a photo ID, and at least one test, vaccination or recovery. With several
entries the latest of the first kind counts; key usage and revocation look at all of them.
Source: ehn-dcc-schema 1.3.0 and its value sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from core.certificates import cbor
from core.certificates.decode import HEALTH, ISSUER, Malformed, Step, Unverified

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_TEXT_TIME_TAG = frozenset({0})
_LONGEST = 200  # characters shown of any field; the schema allows 80


class Kind(StrEnum):
    """What an entry is about; the value is the word in ``to_json``."""

    TEST = "test"
    VACCINATION = "vaccination"
    RECOVERY = "recovery"


class TestType(StrEnum):
    """Kind of a test, from its LOINC part."""

    PCR = "pcr"
    ANTIGEN = "antigen"
    OTHER = "other"


class TestOutcome(StrEnum):
    """What a test found."""

    NEGATIVE = "negative"
    POSITIVE = "positive"
    UNKNOWN = "unknown"


_ENTRY_KEY: Final = {Kind.TEST: "t", Kind.VACCINATION: "v", Kind.RECOVERY: "r"}
_EVENT_KEY: Final = {Kind.TEST: "sc", Kind.VACCINATION: "dt", Kind.RECOVERY: "fr"}
_TYPES: Final = {"LP6464-4": TestType.PCR, "LP217198-3": TestType.ANTIGEN}
_OUTCOMES: Final = {"260415000": TestOutcome.NEGATIVE, "260373001": TestOutcome.POSITIVE}


@dataclass(frozen=True, slots=True)
class Claims:
    """A verified certificate's contents.

    Args:
        family_name: As written by the issuer; ``family_name_std`` for a machine-readable zone.
        birth_date: ``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD`` or empty.
        kind: Of the entry shown.
        kinds: Of all entries.
        test_type: None unless a test; ``outcome`` likewise.
        collected_at: Aware UTC: of sampling, vaccination or the first positive test; None if
            it can't be read.
        uvci: Of the entry shown.
        uvcis: Of all entries.
        document: The health certificate's map as plain JSON values, for rules.
        entry: The entry shown, likewise.
    """

    family_name: str
    given_name: str
    family_name_std: str
    given_name_std: str
    birth_date: str
    kind: Kind
    kinds: frozenset[Kind]
    target: str
    test_type: TestType | None
    outcome: TestOutcome | None
    collected_at: datetime | None
    centre: str
    country: str
    issuer: str
    uvci: str
    uvcis: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    document: Mapping[str, object] = field(default_factory=dict, repr=False)
    entry: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def full_name(self) -> str:
        """Family name first, as Vietnamese names are spoken and ID cards write them."""
        family = self.family_name or self.family_name_std
        return f"{family} {self.given_name or self.given_name_std}".strip()

    def to_json(self) -> dict[str, str]:
        """The claims as ``ketqua verify --json`` prints them; empty ones are left out."""
        fields = {
            "family_name": self.family_name,
            "given_name": self.given_name,
            "family_name_std": self.family_name_std,
            "given_name_std": self.given_name_std,
            "birth_date": self.birth_date,
            "kind": self.kind.value,
            "target": self.target,
            "test_type": self.test_type.value if self.test_type else "",
            "outcome": self.outcome.value if self.outcome else "",
            "collected_at": rfc3339(self.collected_at),
            "centre": self.centre,
            "country": self.country,
            "issuer": self.issuer,
            "uvci": self.uvci,
            "issued_at": rfc3339(self.issued_at),
            "expires_at": rfc3339(self.expires_at),
        }
        return {key: value for key, value in fields.items() if value}


def rfc3339(moment: datetime | None) -> str:
    """``moment`` in UTC to the second, or an empty text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def read_claims(verified: Unverified) -> Claims | Malformed:
    """Read the claims of contents whose signature has been verified.

    Args:
        verified: Contents that the caller has verified; nothing here checks that.
    """
    issued, expires = verified.issued_second, verified.expires_second
    if issued is None or expires is None:
        return Malformed(Step.CLAIMS, "unusable_time")
    health = _map(_map(verified.contents.get(HEALTH)).get(1))
    names = _map(health.get("nam"))
    if not any(_text(names, key) for key in ("fn", "gn", "fnt", "gnt")):
        return Malformed(Step.CLAIMS, "no_name")
    entries = list(_entries(health))
    if not entries:
        return Malformed(Step.CLAIMS, "no_entry")
    times = (datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC))
    return _claims(verified, health, _birth_date(health.get("dob")), entries, times)


def _claims(
    verified: Unverified,
    health: Mapping[object, object],
    birth_date: str,
    entries: list[tuple[Kind, Mapping[object, object]]],
    times: tuple[datetime, datetime],
) -> Claims:
    kind, entry = _shown(entries)
    names, is_test = _map(health.get("nam")), kind is Kind.TEST
    return Claims(
        family_name=_text(names, "fn"),
        given_name=_text(names, "gn"),
        family_name_std=_text(names, "fnt"),
        given_name_std=_text(names, "gnt"),
        birth_date=birth_date,
        kind=kind,
        kinds=frozenset(kind for kind, _ in entries),
        target=_text(entry, "tg"),
        test_type=_TYPES.get(_text(entry, "tt"), TestType.OTHER) if is_test else None,
        outcome=_OUTCOMES.get(_text(entry, "tr"), TestOutcome.UNKNOWN) if is_test else None,
        collected_at=_event(kind, entry),
        centre=_text(entry, "tc"),
        country=_text(entry, "co") or _text(verified.contents, ISSUER),
        issuer=_text(entry, "is"),
        uvci=_text(entry, "ci"),
        uvcis=tuple(uvci for _, each in entries if (uvci := _text(each, "ci"))),
        issued_at=times[0],
        expires_at=times[1],
        document=_plain_map(health),
        entry=_plain_map(entry),
    )


def _entries(health: Mapping[object, object]) -> Iterator[tuple[Kind, Mapping[object, object]]]:
    for kind, key in _ENTRY_KEY.items():
        entries = health.get(key)
        if isinstance(entries, list | tuple):
            yield from ((kind, entry) for entry in entries if isinstance(entry, Mapping))


def _shown(
    entries: list[tuple[Kind, Mapping[object, object]]],
) -> tuple[Kind, Mapping[object, object]]:
    """The latest entry of the first kind; one without a time counts as the oldest."""
    first = entries[0][0]
    oldest = datetime.min.replace(tzinfo=UTC)
    same_kind = [entry for entry in entries if entry[0] is first]
    return max(same_kind, key=lambda entry: _event(*entry) or oldest)


def _event(kind: Kind, entry: Mapping[object, object]) -> datetime | None:
    text = cbor.untagged(entry.get(_EVENT_KEY[kind]), _TEXT_TIME_TAG)
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _birth_date(value: object) -> str:
    """A date of birth, complete or partial; a month ``00`` or a time of day is dropped."""
    text = cbor.untagged(value, _TEXT_TIME_TAG)
    found = _PARTIAL_DATE.match(text) if isinstance(text, str) else None
    if not found:
        return ""
    year, month, day = found.groups()
    if month in (None, "00"):
        return str(year)
    return f"{year}-{month}" if day in (None, "00") else f"{year}-{month}-{day}"


def _plain_map(fields: Mapping[object, object]) -> dict[str, object]:
    """The members that JSON has, so that rules see the same here and in a browser."""
    return {key: _plain(value) for key, value in fields.items() if isinstance(key, str)}


def _plain(value: object) -> object:
    value = cbor.untagged(value, _TEXT_TIME_TAG)
    if isinstance(value, Mapping):
        return _plain_map(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | bool | int | float) else None


def _map(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


def _text(fields: Mapping[object, object], key: object) -> str:
    value = fields.get(key)
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
