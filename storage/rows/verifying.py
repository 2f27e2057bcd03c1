"""What verifiers here and elsewhere go by: rules, revocations, signed documents."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, Integer, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.rows.base import moment


class RuleSetRecord(SQLModel, table=True):
    """One version of a place's rules; it says nothing about any person."""

    __tablename__: ClassVar[Any] = "rule_set"

    place: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    author: str
    created_at: int = moment()
    withdrawn_at: int | None = moment()
    document: str


class RevocationRecord(SQLModel, table=True):
    """Something that was revoked, by whom and why.

    Args:
        mark: The kid (8 bytes) or the hash (16 bytes) that a check looks for; a hash of the
            result's id where its certificate was never made.
        kind: What the hash is made of; empty for a kid.
        named: As staff named it: UVCI, kid or hash; the result's id where none was made yet.
        kid: Of the signer, where it is known.
        reason: Written by staff, who are told to name nobody.
    """

    __tablename__: ClassVar[Any] = "revocation"

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    mark: bytes = Field(unique=True)
    target: str
    kind: str
    named: str
    kid: bytes | None
    result_id: str | None = Field(foreign_key="result.id", index=False)
    at: int = moment()
    actor: str
    reason: str


class DocumentRecord(SQLModel, table=True):
    """A version of a signed document that everybody may read.

    Args:
        follows: The version before it; two clocks can't both follow the same one.
        state: What it was made from.
    """

    __tablename__: ClassVar[Any] = "document"
    __table_args__ = (UniqueConstraint("kind", "follows", name="uq_document_follows"),)

    kind: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_type=BigInteger)
    follows: int = Field(sa_type=BigInteger)
    issued_at: int = moment()
    expires_at: int = moment()
    state: str
    text: str


class RevocationBatchRecord(SQLModel, table=True):
    """Published hashes, named after what they are.

    Args:
        listed_at: When a document last announced it.
    """

    __tablename__: ClassVar[Any] = "revocation_batch"

    id: str = Field(primary_key=True)
    hashes: bytes
    listed_at: int = moment(index=True)


class ForeignListRecord(SQLModel, table=True):
    """Document signers of others, as the last list under an anchor named them.

    Args:
        anchor: Fingerprint of what the list was checked with.
        origin: File or address that it came from.
        version: The highest that was accepted; None where lists of this kind have none.
        certificates: JSON list of base64 DER.
    """

    __tablename__: ClassVar[Any] = "foreign_list"

    anchor: str = Field(primary_key=True)
    origin: str
    version: int | None = Field(sa_type=BigInteger)
    imported_at: int = moment()
    certificates: bytes
