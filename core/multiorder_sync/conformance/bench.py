"""What the checks of one suite share: the connector, the corpus, and what came of it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from time import thread_time
from typing import Any, Final

import msgspec

from multiorder_sync.conformance.copying import copied, same
from multiorder_sync.conformance.corpus import Case, corpus
from multiorder_sync.conformance.corpus.building import multi_order
from multiorder_sync.conformance.creates import Routes, routes_of
from multiorder_sync.conformance.marking import MarkingClient
from multiorder_sync.conformance.moves import Move, moves_of
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.repeating import environment_of
from multiorder_sync.conformance.scene import Scene
from multiorder_sync.conformance.sentinel import FirstPass, first_pass
from multiorder_sync.conformance.stage import Stage
from multiorder_sync.conformance.standards import Nonconforming, NotRun
from multiorder_sync.conformance.steps import Step, step_trials
from multiorder_sync.conformance.subject import (
    AnyConnector,
    Subject,
    Unusable,
    at,
    secrets_in,
)
from multiorder_sync.conformance.transformed import Transformed
from multiorder_sync.conformance.trials import Trial, submit_trials, token_trials
from multiorder_sync.conformance.watching import Hung, Watch, Worker
from multiorder_sync.conformance.whole_texts import shortened
from multiorder_sync.errors import Unavailable, Untransformable
from multiorder_sync.nacelle.orders import MultiOrder
from multiorder_sync.nacelle.readings import PricePolicy
from multiorder_sync.oms.connector import Context

RECEIVED_AT: Final = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
"""When every order of the corpus was received: long ago, so that another clock shows."""

TRANSFORM_SECONDS: Final = 5.0
"""How long the transform of one order may take. It is a matter of milliseconds."""

MOST_TRANSFORM_SECONDS: Final = 10.0
"""How long a suite may let it take, at most."""

MOST_FIND_LAG_SECONDS: Final = 2.0
"""How long a suite may say that the OMS does not show an order that it holds, at most."""

_MOST_SUBMITS: Final = 3
"""How often an OMS may be busy before nothing can be created in it."""

_HANGS: Final = "transform hangs; see test_transform_comes_to_an_end"
_NOWHERE: Final = "http://127.0.0.1:9"


class Bench:
    """The connector of one suite, as far as it can be had.

    Args:
        find: Finds the subject.
        watch: Sees what its code reaches for.
        rehosted: Gives the settings that lead to a base URL.
        transform_seconds: How long the transform of one order may take.
        find_lag_seconds: For how long the OMS may not show an order that it holds.

    Attributes:
        find_lag_seconds: As given, and no longer than is let be.
        unusable: Why there is none.
        worker: Runs the connector's code that is not asynchronous, under watch.
        stamps: What each check that was run has found, by its name; put here by the check itself.
    """

    def __init__(
        self,
        find: Callable[[], Subject],
        watch: Watch,
        *,
        rehosted: Callable[[msgspec.Struct, str], Any] = at,
        transform_seconds: float = TRANSFORM_SECONDS,
        find_lag_seconds: float = 0.0,
    ) -> None:
        self.find_lag_seconds = min(find_lag_seconds, MOST_FIND_LAG_SECONDS)
        self.unusable: Unusable | None = None
        self.worker = Worker(watch)
        self._used: Callable[[MultiOrder], Transformed] | None = None
        self.stamps: dict[str, tuple[str, ...]] = {}
        self._watch = watch
        self._rehosted = rehosted
        self._seconds = min(transform_seconds, MOST_TRANSFORM_SECONDS)
        self._subject: Subject | None = None
        self._stage: Stage | None = None
        self._hung: str | None = None
        try:
            self._subject = find()
        except Unusable as reason:
            self.unusable = reason

    @property
    def subject(self) -> Subject:
        """What is put to the test.

        Raises:
            NotRun: There is nothing.
        """
        if self._subject is None:
            raise NotRun("the connector can't be loaded; see test_the_connector_loads")
        return self._subject

    @property
    def stage(self) -> Stage:
        """The running sandbox; it is started when it is asked for."""
        if self._stage is None:
            stage = Stage(
                self.subject,
                self._watch,
                self._rehosted,
                find_lag_seconds=self.find_lag_seconds,
            )
            stage.open()
            self._stage = stage
        return self._stage

    @property
    def hung(self) -> str | None:
        """The case whose transform did not come to an end, and where it was."""
        _ = self.transformed
        return self._hung

    @cached_property
    def corpus(self) -> tuple[Case, ...]:
        """The cases."""
        return corpus()

    @cached_property
    def transformed(self) -> Mapping[str, Transformed]:
        """What the transform made of each case; nothing for those after one that hung."""
        connector = self.connector()
        self._used = self._transform(connector)
        transform = self._transform(connector, pure=True)
        first = self.first_pass
        found = {}
        for case in self.corpus:
            if case.name == first.hung:
                self._hung = f"{case.name}: it {first.where}"
                break
            try:
                found[case.name] = transform(case.order())
            except Hung as hung:
                self._hung = f"{case.name}: it {hung}"
                break
        return found

    @cached_property
    def first_pass(self) -> FirstPass:
        """What the transform made of each case in a process and an environment of its own."""
        connector, context = self.connector(), self._context(RECEIVED_AT)
        return first_pass(
            lambda order: connector.transform(order, context),
            self.corpus,
            self._seconds,
            environment_of(self.subject),
            self.subject.connector.__module__.partition(".")[0],
        )

    def transform_again(self, order: MultiOrder) -> Transformed:
        """Transform with the connector that has transformed every case before."""
        _ = self.transformed
        if self._used is None or self._hung is not None:
            raise NotRun(_HANGS)
        return self._used(order)

    def seconds_of(self, order: MultiOrder, times: int) -> float:
        """Return how long the transform of an order keeps a processor busy, at the least."""
        connector, context = self.connector(), self._context(RECEIVED_AT)

        def timed() -> float:
            started = thread_time()
            connector.transform(order, context)
            return thread_time() - started

        return min(self.worker.result(timed, self._seconds) for _ in range(times))

    @cached_property
    def moves(self) -> Mapping[str, Move]:
        """What changes in the payload with each field.

        Raises:
            NotRun: A transform hangs.
        """
        try:
            return moves_of(self.transform(), self.subject.prices)
        except Hung as hung:
            raise NotRun(f"transform {hung}; see test_transform_comes_to_an_end") from None

    @cached_property
    def shortened_texts(self) -> Sequence[tuple[str, str]]:
        """The fields whose texts get to the OMS, and not as a whole, each with what is wrong.

        Raises:
            NotRun: A transform hangs.
        """
        try:
            return list(shortened(self.transform()))
        except Hung as hung:
            raise NotRun(f"transform {hung}; see test_transform_comes_to_an_end") from None

    @cached_property
    def ordinary(self) -> Sequence[AnySubmission]:
        """The submissions of an ordinary order; in nearly every case it is one."""
        return self.submissions(multi_order())

    def require_order(self) -> None:
        """Make sure that an ordinary order can be created.

        Raises:
            NotRun: It can't.
        """
        if not self._creates:
            raise NotRun("no order can be created; see test_an_order_is_created")

    @cached_property
    def _creates(self) -> bool:
        async def scene(opened: Scene) -> bool:
            for _ in range(_MOST_SUBMITS):
                ended = await opened.submit(self.ordinary[0])
                if not isinstance(ended.error, Unavailable):
                    return ended.receipt is not None
            return False

        try:
            return self.stage.run(scene)
        except Nonconforming:  # the check says so
            return False

    @cached_property
    def routes(self) -> Routes:
        """Where the calls of an ordinary order go while nothing is wrong."""
        return routes_of(self.stage, self.ordinary[0])

    @property
    def _marked_routes(self) -> Routes:
        """The same, of a connector whose creates can be told from its other calls.

        Raises:
            NotRun: They can't.
        """
        if not any(each.creates for each in self.routes.calls):
            raise NotRun("submit makes no call with creates=True; see test_every_create_is_marked")
        return self.routes

    @cached_property
    def submit_trials(self) -> Sequence[Trial]:
        """How submit ended, its calls spoiled in every way."""
        return submit_trials(self.stage, self.ordinary[0], self._marked_routes)

    @cached_property
    def token_trials(self) -> Sequence[Trial]:
        """How submit ended, the call for its token spoiled in every way."""
        return token_trials(self.stage, self.ordinary[0], self.routes)

    @cached_property
    def step_trials(self) -> Sequence[Step]:
        """How an order ended, the calls of its submit spoiled one at a time."""
        return step_trials(self.stage, self.ordinary[0], self.routes)

    @property
    def _own_folder(self) -> str | None:
        """The folder of the connector's own package, if it is one."""
        top = sys.modules.get(self.subject.connector.__module__.partition(".")[0])
        places = list(getattr(top, "__path__", ()))
        return str(places[0]) if places else None

    def connector(self) -> AnyConnector:
        """Return a new connector that leads nowhere.

        Raises:
            Nonconforming: It can't be set up.
        """
        return self.to_set_up()()

    def to_set_up(self) -> Callable[[], AnyConnector]:
        """Return a function that sets a new connector up, and does nothing else."""
        settings = self._rehosted(self.subject.settings, _NOWHERE)
        http = MarkingClient(secrets=secrets_in(settings), verify_tls=False)
        return lambda: self._set_up(settings, http)

    def _set_up(self, settings: Any, http: MarkingClient) -> AnyConnector:
        try:
            return self.subject.connector(settings, http)
        except (Exception, SystemExit) as error:
            raise Nonconforming(
                f"the connector can't be set up: {type(error).__name__}: {error}"
            ) from error

    def transform(
        self, received_at: datetime = RECEIVED_AT, prices: PricePolicy | None = None
    ) -> Callable[[MultiOrder], Transformed]:
        """Return the transform of a new connector, as a function that is watched.

        It raises `Hung` where the transform does not come to an end.

        Args:
            received_at: When the orders were received.
            prices: How prices are read, if not as the configuration says.

        Raises:
            NotRun: It hangs at a case of the corpus.
        """
        if self.hung is not None:  # it could hang in here too, for good
            raise NotRun(_HANGS)
        return self._transform(self.connector(), received_at, prices)

    def _context(self, received_at: datetime, prices: PricePolicy | None = None) -> Context:
        subject = self.subject
        policy = prices or subject.prices
        return Context(space=subject.space, received_at=received_at, prices=policy)

    def _transform(
        self,
        connector: AnyConnector,
        received_at: datetime = RECEIVED_AT,
        prices: PricePolicy | None = None,
        *,
        pure: bool = False,
    ) -> Callable[[MultiOrder], Transformed]:
        context = self._context(received_at, prices)

        def transform(order: MultiOrder) -> Transformed:
            before = copied(order) if pure else None
            work = partial(connector.transform, order, context)
            done = self.worker.run(work, self._seconds, own=self._own_folder)
            return Transformed(
                returned=() if done.error is not None else done.value,
                error=done.error,
                changed=pure and not same(order, before),
                reached_out=done.reached_out,
            )

        return transform

    def submissions(self, data: Any, what: str = "an ordinary order") -> Sequence[AnySubmission]:
        """Return what becomes of an order that any connector takes.

        Args:
            data: The order.
            what: What it is called.

        Raises:
            NotRun: This one does not.
        """
        made = self.made_of(data)
        if not made.submissions:
            named = isinstance(made.error, Untransformable)
            first = "test_ordinary_orders_are_taken" if named else "test_transform_is_total"
            raise NotRun(f"transform does not take {what} ({made.error!r:.200}); see {first}")
        return made.submissions

    def made_of(self, data: Any) -> Transformed:
        """Return what the transform makes of an order.

        Raises:
            NotRun: It does not come to an end.
        """
        order = Case(name="", data=data).order()
        try:
            return self.transform()(order)
        except Hung as hung:
            raise NotRun(f"transform {hung}; see test_transform_comes_to_an_end") from None

    def close(self) -> None:
        """Stop what runs."""
        self.worker.close()
        if self._stage is not None:
            self._stage.close()
