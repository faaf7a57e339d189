"""`multiorder new`: what it generates is whole, installs, and passes its own tests and the kit."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_command_line import run

FILES = {
    ".github/workflows/ci.yml",
    ".gitignore",
    "LICENSE",
    "README.md",
    "config.toml",
    "multiorder_acme_two/__init__.py",
    "multiorder_acme_two/connector.py",
    "multiorder_acme_two/not_carried.py",
    "multiorder_acme_two/payload.py",
    "multiorder_acme_two/plugin.py",
    "multiorder_acme_two/py.typed",
    "multiorder_acme_two/sandbox.py",
    "multiorder_acme_two/settings.py",
    "multiorder_acme_two/transform.py",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/test_conformance.py",
    "tests/test_connector.py",
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new") / "package"
    result = run("new", "acme-two", "--title", "Acme Two", "--folder", folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_it_generates_exactly_these_files(generated):
    made = {str(file.relative_to(generated)) for file in generated.rglob("*") if file.is_file()}
    assert made == FILES


def test_a_licence_is_still_to_be_chosen_and_the_package_says_how(generated):
    project = tomllib.loads((generated / "pyproject.toml").read_text())["project"]
    assert (project["license"], project["license-files"]) == ("LicenseRef-Not-Chosen", ["LICENSE"])
    assert 'license = "MIT"' in (generated / "LICENSE").read_text()


def test_its_workflow_may_only_read(generated):
    text = (generated / ".github" / "workflows" / "ci.yml").read_text()
    assert "\npermissions:\n  contents: read\n" in text


def steps(folder):
    """Return the commands of the workflow, but for what sets the machine up."""
    text = (folder / ".github" / "workflows" / "ci.yml").read_text()
    found = re.findall(r"^ +- run: (.*)$", text, re.MULTILINE)
    return [step for step in found if not step.startswith("pip ")]


def checked(step, folder, *paths):
    """Run a command in a generated package, with the tools of this environment."""
    bin_folder = str(Path(sys.executable).parent)
    env = {
        **os.environ,
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        # Hypothesis is no tool of the package, and loading it takes longer than most of its tests.
        "PYTEST_ADDOPTS": "-p no:asyncio -p no:cacheprovider -p no:hypothesispytest",
        "MYPY_CACHE_DIR": os.devnull,
        "RUFF_NO_CACHE": "true",
    }
    result = subprocess.run(
        step, shell=True, cwd=folder, env=env, text=True,
        check=False, capture_output=True, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, (step, result.stdout[-5000:], result.stderr[-2000:])
    return result.stdout


def test_what_it_generates_installs_and_passes_its_own_ci(generated, tmp_path):
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--target", site, generated],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert (site / "multiorder_acme_two" / "py.typed").is_file()
    # What the tools leave behind is not among what is generated.
    package = shutil.copytree(generated, tmp_path / "package")
    said = {step: checked(step, package, site) for step in steps(generated)}
    tools = [step.split()[0] for step in said]
    assert tools == ["ruff", "ruff", "mypy", "pytest"]
    (pytest_says,) = [text for step, text in said.items() if step.startswith("pytest")]
    assert "level: bronze" in pytest_says
    assert "level: bronze." in (generated / "README.md").read_text()
    # Its exemption is to be taken out, and leaves nothing behind that its tools refuse.
    suite = package / "tests" / "test_conformance.py"
    whole = suite.read_text()
    suite.write_text(re.sub(r"^    # Take.*?^    \}\n", "", whole, flags=re.MULTILINE | re.DOTALL))
    assert "exempt" not in suite.read_text()
    for step in steps(generated)[:2]:
        checked(step, package, site)
    suite.write_text(whole)
    # The last step holds the level that the README claims.
    higher = f"{steps(generated)[-1].replace('bronze', 'silver')} tests/test_conformance.py"
    with pytest.raises(AssertionError, match="silver, is not reached"):
        checked(higher, package, site)


def test_what_it_generates_declares_all_that_the_kit_names_and_is_told_nothing_more(
    generated, tmp_path
):
    package = shutil.copytree(generated, tmp_path / "package")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--target", tmp_path / "site", package],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    suite = package / "tests" / "test_conformance.py"
    suite.write_text(suite.read_text().partition("    # Take this out")[0])
    declared = package / "multiorder_acme_two" / "not_carried.py"
    paths = (package, tmp_path / "site")

    def said_of_fields():
        names = "every_field_is_carried_or_declared or declarations_are_true"
        step = f"pytest tests/test_conformance.py -k '{names}' --conformance-json said.json || true"
        checked(step, package, *paths)
        (suite,) = json.loads((package / "said.json").read_text())["suites"]
        return [each for check in suite["checks"] for each in check["wrong"]]

    named = [re.fullmatch(r"(\S+) is in no place of .*", each) for each in said_of_fields()]
    assert "id" in {each[1] for each in named}
    entries = "".join(f'    "{each[1]}": "has no place in Acme Two",\n' for each in named)
    declared.write_text(f"{declared.read_text().rstrip().removesuffix('}')}{entries}}}\n")
    assert said_of_fields() == []


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("acme", 'Acme "The OMS"'),
        ("acme", 'Acme\'s \\ {braces} {{ more }} """ ŌMS'),
        ("a-name-that-is-longer-than-most", None),
        ("x", "#"),
        ("zz", "A" * 72),
        ("zz", "漢" * 36),
    ],
)
def test_names_and_titles_of_any_kind_give_what_parses_and_is_in_form(name, title, tmp_path):
    folder = tmp_path / "package"
    options = ["--title", title] if title else []
    result = run("new", name, *options, "--folder", folder)
    assert result.returncode == 0, result.stderr
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    if title:
        assert project["description"] == f"{title} connector for multiorder-sync."
    package = folder / f"multiorder_{name.replace('-', '_')}"
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8")))
    assert docstring.startswith("The connector for ")
    if title:
        assert title in docstring
        assert f"connector for {title} to" in (folder / "README.md").read_text("utf-8")
    for step in steps(folder)[:2]:
        checked(step, folder)


