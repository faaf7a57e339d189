"""A connector by a third party, from its wheel beside core's in a fresh environment, is gold.

examples/connectors/shipstation was written with nothing but the guide for plugin authors and what
`multiorder new` generates.
"""

import json
import os
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from whole import ROOT

PACKAGE = ROOT / "examples" / "connectors" / "shipstation"
ORDER = ROOT / "examples" / "orders" / "multi-two-addresses.json"


class Environment:
    """A virtual environment with two wheels and what they need, and nothing else of ours."""

    def __init__(self, folder, wheels):
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        packages = next(folder.glob("lib/python*/site-packages"))
        # What is installed already is what both wheels need; none of it is fetched again.
        for place in map(Path, site.getsitepackages()):
            for each in place.iterdir():
                ours = "multiorder" in each.name or each.suffix == ".pth"
                if not ours and not (packages / each.name).exists():
                    (packages / each.name).symlink_to(each)
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", self.bin / "python", "install", "--quiet",
             "--no-deps", "--no-index", *wheels],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip

    def run(self, *command, cwd):
        """Run a program of the environment, and return how it ended."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
        }
        return subprocess.run(
            [self.bin / command[0], *map(str, command[1:])],
            cwd=cwd, env={**environment, "COLUMNS": "200", "NO_COLOR": "1"}, text=True,
            check=False, capture_output=True, timeout=600,
        )  # fmt: skip

    def multiorder(self, *arguments, cwd):
        return self.run("multiorder", *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh")
    for source in (ROOT / "core", PACKAGE):
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
             "--wheel-dir", folder / "wheels", source],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    return Environment(folder / "venv", sorted((folder / "wheels").glob("*.whl")))


@pytest.fixture
def package(tmp_path):
    """A copy of what is not in the wheel: its tests and its configuration."""
    for name in ("tests", "config.toml", "pyproject.toml"):
        source = PACKAGE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    return tmp_path


def test_it_is_all_that_is_installed_beside_core(environment, package):
    result = environment.multiorder("plugins", "list", "--json", cwd=package)
    listed = json.loads(result.stdout)
    assert [(each["name"], each["status"]) for each in listed["connectors"]] == [
        ("shipstation", "ok")
    ]
    assert listed["connectors"][0]["sandbox"]
    assert environment.multiorder("plugins", "check", cwd=package).returncode == 0
    code = "import multiorder_shipstation, multiorder_sync; print(multiorder_sync.__file__)"
    where = environment.run("python", "-c", code, cwd=package)
    assert str(environment.bin.parent) in where.stdout, where.stderr


def test_a_configuration_picks_it(environment, package):
    result = environment.multiorder("transform", ORDER, "--json", cwd=package)
    assert result.returncode == 0, result.stderr
    submissions = json.loads(result.stdout)["submissions"]
    assert len(submissions) == 3
    values = submissions[0]["values"]
    assert values["orderKey"] == submissions[0]["ref"]
    assert values["advancedOptions.storeId"] == 12


def test_its_own_tests_pass_and_the_kit_says_gold(environment, package):
    report = package / "report.json"
    result = environment.run(
        *("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"),
        *("-p", "no:hypothesispytest"),  # it takes long to load, and is used by none of them
        *("--conformance-json", report),
        cwd=package,
    )
    assert result.returncode == 0, result.stdout[-5000:]
    assert "level: gold" in result.stdout
    (suite,) = json.loads(report.read_text())["suites"]
    assert suite["level"] == "gold"
