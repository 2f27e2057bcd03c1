"""CertLogic: the rules of places, as JSON that Python and the browser read alike.

A narrow subset of JsonLogic with dates. What is neither true nor false, a date that can't
be read, or an operand of the wrong kind is an error, never a guess; whoever asks treats an
error as a rule that is not met. Expressions come from staff and data from strangers, so
depth and steps are bounded.
Deviation: a path into data names members and positions only (no ``length``), because
engines differ there. Source: CertLogic specification 1.3.2 (EU DCC business rules).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

MAX_DEPTH: Final = 64
MAX_STEPS: Final = 50_000

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d{1,2}):?(\d\d)?)?)?"
)
_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PATH = re.compile(r"(?:[A-Za-z_][\w-]*|\d{1,6})(?:\.(?:[A-Za-z_][\w-]*|\d{1,6}))*")
_NOT_DATA: Final = frozenset({"length", "constructor", "prototype", "__proto__"})
_UVCI_PREFIX: Final = "URN:UVCI:"
_MONTHS: Final = 12


class CertLogicError(ValueError):
    """An expression that can't be evaluated; the message names the operator, never the data."""


class _Evaluation:
    """One evaluation, with what is left of its steps."""

    def __init__(self) -> None:
        self._steps = MAX_STEPS

    def of(self, expression: object, data: object, depth: int = 0) -> object:
        self._steps -= 1
        if self._steps < 0 or depth > MAX_DEPTH:
            raise CertLogicError("too_much")
        if isinstance(expression, str | bool | int):
            return expression
        if isinstance(expression, list | tuple):
            return [self.of(each, data, depth + 1) for each in expression]
        operator, operands = _opened(expression)
        if operator == "var":
            return access(data, operands)
        if not isinstance(operands, list | tuple) or not operands:
            raise CertLogicError(operator)
        return self._operation(operator, operands, data, depth + 1)

    def _operation(
        self, operator: str, operands: Sequence[object], data: object, depth: int
    ) -> object:
        if operator in _LAZY:
            return _LAZY[operator](self, operands, data, depth)
        if operator not in _STRICT:
            raise CertLogicError("unknown_operator")
        fewest, most, apply = _STRICT[operator]
        if not fewest <= len(operands) <= most:
            raise CertLogicError(operator)
        return apply(*(self.of(each, data, depth) for each in operands))

    def and_(self, operands: Sequence[object], data: object, depth: int) -> object:
        """The first false operand, else the last."""
        if len(operands) < 2:  # noqa: PLR2004
            raise CertLogicError("and")
        value: object = True
        for operand in operands:
            value = self.of(operand, data, depth)
            if not is_true(value):
                return value
        return value

    def if_(self, operands: Sequence[object], data: object, depth: int) -> object:
        """Only the branch that is taken is evaluated."""
        if len(operands) < 3:  # noqa: PLR2004
            raise CertLogicError("if")
        chosen = operands[1] if is_true(self.of(operands[0], data, depth)) else operands[2]
        return self.of(chosen, data, depth)

    def reduce(self, operands: Sequence[object], data: object, depth: int) -> object:
        """Fold an array; nothing there is the initial value."""
        if len(operands) != 3:  # noqa: PLR2004
            raise CertLogicError("reduce")
        items = self.of(operands[0], data, depth)
        value = self.of(operands[2], data, depth)
        if items is None:
            return value
        if not isinstance(items, list | tuple):
            raise CertLogicError("reduce")
        for item in items:
            value = self.of(operands[1], {"accumulator": value, "current": item}, depth)
        return value


def evaluate(expression: object, data: object) -> object:
    """Evaluate an expression over plain JSON values.

    Returns:
        A JSON value, or an aware datetime where the outermost operation makes one.

    Raises:
        CertLogicError: it has no value.
    """
    return _Evaluation().of(expression, data)


def is_true(value: object) -> bool:
    """Whether a value counts as true.

    Raises:
        CertLogicError: it is neither true nor false (a date is).
    """
    if value is None or isinstance(value, bool | int | float | str | list | tuple | Mapping):
        return bool(value)
    raise CertLogicError("neither_true_nor_false")


def is_path(path: object) -> bool:
    """Whether ``path`` is one that every engine reads alike."""
    if path == "":
        return True
    return (
        isinstance(path, str)
        and _PATH.fullmatch(path) is not None
        and _NOT_DATA.isdisjoint(path.split("."))
    )


def access(data: object, path: object) -> object:
    """What lies at a path of members and positions; None where nothing does.

    Raises:
        CertLogicError: not a path.
    """
    if not is_path(path):
        raise CertLogicError("var")
    value = data
    for part in str(path).split(".") if path else ():
        value = _member(value, part)
    return value


def _member(value: object, part: str) -> object:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list | tuple) and part.isdecimal():
        return value[int(part)] if int(part) < len(value) else None
    return None


def moment(text: object) -> datetime:
    """A date or date-time; without an offset it is in UTC.

    Raises:
        CertLogicError: neither.
    """
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise CertLogicError("date")
    *fields, fraction, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = (int(field or 0) for field in fields)
    micros = int((fraction or "")[1:4].ljust(3, "0")) * 1000  # engines keep milliseconds
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        local = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
        return local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError) as error:
        raise CertLogicError("date") from error


