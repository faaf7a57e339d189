"""Checks of `find` and `check`: what is there, whose it is, and when that can't be told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from multiorder_sync.conformance.checks.base import Checks
from multiorder_sync.conformance.faults import NO_SUCH, Spoiling, looking_up
from multiorder_sync.conformance.look_ups import check_trials, find_trials
from multiorder_sync.conformance.passage import Arrival
from multiorder_sync.conformance.payloads import AnySubmission
from multiorder_sync.conformance.scene import Ended, Scene, lag_of
from multiorder_sync.conformance.stampless import stampless
from multiorder_sync.conformance.standards import Level, Nonconforming, NotRun, standard
from multiorder_sync.conformance.steering import refusing
from multiorder_sync.conformance.subject import secrets_in, with_other_secrets
from multiorder_sync.errors import CredentialsRefused, OmsError, RefTaken, Refused, Unavailable

_ANOTHERS: Final = "sha256:" + "0" * 64
_NO_ORDERS: Final = "HTTP 200 and an empty array"
_HARMLESS: Final = frozenset(
    {
        _NO_ORDERS,
        *("HTTP 200 and an empty object", "HTTP 200 and an empty element"),
        "HTTP 200 and XML of something else",
    }
)
"""What the call that check makes may well answer in earnest."""


class FindingChecks(Checks):
    """`find` and `check` tell what they see from what they can't see."""

    @standard(
        Level.SILVER,
        why="after a create of which nothing came back, find alone says whether the order is "
        "there; taking another's order for ours loses one, and overlooking ours doubles it",
        mend="look the order up by the very ref, compare submission.fingerprint with the one that "
        "the create put on the order, and raise RefTaken where it is another one",
        needs_order=True,
    )
    def test_find_tells_ours_from_anothers_and_absent(self) -> None:
        """Look for an order that is not there, that is, and that another one stands in for."""
        submission = self.bench.ordinary[0]
        anothers = msgspec.structs.replace(submission, fingerprint=_ANOTHERS)

        async def scene(opened: Scene) -> tuple[Ended, Ended, Ended, Ended]:
            return (
                await opened.find(submission),
                await opened.submit(submission),
                await opened.find(submission),
                await opened.find(anothers),
            )

        absent, created, ours, other = self.bench.stage.run(scene)
        if created.receipt is None:
            raise NotRun("no order can be created; see test_an_order_is_created")
        wrong = []
        if not absent.absent:
            wrong.append(f"of an order that is not there, find {absent}, not None")
        if ours.receipt is None:
            wrong.append(f"of our order, find {ours}, not a receipt{lag_of(ours)}")
        else:
            if ours.receipt.oms_id != created.receipt.oms_id:
                wrong.append(
                    f"find gives the oms_id {ours.receipt.oms_id!r}, where submit gave "
                    f"{created.receipt.oms_id!r}"
                )
            if ours.receipt.created:
                wrong.append("the receipt of find says created=True")
        if not isinstance(other.error, RefTaken):
            wrong.append(
                f"of another order under our ref, find {other}, not RefTaken{lag_of(other)}"
            )
        wrong += [
            f"of an order under our ref that has no fingerprint, find {ended}, not RefTaken"
            for ended in self.bench.stage.run(self._unstamped, counting=False)
            if not isinstance(ended.error, RefTaken)
        ]
        if wrong:
            raise Nonconforming(*dict.fromkeys(wrong))

    async def _unstamped(self, opened: Scene) -> list[Ended]:
        """Look for our order where one without a fingerprint stands in for it, as the OMS takes it."""
        submission = self.bench.ordinary[0]
        found = []
        ours = await _bodies(opened, submission)
        again = await _bodies(opened, submission)
        for each in stampless(submission):
            sent = await _bodies(opened, each)
            # What has been sent just like ours is told by something else, and an id that the OMS
            # gave is another one each time.
            pairs = zip(ours, again, sent, strict=False)
            differs = any(one == other != another for one, other, another in pairs)
            if (differs or len(sent) != len(ours)) and await opened.orders():
                found.append(await opened.find(submission))
        return found

    @standard(
        Level.SILVER,
        why='"absent" is what lets core create the order again: said of an OMS that could not be '
        "asked, it makes two orders of one",
        mend="return None for nothing but an answer that says so in the OMS's own form (a 404 may be a "
        "gateway's, and its page of HTML always is); answer.unexpected(…), of a call "
        "with creates=False, is Unavailable; whether it is tried again is up to client and core",
        needs_order=True,
    )
    def test_find_says_so_when_it_cannot_tell(self) -> None:
        """Look for an order that is there, each time with the look-up spoiled in another way."""
        stage, submission = self.bench.stage, self.bench.ordinary[0]
        wrong = []
        for trial in find_trials(stage, submission):
            name, ended = trial.spoiling.name, trial.ended
            wrong += [*_repeated(trial.spoiling, trial.calls)]
            may_be_absent = trial.like_absent and (
                trial.spoiling.status in NO_SUCH or name == _NO_ORDERS
            )
            if not isinstance(ended.error, Unavailable) and not (may_be_absent and ended.absent):
                wrong.append(f"answered with {name}, find {ended}, not Unavailable")

        async def scene(opened: Scene) -> Ended:
            return await opened.find(submission)

        async def refused(opened: Scene) -> Ended:
            await opened.submit(submission)
            opened.door.faults = [refusing("KIT-1", "The kit told the sandbox so.", looking_up)]
            return await opened.find(submission)

        ended = stage.run(refused)
        if isinstance(ended.error, Refused) and not isinstance(ended.error, RefTaken):
            wrong.append(f"of a look-up that the OMS refuses in its own words, find {ended}")
        ended = stage.run(scene, settings=stage.settings_at(stage.closed_url()))
        if not isinstance(ended.error, Unavailable):
            wrong.append(f"of a host that can't be reached, find {ended}, not Unavailable")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="a merchant sets a space up by `multiorder check`: told that the credentials are wrong "
        "when the host is, they look in the wrong place, and told nothing, they find out by orders",
        mend="make one harmless call that needs the credentials; the client raises "
        "CredentialsRefused for a refused token and Unavailable for a host out of reach",
    )
    def test_check_tells_wrong_credentials_from_an_unreachable_host(self) -> None:
        """Check with all as it should be, with wrong secrets, and with nobody there."""
        stage, settings = self.bench.stage, self.bench.subject.settings

        async def scene(opened: Scene) -> Ended:
            return await opened.check()

        wrong = []
        right = stage.run(scene)
        if right.error is not None:
            wrong.append(f"with the right credentials, check {right}")
        if secrets_in(settings):
            others = stage.run(scene, settings=with_other_secrets(stage.settings_at(stage.url)))
            if not isinstance(others.error, CredentialsRefused):
                wrong.append(f"with wrong credentials, check {others}, not CredentialsRefused")
        nobody = stage.run(scene, settings=stage.settings_at(stage.closed_url()))
        if not isinstance(nobody.error, Unavailable) or isinstance(
            nobody.error, CredentialsRefused
        ):
            wrong.append(f"of a host that can't be reached, check {nobody}, not Unavailable")
        for spoiling, ended in check_trials(stage):
            if not isinstance(ended.error, OmsError):
                if ended.error is None and spoiling.name in _HARMLESS:
                    continue
                wrong.append(f"answered with {spoiling.name}, check {ended}, not an OmsError")
            elif isinstance(ended.error, CredentialsRefused):
                wrong.append(f"answered with {spoiling.name}, check blames the credentials")
        if wrong:
            raise Nonconforming(*wrong)

    @standard(
        Level.SILVER,
        why="find and check are called at any time, against the OMS that the shop lives on",
        mend="let them only read, with creates=False",
    )
    def test_find_and_check_create_nothing(self) -> None:
        """Watch at the sandbox's door what find and check do."""
        submission = self.bench.ordinary[0]

        async def scene(opened: Scene) -> int:
            await opened.find(submission)
            await opened.check()
            return len(await opened.orders())

        held = self.bench.stage.run(scene)
        wrong = [
            f"{arrival.mark.operation if arrival.mark else arrival.path} can create an order"
            for arrival in self.bench.stage.door.arrivals
            if arrival.creates
        ]
        if held:
            wrong.append(f"the sandbox holds {held} orders after find and check")
        if not any(map(looking_up, self.bench.stage.door.arrivals)):
            wrong.append("neither find nor check asks the OMS for anything")
        if wrong:
            raise Nonconforming(*wrong)


async def _bodies(opened: Scene, submission: AnySubmission) -> list[bytes]:
    """Submit an order to an OMS that holds nothing, and return what its calls write."""
    await opened.begin_anew()
    await opened.submit(submission)
    return [each.body for each in opened.door.arrivals if each.writes]


def _repeated(spoiling: Spoiling, calls: Sequence[Arrival]) -> Iterator[str]:
    """Say which look-ups were made again and again, to a client that tries once."""
    counts = Counter((each.called, each.route, each.query, each.body) for each in calls)
    for (called, *_), count in counts.items():
        # With another token, the client may ask a second time.
        renewed = spoiling.status == 401 and any(each.mark and each.mark.token for each in calls)
        if count > (2 if renewed else 1):
            yield f"answered with {spoiling.name}, find asks {called} {count} times"
