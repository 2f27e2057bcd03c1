"""Just enough DER to open an X.509 certificate that a strict parser refuses.

Real document signers have an empty extended key usage, which RFC 5280 forbids and
``cryptography`` rejects together with every other extension. Only the fields that a verifier
needs are read. Source: X.690, RFC 5280 section 4.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_SEQUENCE, _OID, _OCTETS, _UTC_TIME, _EXTENSIONS, _VERSION = 0x30, 0x06, 0x04, 0x17, 0xA3, 0xA0
_BOOLEAN = 0x01
_KEY_CERT_SIGN = 0x04  # bit 5, counted from the left
_LONG_FORM = 0x80


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value.

    Args:
        content: The value.
        encoded: Tag, length and value.
    """

    tag: int
    content: bytes
    encoded: bytes


@dataclass(frozen=True, slots=True)
class OpenedCertificate:
    """The fields of a certificate that a verifier needs.

    Args:
        issuer: ``(OID, text)`` pairs of the issuer's name.
        public_key: SubjectPublicKeyInfo, DER.
        extended_key_usage: OIDs; empty when the extension is absent or empty.
        certifies: It may sign certificates: a CA by its constraints or its key usage.
    """

    issuer: tuple[tuple[str, str], ...]
    not_before: datetime
    not_after: datetime
    public_key: bytes
    extended_key_usage: frozenset[str]
    certifies: bool = False


def open_certificate(der: bytes) -> OpenedCertificate:
    """Read a certificate.

    Raises:
        ValueError: it isn't one.
    """
    try:
        return _opened(_first(_first(der).content))
    except (IndexError, StopIteration, RuntimeError) as error:
        message = "not an X.509 certificate"
        raise ValueError(message) from error


def _opened(body: Element) -> OpenedCertificate:
    fields = [element for element in _elements(body.content) if element.tag != _VERSION]
    _serial, _algorithm, issuer, validity, _subject, public_key = fields[:6]
    not_before, not_after = (_time(element) for element in _elements(validity.content))
    extensions = next((field.content for field in fields[6:] if field.tag == _EXTENSIONS), b"")
    return OpenedCertificate(
        issuer=tuple(_name(issuer)),
        not_before=not_before,
        not_after=not_after,
        public_key=public_key.encoded,
        extended_key_usage=frozenset(_extended_key_usage(extensions)),
        certifies=_certifies(extensions),
    )


def _elements(data: bytes) -> Iterator[Element]:
    position = 0
    while position < len(data):
        length, start = _length(data, position + 1)
        end = start + length
        if end > len(data):
            message = "an element is cut off"
            raise ValueError(message)
        yield Element(data[position], data[start:end], data[position:end])
        position = end


def _first(data: bytes) -> Element:
    element = next(_elements(data))
    if element.tag != _SEQUENCE:
        message = "not a sequence"
        raise ValueError(message)
    return element


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Length of a value and where it starts."""
    first = data[position]
    if first < _LONG_FORM:
        return first, position + 1
    end = position + 1 + (first & 0x7F)
    return int.from_bytes(data[position + 1 : end], "big"), end


def _time(element: Element) -> datetime:
    text = element.content.decode("ascii").removesuffix("Z")
    if element.tag == _UTC_TIME:  # two digits of the year: 50 and above are 19xx
        text = ("19" if text >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _name(name: Element) -> Iterator[tuple[str, str]]:
    for relative in _elements(name.content):
        for pair in _elements(relative.content):
            oid, value = list(_elements(pair.content))[:2]
            yield _oid(oid.content), value.content.decode("utf-8", "replace")


def _extended_key_usage(extensions: bytes) -> Iterator[str]:
    for value in _extension(extensions, "2.5.29.37"):
        usages = _first(value).content
        yield from (_oid(usage.content) for usage in _elements(usages) if usage.tag == _OID)


def _certifies(extensions: bytes) -> bool:
    """Basic constraints that say CA, or the bit of key usage for signing certificates."""
    for value in _extension(extensions, "2.5.29.19"):
        if any(part.tag == _BOOLEAN and any(part.content) for part in _within(value)):
            return True
    for value in _extension(extensions, "2.5.29.15"):
        unused_and_bits = next(_elements(value)).content
        if len(unused_and_bits) > 1 and unused_and_bits[1] & _KEY_CERT_SIGN:
            return True
    return False


def _within(value: bytes) -> Iterator[Element]:
    return _elements(_first(value).content)


def _extension(extensions: bytes, wanted: str) -> Iterator[bytes]:
    """The value of an extension, where it is there."""
    for extension in _within(extensions) if extensions else ():
        parts = list(_elements(extension.content))
        if _oid(parts[0].content) == wanted and parts[-1].tag == _OCTETS:
            yield parts[-1].content


def _oid(content: bytes) -> str:
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & _LONG_FORM:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
