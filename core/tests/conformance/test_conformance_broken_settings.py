"""Connectors whose settings are broken in one way each are caught, in words."""

import socket
from functools import partial
from typing import Annotated

import msgspec
import pytest
from acme.conforming import (
    CONFIG,
    KEY,
    Conforming,
    ConformingSettings,
)

from multiorder_sync import Secret


@pytest.fixture
def checked(checked):
    """Make the checks of a few cases: what is wrong here is wrong in nearly all of them."""
    return partial(checked, cases="few")


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    base_url: Annotated[str, msgspec.Meta(description="where")]
    api_key: Annotated[str, msgspec.Meta(description="a secret that is none")]


class Terse(ConformingSettings, frozen=True, kw_only=True):
    depth: int = 3


class Homeless(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="the key")]


HOMELESS = f"""
[spaces.shop]
connector = "acme"
secrets = ["s"]
[spaces.shop.oms]
api_key = "{KEY}"
"""


@pytest.mark.parametrize(
    ("settings", "config", "check", "words"),
    [
        (Plain, CONFIG, "secret_settings_are_secrets", "the setting api_key sounds like a secret"),
        (Terse, CONFIG, "settings_are_documented", "the setting depth has no description"),
        (Homeless, HOMELESS, "settings_are_complete", "no setting holds an http(s) URL"),
    ],
)
def test_settings_that_will_not_do(checked, settings, config, check, words):
    class Other(Conforming):
        Settings = settings

    assert words in checked(Other, check, config=config)


def test_a_connector_that_wants_more_than_it_asks_for(checked):
    class Wanting(Conforming):
        Settings = type(
            "Optional",
            (ConformingSettings,),
            {"__annotations__": {"region": str | None}, "region": None},
            frozen=True,
            kw_only=True,
        )

        def __init__(self, settings, http):
            super().__init__(settings, http)
            if settings.region is None:
                raise KeyError("region")

    config = CONFIG + 'region = "eu"\n'
    said = checked(Wanting, "settings_are_complete", config=config)
    assert (
        "with base_url, api_key alone, the rest by default, the connector can't be set up" in said
    )


def test_a_connector_that_looks_around_when_it_is_set_up(checked):
    class Curious(Conforming):
        def __init__(self, settings, http):
            super().__init__(settings, http)
            socket.getaddrinfo("localhost", 80)

    said = checked(Curious, "setting_up_does_nothing")
    assert "__init__ looks up a host's name" in said
