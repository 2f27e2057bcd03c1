"""The retrieval desk: phone → OTP → person → results, the same for chat and web.

A number that nobody recorded gets the same answer and the same work as one with results:
a challenge and a message are stored either way, only that the message is never sent.
What of a result is shown at which door is ``core.policy.showing``'s rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from core.certificates.compact import as_compact_text
from core.certificates.issue import as_text
from core.citizens import challenge as otp
from core.citizens.birth import ProofKind, proof_kind, proves
from core.citizens.challenge import CodeVerdict
from core.citizens.names import mask
from core.citizens.phone import PhoneKind, read_phone
from core.citizens.proof import Proof, ProofVerdict, try_proof
from core.messages import templates
from core.messages.delivery import DeliveryDraft, DeliveryState, Priority
from core.messages.templates import Template
from core.policy.showing import Door, Showing, showing, shows_code
from core.ports import Challenges, Clock, LinkTarget, PersonRow, Randomness, ResultShelf, ShelfItem
from core.results.catalogue import Confidentiality

CODES_AN_HOUR = 5


class CodeRefusal(StrEnum):
    """Why no code is sent; none of them depends on whether the number has results."""

    PHONE_UNREADABLE = "phone_unreadable"
    PHONE_NOT_MOBILE = "phone_not_mobile"
    COUNTRY_NOT_SERVED = "country_not_served"
    WAIT = "wait"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """The outcome of asking for a code.

    Args:
        challenge_id: Set when a code was made; only who holds it can answer.
        phone: E.164 where the number could be read.
        wait: For ``WAIT``: how long.
    """

    refusal: CodeRefusal | None
    phone: str = ""
    challenge_id: str = ""
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class CodeAnswer:
    """The outcome of answering a challenge; ``phone`` is proven only if it passed."""

    verdict: CodeVerdict
    phone: str = ""
    attempts_left: int = 0


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person on a number, by masked name.

    Args:
        needs_proof: The date of birth was never given on this number.
    """

    key: str
    masked_name: str
    needs_proof: bool


@dataclass(frozen=True, slots=True)
class ResultView:
    """A result with how much of it may be shown here."""

    item: ShelfItem
    showing: Showing

    def qr_text(self, *, asked: bool = False) -> str | None:
        """The ``HC1:`` text, where there is a certificate and it may be shown.

        Args:
            asked: The holder asked for the code.
        """
        if self.item.certificate is None or not self._shows_code(asked=asked):
            return None
        return as_text(self.item.certificate)

    def compact_text(self) -> str | None:
        """The ``KQ1:`` text for the smallest screens, where there is one."""
        if self.item.compact is None or not self._shows_code(asked=False):
            return None
        return as_compact_text(self.item.compact)

    @property
    def code_on_request(self) -> bool:
        """Whether there is a code that is shown only when the holder asks."""
        return self.qr_text() is None and self.qr_text(asked=True) is not None

    def _shows_code(self, *, asked: bool) -> bool:
        confidentiality = self.item.result.test.confidentiality
        return self.showing is Showing.FULL and shows_code(confidentiality, asked=asked)


