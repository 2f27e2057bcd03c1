"""Languages: one gettext catalogue each; adding a language is adding one file.

Message ids are dotted keys; every catalogue, Vietnamese and English included, holds the
text. Placeholders are ``{name}``. A missing key shows itself, so that it is noticed.
Source: GNU gettext PO files, read by Babel.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator, Mapping
from io import BytesIO

DEFAULT = "vi"


class Catalogues:
    """Every language's messages."""

    def __init__(self, po_files: Mapping[str, bytes]) -> None:
        """Compile the catalogues.

        Args:
            po_files: Content of the PO file per language code.
        """
        self._translations = {code: _compile(text) for code, text in po_files.items()}
        self._keys = sorted({key for each in self._translations.values() for key in _keys(each)})

    @property
    def languages(self) -> tuple[str, ...]:
        """Known codes, the default first."""
        return tuple(sorted(self._translations, key=lambda code: (code != DEFAULT, code)))

    def choose(self, *wishes: str | None) -> str:
        """The first wish that is known (``en-GB`` counts as ``en``), else the default."""
        for wish in wishes:
            code = (wish or "").split("-")[0].split("_")[0].lower()
            if code in self._translations:
                return code
        return DEFAULT

    def say(self, language: str, key: str, **data: object) -> str:
        """The message ``key`` in ``language``."""
        return self._of(language).gettext(key).format(**data)

    def say_n(self, language: str, key: str, n: int, **data: object) -> str:
        """The message ``key`` in the plural form for ``n``, which is ``{n}`` in the text."""
        return self._of(language).ngettext(key, key, n).format(n=n, **data)

    def has(self, language: str, key: str) -> bool:
        """Whether ``language`` has a text for ``key``."""
        return self._of(language).gettext(key) != key

    def under(self, language: str, *prefixes: str) -> dict[str, str]:
        """Texts whose keys begin with one of ``prefixes``, placeholders unfilled: for a page."""
        keys = (key for key in self._keys if key.startswith(prefixes))
        return {key: self._of(language).gettext(key) for key in keys}

    def _of(self, language: str) -> gettext.GNUTranslations:
        return self._translations.get(language) or self._translations[DEFAULT]


def _keys(translations: gettext.GNUTranslations) -> Iterator[str]:
    # The standard library has no way to list a catalogue's messages; plural ones are tuples.
    catalogue: dict[object, str] = translations._catalog  # type: ignore[attr-defined]  # noqa: SLF001
    return (key for key in catalogue if isinstance(key, str) and key)


def _compile(po: bytes) -> gettext.GNUTranslations:
    from babel.messages.mofile import write_mo  # noqa: PLC0415  (40 ms that checks don't need)
    from babel.messages.pofile import read_po  # noqa: PLC0415

    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(po)))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
