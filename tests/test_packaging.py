"""What an installation gets, and that what is pinned is what is declared."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
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


@pytest.mark.parametrize("file", ["run.txt", "dev.txt"])
def test_what_a_pinned_package_needs_with_an_extra_is_pinned_with_it(file):
    # Older versions of pip take the newest release for it otherwise, and then miss its hash.
    text = (REQUIREMENTS / file).read_text()
    pins = [Requirement(line) for line in re.findall(r"(?m)^([a-z].*==.*?) \\$", text)]
    assert len(pins) > 30
    extras = {canonicalize_name(pin.name): pin.extras for pin in pins}
    for pin in pins:
        for needed in map(Requirement, installed_needs(pin)):
            name = canonicalize_name(needed.name)
            assert needed.extras <= extras[name], f"{pin.name} needs {needed}"


def installed_needs(pin):
    if pin.marker is not None and not pin.marker.evaluate():
        return
    for text in requires(pin.name) or ():
        marker = Requirement(text).marker
        contexts = [{"extra": extra} for extra in pin.extras or {""}]
        if marker is None or any(map(marker.evaluate, contexts)):
            yield text


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


BLOCKING = """
import sys

BLOCKED = {blocked!r}

class Blocking:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {{name!r}}, which the kit must not need")

sys.meta_path.insert(0, Blocking())
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_the_kit_needs_nothing_but_pytest_beside_core(tmp_path):
    core = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text())["project"]
    extra = names(core["optional-dependencies"]["conformance"])
    assert extra == {"pytest"}
    needed, waiting = set(), {*names(core["dependencies"]), *extra}
    while waiting:
        name = canonicalize_name(waiting.pop())
        needed.add(name)
        wanted = {
            canonicalize_name(each.name)
            for each in map(Requirement, requires(name) or ())
            if each.marker is None or each.marker.evaluate({"extra": ""})
        }
        waiting |= wanted - needed
    modules = packages_distributions()
    ours = {"multiorder-sync", "multiorder-manhattan"}
    blocked = {
        module
        for module, owners in modules.items()
        if not {canonicalize_name(owner) for owner in owners} & (needed | ours)
    }
    assert {"pytest_asyncio", "pytest_cov"} <= blocked
    script = tmp_path / "run.py"
    script.write_text(BLOCKING.format(blocked=sorted(blocked)))
    (tmp_path / "test_manhattan.py").write_text(
        "from multiorder_sync.conformance import ConformanceSuite\n"
        "class TestManhattan(ConformanceSuite):\n"
        f"    connector, config = 'manhattan', {str(ROOT / 'config.toml')!r}\n"
    )
    result = subprocess.run(
        [sys.executable, script, "-q", "-p", "no:cacheprovider",
         "-p", "multiorder_sync.conformance.plugin",
         "test_manhattan.py", "--conformance-level", "silver",
         "-k", "not ordinary and not odd"],
        cwd=tmp_path, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "level: silver" in result.stdout
