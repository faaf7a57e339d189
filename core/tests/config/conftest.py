"""A connector with every kind of setting, a broken one, and configurations in a folder."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from multiorder_sync import Connector, DuplicateGuard, Expression, Secret
from multiorder_sync.config import Config, load
from multiorder_sync.errors import ConfigurationError, Problem
from multiorder_sync.oms.plugins import BrokenPlugin, InstalledConnector, Registry


class Level(StrEnum):
    FAST = "fast"
    SLOW = "slow"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where from.

    Attributes:
        city: The city that parcels
            leave from.
    """

    city: str = "Ulm"
    password: Secret | None = None


class AcmeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How an Acme OMS is reached."""

    base_url: Annotated[str, msgspec.Meta(description="Where Acme is.")]
    password: Secret
    token_url: str | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=9)] = 3
    rate: Annotated[Decimal, msgspec.Meta(description="A rate.")] = Decimal("1.5")
    level: Level = Level.FAST
    mode: Literal["one", "two"] = "one"
    code: Annotated[str, msgspec.Meta(min_length=2, max_length=4)] = "AB"
    tags: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    steps: Annotated[list[str], msgspec.Meta(max_length=2)] = []
    codes: Mapping[str, str] = {}
    keys: dict[str, Secret] = {}
    places: tuple[Address, ...] = ()
    address: Address = Address()
    ref: Expression = Expression("order.id")
    folder: Path | None = None
    either: str | int | None = None
    free: dict[str, Any] = {}
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5
    step: Annotated[int, msgspec.Meta(multiple_of=5)] = 5
    word: Annotated[str, msgspec.Meta(pattern="^[a-z]+$")] = "a"
    day: date | None = None
    at: datetime | None = None
    pair: tuple[str, int] = ("a", 1)
    one_or_more: Annotated[str, msgspec.Meta(min_length=1)] | list[str] = "a"

    def __post_init__(self) -> None:
        if "://" not in self.base_url:
            raise ValueError("base_url must be a URL")
        if self.retries == 7:
            raise RuntimeError("seven")


class AcmePayload(msgspec.Struct, frozen=True, kw_only=True):
    ref: str
    attributes: dict[str, str] = {}


class Acme(Connector[AcmeSettings, AcmePayload]):
    name = "acme"
    api_version = 1
    Settings = AcmeSettings
    Payload = AcmePayload
    duplicate_guard = DuplicateGuard.REFUSES

    def __init__(self, settings, http): ...
    def transform(self, order, context): ...
    async def submit(self, submission): ...
    async def find(self, submission): ...
    async def check(self): ...


REGISTRY = Registry(
    connectors={
        "acme": InstalledConnector(
            connector=Acme, distribution="acme-oms", version="1.0", entry_point="acme"
        )
    },
)

SICK = BrokenPlugin(
    names=("sick",),
    distribution="sick-oms",
    version="2.0",
    entry_point="sick",
    reason="sick_oms can't be imported: ImportError: no",
    remedy="install what it needs",
)

SPACE = """
[spaces.s1]
connector = "acme"
secrets = [{ env = "S1_SECRET" }]
"""
OMS = """
[spaces.s1.oms]
base_url = "https://acme.example.com"
password = { env = "S1_PASSWORD" }
"""
GOOD = SPACE + OMS


class Configurations:
    """Writes configurations into a folder and loads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "config.toml"
        self.registry = REGISTRY

    def install_sick(self) -> None:
        """Let a connector be installed that is broken."""
        self.registry = msgspec.structs.replace(self.registry, broken=(SICK,))

    def load(self, text: str | bytes) -> Config:
        self.path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(self.path, self.registry)

    def problems(self, text: str | bytes) -> list[Problem]:
        with pytest.raises(ConfigurationError) as caught:
            self.load(text)
        assert caught.value.source == str(self.path)
        assert str(caught.value).startswith(f"{self.path} has ")
        return list(caught.value.problems)

    def problem(self, text: str | bytes) -> Problem:
        problems = self.problems(text)
        assert len(problems) == 1, problems
        return problems[0]


@pytest.fixture
def configurations(tmp_path, monkeypatch):
    monkeypatch.setenv("S1_SECRET", "signing-secret-of-s1")
    monkeypatch.setenv("S1_PASSWORD", "password-of-s1")
    monkeypatch.delenv("UNSET", raising=False)
    return Configurations(tmp_path)


@pytest.fixture
def good():
    return GOOD


@pytest.fixture
def space():
    return SPACE
