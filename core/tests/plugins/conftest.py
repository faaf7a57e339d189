"""Fake packages on the path: a module and a dist-info folder each, as an installer leaves them."""

import sys
import textwrap
from pathlib import Path

import pytest

CONNECTOR = """
import msgspec
from multiorder_sync import Connector, DuplicateGuard, hookimpl

class Settings(msgspec.Struct, frozen=True, kw_only=True):
    base_url: str

class Payload(msgspec.Struct, frozen=True, kw_only=True):
    ref: str

class Acme(Connector[Settings, Payload]):
    name = {name!r}
    api_version = 1
    Settings = Settings
    Payload = Payload
    duplicate_guard = DuplicateGuard.REFUSES

    def __init__(self, settings, http): ...
    def transform(self, order, context): return []
    async def submit(self, submission): ...
    async def find(self, submission): ...
    async def check(self): ...
"""

HOOK = """
@hookimpl
def multiorder_connectors():
    return [Acme]
"""


class Packages:
    def __init__(self, site: Path) -> None:
        self.site = site

    def install(
        self, distribution: str, code: str, *, entry_point: str = "acme", version: str = "1.0"
    ) -> None:
        module = distribution.replace("-", "_") + "_module"
        (self.site / f"{module}.py").write_text(textwrap.dedent(code))
        info = self.site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[multiorder_sync]\n{entry_point} = {module}\n")

    def install_connector(
        self, distribution: str, name: str = "acme", extra: str = "", **options: str
    ) -> None:
        self.install(distribution, CONNECTOR.format(name=name) + extra + HOOK, **options)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Packages(tmp_path)
    for name in set(sys.modules) - before:
        if name.endswith("_module"):
            del sys.modules[name]