@dataclass(frozen=True, slots=True)
class RetrievalDesk:
    """Where citizens fetch their results.

    Args:
        otp_key: Secret key of the OTP hashes.
        web_host: Host in the last line of a web OTP.
        countries: ISO 3166 codes to whose mobiles an SMS may go.
    """

    challenges: Challenges
    shelf: ResultShelf
    clock: Clock
    random: Randomness
    otp_key: bytes
    web_host: str
    countries: frozenset[str]

    def request_code(self, typed: str, channel: str) -> CodeRequest:
        """Send a code to a typed number, unless there is a reason not to."""
        phone = read_phone(typed)
        if phone.kind is PhoneKind.UNREADABLE:
            return CodeRequest(CodeRefusal.PHONE_UNREADABLE)
        if phone.kind is PhoneKind.LANDLINE:
            return CodeRequest(CodeRefusal.PHONE_NOT_MOBILE)
        if phone.country not in self.countries:
            return CodeRequest(CodeRefusal.COUNTRY_NOT_SERVED)
        return self.request_code_for(phone.e164, channel)

    def request_code_for(self, phone: str, channel: str) -> CodeRequest:
        """Send a code to a number in E.164 (of an SMS link, or typed and read)."""
        now = self.clock()
        challenge_id, code = self.random(16).hex(), otp.six_digits(self.random(8))
        challenge = otp.open_challenge(
            challenge_id, phone, channel, code, key=self.otp_key, now=now
        )
        known = self.challenges.known(phone)
        message = DeliveryDraft(
            dedupe_key=f"otp:{challenge_id}",
            template=Template.OTP,
            to=phone,
            text=self._otp_text(code, channel),
            priority=Priority.OTP,
            state=DeliveryState.PENDING if known else DeliveryState.SUPPRESSED,
            expires_at=challenge.expires_at,
        )
        made = self.challenges.add(
            challenge,
            message,
            not_before=now - otp.RESEND_AFTER,
            since=now - timedelta(hours=1),
            most=CODES_AN_HOUR,
        )
        return CodeRequest(None, phone, challenge_id) if made else self._refused(phone, channel)

    def _refused(self, phone: str, channel: str) -> CodeRequest:
        wait = otp.wait_before_next(self.challenges.latest(phone, channel), self.clock())
        refusal = CodeRefusal.WAIT if wait else CodeRefusal.TOO_MANY
        return CodeRequest(refusal, phone, wait=wait)

    def _otp_text(self, code: str, channel: str) -> str:
        if channel == Door.WEB:
            return templates.write_web_otp(code, self.web_host)
        return templates.write(Template.OTP, otp=code)

    def answer_code(self, challenge_id: str, typed: str) -> CodeAnswer:
        """Try a typed code; a challenge that isn't there counts as expired."""
        code = "".join(typed.split())
        now = self.clock()

        def change(challenge: otp.Challenge) -> tuple[otp.Challenge, CodeAnswer]:
            after, verdict = otp.answer(challenge, code, key=self.otp_key, now=now)
            phone = after.phone if verdict is CodeVerdict.PASSED else ""
            return after, CodeAnswer(verdict, phone, after.attempts_left)

        return self.challenges.update(challenge_id, change) or CodeAnswer(CodeVerdict.EXPIRED)

    def follow_link(self, token: str) -> LinkTarget | None:
        """Where an SMS link leads; None for a forged one."""
        return self.shelf.link(token, self.clock())

    def people(self, phone: str, door: Door) -> list[PersonView]:
        """The persons on a proven number that have anything to be shown at this door."""
        return [
            PersonView(row.key, mask(row.full_name), needs_proof=not row.opened)
            for row in self.shelf.people(phone)
            if _has_something(row, door)
        ]

    def proof_asked(self, phone: str, person_key: str) -> ProofKind:
        """What the person is asked for. A person that isn't there must go to staff."""
        row = self._row(phone, person_key)
        return proof_kind(row.birth_date, row.documents) if row else ProofKind.STAFF

    def prove(self, phone: str, person_key: str, typed: str) -> ProofVerdict:
        """Try a typed date of birth (or year and document); counts over all channels."""
        row = self._row(phone, person_key)
        if row is None or proof_kind(row.birth_date, row.documents) is ProofKind.STAFF:
            return ProofVerdict.ASK_STAFF
        right = proves(typed, row.birth_date, row.documents)
        now = self.clock()

        def change(proof: Proof) -> tuple[Proof, ProofVerdict]:
            return try_proof(proof, right=right, now=now)

        return self.shelf.update_proof(phone, person_key, change)

    def results(
        self, phone: str, person_key: str, door: Door, *, proven_now: bool = False
    ) -> list[ResultView]:
        """The person's results as far as they may be shown; none if never opened."""
        row = self._row(phone, person_key)
        if row is None or not (row.opened or proven_now):
            return []
        views = (
            ResultView(item, _showing(item, door, proven_now=proven_now))
            for item in self.shelf.of_person(phone, person_key)
        )
        return [view for view in views if view.showing is not Showing.HIDDEN]

    def _row(self, phone: str, person_key: str) -> PersonRow | None:
        return next((row for row in self.shelf.people(phone) if row.key == person_key), None)


def _showing(item: ShelfItem, door: Door, *, proven_now: bool) -> Showing:
    return showing(item.result.test.confidentiality, door, proven_now=proven_now)


def _has_something(row: PersonRow, door: Door) -> bool:
    return any(
        showing(Confidentiality(letter), door, proven_now=True) is not Showing.HIDDEN
        for letter in row.classes
    )
