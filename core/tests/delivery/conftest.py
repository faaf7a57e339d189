"""The endpoint and a third party's connector with its OMS, for the tests of the use case."""

import importlib.util
import sys
from pathlib import Path

import pytest
import pytest_asyncio

if "acme" not in sys.modules:  # a package beside the folders of tests, which are none
    place = Path(__file__).parents[1] / "acme"
    spec = importlib.util.spec_from_file_location(
        "acme", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    sys.modules["acme"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["acme"])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running_world():
    from acme import serving_world

    async with serving_world() as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def world(running_world):
    await running_world.reset()
    yield running_world
    await running_world.reset()


@pytest.fixture(autouse=True)
def logged():
    """Every log line of the test, as the dictionaries that they are, and none on the screen."""
    import structlog

    with structlog.testing.capture_logs() as lines:
        yield lines
