"""What an installation gets, and that what is pinned is what is declared."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from whole import ROOT

DISTRIBUTIONS = ("core", "plugins/fluentcommerce", "plugins/manhattan")
REQUIREMENTS = ROOT / "requirements"


def names(requirements):
    found = {re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0].lower() for line in requirements}
    return {name for name in found if name and not name.startswith(("#", "-", "multiorder-"))}


def declared():
    needed = set()
    for distribution in DISTRIBUTIONS:
        project = tomllib.loads((ROOT / distribution / "pyproject.toml").read_text())
        needed |= names(project["project"]["dependencies"])
        needed |= names(project["build-system"]["requires"])
        for extra in project["project"].get("optional-dependencies", {}).values():
            needed |= names(extra)
    return needed


def pinned(file):
    return names(line for line in (REQUIREMENTS / file).read_text().splitlines() if "==" in line)


def test_what_is_pinned_is_what_the_distributions_declare():
    # editables is what hatchling needs for an editable installation.
    listed = names((REQUIREMENTS / "run.in").read_text().splitlines()) - {"editables"}
    assert listed == declared()
    assert declared() <= pinned("run.txt") <= pinned("dev.txt")


@pytest.mark.parametrize("file", ["run.txt", "dev.txt"])
def test_every_pin_has_hashes_and_none_names_a_registry(file):
    text = (REQUIREMENTS / file).read_text()
    assert "://" not in text
    assert "index" not in text
    for requirement in re.split(r"\n(?=[a-z])", text):
        if "==" in requirement:
            assert "--hash=sha256:" in requirement


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_wheel_holds_the_package_and_nothing_else(distribution, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", tmp_path, ROOT / distribution],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    (package,) = (path for path in (ROOT / distribution).glob("multiorder_*") if path.is_dir())
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    present = {
        str(path.relative_to(package.parent))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == present
    assert f"{package.name}/py.typed" in held


def test_a_machine_without_a_new_enough_python_is_told_in_one_line(tmp_path):
    result = subprocess.run(
        ["/bin/sh", REQUIREMENTS / "create-venv.sh", tmp_path / "venv"],
        capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=False, timeout=30,
    )  # fmt: skip
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "Python 3.11" in result.stderr


def test_nothing_of_a_plugin_is_known_to_core():
    for path in (ROOT / "core" / "multiorder_sync").rglob("*.py"):
        assert not re.search(r"fluent|manhattan", path.read_text("utf-8"), re.IGNORECASE), path


def test_importing_core_loads_no_sandbox_and_no_command_line():
    code = "import sys, multiorder_sync; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = set(loaded.stdout.split())
    assert not modules & {"multiorder_sync.sandbox", "multiorder_sync.cli", "typer", "graphql"}


def test_the_documented_files_are_there():
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "docs/merchant.md"):
        assert Path(ROOT / name).stat().st_size > 500
