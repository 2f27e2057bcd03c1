"""Rule sets of places: each version is a row that is never changed, only withdrawn."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from core.policy.rule_desk import KeptRuleSet
from core.policy.rule_sets import RuleSet, read_rule_set
from storage.engine import insert_into, writer, writing
from storage.moments import maybe_moment, to_micros, to_moment
from storage.rows import RULE_SET, RuleSetRecord


class RuleSetStore:
    """Implements ``core.policy.rule_desk.RuleSets``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, rule_set: RuleSet, author: str, now: datetime) -> bool:
        """Store a new version; False if there is one with this number already."""
        row = {
            "place": rule_set.place,
            "purpose": rule_set.purpose,
            "version": rule_set.number,
            "author": author,
            "created_at": to_micros(now),
            "document": json.dumps(rule_set.document, ensure_ascii=False),
        }
        new = insert_into(self._engine, RULE_SET).values(row).on_conflict_do_nothing()
        with writing(self._engine) as connection:
            return connection.execute(new.returning(RULE_SET.c.place)).first() is not None

    def all(self) -> list[KeptRuleSet]:
        """Every set, by place, purpose and version."""
        ordered = select(RuleSetRecord).order_by(RuleSetRecord.place, RuleSetRecord.purpose)
        with Session(self._engine) as session:
            kept = [_kept(record) for record in session.exec(ordered)]
        return sorted(kept, key=_order)

    def withdraw(self, place: str, purpose: str, version: str, now: datetime) -> bool:
        """Let a version no longer count; whether there was one that did."""
        wanted = select(RuleSetRecord).where(
            RuleSetRecord.place == place,
            RuleSetRecord.purpose == purpose,
            RuleSetRecord.version == version,
            col(RuleSetRecord.withdrawn_at).is_(None),
        )
        with Session(writer(self._engine)) as session:
            record = session.exec(wanted).first()
            if record is None:
                return False
            record.withdrawn_at = to_micros(now)
            session.add(record)
            session.commit()
        return True


def _kept(record: RuleSetRecord) -> KeptRuleSet:
    return KeptRuleSet(
        read_rule_set(json.loads(record.document)),
        record.author,
        to_moment(record.created_at),
        maybe_moment(record.withdrawn_at),
    )


def _order(kept: KeptRuleSet) -> tuple[str, str, tuple[int, int, int]]:
    return kept.rule_set.place, kept.rule_set.purpose, kept.rule_set.version
