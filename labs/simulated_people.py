"""Invented people for the demo: families on one phone, foreigners, landlines, no phone.

Documents look like CCCD numbers (province, century and sex, year, six digits) of a province
code that is not in use, phones are ``0900 00xxxx``; passports start with ``X0``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương")
_MIDDLES = {"F": ("Thị", "Ngọc", "Thùy", "Mỹ"), "M": ("Văn", "Hữu", "Đức", "Quốc")}
_GIVENS = {
    "F": ("Hạnh", "Yến", "Thảo", "Diễm", "Phượng", "Uyên", "Như Ý", "Bích"),
    "M": ("Dũng", "Khải", "Phúc", "Trường", "Lộc", "Nghĩa", "Bảo Ân", "Tuấn"),
}
_FOREIGNERS = (
    ("MUSTERFRAU", "ERIKA", "F"),
    ("EXEMPLE", "JEAN", "M"),
    ("SPECIMEN", "ANNA MARIA", "F"),
    ("YAMADA", "TARO", "M"),
)
_NO_PROVINCE = "099"
_FIRST_BIRTH = date(1938, 1, 1)
_DAYS_OF_BIRTHS = 30000
_FOREIGN, _LANDLINE, _NO_PHONE, _RELATIVE = 0.06, 0.05, 0.03, 0.3


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person.

    Args:
        given: Middle and given names in spoken order.
        sex: ``F`` or ``M``.
        document: CCCD-shaped number or, for a foreigner, a passport number.
    """

    family: str
    given: str
    sex: str
    birth_date: date
    phone: str
    document: str
    foreign: bool = False

    @property
    def name(self) -> str:
        """Family name first."""
        return f"{self.family} {self.given}"


class People:
    """Makes people one after the other, some of them relatives of earlier ones."""

    def __init__(self, source: random.Random) -> None:
        """Draw everything from ``source``."""
        self._random = source
        self._made: list[Person] = []

    def next(self) -> Person:
        """Somebody new."""
        person = self._foreigner() if self._random.random() < _FOREIGN else self._local()
        self._made.append(person)
        return person

    def _local(self) -> Person:
        sex = self._random.choice("FM")
        family, phone = self._household()
        given = f"{self._random.choice(_MIDDLES[sex])} {self._random.choice(_GIVENS[sex])}"
        born = self._birth_date()
        return Person(family, given, sex, born, phone, self._national_id(sex, born))

    def _foreigner(self) -> Person:
        family, given, sex = self._random.choice(_FOREIGNERS)
        passport = f"X0{self._random.randrange(10**7):07d}"
        return Person(family, given, sex, self._birth_date(), self._phone(), passport, foreign=True)

    def _household(self) -> tuple[str, str]:
        """A new family, or that of somebody who came before: one name, one phone."""
        if self._made and self._random.random() < _RELATIVE:
            relative = self._random.choice(self._made[-20:])
            if relative.phone and not relative.foreign:
                return relative.family, relative.phone
        return self._random.choice(_FAMILIES), self._phone()

    def _phone(self) -> str:
        kind = self._random.random()
        if kind < _NO_PHONE:
            return ""
        if kind < _NO_PHONE + _LANDLINE:
            return f"0283800{self._random.randrange(10**4):04d}"
        return f"090000{self._random.randrange(10**4):04d}"

    def _birth_date(self) -> date:
        return _FIRST_BIRTH + timedelta(days=self._random.randrange(_DAYS_OF_BIRTHS))

    def _national_id(self, sex: str, born: date) -> str:
        century = (born.year - 1900) // 100 * 2 + (sex == "F")
        return f"{_NO_PROVINCE}{century}{born:%y}{self._random.randrange(10**6):06d}"
