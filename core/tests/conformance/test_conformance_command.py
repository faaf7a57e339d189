"""The kit as a connector's authors run it: the command, the subclass, the levels, the report."""

import textwrap

import pytest

COMMAND = ("--pyargs", "multiorder_sync.conformance", "--connector", "acme")
CONFIGURED = (*COMMAND, "--config", "config.toml")
NOTHING_WRONG = "class Acme(Conforming):\n    pass\n"
SWALLOWING = """
from multiorder_sync import OutcomeUnknown, Receipt

class Acme(Conforming):
    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown:
            return Receipt(oms_id="?", oms_ref=submission.ref)
"""


def suite(run, body=""):
    text = """
        from multiorder_sync.conformance import ConformanceSuite

        class TestAcme(ConformanceSuite):
            connector = "acme"
            config = "config.toml"
    """
    text = textwrap.dedent(text) + textwrap.indent(textwrap.dedent(body), "    ")
    (run.folder / "test_acme.py").write_text(text)


def test_what_keeps_a_connector_from_the_next_level_is_said(run, packages):
    packages.install_connector("acme", SWALLOWING)
    status, text, suites = run(*CONFIGURED)
    assert status == 1
    (report,) = suites
    assert (report["level"], report["next_level"]) == ("bronze", "silver")
    assert "level: bronze (" in text
    beneath = text.partition("what keeps it from silver:\n")[2]
    assert beneath.startswith("  test_errors_are_classified: failed: ")
    assert "submit returns a receipt, and the OMS does not hold the order" in beneath
    assert report["keeps_from"]["bronze"] == []
    assert "test_errors_are_classified" in report["keeps_from"]["silver"]
    (check,) = (
        check for check in report["checks"] if check["name"] == "test_errors_are_classified"
    )
    assert check["outcome"] == "failed"
    for part in ("What is wrong: ", "Why it matters: ", "How to mend it: "):
        assert part in check["reason"]


IMPORT_ERROR = "import no_such_module"
EXIT = "import sys\nsys.exit('no licence')"
OTHER_VERSION = NOTHING_WRONG + "    api_version = 99\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (IMPORT_ERROR, "can't be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        (EXIT, "can't be imported: SystemExit: no licence"),
        (None, "Acme is written for version 99 of the connector contract"),
    ],
    ids=["import error", "exit at import", "another version"],
)
def test_a_connector_that_can_not_be_loaded(run, packages, code, words):
    if code is None:
        packages.install_connector("acme", OTHER_VERSION)
    else:
        packages.install("acme", code)
    status, text, suites = run(*CONFIGURED)
    assert status == 1
    (report,) = suites
    assert report["level"] is None
    assert "level: none (0 of" in text
    outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
    assert outcomes.pop("test_the_connector_loads") == "failed"
    assert set(outcomes.values()) == {"not run"}
    assert f"the connector acme of acme 1.0 can't be used: acme_module {words}" in text or (
        f"the connector acme of acme 1.0 can't be used: {words}" in text
    )


def test_a_name_that_two_packages_claim(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    packages.install_connector("other", NOTHING_WRONG)
    status, text, _ = run(*CONFIGURED, "-k", "connector_loads")
    assert status == 1
    assert 'the connector name "acme" is claimed by acme 1.0 and by other 1.0' in text
    assert "How to mend it: uninstall all but one of them" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (COMMAND[:2], "it is not said which connector to test, or with which settings"),
        ((*COMMAND, "--config", "nowhere.toml"), "nowhere.toml"),
        ((*CONFIGURED, "--space", "elsewhere"), "has no space elsewhere that uses the connector"),
        ((*COMMAND[:3], "acmee", *CONFIGURED[4:]), 'no installed package has a connector "acmee"'),
    ],
)
def test_a_run_that_lacks_something_says_what(run, packages, arguments, words):
    packages.install_connector("acme", NOTHING_WRONG)
    status, text, _ = run(*arguments, "-k", "connector_loads")
    assert status == 1
    assert words in text


def test_an_exemption_is_shown_with_its_reason_and_caps_the_level(run, packages):
    packages.install_connector("acme", SWALLOWING)
    suite(
        run,
        """
        exempt = {
            "test_errors_are_classified": "Acme's answers are never lost",
            "test_a_late_commit_ends_as_the_guard_says": "and never late",
        }
        """,
    )
    status, text, suites = run("test_acme.py", "-rx")
    assert status == 0, text
    (report,) = suites
    assert report["suite"] == "test_acme.TestAcme"
    assert report["level"] == "bronze"
    assert report["exemptions"]["test_errors_are_classified"] == "Acme's answers are never lost"
    assert "test_errors_are_classified: exempt: Acme's answers are never lost" in text
    assert (
        "what keeps it from gold:\n"
        "  test_a_late_commit_ends_as_the_guard_says: exempt: and never late" in text
    )
    assert "XFAIL test_acme.py::TestAcme::test_errors_are_classified - Acme's answers" in text


def test_a_run_that_pytest_watches_over_by_itself_is_one_like_others(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    suite(run, "")
    watched = ("-o", "faulthandler_timeout=300")
    status, text, _ = run("test_acme.py", "-k", "comes_to_an_end", *watched)
    assert status == 0, text
    assert "1 passed" in text


def test_an_exemption_that_is_not_needed_fails(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    suite(run, 'exempt = {"test_settings_are_documented": "nobody reads it"}')
    status, text, suites = run("test_acme.py", "-k", "documented")
    assert status == 1
    assert "[XPASS(strict)] nobody reads it" in text
    assert suites[0]["level"] is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "def test_money_is_exact(self): pass",
            "TestAcme replaces test_money_is_exact, a standard check, which can't be removed",
        ),
        ("test_money_is_exact = None", 'exempt = {"test_money_is_exact": "why"}'),
        ('exempt = {"test_no_such": "x"}', "TestAcme exempts test_no_such, which is no check"),
        ('exempt = {"test_money_is_exact": " "}', "exempts test_money_is_exact without a reason"),
    ],
)
def test_a_standard_check_can_not_be_removed(run, packages, body, words):
    packages.install_connector("acme", NOTHING_WRONG)
    suite(run, body)
    status, text, _ = run("test_acme.py")
    assert status == 2
    assert words in text


def test_a_mixin_can_not_remove_a_standard_check_either():
    from multiorder_sync.conformance import ConformanceSuite

    class Lenient:
        test_money_is_exact = None

    with pytest.raises(TypeError, match="TestBoth replaces test_money_is_exact"):
        type("TestBoth", (Lenient, ConformanceSuite), {})


def test_a_check_that_is_left_out_of_a_run_counts_as_not_passed(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    suite(run)
    status, text, suites = run("test_acme.py", "-k", "connector_loads or complete")
    assert status == 0
    assert suites[0]["level"] is None
    kept = text.partition("what keeps it from bronze:")[2].partition("what keeps")[0]
    assert "  test_settings_are_documented: not run" in kept
    assert "test_settings_are_complete" not in kept


def test_tests_of_ones_own_stand_beside_the_standard_ones(run, packages):
    packages.install_connector("acme", NOTHING_WRONG)
    suite(run, "def test_of_our_own(self): assert self.bench.subject.name == 'acme'")
    status, text, suites = run("test_acme.py", "-k", "our_own or connector_loads")
    assert status == 0, text
    assert "2 passed" in text
    assert "test_of_our_own" not in str(suites)
