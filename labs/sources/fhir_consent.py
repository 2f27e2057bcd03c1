"""The Consents of the patients of a page: no report names them, so they are asked for.

Rules: a server that has none to show (not found, not allowed, not understood, no Bundle, or an
error of its own with 500) is not asked again in this poll, and the poll goes on: then nothing
is agreed to. One that can't answer just now (no answer, 429, 502 to 504) ends the poll like
any other page, because the answer decides whether a person is told. Of patients whose Consents
are not all shown, none counts: a denial may be among the rest.

Source: FHIR R4, Consent (search by ``patient``, ``status``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.feeds.source import FeedTrouble
from labs.readers import fhir_model as fhir
from labs.readers.fhir_resources import Resource, UnreadableResourceError
from labs.sources.fhir_bundle import Page
from labs.sources.fhir_rest import FhirServer
from labs.sources.http import lead

_KIND = "Consent"
_PATIENTS_AT_ONCE = 50
_PAGES = 5
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_NONE_TO_SHOW = frozenset({"feed_unexpected_answer", "feed_leads_elsewhere", "feed_too_large"})


class Consents:
    """What one poll learns of Consents."""

    def __init__(self, server: FhirServer) -> None:
        """Nothing is asked yet."""
        self._server = server
        self._has_some = True

    def of(self, resources: Sequence[Resource]) -> Iterator[Resource]:
        """The active Consents of the Patients among ``resources``.

        Raises:
            FeedTrouble: the server can't answer now.
        """
        patients = self._patients(resources)
        for first in range(0, len(patients), _PATIENTS_AT_ONCE):
            if self._has_some:
                yield from self._of_some(patients[first : first + _PATIENTS_AT_ONCE])

    def _patients(self, resources: Sequence[Resource]) -> list[str]:
        """Ids of the Patients that are this server's own, each once."""
        own = f"{self._server.base}/"
        ids = {
            resource.id: None
            for resource in resources
            if resource.kind == "Patient" and (not resource.url or resource.url.startswith(own))
        }
        return [name for name in ids if _ID.fullmatch(name)]

    def _of_some(self, patients: Sequence[str]) -> list[Resource]:
        names = [f"Patient/{name}" for name in patients]  # a bare id is not understood everywhere
        found: list[Resource] = []
        asked = {"patient": ",".join(names), "status": "active", "_count": "200"}
        url, following = self._server.search_of(_KIND, asked), ""
        for _ in range(_PAGES):
            url, page = self._page(url, following)
            if page is None:
                return []
            found += [match.resource for match in page.matches]
            if not page.following:
                is_whole = page.total is None or page.total <= len(found)
                return [each for each in found if self._whose(each) in names] if is_whole else []
            following = page.following
        return []

    def _page(self, url: str, following: str) -> tuple[str, Page | None]:
        """The page that follows ``url``, or the one there; None: there are none for us."""
        try:
            url = lead(url, following) if following else url
            page = self._server.page_of(_KIND, url)
        except FeedTrouble as trouble:
            own_error = trouble.code == "feed_unreachable" and trouble.detail == "500"
            if not own_error and trouble.code not in _NONE_TO_SHOW:
                raise
            page = None
        self._has_some = page is not None
        return url, page

    def _whose(self, consent: Resource) -> str:
        """``Patient/id``; empty of one that can't be read."""
        try:
            patient = consent.read(fhir.Consent).patient
        except UnreadableResourceError:
            return ""
        written = (patient.reference or "") if patient else ""
        return written.removeprefix(f"{self._server.base}/").partition("/_history/")[0]
