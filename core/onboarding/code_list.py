"""A laboratory's code list, as it was pasted.

A line is ``system|code|name``, ``code;name`` (or with a tab, as spreadsheets copy), or
``code,system,name``. A first line of headings says otherwise, in any order.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass

from core.citizens.names import normalise

MOST_CODES = 300
LONGEST_CODE = 100
_ORDERS = {
    "|": ("system", "code", "name"),
    ";": ("code", "name", "system"),
    "\t": ("code", "name", "system"),
    ",": ("code", "system", "name"),
}
_HEADINGS = {
    "code": ("CODE", "MA", "MA XET NGHIEM", "TEST CODE", "MA DICH VU"),
    "system": ("SYSTEM", "HE", "HE MA", "CODE SYSTEM"),
    "name": ("NAME", "TEN", "TEN XET NGHIEM", "TEST NAME", "TEN DICH VU"),
}
_BY_HEADING = {word: field for field, words in _HEADINGS.items() for word in words}


@dataclass(frozen=True, slots=True)
class ListedCode:
    """One line of a list.

    Args:
        system: As the laboratory sends it; empty where it sends none.
        name: What the laboratory calls it.
    """

    system: str
    code: str
    name: str = ""


def read_list(text: str) -> list[ListedCode]:
    """The codes of a list, each once, in its order; lines without a code are left out."""
    lines = [line for line in text.removeprefix("\N{BOM}").splitlines() if line.strip()]
    if not lines:
        return []
    separator = next((each for each in _ORDERS if each in lines[0]), ",")
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    except csv.Error:  # a field beyond every bound: no list of codes
        return []
    order = _headings(rows[0])
    if order:
        rows = rows[1:]
    return _distinct(_listed(row, order or _order(separator, row)) for row in rows)


def _order(separator: str, row: list[str]) -> tuple[str, ...]:
    """Two fields with a bar between them are a system and a code; one field is a code."""
    return ("code",) if len(row) == 1 else _ORDERS[separator]


def _headings(row: list[str]) -> tuple[str, ...]:
    """The fields that a line of headings names; empty where it is none."""
    found = tuple(_BY_HEADING.get(normalise(cell), "") for cell in row)
    return found if "code" in found else ()


def _listed(row: list[str], order: tuple[str, ...]) -> ListedCode:
    said = dict(zip(order, row, strict=False))
    return ListedCode(said.get("system", ""), said.get("code", ""), said.get("name", ""))


def _distinct(codes: Iterable[ListedCode]) -> list[ListedCode]:
    seen: dict[tuple[str, str], ListedCode] = {}
    for code in codes:
        if code.code and len(code.code) <= LONGEST_CODE and len(code.system) <= LONGEST_CODE:
            seen.setdefault((code.system, code.code), code)
    return list(seen.values())