def latest_day(text: object) -> datetime:
    """A date of birth, maybe partial: midnight of the latest day that it allows.

    Raises:
        CertLogicError: not one.
    """
    partial = _rounded_up(text)
    if partial is not None:
        return partial
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise CertLogicError("dccDateOfBirth")
    return moment(text)


def _rounded_up(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    if found := _YEAR.fullmatch(text):
        return moment(f"{found[1]}-12-31")
    if found := _MONTH.fullmatch(text):
        first = moment(f"{text}-01")
        return _first_of(first.year, first.month) - timedelta(days=1)
    return None


def _plus_time(text: object, amount: object, unit: object) -> datetime:
    if not _is_integer(amount) or not isinstance(amount, int):
        raise CertLogicError("plusTime")
    start = _rounded_up(text) or moment(text)
    try:
        return _moved(start, amount, unit)
    except (ValueError, OverflowError) as error:
        raise CertLogicError("plusTime") from error


def _moved(start: datetime, amount: int, unit: object) -> datetime:
    """Days that a month lacks run over into the next: 31 January and a month is 3 March."""
    if unit == "hour":
        return start + timedelta(hours=amount)
    if unit == "day":
        return start + timedelta(days=amount)
    if unit in ("month", "year"):
        months = amount if unit == "month" else amount * _MONTHS
        first = _first_of(start.year, start.month - 1 + months)
        time = start - start.replace(hour=0, minute=0, second=0, microsecond=0)
        return first + timedelta(days=start.day - 1) + time
    raise CertLogicError("plusTime")


def _first_of(year: int, month: int) -> datetime:
    """Midnight of the first day of a month; months count from 0 and may leave the year."""
    whole = year * _MONTHS + month
    try:
        return datetime(whole // _MONTHS, whole % _MONTHS + 1, 1, tzinfo=UTC)
    except ValueError as error:
        raise CertLogicError("date") from error


def _fragment(uvci: object, index: object) -> str | None:
    if not (uvci is None or isinstance(uvci, str)) or not _is_integer(index):
        raise CertLogicError("extractFromUVCI")
    if uvci is None or not isinstance(index, int) or index < 0:
        return None
    fragments = re.split(r"[/#:]", uvci.removeprefix(_UVCI_PREFIX))
    return fragments[index] if index < len(fragments) else None


def _is_integer(value: object) -> bool:
    return not isinstance(value, bool) and (
        isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    )


def _same(one: object, other: object) -> bool:
    """Identity of plain values: text, numbers, truth, nothing; two structures never are."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    texts = isinstance(one, str) and isinstance(other, str)
    if numbers or texts:
        return one == other
    return one is None and other is None


def _in(one: object, many: object) -> bool:
    if not isinstance(many, list | tuple):
        raise CertLogicError("in")
    return any(_same(one, each) for each in many)


def _plus(one: object, other: object) -> object:
    if not (_is_integer(one) and _is_integer(other)):
        raise CertLogicError("+")
    return one + other  # type: ignore[operator]  # integers, as was just seen


_Compare = Callable[[object, object], bool]


def _comparing(is_operand: Callable[[object], bool], compare: _Compare) -> Callable[..., bool]:
    def holds(*operands: object) -> bool:
        if not all(map(is_operand, operands)):
            raise CertLogicError("comparison")
        return all(map(compare, operands, operands[1:]))

    return holds


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime)


_COMPARISONS: Final[Mapping[str, _Compare]] = {
    "<": lambda one, other: one < other,  # type: ignore[operator]
    ">": lambda one, other: one > other,  # type: ignore[operator]
    "<=": lambda one, other: one <= other,  # type: ignore[operator]
    ">=": lambda one, other: one >= other,  # type: ignore[operator]
}
_OF_TIMES: Final = {"after": ">", "before": "<", "not-after": "<=", "not-before": ">="}
_LAZY: Final = {"and": _Evaluation.and_, "if": _Evaluation.if_, "reduce": _Evaluation.reduce}
_STRICT: Final[Mapping[str, tuple[int, int, Callable[..., object]]]] = {
    "!": (1, 1, lambda value: not is_true(value)),
    "===": (2, 2, _same),
    "in": (2, 2, _in),
    "+": (2, 2, _plus),
    "plusTime": (3, 3, _plus_time),
    "extractFromUVCI": (2, 2, _fragment),
    "dccDateOfBirth": (1, 1, latest_day),
    **{word: (2, 3, _comparing(_is_integer, compare)) for word, compare in _COMPARISONS.items()},
    **{
        word: (2, 3, _comparing(_is_moment, _COMPARISONS[sign])) for word, sign in _OF_TIMES.items()
    },
}


def _opened(expression: object) -> tuple[str, object]:
    """Operator and operands of an operation."""
    if not isinstance(expression, Mapping) or len(expression) != 1:
        raise CertLogicError("not_an_expression")
    ((operator, operands),) = expression.items()
    return str(operator), operands


def operators() -> frozenset[str]:
    """Every word that an expression may use."""
    return frozenset({"var", *_LAZY, *_STRICT})
