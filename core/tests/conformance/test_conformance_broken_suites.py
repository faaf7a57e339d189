"""A run that leaves a standard check out, by whatever means, says so and reaches no level by it."""

import json
import textwrap

import pytest

NOTHING_WRONG = "class Acme(Conforming):\n    pass\n"
CHECK = "test_settings_are_documented"
BEFORE = """
import pytest
from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import Level, standard
"""
SUITE = """
class TestAcme(ConformanceSuite):
    connector = "acme"
    config = "config.toml"
"""
COUNTERFEIT = f"""
@standard(Level.BRONZE, why="", mend="")
def {CHECK}(self):
    pass
"""
FEW = ("-k", "settings or connector_loads")


def written(run, *parts):
    text = "\n".join(textwrap.dedent(part) for part in (BEFORE, *parts))
    (run.folder / "test_acme.py").write_text(text)


REPLACED = f"TestAcme replaces {CHECK}, a standard check, which can't be removed or changed"
WITHOUT_REASON = f"TestAcme exempts {CHECK} without a reason"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            [
                """
                class Lenient(ConformanceSuite):
                    def __init_subclass__(cls, **options):
                        pass
                """,
                COUNTERFEIT,
                SUITE.replace("(ConformanceSuite)", "(Lenient)") + f"    {CHECK} = {CHECK}\n",
            ],
            REPLACED,
        ),
        ([SUITE, COUNTERFEIT, f"TestAcme.{CHECK} = {CHECK}"], REPLACED),
        (
            [
                "from multiorder_sync.conformance.checks.settings import SettingsChecks",
                f"ConformanceSuite; del SettingsChecks.{CHECK}",
                SUITE,
            ],
            REPLACED,
        ),
        (
            [
                "from multiorder_sync.conformance.checks.settings import SettingsChecks",
                SUITE,
                f"del SettingsChecks.{CHECK}",
            ],
            REPLACED,
        ),
        ([SUITE, f'TestAcme.exempt = {{"{CHECK}": ""}}'], WITHOUT_REASON),
        ([SUITE, "TestAcme.transform_seconds = 3600.0"], "TestAcme lets a transform take 3600 sec"),
        (
            [SUITE, "TestAcme.find_lag_seconds = 60.0"],
            "TestAcme lets look-ups lag behind by 60 seconds",
        ),
        (["@pytest.mark.xfail", SUITE.lstrip()], "by the mark xfail; exempt it with a reason"),
        (
            ['@pytest.mark.skip("later")', SUITE.lstrip()],
            "by the mark skip; exempt it with a reason",
        ),
        (
            ['@pytest.mark.skipif(True, reason="later")', SUITE.lstrip()],
            "by the mark skipif; exempt it with a reason",
        ),
    ],
    ids=[
        "a subclass of a subclass", "put in later", "taken from the kit before",
        "taken from the kit after", "an exemption without a reason", "an hour for each transform",
        "a minute for each look-up", "xfail", "skip", "skipif",
    ],
)  # fmt: skip
def test_a_suite_that_is_not_the_standard_one_is_not_run(run, packages, parts, words):
    packages.install_connector("acme", NOTHING_WRONG)
    written(run, *parts)
    status, text, suites = run("test_acme.py", *FEW)
    assert status in (2, 4)
    assert words in text
    assert all(suite["level"] is None for suite in suites)


@pytest.mark.parametrize(
    ("conftest", "words"),
    [
        (
            f"""
            @pytest.hookimpl(tryfirst=True)
            def pytest_pyfunc_call(pyfuncitem):
                if pyfuncitem.name == "{CHECK}":
                    return True
            """,
            f"{CHECK} was not run: something in this run took its place",
        ),
        (
            f"""
            def pytest_collection_modifyitems(items):
                for item in items:
                    if item.name == "{CHECK}":
                        item.obj = lambda: None
            """,
            f"TestAcme runs something else in the place of {CHECK}",
        ),
        (
            f"""
            def pytest_collection_modifyitems(items):
                for item in items:
                    if item.name == "{CHECK}":
                        item.add_marker(pytest.mark.skip("later"))
            """,
            f"TestAcme leaves {CHECK} out by the mark skip",
        ),
        (
            f"""
            @pytest.fixture(autouse=True)
            def stand_in(request):
                if request.node.name == "{CHECK}":
                    request.node.obj = lambda: None
            """,
            f"{CHECK} was not run: something in this run took its place",
        ),
    ],
    ids=["called by a conftest", "another function", "marked later", "another one in a fixture"],
)
def test_a_check_that_something_stands_in_for_fails(run, packages, conftest, words):
    packages.install_connector("acme", NOTHING_WRONG)
    written(run, SUITE)
    (run.folder / "conftest.py").write_text("import pytest\n" + textwrap.dedent(conftest))
    status, text, suites = run("test_acme.py", *FEW)
    assert status == 1
    assert words in text
    (report,) = suites
    outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
    assert outcomes[CHECK] == "failed"
    assert outcomes["test_the_connector_loads"] == "passed"


