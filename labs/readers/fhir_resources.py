"""The resources that came together, and what refers to what among them.

A reference is followed only where it is exact: ``#contained``, the entry's ``fullUrl``, or
``Type/id``. Two different resources under one name are no answer at all: a wrong patient
is worse than none.

Source: FHIR R4, Bundle, "Resolving references in Bundles".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import TypeVar

import msgspec

from core.results.reported import Finding
from labs.readers import fhir_model as fhir

_KIND = re.compile(rb'\s*\{\s*"resourceType"\s*:\s*"([A-Za-z]+)"')
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in fhir.KINDS.items()}
_ANY = msgspec.json.Decoder(fhir.Resource)
_PATH = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?")

Kind = TypeVar("Kind", bound=msgspec.Struct)


class UnreadableResourceError(ValueError):
    """A resource or a field that stops its item, with the finding that says so."""

    def __init__(self, finding: Finding) -> None:
        """Keep ``finding``."""
        super().__init__(finding.code)
        self.finding = finding


class Resource:
    """One resource of a set: its kind, its bytes, and its content once somebody asks."""

    __slots__ = ("_content", "kind", "raw", "url")

    def __init__(self, raw: bytes, url: str = "") -> None:
        self.raw = raw
        self.url = url
        self.kind = _kind_of(raw)
        self._content: msgspec.Struct | None = None

    @property
    def id(self) -> str:
        """Its id, empty if there is none or it can't be read."""
        try:
            return _ANY.decode(self.raw).id or ""
        except msgspec.MsgspecError:
            return ""

    def read(self, kind: type[Kind]) -> Kind:
        """Its content.

        Raises:
            UnreadableResourceError: a field that is needed has the wrong type, or it is
                another kind of resource.
        """
        if self._content is None:
            self._content = self._decoded()
        if not isinstance(self._content, kind):
            raise UnreadableResourceError(Finding("unreadable_item", self.kind, kind.__name__))
        return self._content

    def _decoded(self) -> msgspec.Struct:
        try:
            return _DECODERS[self.kind].decode(self.raw)
        except KeyError:
            return _ANY.decode(self.raw)
        except msgspec.MsgspecError as error:
            raise UnreadableResourceError(_wrong_field(self.kind, str(error))) from error


def _kind_of(raw: bytes) -> str:
    """``resourceType`` stands first almost always; else the whole resource is looked at."""
    if match := _KIND.match(raw):
        return match[1].decode()
    try:
        return _ANY.decode(raw).resourceType
    except (msgspec.MsgspecError, UnicodeError):
        return ""


def _wrong_field(kind: str, message: str) -> Finding:
    match = _PATH.fullmatch(message)
    where = (match["path"] or "") if match else ""
    # Both halves are names of fields and types: msgspec quotes no content here.
    what = match["what"] if match and message.startswith("Expected") else ""
    return Finding("unreadable_item", f"{kind}{where}", what.replace("`", ""))


class ResourceSet:
    """Resources in their order, found by the names that references use."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        """Index ``resources``."""
        self._all = resources
        self._consents = [resource for resource in resources if resource.kind == "Consent"]
        self._contained: dict[str, Resource | None] = {}
        self._by_name: dict[str, Resource | None] = {}
        for resource in resources:
            if resource.kind in fhir.KINDS:
                for name in {resource.url, f"{resource.kind}/{resource.id}"}:
                    _add(self._by_name, name, resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all)

    @property
    def consents(self) -> list[Resource]:
        """Every Consent."""
        return self._consents

    def find(self, reference: fhir.Reference | None) -> Resource | None:
        """What ``reference`` names, or None."""
        written = reference.reference if reference else None
        if not written:
            return None
        if written.startswith("#"):
            return self._contained.get(written)
        return self._by_name.get(written.partition("/_history/")[0])

    def find_all(self, references: Iterable[fhir.Reference] | None) -> list[Resource]:
        """Every resource that can be found."""
        found = (self.find(reference) for reference in references or ())
        return [resource for resource in found if resource]

    def with_contained(self, contained: Iterable[msgspec.Raw] | None) -> ResourceSet:
        """The set as one resource sees it: with its own contained ones, named ``#id``."""
        if not contained and not self._contained:
            return self
        seen = copy(self)
        seen._contained = _by_local_name(contained or ())  # noqa: SLF001 - our own copy
        return seen


def is_local(reference: fhir.Reference | None) -> bool:
    """Whether ``reference`` means something that the resource itself contains."""
    return reference is not None and (reference.reference or "").startswith("#")


def _by_local_name(contained: Iterable[msgspec.Raw]) -> dict[str, Resource | None]:
    names: dict[str, Resource | None] = {}
    for raw in contained:
        resource = Resource(bytes(raw))
        _add(names, f"#{resource.id}", resource)
    return names


def _add(names: dict[str, Resource | None], name: str, resource: Resource) -> None:
    known = names.setdefault(name, resource)
    if known is not resource and (known is None or known.raw != resource.raw):
        names[name] = None


def bundle_of(resources: Iterable[Resource]) -> bytes:
    """``resources`` as a Bundle of their own, each byte for byte, to keep or replay."""
    entries = (
        b'{"fullUrl":%s,"resource":%s}' % (msgspec.json.encode(r.url), r.raw)
        if r.url
        else b'{"resource":%s}' % r.raw
        for r in resources
    )
    return b'{"resourceType":"Bundle","type":"collection","entry":[%s]}' % b",".join(entries)
