"""The kit's checks of a connector for Acme, one at a time, and of whole packages by the command."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

if "acme" not in sys.modules:  # a package beside the folders of tests, which are none
    place = Path(__file__).parents[1] / "acme"
    spec = importlib.util.spec_from_file_location(
        "acme", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    sys.modules["acme"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["acme"])


@pytest.fixture(scope="session")
def watch():
    from multiorder_sync.conformance.watching import Watch

    return Watch()


@pytest.fixture
def checked(watch, tmp_path):
    """Give a function that makes some of the kit's checks of a connector.

    It returns what they say of it: nothing for those that pass. What shows in nearly every case is
    seen in some of the corpus, and much sooner: `cases` says in how much of it, "all", "some" or, to
    be seen wrong, "few", without the longest of them.
    """
    from acme.conforming import CONFIG, sandbox

    from multiorder_sync.conformance import ConformanceSuite
    from multiorder_sync.conformance.corpus import corpus

    parts = {
        "all": corpus(),
        "some": tuple(
            case for number, case in enumerate(corpus()) if case.ordinary or number % 10 == 0
        ),
        "few": tuple(
            case
            for number, case in enumerate(corpus())
            if (case.ordinary or number % 40 == 0) and len(case.body) < 16_000
        ),
    }
    benches = []

    def check(kind, *names, on_duplicate="refuse", config=CONFIG, cases="some", **attributes):
        (tmp_path / "config.toml").write_text(config)
        suite = type(
            "TestAcme",
            (ConformanceSuite,),
            {
                "connector": kind,
                "config": tmp_path / "config.toml",
                "sandbox": staticmethod(lambda: sandbox(on_duplicate)),
                **attributes,
            },
        )
        suite.bench = suite.build_bench(watch, {}, tmp_path)
        suite.bench.corpus = parts[cases]
        benches.append(suite.bench)
        return "\n".join(filter(None, (_said(suite, f"test_{name}") for name in names)))

    yield check
    for bench in benches:
        bench.close()


def _said(suite, name):
    try:
        getattr(suite(), name)()
    except pytest.fail.Exception as failure:
        return f"{name}\n{failure}"
    except pytest.skip.Exception as skipped:
        return f"{name}\nskipped: {skipped}"
    return None


CONNECTOR = """
import msgspec
from acme_conforming import Conforming
from multiorder_sync import hookimpl

{code}

@hookimpl
def multiorder_connectors():
    return [{name}]

@hookimpl
def multiorder_sandboxes():
    return {{"acme": "acme_conforming:sandbox"}}
"""


class Packages:
    """Packages on the path, as an installer leaves them: a module and a dist-info folder each."""

    def __init__(self, site):
        self.site = site
        acme = Path(__file__).parents[1] / "acme"
        for name in ("connector", "oms", "conforming"):
            text = (acme / f"{name}.py").read_text()
            for other in ("connector", "oms"):
                text = text.replace(f"from acme.{other} import", f"from acme_{other} import")
            (site / f"acme_{name}.py").write_text(text)

    def install(self, distribution, code, *, version="1.0"):
        (self.site / f"{distribution}_module.py").write_text(textwrap.dedent(code))
        info = self.site / f"{distribution}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[multiorder_sync]\nacme = {distribution}_module\n")

    def install_connector(self, distribution, code, **options):
        """Install a package whose connector is the last class in the code."""
        code = textwrap.dedent(code)
        name = re.findall(r"^class (\w+)", code, re.MULTILINE)[-1]
        self.install(distribution, CONNECTOR.format(code=code, name=name), **options)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    before = set(sys.modules)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    yield Packages(site)
    for name in set(sys.modules) - before:
        if name.endswith("_module") or name.startswith("acme_"):
            del sys.modules[name]


class Run:
    """A run of pytest in a folder of its own, as the authors of a connector start it."""

    def __init__(self, folder, site):
        self.folder = folder
        self.site = site

    def __call__(self, *arguments):
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run(
            # Hypothesis takes longer to load, at the end of the run, than all the rest.
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest",
             *arguments, "--conformance-json", report.name],
            cwd=self.folder, env={**os.environ, "PYTHONPATH": str(self.site), "COLUMNS": "250"},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        suites = json.loads(report.read_text())["suites"] if report.exists() else []
        return done.returncode, done.stdout + done.stderr, suites


@pytest.fixture
def run(tmp_path, packages):
    from acme.conforming import CONFIG

    (tmp_path / "config.toml").write_text(CONFIG)
    return Run(tmp_path, packages.site)
