"""The blocks of the guides that are no Python: commands exist, options too, names are right."""

import json
import re
import shlex
import subprocess
import sys
import tomllib

import pytest
import typer
from desk import Commands
from whole import ROOT

from multiorder_sync.cli.app import build
from multiorder_sync.oms.hookspecs import PROJECT

USAGE = typer.BadParameter.__base__
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
AUTHORS = [ROOT / "docs" / name for name in ("plugin-author.md", "conformance.md")]
TEMPLATE = (ROOT / "core/multiorder_sync/cli/template/pyproject.toml.jinja").read_text("utf-8")
CORE = tomllib.loads((ROOT / "core" / "pyproject.toml").read_text("utf-8"))["project"]


def blocks(page, language):
    text = page.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


(PACKAGE,) = [each for each in blocks(AUTHORS[0], "ini") if "[project]" in each]
RULES = tomllib.loads(PACKAGE)["project"]


def lines(page):
    """Yield the words of each command, without what stands before a `multiorder` or after a pipe."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r" (?:&&|\|) ", line):
                words = shlex.split(part, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words.pop(0)
                if words:
                    yield [words[0].rpartition("/")[2], *words[1:]]


def parsed(words):
    """Parse the words after `multiorder` as the command does, and run nothing."""
    command, context = typer.main.get_command(build()), None
    rest = words
    while True:
        context = command.make_context(command.name or "multiorder", list(rest), parent=context)
        if not hasattr(command, "commands"):
            return
        rest = [*getattr(context, "_protected_args", ()), *context.args]
        if not rest:
            return
        _, command, rest = command.resolve_command(context, rest)


COMMANDS = [
    (page.name, words) for page in GUIDES for words in lines(page) if words[0] == "multiorder"
]


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=[" ".join(w) for _, w in COMMANDS])
def test_every_command_line_of_the_guides_can_be_typed(page, words):
    try:
        parsed(words[1:])
    except typer.Exit as done:
        assert done.exit_code == 0
    except USAGE as wrong:
        pytest.fail(f"{page}: {' '.join(words)}: {wrong}")


@pytest.mark.parametrize(
    "words", [["new"], ["transform", "x", "--nope"], ["nope"], ["plugins", "x"]]
)
def test_a_command_line_that_can_not_be_typed_is_found(words):
    with pytest.raises(USAGE):
        parsed(words)


@pytest.mark.parametrize("page", AUTHORS, ids=lambda page: page.name)
def test_the_other_commands_of_an_author_are_known_with_their_options(page, pytestconfig):
    for words in lines(page):
        match words:
            case ["multiorder", *_] | ["pytest"]:
                pass
            case ["cd", "multiorder-acme"]:
                assert 'name = "multiorder-{{ name }}"' in TEMPLATE
            case ["pytest", *rest]:
                assert rest[:2] == ["--pyargs", "multiorder_sync.conformance"]
                for word in rest:
                    if word.startswith("--"):
                        pytestconfig.getoption(word)
            case ["python", "-m", "venv", ".venv"]:
                pass
            case ["pip", "install", "./acme-rules"]:
                assert RULES["name"] == "acme-rules"
            case ["pip", "install", *rest]:
                checked_install(rest)
            case _:
                pytest.fail(f"who knows {' '.join(words)}?")


def checked_install(words):
    asked = [word for word in words if "[" in word]
    assert len(asked) == 1
    name, extras = re.fullmatch(r"([\w.-]+)\[([\w,]+)\]", asked[0]).groups()
    assert {word for word in words if word.startswith("-")} <= {"-e", "--find-links"}
    known = CORE["optional-dependencies"]
    if name == ".":
        known = tomllib.loads(re.sub(r"\{\{ .*? \}\}", "x", TEMPLATE))["project"][
            "optional-dependencies"
        ]
    else:
        assert name == CORE["name"]
    assert set(extras.split(",")) <= set(known)


@pytest.mark.parametrize("page", AUTHORS, ids=lambda page: page.name)
def test_every_block_of_an_authors_page_is_of_a_kind_that_is_checked(page):
    fences = re.findall(r"^```(\w*)$", page.read_text("utf-8"), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert set(fences[::2]) <= {"python", "sh", "ini", "toml"}
    assert set(fences[1::2]) == {""}


def test_the_package_of_hooks_installs_and_its_hooks_are_found(tmp_path):
    assert f"[project.entry-points.{PROJECT}]" in TEMPLATE
    source, site = tmp_path / "acme-rules", tmp_path / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PACKAGE)
    (veto,) = [each for each in blocks(AUTHORS[0], "python") if "def multiorder_veto(" in each]
    (source / "acme_rules.py").write_text(veto)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
         "--target", site, source],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    with Commands(PYTHONPATH=site) as commands:
        listed = json.loads(commands.run("plugins", "list", "--json").stdout)
    (found,) = listed["hooks"]
    assert (found["name"], found["version"]) == (RULES["name"], RULES["version"])
    assert (found["status"], found["hooks"]) == ("ok", ["multiorder_veto"])


def test_the_python_of_the_page_on_conformance_runs():
    found = blocks(ROOT / "docs" / "conformance.md", "python")
    assert found
    for block in found:
        exec(compile(block, "docs/conformance.md", "exec"), {"__name__": "example"})
