"""Which of the calls that arrive are creates, whatever the connector says of them, and which repeat one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from multiorder_sync.conformance.passage import Arrival
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene
from multiorder_sync.conformance.stage import Stage


class Routes(msgspec.Struct, frozen=True):
    """Where the calls of a submit, a find and a check go while nothing is wrong.

    Attributes:
        shared: The routes of calls that create nothing: at an OMS of one endpoint, they are those
            of creates too.
        calls: The creates of that submit.
        ended: How that submit ended.
    """

    shared: frozenset[tuple[str, str]] = frozenset()
    calls: tuple[Arrival, ...] = ()
    ended: Ended = Ended()

    @classmethod
    def of(cls, submitted: Sequence[Arrival], others: Iterable[Arrival], ended: Ended) -> "Routes":
        """Return the routes that were taken.

        Args:
            submitted: The calls of a submit.
            others: Those of a find and a check.
            ended: How the submit ended.
        """
        shared = frozenset(each.route for each in (*submitted, *others) if not each.creates)
        return cls(shared, tuple(cls(shared).creates(submitted)), ended)

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

    def repeated(self, arrivals: Iterable[Arrival], *, spare: int = 0) -> str | None:
        """Say which creates a submit sends more often than one to which nothing happens.

        An order may well take several of them, each of its own kind. They are of one kind by their
        route, their operation or their body: what is sent again may bear another token or time, and
        another name.

        Args:
            arrivals: The calls of the submit.
            spare: How many of a kind may be sent beside those.
        """
        before = self._kinds(self.calls)
        creates = self.creates(arrivals)
        for kind, calls in self._kinds(creates).items():
            if len(calls) > max(1, len(before[kind])) + spare:
                return _worded(calls, len(before[kind]))
        if len(creates) > len(self.calls) + spare:
            return _worded(creates, len(self.calls))
        return None

    @property
    def doubled(self) -> str | None:
        """Which creates are sent twice by a submit to which nothing happens."""
        making = {each.called for each in self.calls if each.made}
        alike: dict[object, list[Arrival]] = defaultdict(list)
        for each in self.calls:
            if each.called in making:
                alike[each.called].append(each)
            # Lines or payments may be sent one by one: by the same call, each with another body.
            alike[each.route, each.body].append(each)
        return next((_worded(calls, 1) for calls in alike.values() if len(calls) > 1), None)

    def _kinds(self, creates: Iterable[Arrival]) -> dict[tuple[str, object], list[Arrival]]:
        found: dict[tuple[str, object], list[Arrival]] = defaultdict(list)
        for each in creates:
            found["operation", each.called].append(each)
            if each.route not in self.shared:
                found["route", each.route].append(each)
            if each.body:
                found["body", each.body].append(each)
        return found


def routes_of(stage: Stage, submission: AnySubmission) -> Routes:
    """Submit, find and check while nothing is wrong, and return where the calls go."""

    async def scene(opened: Scene) -> Routes:
        ended = await opened.submit(submission)
        submitted = [*opened.door.arrivals]
        await opened.find(submission)
        await opened.check()
        return Routes.of(submitted, opened.door.arrivals[len(submitted) :], ended)

    return stage.run(scene)


def _worded(calls: Sequence[Arrival], usual: int) -> str:
    """Word how many creates there are, of which it takes so many."""
    names = ", ".join(each.called for each in calls)
    return f"sends {len(calls)} creates ({names}), where an order takes {usual or 'none'} of them"
