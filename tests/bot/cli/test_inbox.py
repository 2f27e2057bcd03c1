"""What a replay takes in again."""

from __future__ import annotations

from bot.cli.inbox import every_kept
from core.ports import Origin
from core.results.inbox import KeptItem


def test_a_replay_takes_batch_after_batch_and_each_item_once() -> None:
    waiting = [KeptItem(str(number), Origin("f"), 0, None, b"x") for number in range(7)]

    def find() -> list[KeptItem]:
        """The two that were seen longest ago; both still wait, and are seen by this."""
        found = waiting[:2]
        waiting[:] = [*waiting[2:], *found]
        return found

    assert [item.id for item in every_kept(find)] == list("0123456")
