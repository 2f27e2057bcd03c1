"""Settings: ``KETQUA_*`` variables, read once and refused with a sentence that names them.

``.env.example`` lists each with its unit and meaning; a test holds the two together.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import SetupRefused
from core.feeds.sender import is_network

_PREFIX = "KETQUA_"
_CHECKOUT = Path(__file__).resolve().parent.parent
_LANGUAGES = _CHECKOUT / "core" / "messages" / "catalogues"
_COUNTRIES = re.compile(r"[A-Za-z]{2}( *, *[A-Za-z]{2})*")
_LAST_PORT = 65535
_A_MONTH = 31 * 24  # hours; a list that lives longer hardly revokes
_LIST_LIMITS = {
    "list_hours": _A_MONTH,
    "revocation_list_hours": _A_MONTH,
    "publish_seconds": 60,  # a revocation is published within a minute
    "verify_per_minute": 100_000,
}
_SERVICE_NEEDS = ("base_url", "master_keys", "index_key", "key_passphrase", "sms_gateway")


def _default_data_dir() -> Path:
    """``var`` of the checkout when run from one, else of the working directory."""
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()) / "var"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an installation can choose. Secrets never show in ``repr``."""

    demo: bool = False
    data_dir: Path = field(default_factory=_default_data_dir)
    database_url: str = ""
    bind_host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = ""
    language: str = "vi"
    timezone: str = "Asia/Ho_Chi_Minh"
    issuer: str = ""
    catalogue: str = ""
    master_keys: str = field(default="", repr=False)
    index_key: str = field(default="", repr=False)
    keys_dir: str = ""
    key_passphrase: str = field(default="", repr=False)
    key_overlap_hours: int = 24
    pkcs11_module: str = ""
    pkcs11_token: str = ""
    pkcs11_pin: str = field(default="", repr=False)
    sms_gateway: str = ""
    sms_countries: str = "VN"
    twilio_account_sid: str = ""
    twilio_auth_token: str = field(default="", repr=False)
    twilio_messaging_service_sid: str = ""
    twilio_from: str = ""
    twilio_base_url: str = ""
    telegram_token: str = field(default="", repr=False)
    link_days: int = 10
    list_hours: int = 24
    revocation_list_hours: int = 12
    publish_seconds: int = 15
    verify_per_minute: int = 60
    proxy: str = "127.0.0.1"
    watch_dir: str = ""
    watch_seconds: int = 60
    share_dirs: str = ""
    freshness_seconds: int = 60
    mllp_port: int = 0
    mllp_host: str = "127.0.0.1"
    mllp_peers: str = "127.0.0.0/8, ::1/128"
    mllp_tls_cert: str = ""
    mllp_tls_key: str = ""
    mllp_client_ca: str = ""
    max_file_mib: int = 64
    keep_challenges_days: int = 1
    keep_raw_days: int = 90
    keep_texts_days: int = 30
    keep_audit_days: int = 1826

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            SetupRefused: a variable that doesn't exist, or a value that can't be used.
        """
        env = os.environ if env is None else env
        known = {each.name: each for each in fields(cls)}
        chosen: dict[str, object] = {}
        for variable, text in env.items():
            name = variable.removeprefix(_PREFIX).lower()
            if not variable.startswith(_PREFIX) or name in _FOR_TESTS or not text:
                continue
            if name not in known:
                raise SetupRefused("unknown_setting", variable)
            chosen[name] = _value(variable, text, str(known[name].type))
        return _checked(cls(**chosen))  # type: ignore[arg-type]

    @property
    def is_installation(self) -> bool:
        """Whether a real installation is configured at all (else commands use the demo)."""
        return bool(self.master_keys or self.database_url)

    @property
    def database(self) -> str:
        """The database's URL; SQLite under the data folder unless one is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ketqua.db'}"

    @property
    def keys_folder(self) -> Path:
        """Where the signing keys lie."""
        return Path(self.keys_dir) if self.keys_dir else self.data_dir / "keys"

    @property
    def watch_folder(self) -> Path:
        """Where laboratories drop files, one folder per facility code."""
        return Path(self.watch_dir) if self.watch_dir else self.data_dir / "incoming"

    @property
    def share_roots(self) -> tuple[str, ...]:
        """Folders below which the console may connect a folder."""
        chosen = [each.strip() for each in self.share_dirs.split(",") if each.strip()]
        return tuple(chosen or [str((self.data_dir / "shares").absolute())])

    @property
    def public_url(self) -> str:
        """Address under which phones reach the pages, without a trailing slash."""
        return self.base_url.rstrip("/") or f"http://{self.bind_host}:{self.port}"

    @property
    def public_host(self) -> str:
        """Host of ``public_url``, without the port."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown."""
        return ZoneInfo(self.timezone)

    def check_for_service(self) -> None:
        """Refuse to serve people with an installation that isn't complete.

        Raises:
            SetupRefused: names the first variable that is missing.
        """
        for name in _SERVICE_NEEDS:
            if not getattr(self, name):
                raise SetupRefused("setting_missing", f"{_PREFIX}{name.upper()}")
        if self.sms_gateway == "twilio":
            self._check_twilio()
        for name in ("pkcs11_token", "pkcs11_pin") if self.pkcs11_module else ():
            if not getattr(self, name):
                raise SetupRefused("setting_missing", f"{_PREFIX}{name.upper()}")

    def _check_twilio(self) -> None:
        for name in ("twilio_account_sid", "twilio_auth_token"):
            if not getattr(self, name):
                raise SetupRefused("setting_missing", f"{_PREFIX}{name.upper()}")
        if not (self.twilio_messaging_service_sid or self.twilio_from):
            raise SetupRefused("setting_missing", f"{_PREFIX}TWILIO_MESSAGING_SERVICE_SID")

    def as_demo(self) -> Settings:
        """The demo's own world beside this one: its own folder, database and keys.

        Its port is the one on which it was last started, so that links which another
        command writes lead to it.
        """
        folder = self.data_dir / "demo"
        secrets_of_the_demo = _demo_secrets(folder)
        return Settings(
            demo=True,
            data_dir=folder,
            port=_demo_port(folder) or self.port,
            language=self.language,
            catalogue=self.catalogue,
            timezone=self.timezone,
            issuer="DEMO Sở Y tế",
            sms_gateway="simulator",
            watch_seconds=1,
            freshness_seconds=1,
            publish_seconds=1,
            mllp_port=self.mllp_port,
            master_keys=secrets_of_the_demo["master_keys"],
            index_key=secrets_of_the_demo["index_key"],
            key_passphrase=secrets_of_the_demo["key_passphrase"],
            key_overlap_hours=self.key_overlap_hours,
        )


