"""`multiorder new`: a complete connector package, to begin with."""

import re
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.cells import cell_len

from multiorder_sync.cli.common import fail, out
from multiorder_sync.oms.connector import API_VERSION
from multiorder_sync.oms.plugins import discover

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TEMPLATE: Final = Path(__file__).with_name("template")

_LONGEST_TITLE: Final = 72
"""So that it fits into a line of code, as formatters make them: the package's own CI asks for that."""


def command(
    name: Annotated[str, typer.Argument(help="The connector, as config.toml will name it: acme.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where to. [default: multiorder-NAME, here]")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="What people call the OMS. [default: from the name]")
    ] = None,
) -> None:
    """Generate a connector package that is whole: code, a sandbox, tests, CI.

    As it is generated it installs, and passes its own tests and the conformance kit.
    """
    if not _NAME.fullmatch(name):
        fail(
            f"{name} can't be a connector's name: it begins with a lower-case letter, and goes on with "
            "lower-case letters and digits, with one - between words."
        )
    if title is not None and not (title.strip() and title.isprintable()):
        fail("A title is one line of text.")
    if title is not None and cell_len(_literal(title)) > _LONGEST_TITLE + 2:
        fail(
            f"A title has at most {_LONGEST_TITLE} characters; wide ones, quotation marks and "
            "backslashes can count twice."
        )
    _refuse_taken(name)
    target = folder or Path(f"multiorder-{name}")
    if target.exists() and not target.is_dir():
        fail(f"{target} is a file; --folder names another place.")
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            fail(f"{target} is there already, and not empty; --folder names another place.")
    except OSError as error:
        _say_unwritable(target, error)
    try:
        from copier import run_copy  # noqa: PLC0415 - an extra: most installations never need it
    except ModuleNotFoundError:
        fail("The template needs copier: pip install 'multiorder-sync[new]'")
    title = title or " ".join(word.capitalize() for word in name.split("-"))
    answers = {
        "name": name,
        "title": title,
        # Within quotation marks, TOML and Python escape the same.
        "title_quoted": _quoted(title, '"'),
        "title_literal": _literal(title),
        "package": _package(name),
        "prefix": _prefix(name, title),
        "core_version": version("multiorder-sync"),
        "next_version": _next(version("multiorder-sync")),
        "api_version": API_VERSION,
    }
    try:
        run_copy(str(_TEMPLATE), target, data=answers, defaults=True, quiet=True, unsafe=False)
    except OSError as error:
        _say_unwritable(target, error)
    console = out()
    console.print(f"{target} is a connector package. Next:\n", markup=False)
    for line in (
        f"cd {target}",
        "python -m venv .venv && .venv/bin/pip install -e '.[dev]'",
        ".venv/bin/pytest",
    ):
        console.print(f"  {line}", markup=False)
    console.print("\nIts README.md says what to make yours, and in which order.")


def _refuse_taken(name: str) -> None:
    """Stop if an installed package has the connector's name, or that of its package, already."""
    taken = discover().look_up(name)
    if taken is not None:
        fail(
            f"{taken.distribution} {taken.version} brings a connector {name} already; choose another name."
        )
    package = _package(name)
    if find_spec(package) is not None:
        brought = packages_distributions().get(package, [package])[0]
        fail(f"{package} is the package of {brought}, which is installed; choose another name.")
    try:
        fail(
            f"multiorder-{name} {version(f'multiorder-{name}')} is installed; choose another name."
        )
    except PackageNotFoundError:
        return


def _package(name: str) -> str:
    return f"multiorder_{name.replace('-', '_')}"


def _prefix(name: str, title: str) -> str:
    """Return how the classes are called: as the title writes the name, if it does."""
    letters = "".join(each for each in title if each.isascii() and each.isalnum())
    if letters.lower() == name.replace("-", "") and letters[0].isupper():
        return letters
    return "".join(word.capitalize() for word in name.split("-"))


def _quoted(text: str, mark: str) -> str:
    return text.replace("\\", "\\\\").replace(mark, f"\\{mark}")


def _literal(text: str) -> str:
    mark = "'" if text.count('"') > text.count("'") else '"'
    return f"{mark}{_quoted(text, mark)}{mark}"


def _say_unwritable(target: Path, error: OSError) -> NoReturn:
    fail(f"{target} can't be written: {error.strerror or error}; --folder names another place.")


def _next(current: str) -> str:
    """Return the first version that may differ, for a package of versions 0.x."""
    major, minor, *_ = current.split(".")
    return f"0.{int(minor) + 1}" if major == "0" else f"{int(major) + 1}"
