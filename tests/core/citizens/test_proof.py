"""The second factor: five tries a person, then a day's lock."""

from datetime import UTC, datetime, timedelta

from core.citizens.proof import LOCKED_FOR, TRIES, Proof, ProofVerdict, try_proof

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def failed(times: int) -> Proof:
    proof = Proof()
    for _ in range(times):
        proof, _ = try_proof(proof, right=False, now=NOON)
    return proof


def test_a_right_answer_opens_the_person_for_good() -> None:
    proof, verdict = try_proof(Proof(), right=True, now=NOON)
    assert (verdict, proof.opened_at) == (ProofVerdict.PASSED, NOON)
    again, _ = try_proof(proof, right=True, now=NOON + timedelta(days=1))
    assert again.opened_at == NOON


def test_an_unreadable_answer_costs_nothing() -> None:
    assert try_proof(failed(2), right=None, now=NOON) == (failed(2), ProofVerdict.UNREADABLE)


def test_the_fifth_wrong_answer_locks_even_a_right_one() -> None:
    assert try_proof(failed(TRIES - 1), right=True, now=NOON)[1] is ProofVerdict.PASSED
    assert try_proof(failed(TRIES), right=True, now=NOON)[1] is ProofVerdict.LOCKED


def test_a_lock_ends_after_a_day_and_counting_starts_anew() -> None:
    later = NOON + LOCKED_FOR
    proof, verdict = try_proof(failed(TRIES), right=False, now=later)
    assert (verdict, proof.failures, proof.locked_until) == (ProofVerdict.WRONG, 1, None)


def test_a_right_answer_clears_the_failures() -> None:
    proof, _ = try_proof(failed(3), right=True, now=NOON)
    assert proof.failures == 0


def test_a_wrong_answer_leaves_an_opened_person_open() -> None:
    opened, _ = try_proof(Proof(), right=True, now=NOON)
    assert try_proof(opened, right=False, now=NOON)[0].opened_at == NOON
