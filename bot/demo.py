"""The demo's world: its facilities, its accounts, its laboratory.

Only ``--demo`` (or a command where nothing is configured) comes here. It has its own folder,
database and keys, and its certificates say DEMO.
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp

from core.policy.staff import Role, StaffAccount, hash_password
from core.results.facility import Facility

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.app import Installation

PASSWORD = "demo-ketqua-2026"  # noqa: S105  (shown on /sim/, good for loopback only)
_HOTLINE = "028 0000 0000"
FACILITIES = (
    Facility("BVNDGD", "Bệnh viện Nhân dân Gia Định", "BV Nhân dân Gia Định", contact=_HOTLINE),
    Facility("BVNTP", "Bệnh viện Nguyễn Tri Phương", "BV Nguyễn Tri Phương", contact=_HOTLINE),
    Facility("BVTD", "Bệnh viện TP Thủ Đức", "BV TP Thủ Đức", contact=_HOTLINE),
    Facility("BVLVT", "Bệnh viện Lê Văn Thịnh", "BV Lê Văn Thịnh", contact=_HOTLINE),
    Facility("TTYTHOASEN", "Trung tâm Y tế Hoa Sen (giả định)", "TTYT Hoa Sen", contact=_HOTLINE),
    Facility("PKBINHMINH", "Phòng khám Bình Minh (giả định)", "PK Bình Minh", contact=_HOTLINE),
    Facility("XNSAOMAI", "Xét nghiệm Sao Mai (giả định)", "XN Sao Mai", contact=_HOTLINE),
)  # fmt: skip
_NAMES = {
    Role.FACILITY_OFFICER: "Chị Hoa (đơn vị)",
    Role.CONTROL_OFFICER: "Anh Tín (chốt kiểm soát)",
    Role.OPERATOR: "Chị Vân (Sở Y tế)",
    Role.APPROVER: "Anh Khôi (người duyệt)",
    Role.AUDITOR: "Chị Mai (kiểm toán)",
    Role.ADMINISTRATOR: "Anh Sơn (quản trị)",
}
_SCOPES = {
    Role.FACILITY_OFFICER: frozenset({"BVNDGD"}),
    Role.CONTROL_OFFICER: frozenset({"CHOT1"}),
}


def make_world(installation: Installation) -> None:
    """Create whatever of the demo is missing; two processes may come here at once."""
    from storage.migrate import is_current, upgrade

    settings = installation.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(settings.data_dir / ".lock"):
        if not is_current(settings.database):
            upgrade(settings.database)
        if not installation.key_store.signers():
            installation.make_first_keys()
        if not installation.facilities.all():
            for facility in FACILITIES:
                installation.facilities.add(facility)
            for account in _accounts():
                installation.staff.add(account)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _accounts() -> list[StaffAccount]:
    hashed = hash_password(PASSWORD)
    return [
        StaffAccount(
            login=role.value.replace("_", "-"),
            name=_NAMES[role],
            role=role,
            scopes=_SCOPES.get(role, frozenset()),
            password_hash=hashed,
            totp_secret=pyotp.random_base32(),
        )
        for role in Role
    ]


def staff_cards(installation: Installation) -> list[dict[str, str]]:
    """One account per role with its password and the TOTP that works now."""
    now = installation.clock()
    return [
        {
            "login": account.login,
            "role": account.role.value,
            "password": PASSWORD,
            "totp": pyotp.TOTP(account.totp_secret).at(now),
            "totp_secret": account.totp_secret,
        }
        for account in installation.staff.all()
    ]
