"""Open an installation: which one a command works on, and whether it may be used.

Where nothing is configured a command works on the demo, whose world is made on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.app import Installation
from bot.settings import Settings
from core.errors import SetupRefused

if TYPE_CHECKING:
    from core.certificates.anchor import Anchor
    from core.certificates.revocations import Marks
    from core.certificates.trust import TrustStore
    from core.certificates.verdict import Standing


def choose_settings(*, demo: bool = False, tell: Callable[[str], None] | None = None) -> Settings:
    """This installation's settings; the demo's when asked for, or when nothing is configured.

    Args:
        tell: Told once that a command works on the demo because nothing is configured.
    """
    settings = Settings.from_env()
    if demo or settings.demo:
        return settings.as_demo()
    if settings.is_installation:
        return settings
    if tell is not None:
        tell("cli.using_demo")
    return settings.as_demo()


def open_installation() -> Installation:
    """Open the installation that a command works on, ready for use.

    Raises:
        SetupRefused: the database isn't migrated, or was made by the demo.
    """
    from bot.cli.output import note

    settings = choose_settings(tell=note)
    installation = Installation(settings)
    prepare(installation)
    return installation


def prepare(installation: Installation) -> None:
    """Make the demo's world where it is missing; hold a real one against its database.

    Raises:
        SetupRefused: the database can't be reached, isn't migrated, was made by the demo or
            filled with other keys.
    """
    from sqlalchemy.exc import OperationalError

    try:
        _claim(installation)
    except OperationalError as error:
        # The driver's words may hold a user name: the kind of database must do.
        raise SetupRefused("database_unreachable", installation.engine.dialect.name) from error


def _claim(installation: Installation) -> None:
    from storage.installation import claim_installation
    from storage.migrate import is_current

    settings = installation.settings
    if settings.demo:
        from bot.demo import make_world

        make_world(installation)
    elif not is_current(settings.database):
        raise SetupRefused("database_not_migrated")
    claim_installation(
        installation.engine, installation.keyring, is_demo=settings.demo, now=installation.clock()
    )


def open_trust() -> tuple[TrustStore, Callable[[str], Standing], Callable[[Marks], bool]]:
    """What ``ketqua verify`` trusts when it is given nothing: this installation.

    Raises:
        SetupRefused: it isn't set up.
    """
    installation = open_installation()
    return installation.trust, installation.standing, installation.listed


def own_anchor() -> Anchor:
    """Our own CSCA's certificate, as an anchor. Raises: SetupRefused, it isn't there."""
    from core.certificates.anchor import Anchor

    return Anchor.read(Installation(choose_settings()).key_store.csca_certificate())
