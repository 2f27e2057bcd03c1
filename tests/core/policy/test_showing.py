"""Which result is shown at which door: the glossary's table, line by line."""

import pytest

from core.policy.showing import Door, Showing, showing
from core.results.catalogue import Confidentiality as Class


@pytest.mark.parametrize(
    ("letter", "door", "proven", "opted", "shown"),
    [
        (Class.A, Door.WEB, False, False, Showing.FULL),
        (Class.A, Door.CHAT, False, False, Showing.FULL),
        (Class.B, Door.WEB, False, False, Showing.NEEDS_PROOF),
        (Class.B, Door.WEB, True, False, Showing.FULL),
        (Class.B, Door.CHAT, True, False, Showing.LINK_ONLY),
        (Class.C, Door.WEB, True, False, Showing.HIDDEN),
        (Class.C, Door.CHAT, True, False, Showing.HIDDEN),
        (Class.C, Door.WEB, True, True, Showing.FULL),
        (Class.C, Door.CHAT, True, True, Showing.LINK_ONLY),
        (Class.D, Door.WEB, True, True, Showing.HIDDEN),
        (Class.D, Door.CHAT, True, True, Showing.HIDDEN),
    ],
)
def test_the_table_of_classes(
    letter: Class, door: Door, proven: bool, opted: bool, shown: Showing
) -> None:
    assert showing(letter, door, proven_now=proven, opted_in=opted) is shown