def test_classes_are_called_as_the_title_writes_the_name(tmp_path):
    run("new", "shipstation", "--title", "ShipStation", "--folder", tmp_path / "package")
    code = (tmp_path / "package" / "multiorder_shipstation" / "connector.py").read_text()
    assert "class ShipStationConnector(" in code


@pytest.mark.parametrize("title", ["two\nlines", " ", "bell\a"])
def test_a_title_that_is_no_line_of_text_is_refused(title, tmp_path):
    result = run("new", "acme", "--title", title, "--folder", tmp_path / "package")
    assert result.returncode == 1
    assert "A title is one line of text." in result.stderr
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize("title", ["A" * 73, "漢" * 37, "\\" * 37])
def test_a_title_that_does_not_fit_into_a_line_of_code_is_refused(title, tmp_path):
    result = run("new", "zz", "--title", title, "--folder", tmp_path / "package")
    assert result.returncode == 1
    assert "A title has at most 72 characters" in result.stderr
    assert not (tmp_path / "package").exists()


@pytest.mark.parametrize("name", ["Acme", "acme oms", "-acme", "1acme", "acme--oms", "acme-", ""])
def test_a_name_that_can_not_be_one_is_refused(name, tmp_path):
    result = run("new", "--folder", tmp_path / "package", "--", name)
    assert result.returncode != 0
    assert (
        f"{name} can't be a connector's name: it begins with a lower-case letter" in result.stderr
    )
    assert "one - between words" in result.stderr
    assert not (tmp_path / "package").exists()


def test_the_name_of_core_is_taken_and_that_of_every_installed_package(tmp_path):
    for name in ("sync", "manhattan"):
        result = run("new", name, cwd=tmp_path)
        assert result.returncode == 1
        assert "choose another name" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_can_not_be_made_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "package"):
        result = run("new", "acme", "--folder", folder)
        assert result.returncode == 1
        assert str(folder) in result.stderr.replace("\n", "")
        assert "--folder names another place" in result.stderr
        assert "Traceback" not in result.stderr


def test_a_taken_name_and_a_taken_folder_are_refused(tmp_path):
    result = run("new", "manhattan", cwd=tmp_path)
    assert result.returncode == 1
    assert "multiorder-manhattan" in result.stderr
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    result = run("new", "acme", "--folder", tmp_path / "there")
    assert result.returncode == 1
    assert "is there already" in result.stderr
