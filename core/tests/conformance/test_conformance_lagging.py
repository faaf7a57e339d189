"""An OMS whose look-ups show an order late: a suite that says so passes, and another is told of it."""

from acme.conforming import Conforming
from acme.oms import KEY, AcmeOms

from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import standards_of
from multiorder_sync.sandbox import json_answer

CHECKS = [name.removeprefix("test_") for name in standards_of(ConformanceSuite)]
FIND = "find_tells_ours_from_anothers_and_absent"


class Lagging(AcmeOms):
    """Shows no order to the first look-up: how long that lasts is a matter of who asks again."""

    def __init__(self):
        super().__init__()
        self.asked_for = set()

    def forget(self):
        super().forget()
        self.asked_for.clear()

    async def _find(self, request):
        ref = request.query_params["ref"]
        known = request.headers.get("x-api-key") == KEY
        if known and ref in self.refs and ref not in self.asked_for:
            self.asked_for.add(ref)
            return json_answer({"orders": []})
        return await super()._find(request)


class Forgetful(Conforming):
    """Sees no order at all."""

    async def find(self, submission):
        await super().find(submission)


def sandbox():
    return Lagging().sandbox()


LATE = {"sandbox": staticmethod(sandbox), "find_lag_seconds": 2.0}


def test_a_suite_that_says_by_how_much_find_lags_passes_every_check(checked):
    assert checked(Conforming, *CHECKS, cases="few", **LATE) == ""


def test_lag_that_is_not_said_is_named_as_a_cause(checked):
    late = {"sandbox": staticmethod(sandbox)}
    said = checked(Conforming, FIND, "a_late_commit_ends_as_the_guard_says", cases="few", **late)
    cause = "show an order late, say by how much with find_lag_seconds in the suite"
    assert "of our order, find returned None, not a receipt; if it is because" in said
    assert said.count(cause) >= 2
    said = checked(Conforming, "ordinary_orders_are_taken", cases="few", **late)
    assert "find returned None" in said
    assert "say find_lag_seconds in the suite" in said


def test_lag_excuses_no_find_that_sees_nothing(checked):
    said = checked(Forgetful, FIND, sandbox=staticmethod(sandbox), find_lag_seconds=0.1)
    assert "of our order, find returned None, not a receipt" in said


def test_the_report_shows_the_lag(run, packages):
    packages.install_connector("acme", "class Acme(Conforming):\n    pass\n")
    (run.folder / "test_acme.py").write_text(
        "from multiorder_sync.conformance import ConformanceSuite\n"
        "class TestAcme(ConformanceSuite):\n"
        "    connector, config, find_lag_seconds = 'acme', 'config.toml', 0.5\n"
    )
    _, text, (suite,) = run("test_acme.py", "-k", "connector_loads")
    assert suite["find_lag_seconds"] == 0.5
    assert "find may see an order 0.5 seconds late (find_lag_seconds)" in text
