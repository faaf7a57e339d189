"""The suite for `pytest --pyargs multiorder_sync.conformance --connector NAME --config FILE`."""

from multiorder_sync.conformance.suite import ConformanceSuite


class TestConformance(ConformanceSuite):
    """The connector that the command line names."""