_FOR_TESTS = frozenset({"soak", "vectors", "test_database_url", "test_redis_url"})


def _value(variable: str, text: str, kind: str) -> object:
    if kind == "int":
        if not text.isdecimal():
            raise SetupRefused("setting_not_a_number", variable)
        return int(text)
    if kind == "bool":
        return text.lower() in ("1", "true", "yes")
    return Path(text) if kind == "Path" else text


def _checked(settings: Settings) -> Settings:
    try:
        _ = settings.zone
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SetupRefused("setting_unusable", "KETQUA_TIMEZONE") from error
    if settings.sms_gateway not in ("", "twilio"):
        raise SetupRefused("setting_unusable", "KETQUA_SMS_GATEWAY")
    if not 1 <= settings.port <= _LAST_PORT or settings.watch_seconds < 1:
        refused = "PORT" if settings.watch_seconds >= 1 else "WATCH_SECONDS"
        raise SetupRefused("setting_unusable", f"{_PREFIX}{refused}")
    _check_lists(settings)
    if settings.mllp_port > _LAST_PORT:
        raise SetupRefused("setting_unusable", "KETQUA_MLLP_PORT")
    if not all(map(is_network, settings.mllp_peers.replace(",", " ").split())):
        raise SetupRefused("setting_unusable", "KETQUA_MLLP_PEERS")
    if bool(settings.mllp_tls_cert) != bool(settings.mllp_tls_key):
        raise SetupRefused("setting_missing", "KETQUA_MLLP_TLS_KEY")
    if not _COUNTRIES.fullmatch(settings.sms_countries):
        raise SetupRefused("setting_unusable", "KETQUA_SMS_COUNTRIES")
    if not (_LANGUAGES / f"{settings.language}.po").is_file():
        raise SetupRefused("setting_unusable", "KETQUA_LANGUAGE")
    address = urlsplit(settings.base_url)
    plain = address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost", "::1")
    if settings.base_url and not (address.scheme == "https" or plain):
        raise SetupRefused("setting_unusable", "KETQUA_BASE_URL")
    return settings


def _check_lists(settings: Settings) -> None:
    for name, most in _LIST_LIMITS.items():
        if not 1 <= getattr(settings, name) <= most:
            raise SetupRefused("setting_unusable", f"{_PREFIX}{name.upper()}")


def _demo_secrets(folder: Path) -> dict[str, str]:
    """The demo's secrets, made once and kept beside its database."""
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = {
            "master_keys": f"demo:{b64encode(secrets.token_bytes(32)).decode()}",
            "index_key": b64encode(secrets.token_bytes(32)).decode(),
            "key_passphrase": secrets.token_urlsafe(24),
        }
        _write_once(path, json.dumps(made))
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _demo_port(folder: Path) -> int | None:
    path = folder / "port"
    return int(path.read_text(encoding="utf-8")) if path.exists() else None


def _write_once(path: Path, text: str) -> None:
    """Two commands may make the demo at the same time: the first file stays."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