def test_a_bench_of_ones_own_is_not_taken(run, packages):
    packages.install_connector("acme", "class Acme(Conforming):\n    not_carried = {'x': 'y'}\n")
    written(
        run,
        SUITE,
        """
        def build_bench(cls, *given):
            bench = super(TestAcme, cls).build_bench(*given)
            bench.__dict__["moves"] = {}
            return bench
        TestAcme.build_bench = classmethod(build_bench)
        """,
    )
    status, text, _ = run("test_acme.py", "-k", "declarations_are_true")
    assert status == 1
    assert "not_carried names x, and there is no such field" in text


def test_a_check_that_is_run_several_times_is_as_good_as_its_worst_run(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    fixture = f"""
        @pytest.fixture(autouse=True, params=[1, 2, 3])
        def number(self, request):
            if request.param == 2 and request.function.__name__ == "{CHECK}":
                pytest.fail("the second time")
    """
    written(run, SUITE + textwrap.indent(textwrap.dedent(fixture), "    "))
    status, text, suites = run("test_acme.py", *FEW)
    assert status == 1
    (report,) = suites
    outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
    assert outcomes[CHECK] == "failed"
    assert outcomes["test_the_connector_loads"] == "passed"
    assert "conformance: acme" in text


def test_a_suite_of_which_nothing_was_run_is_reported(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    written(run, SUITE)
    status, text, suites = run("test_acme.py", "-k", "no_such_test")
    assert status == 5
    (report,) = suites
    assert (report["suite"], report["level"]) == ("test_acme.TestAcme", None)
    assert "it was collected, and none of its checks was run" in text
    assert ": not run" not in text


def test_what_a_check_found_is_all_in_the_report_for_machines(run, packages):
    packages.install_connector(
        "acme",
        """
        class Acme(Conforming):
            not_carried = {f"field_{number}": "a reason" for number in range(30)}
        """,
    )
    written(run, SUITE)
    _, text, suites = run("test_acme.py", "-k", "declarations_are_true")
    assert "30 things" in text
    assert "  - and 18 more" in text
    (check,) = (
        each for each in suites[0]["checks"] if each["name"] == "test_declarations_are_true"
    )
    assert [each.partition(",")[0] for each in check["wrong"]] == [
        f"not_carried names field_{number}" for number in range(30)
    ]


def test_the_report_says_which_kit_it_is_of(run, packages):
    from importlib.metadata import version

    from multiorder_sync.conformance.corpus import corpus

    packages.install_connector("acme", NOTHING_WRONG)
    written(run, SUITE)
    run("test_acme.py", "-k", "connector_loads")
    report = json.loads((run.folder / "report.json").read_text())
    assert report["kit"] == {"version": version("multiorder-sync"), "corpus": len(corpus())}


SLOPPY = "class Acme(Conforming):\n    not_carried = {'no_such': 'a reason'}\n"


@pytest.mark.parametrize(("level", "status"), [("bronze", 0), ("silver", 1), ("gold", 1)])
def test_a_run_of_which_a_level_is_asked(run, packages, level, status):
    packages.install_connector("acme", SLOPPY)
    bronze = "connector_loads or settings or setting_up or transform_ or money or prices_are or payloads or refs"
    written(run, SUITE)
    selected = ("-k", f"{bronze} or declarations")
    found, text, suites = run("test_acme.py", *selected, "--conformance-level", level)
    assert suites[0]["level"] == "bronze"
    assert "1 failed" in text
    assert found == status
    reached = "reached" if status == 0 else "not reached"
    assert f"the level that is asked for, {level}, is {reached}" in text


@pytest.mark.parametrize(
    ("test", "selected"),
    [("", FEW), ("", ("-k", "no_such_test")), ("def test_of_our_own(): assert False", ())],
    ids=["some of the checks", "none of them", "another test fails"],
)
def test_a_level_that_is_asked_for_and_not_shown(run, packages, test, selected):
    packages.install_connector("acme", NOTHING_WRONG)
    written(run, SUITE if not test else "", test)
    status, _, _ = run("test_acme.py", *selected, "--conformance-level", "bronze")
    assert status == 1


def test_a_level_that_there_is_not(run):
    status, text, _ = run("--conformance-level", "platinum")
    assert status == 4
    assert "invalid choice: 'platinum'" in text
