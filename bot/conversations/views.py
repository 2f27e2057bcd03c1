"""How things read: results, captions, verdicts and times, from the catalogues.

Nothing is decided here. Times are in the room's zone, with its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.conversations.looking import Shown
from core.certificates.claims import Claims
from core.certificates.verdict import Verdict, VerdictWord, words_of_reason
from core.results.result import Value

if TYPE_CHECKING:
    from bot.conversations.talk import Talk

LONGEST_CAPTION: Final = 1024
"""Characters; Telegram allows no more below a photo (Zalo: 2000)."""
LONGEST_TEXT: Final = 2000
"""Characters; the shorter of both channels' limits (Telegram: 4096)."""
_VALUES_SHOWN = 30


def at(talk: Talk, moment: datetime) -> str:
    """``08:00 20/11/2026 (Giờ Việt Nam)``: a time and the name of its zone."""
    from babel.dates import get_timezone_location

    zone = talk.room.zone
    local = moment.astimezone(zone).strftime("%H:%M %d/%m/%Y")
    return f"{local} ({get_timezone_location(zone, locale=talk.language)})"


def title(talk: Talk, shown: Shown) -> str:
    """A button's label for a result: test and time of collection."""
    result = shown.view.item.result
    local = result.collected_at.astimezone(talk.room.zone).strftime("%H:%M %d/%m/%Y")
    return f"{result.test.name(talk.language)} · {local}"


def distinct(labels: Sequence[str]) -> list[str]:
    """``A, A`` → ``A, A (2)``: two persons may have one masked name."""
    seen: Counter[str] = Counter()
    told = []
    for label in labels:
        seen[label] += 1
        told.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return told


def result_text(talk: Talk, shown: Shown) -> str:
    """Everything that a chat says of a result; also the caption of its QR code."""
    item = shown.view.item
    result = item.result
    lines = [
        result.person.full_name,
        talk.say(
            "chat.result.line",
            test=result.test.name(talk.language),
            outcome=talk.say(f"chat.outcome.{_outcome(shown)}"),
        ),
        *(f"{value.name}: {value.value} {value.unit}".strip() for value in _values(shown)),
        talk.say("chat.result.collected", time=at(talk, result.collected_at)),
        talk.say("chat.result.facility", facility=item.facility_name),
        talk.say("chat.result.code", code=item.short_code),
        *_advice(talk, shown),
    ]
    return "\n".join(lines)[: LONGEST_CAPTION if shown.has_qr else LONGEST_TEXT]


def _outcome(shown: Shown) -> str:
    """A pool's positive is nobody's positive."""
    result = shown.view.item.result
    return "new_sample" if result.needs_new_sample else result.outcome.value


def _values(shown: Shown) -> tuple[Value, ...]:
    return shown.view.item.result.values[:_VALUES_SHOWN]


def _advice(talk: Talk, shown: Shown) -> list[str]:
    result = shown.view.item.result
    if result.needs_new_sample:
        item = shown.view.item
        contact = item.facility_contact or item.facility_name
        return [talk.say("chat.result.come_again", contact=contact)]
    if shown.verdict is None:
        return [talk.say("chat.result.no_qr")]
    if shown.verdict.verdict in (VerdictWord.CORRECTED, VerdictWord.REVOKED):
        return [talk.say(f"chat.result.{shown.verdict.verdict.value}")]
    photo_id = [talk.say("verdicts.check_photo_id")] if shown.verdict.is_valid else []
    return [_validity(talk, shown.verdict), *photo_id]


def _validity(talk: Talk, verdict: Verdict) -> str:
    """How long the code lets its holder pass, as the checkpoint sees it."""
    if verdict.is_valid and verdict.rule_valid_until:
        return talk.say("chat.result.valid_until", time=at(talk, verdict.rule_valid_until))
    if verdict.reason == "positive":
        return talk.say("chat.result.positive_never_passes")
    if verdict.reason == "too_old" or verdict.verdict is VerdictWord.EXPIRED:
        return talk.say("chat.result.too_old")
    return talk.say("chat.result.no_rule")


def verdict_text(talk: Talk, verdict: Verdict) -> str:
    """A checked QR code in words; personal data only where the answer is yes."""
    word = verdict.verdict.value
    answer = "chat.verdict.yes" if verdict.is_valid else "chat.verdict.no"
    lines = [
        talk.say(answer, word=talk.say(f"verdicts.word.{word}")),
        talk.say(f"verdicts.sentence.{word}"),
    ]
    reason, data = words_of_reason(verdict.reason)
    if verdict.reason and talk.room.catalogues.has(talk.language, reason):
        lines.append(talk.say(reason, **data))
    if verdict.is_valid and verdict.claims:
        vouched = _claims(talk, verdict, verdict.claims)
        lines = [lines[0], *vouched, talk.say("verdicts.check_photo_id")]
    return "\n".join(lines)


def _claims(talk: Talk, verdict: Verdict, claims: Claims) -> list[str]:
    lines = [
        talk.say("chat.claims.person", name=claims.full_name, birth_date=_day_first(claims)),
        talk.say(
            "chat.result.line",
            test=claims.test_name
            or claims.test
            or talk.say(f"verdicts.test_type.{claims.test_type or 'other'}"),
            outcome=claims.values or talk.say(f"verdicts.outcome.{claims.outcome or 'unknown'}"),
        ),
    ]
    if claims.document_end:
        label = talk.say("verdicts.label.document_end")
        lines.append(talk.say("verdicts.line", label=label, value=f"…{claims.document_end}"))
    if claims.collected_at:
        lines.append(talk.say("chat.result.collected", time=at(talk, claims.collected_at)))
    if claims.centre:
        lines.append(talk.say("chat.result.facility", facility=claims.centre))
    if verdict.rule_valid_until:
        until = at(talk, verdict.rule_valid_until)
        lines.append(talk.say("chat.result.valid_until", time=until))
    return lines


def _day_first(claims: Claims) -> str:
    """``1990-03-05`` → ``05/03/1990``; a partial date likewise."""
    return "/".join(reversed(claims.birth_date.split("-"))) or "–"
