"""One page of a FHIR search: its matches, what came with them, and what it still lacks.

Resources keep their bytes. Whether a reference can be followed is asked of the reader's own
``ResourceSet``, so that what is called complete here is found there.

Source: FHIR R4, Bundle (searchset); "Resolving references in Bundles"; Resource.id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import msgspec

from core.feeds.source import FeedTrouble
from labs.readers import fhir_model as fhir
from labs.readers.fhir_resources import Resource, ResourceSet, UnreadableResourceError, is_local

_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?")
_DIGITS = re.compile(rb"\d{1,15}")
# A report can be read without these; a server may keep them to itself.
OPTIONAL = frozenset({"Consent", "Device", "ServiceRequest"})


class _Link(msgspec.Struct, gc=False):
    relation: str | None = None
    url: str | None = None


class _Search(msgspec.Struct, gc=False):
    mode: str | None = None


class _Entry(msgspec.Struct, gc=False):
    fullUrl: str | None = None  # noqa: N815 - FHIR's names
    resource: msgspec.Raw = msgspec.Raw(b"")
    search: _Search | None = None


class _Bundle(msgspec.Struct, gc=False):
    resourceType: str = ""  # noqa: N815
    timestamp: str | None = None
    total: msgspec.Raw = msgspec.Raw(b"")
    link: list[_Link] | None = None
    entry: list[_Entry] | None = None


class _Meta(msgspec.Struct, gc=False):
    lastUpdated: str | None = None  # noqa: N815


class _Dated(msgspec.Struct, gc=False):
    meta: _Meta | None = None


_DECODER = msgspec.json.Decoder(_Bundle)
_DATED = msgspec.json.Decoder(_Dated)


@dataclass(frozen=True, slots=True)
class Match:
    """A resource that was searched for, and when its server last changed it."""

    resource: Resource
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered to a search.

    Args:
        included: What came beside the matches.
        following: The link to the next page, as written; empty on the last.
        asked: Parameters that the server says it has used; None if it doesn't say.
        total: Matches on all pages, if the server counts them.
        timestamp: When the Bundle was made.
    """

    matches: Sequence[Match]
    included: Sequence[Resource]
    following: str = field(default="", repr=False)
    asked: frozenset[str] | None = None
    total: int | None = None
    timestamp: datetime | None = None


def read_page(body: bytes, kind: str) -> Page | None:
    """Read a page of a search for ``kind``; None if it is an OperationOutcome, a refusal.

    Raises:
        FeedTrouble: ``feed_unexpected_answer``: no JSON, or no Bundle.
    """
    bundle = _decoded(body)
    if bundle is None or bundle.resourceType not in ("Bundle", "OperationOutcome"):
        raise FeedTrouble("feed_unexpected_answer", "Bundle")
    if bundle.resourceType == "OperationOutcome":
        return None
    matches, included = _sorted_out(bundle.entry or (), kind)
    links = {link.relation: link.url or "" for link in bundle.link or ()}
    return Page(
        matches,
        included,
        links.get("next", ""),
        _parameters(links.get("self", "")),
        int(bytes(bundle.total)) if _DIGITS.fullmatch(bytes(bundle.total)) else None,
        instant(bundle.timestamp),
    )


def _decoded(body: bytes) -> _Bundle | None:
    try:
        return _DECODER.decode(body.removeprefix(_BOM))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _sorted_out(entries: Iterable[_Entry], kind: str) -> tuple[list[Match], list[Resource]]:
    matches, included = [], []
    for entry in entries:
        resource = Resource(bytes(entry.resource), entry.fullUrl or "")
        mode = (entry.search.mode if entry.search else None) or "match"
        if resource.kind == kind and mode == "match":
            matches.append(Match(resource, _updated(resource.raw)))
        elif resource.kind not in ("", "OperationOutcome"):
            included.append(resource)
    return matches, included


def _parameters(url: str) -> frozenset[str] | None:
    with suppress(ValueError):
        return frozenset(parse_qs(urlsplit(url).query)) or None
    return None


def _updated(raw: bytes) -> datetime | None:
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        meta = _DATED.decode(raw).meta
        return instant(meta.lastUpdated if meta else None)
    return None


def instant(text: str | None) -> datetime | None:
    """Read a FHIR ``instant``; None if it is none, or has no offset."""
    with suppress(ValueError):
        read = datetime.fromisoformat(text or "")
        return read if read.tzinfo else None
    return None


@dataclass(frozen=True, slots=True)
class Pointer:
    """A reference that leads nowhere within the page.

    Args:
        url: As written where it is absolute, so that the reader finds it; else empty.
    """

    kind: str
    id: str
    url: str = ""


def missing(resources: Sequence[Resource], base: str) -> list[Pointer]:
    """What ``resources`` refer to and lack, as far as the server at ``base`` may have it."""
    together = ResourceSet(resources)
    found: dict[Pointer, None] = {}
    for resource in resources:
        for reference in _references(resource):
            if not is_local(reference) and together.find(reference) is None:
                found |= dict.fromkeys(_pointer(reference.reference or "", base))
    return list(found)


def without_strays(resources: Sequence[Resource]) -> list[Resource]:
    """``resources`` less Observations that none of them names.

    Beside a report such a one is a second copy, or belongs to a name that can't be resolved; the
    reader would take it for a result of its own.
    """
    together = ResourceSet(resources)
    named = {id(together.find(ref)) for resource in resources for ref in _references(resource)}
    return [r for r in resources if r.kind != "Observation" or id(r) in named]


def _pointer(written: str, base: str) -> Iterator[Pointer]:
    relative = written.removeprefix(f"{base}/")
    match = _NAME.fullmatch(relative)
    if match and match[1] in fhir.KINDS:
        whole = "" if relative == written else written.partition("/_history/")[0]
        yield Pointer(match[1], match[2], whole)


def _references(resource: Resource) -> list[fhir.Reference]:
    """What the reader will follow; nothing of what it won't be able to read either."""
    try:
        return [reference for reference in _of_kind(resource) if reference is not None]
    except UnreadableResourceError:
        return []


def _of_kind(resource: Resource) -> list[fhir.Reference | None]:
    if resource.kind == "DiagnosticReport":
        report = resource.read(fhir.DiagnosticReport)
        return [
            report.subject,
            *(report.result or ()),
            *(report.specimen or ()),
            *(report.basedOn or ()),
        ]
    if resource.kind == "Observation":
        line = resource.read(fhir.Observation)
        return [
            line.subject,
            line.specimen,
            line.device,
            *(line.hasMember or ()),
            *(line.basedOn or ()),
        ]
    if resource.kind == "Consent":
        return [resource.read(fhir.Consent).patient]
    return [resource.read(fhir.Specimen).subject] if resource.kind == "Specimen" else []
