"""Which of the calls that arrive are creates, whatever the connector says of them."""

from collections.abc import Iterable

import msgspec

from multiorder_sync.conformance.passage import Arrival


class Routes(msgspec.Struct, frozen=True):
    """Where the calls of a submit, a find and a check go while nothing is wrong.

    Attributes:
        shared: The routes of calls that create nothing: at an OMS of one endpoint, they are those
            of creates too.
    """

    shared: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, arrivals: Iterable[Arrival]) -> "Routes":
        """Return the routes that were taken."""
        return cls(frozenset(each.route for each in arrivals if not each.creates))

    def creates(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """Return the creates among calls: those that are marked, and those that look like them.

        A create that is sent again without its mark has the route of the first one; at an OMS of
        one endpoint, it has at least its operation or its body.
        """
        arrivals = list(arrivals)
        marked = [each for each in arrivals if each.creates]
        routes = {each.route for each in marked} - self.shared
        operations = {each.called for each in marked}
        bodies = {each.body for each in marked}
        return [
            each
            for each in arrivals
            if each.creates
            or each.route in routes
            or each.called in operations
            or (each.body and each.body in bodies)
        ]
