"""A connector that keeps the contract passes every check."""

import pytest

from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import standards_of

CHECKS = [name.removeprefix("test_") for name in standards_of(ConformanceSuite)]


GUARDED = (
    "find_tells_ours_from_anothers_and_absent",
    "the_same_order_twice_is_one_order",
    "submit_sends_one_create",
    "a_time_out_after_commit_ends_as_success",
    "a_late_commit_ends_as_the_guard_says",
)


def test_a_conforming_connector_passes_every_check(checked):
    from acme.conforming import Conforming

    assert len(CHECKS) > 30
    assert checked(Conforming, *CHECKS) == ""


@pytest.mark.parametrize(("name", "on_duplicate"), [("Merging", "merge"), ("Doubling", "create")])
def test_a_connector_of_another_guard_passes(checked, name, on_duplicate):
    from acme import conforming

    assert checked(getattr(conforming, name), *GUARDED, on_duplicate=on_duplicate) == ""
