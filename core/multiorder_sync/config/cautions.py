"""What can be used as it is configured, and is yet likely not what is meant."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from multiorder_sync.config.database import holds_password
from multiorder_sync.config.reports import key
from multiorder_sync.config.settings import AlarmSettings, Space
from multiorder_sync.errors import Problem
from multiorder_sync.oms.plugins import Registry
from multiorder_sync.secret import Secret

_ELSEWHERE: Final = 'write { env = "NAME" } or { file = "PATH" } instead'


def cautions(spaces: Mapping[str, Space], tables: Mapping[str, Any]) -> list[Problem]:
    """Return a warning for everything that is doubtful.

    Args:
        spaces: The spaces that were read.
        tables: Their tables as they stand in the file.
    """
    found: list[Problem] = []
    for space in spaces.values():
        at = f"spaces.{key(space.id)}"
        found += _static(space, at)
        found += _literal_secrets(space, tables[space.id], at)
        found += _plain_http(space, at)
    found += _shared_secrets(spaces)
    found += _production_beside_sandbox(spaces)
    return found


def journal_cautions(table: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a warning for everything about the journal that is doubtful.

    Args:
        table: The table as it stands in the file, which can be read.
    """
    url = table.get("url")
    if isinstance(url, str) and holds_password(url):
        reason = "the database's password stands in the file itself"
        yield Problem("journal.url", reason, _ELSEWHERE)
    if any(isinstance(written, str) for written in table.get("encryption_keys", ())):
        reason = "a key stands in the file itself"
        yield Problem("journal.encryption_keys", reason, _ELSEWHERE)


def alarm_cautions(alarms: AlarmSettings, table: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a warning for everything about alarms that is doubtful.

    Args:
        alarms: The settings that were read.
        table: The table as it stands in the file.
    """
    url = alarms.webhook_url
    if url is None:
        if alarms.webhook_secret is not None:
            reason = "is set, but no webhook_url to call, so nobody is told"
            yield Problem("alarms.webhook_secret", reason, "set webhook_url, or take this out")
        return
    if is_loopback(_host(url)):
        return
    if url.startswith("http://"):
        reason = "alarms go over the network unencrypted"
        yield Problem("alarms.webhook_url", reason, "use an https:// address")
    if isinstance(table["webhook_secret"], str):
        yield Problem("alarms.webhook_secret", "stands in the file itself", _ELSEWHERE)


def plugin_cautions(registry: Registry, spaces: Mapping[str, Space]) -> Iterator[Problem]:
    """Yield a warning for everything about installed packages that is said at no space.

    Args:
        registry: What is installed.
        spaces: The spaces that were read; a broken connector is warned of at those that use it.
    """
    for hooks in registry.hooks:
        if hooks.broken:
            package = f"{hooks.distribution} {hooks.version}"
            reason = f"{package} is to be asked before an order is sent and can't be, so none is"
            yield Problem("", f"{reason}: {hooks.broken}")
    used = {space.connector for space in spaces.values()}
    for broken in registry.broken:
        if not used.intersection(broken.names) and not registry.unusable_hooks(broken):
            package = f"{broken.distribution} {broken.version}"
            yield Problem("", f"{package} is broken and left out: {broken.reason}", broken.remedy)
    for use in registry.deprecated:
        yield Problem("", str(use))


def _static(space: Space, at: str) -> Iterator[Problem]:
    if space.signature.scheme == "static":
        yield Problem(
            f"{at}.signature.scheme",
            "a static secret proves nothing about an order: whoever sees one call can send others",
            'use "hmac-sha256" unless Nacelle sends this space no signature',
        )


def _literal_secrets(space: Space, table: Any, at: str) -> Iterator[Problem]:
    if is_loopback(_host(_base_url(space))) or space.broken is not None:
        return
    settings = {"secrets": space.secrets, "headers": space.headers, "oms": space.oms}
    places = list(_literals(settings, table, ""))
    if places:
        yield Problem(
            at,
            f"secrets stand in the file itself: {', '.join(places)}",
            _ELSEWHERE,
        )


def _literals(setting: Any, written: Any, at: str) -> Iterator[str]:
    """Yield the paths at which a secret is written as a plain text."""
    if isinstance(setting, Secret):
        if isinstance(written, str):
            yield at
    elif isinstance(setting, msgspec.Struct) and isinstance(written, dict):
        for field in msgspec.structs.fields(setting):
            inner = getattr(setting, field.name)
            yield from _literals(inner, written.get(field.encode_name), f"{at}.{field.encode_name}")
    elif isinstance(setting, Mapping) and isinstance(written, dict):
        for name, inner in setting.items():
            path = f"{at}.{key(str(name))}" if at else str(name)
            yield from _literals(inner, written.get(name), path)
    elif isinstance(setting, list | tuple) and isinstance(written, list):
        for index, (inner, entry) in enumerate(zip(setting, written, strict=False)):
            yield from _literals(inner, entry, f"{at}[{index}]")


def _plain_http(space: Space, at: str) -> Iterator[Problem]:
    for name, url in _urls(space):
        if url.lower().startswith("http://") and not is_loopback(_host(url)):
            yield Problem(
                f"{at}.oms.{name}",
                "orders and credentials go over the network unencrypted",
                "use an https:// address",
            )


def _shared_secrets(spaces: Mapping[str, Space]) -> Iterator[Problem]:
    first: dict[Secret, str] = {}
    for space in spaces.values():
        for secret in space.secrets:
            owner = first.setdefault(secret, space.id)
            if owner != space.id:
                yield Problem(
                    f"spaces.{key(space.id)}.secrets",
                    f"shares a signing secret with spaces.{key(owner)}, so that a call signed "
                    "for one of them is taken by the other",
                    "give each space a secret of its own",
                )
                break


def _production_beside_sandbox(spaces: Mapping[str, Space]) -> Iterator[Problem]:
    urls = {space.id: url for space in spaces.values() if (url := _base_url(space))}
    sandboxes = [space_id for space_id, url in urls.items() if is_sandbox(_host(url))]
    if not sandboxes:
        return
    for space_id, url in urls.items():
        if space_id not in sandboxes:
            yield Problem(
                f"spaces.{key(space_id)}.oms.base_url",
                f"{_host(url) or url} looks like production, while spaces.{key(sandboxes[0])} "
                "uses a sandbox",
                "keep production and sandboxes in files of their own",
            )


def _urls(space: Space) -> Iterator[tuple[str, str]]:
    if isinstance(space.oms, msgspec.Struct):
        for field in msgspec.structs.fields(space.oms):
            value = getattr(space.oms, field.name)
            if field.name.endswith("url") and isinstance(value, str):
                yield field.encode_name, value


def _base_url(space: Space) -> str | None:
    url = getattr(space.oms, "base_url", None)
    return url if isinstance(url, str) else None


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_sandbox(host: str) -> bool:
    """Return whether a host is a sandbox, as far as its name says."""
    words = host.replace("-", ".").split(".")
    return "sandbox" in words or is_loopback(host)
