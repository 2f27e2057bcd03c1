"""The release of a new version: its certificate, its codes, its link and its message.

Runs inside intake for every accepted, corrected or withdrawn report. Without a usable
signing key results are stored all the same, just without certificates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from core.certificates.certifying import Certifying, Owed
from core.certificates.issue import eligible
from core.citizens import codes
from core.messages.delivery import DeliveryDraft
from core.messages.release import Announcement, choose_template, draft
from core.messages.templates import Template
from core.ports import CertificateRow, Clock, Former, Randomness, ResultRow
from core.results.facility import Facility
from core.results.judge import Judged
from core.results.result import Result
from core.results.result_id import RANDOM_BYTES as ID_BYTES
from core.results.result_id import new_result_id
from core.results.versions import Change, Incoming, Stored


@dataclass(frozen=True, slots=True)
class Releasing:
    """Makes everything that belongs to a new version.

    Args:
        certifying: Signs what belongs to a result, while there is a key.
        base_url: ``https://host`` of the links.
        link_days: Life of a link.
    """

    certifying: Certifying
    base_url: str
    link_days: int
    clock: Clock
    random: Randomness

    def __call__(
        self,
        judged: Judged,
        change: Change,
        stored: Stored | None,
        incoming: Incoming,
        former: Former | None = None,
    ) -> ResultRow:
        """The row of the new version of a report."""
        result, now = judged.result, self.clock()
        result_id = new_result_id(self.random(ID_BYTES), now)
        version = stored.version + 1 if stored else 1
        # The code on somebody's slip stays the same over all versions.
        code = former.short_code if former else codes.short_code(self.random(5))
        token = codes.link_token(self.random(16))
        announced = stored is not None and stored.announced
        message = self._message(result_id, version, result, change, code, token, announced)
        linked = message is not None and f"/k/{token}" in message.text
        return ResultRow(
            result_id=result_id,
            version=version,
            supersedes=stored.result_id if stored else None,
            result=result,
            change=change,
            short_code=code,
            content_mac=incoming.content_mac,
            person_index=incoming.person_index,
            certificate=None,
            message=message,
            link_hash=codes.token_hash(token) if linked else None,
            link_expires_at=now + timedelta(days=self.link_days) if linked else None,
            farewell=self._farewell(result_id, version, result, former) if announced else None,
        )

    def _farewell(
        self, result_id: str, version: int, result: Result, former: Former | None
    ) -> DeliveryDraft | None:
        """A number that was told of the old version is told that it is void."""
        if former is None or former.result.person.phone in ("", result.person.phone):
            return None
        template = choose_template(former.result, Change.WITHDRAWN, announced=True)
        if template is None:
            return None
        appointment = codes.short_code(self.random(5))
        void = Announcement(former.short_code, link="", days=0, appointment=appointment)
        message = draft(result_id, version, former.result, template, void)
        return message and replace(message, dedupe_key=f"{message.dedupe_key}:farewell")

    def _message(
        self,
        result_id: str,
        version: int,
        result: Result,
        change: Change,
        code: str,
        token: str,
        announced: bool,  # noqa: FBT001
    ) -> DeliveryDraft | None:
        template = choose_template(result, change, announced=announced)
        if template is None:
            return None
        sensitive = template is Template.SENSITIVE
        announcement = Announcement(
            code=code,
            link=f"{self.base_url}/k/{token}",
            days=self.link_days,
            appointment=codes.short_code(self.random(5)) if sensitive else "",
        )
        return draft(result_id, version, result, template, announcement)

    def certify(self, rows: list[ResultRow], facility: Facility) -> list[ResultRow]:
        """The same rows, with certificates where they may have one, or the note that it is owed."""
        wanted = [row for row in rows if _certified(row)]
        made = self.certifying.all([row.result for row in wanted], facility, self.clock())
        done = {row.result_id: _with(row, each) for row, each in zip(wanted, made, strict=True)}
        return [done.get(row.result_id, row) for row in rows]


def _certified(row: ResultRow) -> bool:
    return row.change is not Change.WITHDRAWN and eligible(row.result)


def _with(row: ResultRow, certificate: CertificateRow | Owed) -> ResultRow:
    if isinstance(certificate, Owed):
        return replace(row, owes_certificate=True)
    return replace(row, certificate=certificate)
