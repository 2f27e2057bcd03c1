"""A laboratory that exists in the demo only: invented people, realistic releases.

The same seed and clock give the same people and bytes. Names are put together from common
syllables, numbers come from ranges that belong to nobody real, and nothing is read or
stored: the caller writes the bytes where a laboratory would.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from labs.simulated_people import People, Person
from labs.simulated_reports import PANEL, Release, Sample, as_fhir, as_hl7

FACILITIES = (
    "BVNDGD",
    "BVNTP",
    "BVTD",
    "BVLVT",
    "TTYTHOASEN",
    "PKBINHMINH",
    "XNSAOMAI",
)
_REMEMBERED = 200
_PCR, _ANTIGEN = "94500-6", "94558-4"
_NEGATIVE = "260415000"
# Test (LOINC) and how often it is asked for.
_TESTS = ((_PCR, 46), (_ANTIGEN, 24), ("75377-2", 10), ("882-1", 7), (PANEL, 9), ("38379-4", 4))
_ANSWERS = (("260415000", 84), ("260373001", 12), ("419984006", 4))
_BLOOD_GROUPS = ("O Rh(D) +", "A Rh(D) +", "B Rh(D) +", "AB Rh(D) +", "O Rh(D) −")
_POOLED = 0.04
_CORRECTION = 0.05
_OPPOSITE = {"260415000": "260373001", "260373001": "260415000", "419984006": "260415000"}


@dataclass(frozen=True, slots=True)
class SimulatedCitizen:
    """A person whose result was released, for the demo's list.

    Args:
        phone: As the laboratory wrote it, ``0900001234``; empty if none was given.
        accession: The laboratory's number of the latest release.
    """

    name: str
    birth_date: date
    phone: str
    accession: str
    facility: str


class LaboratorySimulator:
    """Releases one result after the other, HL7 v2 and FHIR in turn."""

    def __init__(self, seed: int, facilities: Sequence[str] = FACILITIES) -> None:
        """Start a world.

        Args:
            seed: The same seed makes the same world.
            facilities: Codes of the facilities that release, in turn at random.
        """
        self._random = random.Random(seed)
        self._facilities = tuple(facilities)
        self._people = People(self._random)
        self._released: deque[Release] = deque(maxlen=_REMEMBERED)
        self._corrected: set[tuple[str, str]] = set()
        self._count = 0

    def next_release(self, now: datetime) -> tuple[str, str, bytes]:
        """Release one result.

        Args:
            now: Aware time of the release; collection lies 2 to 20 hours before it.

        Returns:
            The facility's code, a file name and the file's bytes.
        """
        return self._write(self._correction(now) or self._new(now))

    def _write(self, release: Release) -> tuple[str, str, bytes]:
        self._released.append(release)
        self._count += 1
        if self._count % 2:
            return release.facility, f"oru-{self._count:06d}.hl7", as_hl7(release, self._count)
        return release.facility, f"report-{self._count:06d}.json", as_fhir(release)

    def release_for(self, phone: str, now: datetime) -> tuple[str, str, bytes] | None:
        """Release a negative PCR for the person whose result came last on ``phone``.

        Args:
            phone: As the laboratory wrote it.

        Returns:
            As ``next_release``; None if nobody released so far has this number.
        """
        last = next((r for r in reversed(self._released) if r.person.phone == phone), None)
        if last is None:
            return None
        fresh = self._new(now)
        sample = replace(fresh.sample, code=_PCR, answer=_NEGATIVE, pooled=False)
        return self._write(replace(fresh, person=last.person, sample=sample))

    def people(self) -> list[SimulatedCitizen]:
        """The people of recent releases, newest first, each once."""
        newest: dict[Person, SimulatedCitizen] = {}
        for release in reversed(self._released):
            newest.setdefault(release.person, _citizen(release))
        return list(newest.values())

    def _new(self, now: datetime) -> Release:
        facility = self._random.choice(self._facilities)
        accession = f"{now:%y%m%d}{self._random.randrange(10**4):04d}{self._count:05d}"
        code = self._pick(_TESTS)
        collected = now - timedelta(minutes=self._random.randrange(120, 1200))
        sample = Sample(code, self._answer(code), self._is_pooled(code), collected)
        return Release(facility, accession, self._people.next(), sample, now)

    def _answer(self, code: str) -> str:
        if code == "882-1":
            return self._random.choice(_BLOOD_GROUPS)
        return self._pick(_ANSWERS)

    def _is_pooled(self, code: str) -> bool:
        return code == _PCR and self._random.random() < _POOLED

    def _correction(self, now: datetime) -> Release | None:
        """Now and then the newest correctable release with the opposite answer."""
        if self._random.random() >= _CORRECTION:
            return None
        for release in reversed(self._released):
            fresh = (release.facility, release.accession) not in self._corrected
            if fresh and release.sample.code in (_PCR, _ANTIGEN):
                self._corrected.add((release.facility, release.accession))
                answer = _OPPOSITE[release.sample.answer]
                sample = replace(release.sample, answer=answer)
                return replace(release, sample=sample, released_at=now, corrected=True)
        return None

    def _pick(self, weighted: Sequence[tuple[str, int]]) -> str:
        choices, weights = zip(*weighted, strict=True)
        return str(self._random.choices(choices, weights)[0])


def _citizen(release: Release) -> SimulatedCitizen:
    person = release.person
    return SimulatedCitizen(
        person.name, person.birth_date, person.phone, release.accession, release.facility
    )
