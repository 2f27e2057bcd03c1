"""What a verified certificate says about a person.

Read leniently: what is unusable is refused, not what a schema dislikes. Usable means times, a
name to compare with a photo ID, and at least one test, vaccination or recovery. With several
entries the latest of the first kind counts; key usage and revocation look at all of them.
A certificate without a DCC may have the product's own claim for other tests instead.
The compact profile is read in ``core.certificates.compact``.
Source: ehn-dcc-schema 1.3.0 and its value sets; docs/verifying.md (claim −260 → −1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from core.certificates import cbor
from core.certificates.decode import HEALTH, ISSUER, Malformed, Step, Unverified, usable_second
from core.certificates.private import CLAIM, LONGEST_OUTCOME, Key

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_TEXT_TIME_TAG = frozenset({0})
_LONGEST = 200  # characters shown of any field; the schema allows 80
_PAIR = 2  # family and given name


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
_WORDS: Final = {"negative": TestOutcome.NEGATIVE, "positive": TestOutcome.POSITIVE}
_OUTCOMES: Final = {"260415000": TestOutcome.NEGATIVE, "260373001": TestOutcome.POSITIVE}


@dataclass(frozen=True, slots=True)
class Claims:
    """A verified certificate's contents.

    Args:
        family_name: As written by the issuer; ``family_name_std`` for a machine-readable zone.
        birth_date: ``YYYY``, ``YYYY-MM``, ``YYYY-MM-DD`` or empty.
        kind: Of the entry shown.
        kinds: Of all entries.
        test_type: None unless a test; ``outcome`` likewise, unknown where ``values`` speak.
        collected_at: Aware UTC: of sampling, vaccination or the first positive test; None if
            it can't be read.
        uvci: Of the entry shown.
        uvcis: Of all entries.
        test: Key of the issuer's catalogue, where no DCC entry says what was tested.
        test_name: Its name, in the issuer's language.
        values: What the test found, as reported, where it is neither negative nor positive.
        initials: In place of the names, in the compact profile.
        document_end: Last characters of a document, in the compact profile.
        health: The EU health certificate's map as it was read, for rules; else empty.
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
    test: str = ""
    test_name: str = ""
    values: str = ""
    initials: str = ""
    document_end: str = ""
    health: Mapping[object, object] = field(default_factory=dict, repr=False)
    entry: Mapping[object, object] = field(default_factory=dict, repr=False)

    @property
    def full_name(self) -> str:
        """Family name first, as Vietnamese names are spoken; initials where there is no name."""
        family = self.family_name or self.family_name_std
        name = f"{family} {self.given_name or self.given_name_std}".strip()
        return name or self.initials

    def to_json(self) -> dict[str, str]:
        """The claims as ``ketqua verify --json`` prints them; empty ones are left out."""
        fields = {
            "family_name": self.family_name,
            "given_name": self.given_name,
            "family_name_std": self.family_name_std,
            "given_name_std": self.given_name_std,
            "birth_date": self.birth_date,
            "initials": self.initials,
            "document_end": self.document_end,
            "kind": self.kind.value,
            "target": self.target,
            "test_type": self.test_type.value if self.test_type else "",
            "test": self.test,
            "test_name": self.test_name,
            "outcome": self.values or (self.outcome.value if self.outcome else ""),
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
    claim = _map(verified.contents.get(HEALTH))
    times = (datetime.fromtimestamp(issued, UTC), datetime.fromtimestamp(expires, UTC))
    if 1 not in claim and CLAIM in claim:
        return _read_other_test(verified, _map(claim[CLAIM]), times)
    health = _map(claim.get(1))
    names = _map(health.get("nam"))
    if not any(_text(names, key) for key in ("fn", "gn", "fnt", "gnt")):
        return Malformed(Step.CLAIMS, "no_name")
    entries = list(_entries(health))
    if not entries:
        return Malformed(Step.CLAIMS, "no_entry")
    return _claims(verified, health, _birth_date(health.get("dob")), entries, times)


def _read_other_test(
    verified: Unverified, claim: Mapping[object, object], times: tuple[datetime, datetime]
) -> Claims | Malformed:
    """The product's own claim: one test, of which the catalogue's key says what it is."""
    names, written = _pair(claim.get(Key.NAMES)), _pair(claim.get(Key.NAMES_STD))
    if not any(names + written):
        return Malformed(Step.CLAIMS, "no_name")
    test, said = _text(claim, Key.TEST), _text(claim, Key.OUTCOME, longest=LONGEST_OUTCOME)
    if not test or not said:
        return Malformed(Step.CLAIMS, "no_entry")
    outcome, uvci = _WORDS.get(said, TestOutcome.UNKNOWN), _text(claim, Key.UVCI)
    collected = usable_second(claim.get(Key.COLLECTED))
    return Claims(
        family_name=names[0],
        given_name=names[1],
        family_name_std=written[0],
        given_name_std=written[1],
        birth_date=_birth_date(claim.get(Key.BIRTH_DATE)),
        kind=Kind.TEST,
        kinds=frozenset((Kind.TEST,)),
        target=_text(claim, Key.TARGET),
        test_type=TestType.OTHER,
        outcome=outcome,
        collected_at=None if collected is None else datetime.fromtimestamp(collected, UTC),
        centre=_text(claim, Key.CENTRE),
        country=_text(verified.contents, ISSUER),
        issuer=_text(claim, Key.ISSUER),
        uvci=uvci,
        uvcis=(uvci,) if uvci else (),
        issued_at=times[0],
        expires_at=times[1],
        test=test,
        test_name=_text(claim, Key.TEST_NAME),
        values=said if outcome is TestOutcome.UNKNOWN else "",
    )


def _pair(value: object) -> tuple[str, str]:
    """Two names of a list; empty where they aren't texts."""
    if not isinstance(value, list | tuple) or len(value) != _PAIR:
        return "", ""
    fields: Mapping[object, object] = dict(enumerate(value))
    return _text(fields, 0), _text(fields, 1)


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
        health=health,
        entry=entry,
    )


def _entries(health: Mapping[object, object]) -> Iterator[tuple[Kind, Mapping[object, object]]]:
    for kind, key in _ENTRY_KEY.items():
        entries = health.get(key)
        if isinstance(entries, list | tuple):
            yield from ((kind, entry) for entry in entries if cbor.is_map(entry))


def _shown(
    entries: list[tuple[Kind, Mapping[object, object]]],
) -> tuple[Kind, Mapping[object, object]]:
    """The latest entry of the first kind; one without a time counts as the oldest."""
    if len(entries) == 1:
        return entries[0]
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


def _map(value: object) -> Mapping[object, object]:
    return value if cbor.is_map(value) else {}


def _text(fields: Mapping[object, object], key: object, *, longest: int = _LONGEST) -> str:
    value = fields.get(key)
    return value.strip()[:longest] if isinstance(value, str) else ""
