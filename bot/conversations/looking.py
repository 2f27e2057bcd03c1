"""What a proven phone leads to: a choice of persons, a question, or results.

Synchronous: a handler runs one of these in a thread, and says what it returned. A result's
standing here is what the checkpoint would say of its QR code at this moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.certificates import picture
from core.certificates.verdict import Verdict, VerdictWord
from core.citizens.birth import ProofKind
from core.citizens.challenge import CodeVerdict
from core.citizens.proof import ProofVerdict
from core.citizens.retrieval import CodeAnswer, PersonView, ResultView
from core.policy.showing import Door, Showing

if TYPE_CHECKING:
    from bot.conversations.room import ChatRoom

_MODULE_PX = 8  # a code of 89 modules is 776 pixels wide: sharp on a phone, small to send
_NEVER_SHOWN = (VerdictWord.REVOKED, VerdictWord.CORRECTED)


@dataclass(frozen=True, slots=True)
class NothingHere:
    """Nobody on this number has anything that a chat may show or link to."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Several persons share the number."""

    people: tuple[PersonView, ...]


@dataclass(frozen=True, slots=True)
class ProofNeeded:
    """The person was never opened on this number."""

    person: PersonView
    kind: ProofKind


@dataclass(frozen=True, slots=True)
class Shown:
    """A result, and what a check of its QR code says now (None where it has none)."""

    view: ResultView
    verdict: Verdict | None

    @property
    def has_qr(self) -> bool:
        """Whether there is a code to show: one that was replaced or revoked isn't shown."""
        return self.verdict is not None and self.verdict.verdict not in _NEVER_SHOWN


@dataclass(frozen=True, slots=True)
class Opened:
    """A person's results, newest first.

    Args:
        others: The number has other persons too.
    """

    person: PersonView
    results: tuple[Shown, ...]
    others: bool

    @property
    def readable(self) -> tuple[Shown, ...]:
        """Those that the chat itself may show."""
        return tuple(each for each in self.results if each.view.showing is Showing.FULL)

    @property
    def on_the_web(self) -> int:
        """How many others are to be seen on the web page."""
        return len(self.results) - len(self.readable)

    def find(self, result_id: str) -> Shown | None:
        """The result with this id, if the chat may show it."""
        of_id = (each for each in self.readable if each.view.item.result_id == result_id)
        return next(of_id, None)


Look = NothingHere | Choice | ProofNeeded | Opened


def look(room: ChatRoom, phone: str, person_key: str = "") -> Look:
    """See what ``phone`` leads to.

    Args:
        phone: E.164, proven within the last minutes.
        person_key: Beginning of the key of one person; empty chooses if there is only one.
    """
    people = room.desk.people(phone, Door.CHAT)
    if not people:
        return NothingHere()
    chosen = [person for person in people if person.key.startswith(person_key)] or people
    if len(chosen) != 1:
        return Choice(tuple(people))
    return _open(room, phone, chosen[0], others=len(people) > 1)


def redeem(room: ChatRoom, challenge: str, code: str) -> tuple[CodeAnswer, Look | None]:
    """Answer a challenge and, where the code was right, see what the phone leads to."""
    answer = room.desk.answer_code(challenge, code)
    passed = answer.verdict is CodeVerdict.PASSED
    return answer, look(room, answer.phone) if passed else None


def prove(room: ChatRoom, phone: str, person: str, typed: str) -> tuple[ProofVerdict, Look | None]:
    """Try a date of birth and, where it was right, see the results."""
    verdict = room.desk.prove(phone, person, typed)
    return verdict, look(room, phone, person) if verdict is ProofVerdict.PASSED else None


def draw(shown: Shown) -> bytes:
    """The QR code of a result as PNG. Raises: ValueError when it has none."""
    text = shown.view.qr_text()
    if text is None or not shown.has_qr:
        raise ValueError("this result has no code to show")
    return picture.png(text, module_px=_MODULE_PX)


def _open(room: ChatRoom, phone: str, person: PersonView, *, others: bool) -> Look:
    if person.needs_proof:
        return ProofNeeded(person, room.desk.proof_asked(phone, person.key))
    views = room.desk.results(phone, person.key, Door.CHAT)
    results = tuple(Shown(view, _check(room, view)) for view in views)
    return Opened(person, results, others)


def _check(room: ChatRoom, view: ResultView) -> Verdict | None:
    text = view.qr_text()
    return None if text is None else room.checkpoint.check_text(text)
